"""PostgreSQL and Valkey from wheels, for a machine that has neither.

    $DATA_DIR/lock            held while the servers run: one launcher per folder
    $DATA_DIR/secrets.json    passwords and keys, made once (0600)
    $DATA_DIR/embedded.json   where the running servers are (0600); gone when they are
    $DATA_DIR/log/            what they print

Owns those files and the order of things; each server's own ways are in `cloud/servers/`. Imports no Django:
the settings read it.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cloud.servers import account, postgres, valkey
from cloud.servers.children import Child, Process
from cloud.servers.errors import ServerError

__all__ = ["ServerError", "Servers", "ensure_secrets", "read_secrets", "running", "start", "stop"]

_SECRET_NAMES = ("secret_key", "key_pepper", "owner_password", "superuser_password", "valkey_password")


@dataclass(frozen=True)
class Servers:
    """Where the embedded servers are; empty for one that was not asked for."""

    database_url: str
    redis_url: str


@dataclass
class _Held:
    """What this process holds of a data folder between start and stop."""

    lock: int
    cluster: postgres.Cluster | None = None
    postgres: Child | None = None
    valkey: Child | None = None
    urls: dict[str, str] = field(default_factory=dict)


_held: dict[Path, _Held] = {}


def running(data_dir: Path) -> Servers | None:
    """The servers of this folder if they run right now, else None.

    Raises:  nothing; a file that is missing, stale or another user's means that they do not run for us
    """
    try:
        facts = json.loads((data_dir / "embedded.json").read_text(encoding="utf-8"))
        servers = Servers(str(facts["database_url"]), str(facts["redis_url"]))
        processes = [Process(int(pid), str(started)) for pid, started in facts["processes"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not processes or not all(process.is_alive() for process in processes):
        return None
    return servers if _answer(facts) else None


def read_secrets(data_dir: Path) -> dict[str, str]:
    """The secrets of this folder; empty when there are none that we may read."""
    try:
        found = json.loads((data_dir / "secrets.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def ensure_secrets(data_dir: Path) -> dict[str, str]:
    """The secrets of this folder, made when missing; a file that cannot be read is never written over."""
    _make_data_dir(data_dir)
    path = data_dir / "secrets.json"
    known = read_secrets(data_dir)
    if path.exists() and not known:
        raise ServerError(
            f"{path} cannot be read. It protects the data in {data_dir}: "
            "restore it, or choose another place with DATA_DIR=…"
        )
    complete = {name: secrets.token_hex(32) for name in _SECRET_NAMES} | known
    if complete != known:
        _write_private(path, complete)
    return complete


def start(
    data_dir: Path, *, report: Callable[[str], None], with_postgres: bool = True, with_valkey: bool = True
) -> Servers:
    """Start what is asked for and wait until it answers; from then on `stop` ends it.

    Call it from the main thread: the servers end, in order, when the thread that started them dies.
    Raises:  ServerError, with what to do; nothing of ours runs then
    """
    data_dir = data_dir.resolve()
    _make_data_dir(data_dir)
    held = _Held(_lock(data_dir))
    _held[data_dir] = held
    try:
        _end_leftovers(data_dir)
        known = ensure_secrets(data_dir)
        user = account.for_servers(postgres.homes(data_dir))
        log = data_dir / "log"
        if with_postgres:
            held.cluster = postgres.Cluster(postgres.home_of(data_dir, user), user, log / "postgres.log")
            held.postgres, held.urls["database_url"] = postgres.start(held.cluster, known, report=report)
        if with_valkey:
            password = known["valkey_password"]
            held.valkey, held.urls["redis_url"] = valkey.start(
                user, password=password, log=log / "valkey.log"
            )
        servers = Servers(held.urls.get("database_url", ""), held.urls.get("redis_url", ""))
        _write_private(data_dir / "embedded.json", _facts(held, servers))
    except BaseException:
        stop(data_dir)
        raise
    return servers


def stop(data_dir: Path) -> None:
    """End the servers of this folder and forget them.

    Idempotent: also ends what a killed launcher left, and does nothing when there is nothing.
    Raises:  ServerError when another launcher holds the folder
    """
    data_dir = data_dir.resolve()
    if not (data_dir / "lock").exists():
        return
    held = _held.pop(data_dir, None) or _Held(_lock(data_dir))
    try:
        if held.valkey:
            held.valkey.end()
        if held.cluster and held.postgres:
            postgres.end(held.cluster, held.postgres)
        _end_leftovers(data_dir)
    finally:
        os.close(held.lock)


def children(data_dir: Path) -> list[Child]:
    """The servers that this process started for the folder, to watch."""
    held = _held.get(data_dir.resolve())
    return [child for child in (held.postgres, held.valkey) if child] if held else []


def _lock(data_dir: Path) -> int:
    """Take the folder for this process. Python's descriptors are closed in children, so none keeps it."""
    descriptor = os.open(data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise ServerError(
            f"Another `make up` already runs on {data_dir}. Stop that one first, "
            "or choose another folder and port: DATA_DIR=… PORT=… make up"
        ) from None
    return descriptor


def _end_leftovers(data_dir: Path) -> None:
    """End what an earlier launcher, killed by force, left on this folder; then forget where it was."""
    path = data_dir / "embedded.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        facts = json.loads(path.read_text(encoding="utf-8"))
        for pid, started in facts["processes"]:
            process = Process(int(pid), str(started))
            if facts.get("postgres") != pid:
                process.end(signal.SIGTERM, wait_seconds=5.0, last=signal.SIGKILL)
            else:
                process.end(signal.SIGINT, wait_seconds=postgres.STOP_SECONDS, last=signal.SIGQUIT)
    path.unlink(missing_ok=True)


def _facts(held: _Held, servers: Servers) -> dict[str, Any]:
    processes = [child.process for child in (held.valkey, held.postgres) if child]
    return {
        "database_url": servers.database_url,
        "redis_url": servers.redis_url,
        "processes": [[process.pid, process.started] for process in processes],
        "postgres": held.postgres.popen.pid if held.postgres else None,
        "socket": str(held.cluster.socket_folder / f".s.PGSQL.{postgres.PORT}") if held.cluster else None,
    }


def _answer(facts: dict[str, Any]) -> bool:
    """Whether somebody listens at each address."""
    try:
        if facts.get("socket"):
            with socket.socket(socket.AF_UNIX) as probe:
                probe.settimeout(2.0)
                probe.connect(str(facts["socket"]))
        if facts["redis_url"]:
            port = urlsplit(str(facts["redis_url"])).port or 6379
            socket.create_connection(("127.0.0.1", port), timeout=2.0).close()
    except (OSError, ValueError):
        return False
    return True


def _make_data_dir(data_dir: Path) -> None:
    """Make the folder if it is missing: others may pass through to the database's own, not look around."""
    if not data_dir.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        data_dir.chmod(0o711)


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Write whole or not at all, readable by its owner alone."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        json.dump(content, target, indent=1)
        target.flush()
        os.fsync(target.fileno())
    fresh.replace(path)
