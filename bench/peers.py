"""The two servers: where they listen, what their paths and headers are, how they start and how they stop.

Both listen on 127.0.0.1 on a free port, keep their data in a folder of the bench, and are stopped and
removed whatever happens. The peer is the released single-node Chroma in a virtual environment of its own
(.venv-bench).
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from bench.client import Connection
from bench.data import ROOT, BenchError
from bench.filters import WrongAnswerError
from cloud.processes import Service

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
PEER_FOLDER = ROOT / ".venv-bench"
OURS, THEIRS = "ours", "theirs"

Report = Callable[[str], None]


@dataclass(frozen=True)
class Target:
    """A running server, and how a request to it is written down."""

    label: str
    name: str
    host: str
    port: int
    tenant: str
    database: str
    key: str | None
    indexes_later: bool
    is_borrowed: bool = False  # started by somebody else, so left as it was found
    has_search: bool = True

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """The whole request as bytes; `path` is relative to the database."""
        lines = [
            f"{method} /api/v2/tenants/{self.tenant}/databases/{self.database}{path} HTTP/1.1",
            f"Host: {self.host}:{self.port}",
            "Accept: */*",
            "User-Agent: bench",
        ]
        if self.key is not None:
            lines.append(f"x-chroma-token: {self.key}")
        if body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def call(self, method: str, path: str, body: object = None, *, expect: int = 200) -> Any:
        """One request outside the clock; the parsed answer."""
        sent = self.request(method, path, b"" if body is None else orjson.dumps(body))
        with Connection(self.host, self.port) as connection:
            reply = connection.send(sent)
        if reply.status != expect:
            raise WrongAnswerError(
                f"{self.name}: {method} {path}: {reply.status}, expected {expect}: {reply.body[:400]!r}"
            )
        return orjson.loads(reply.body)


def running(url: str, *, key: str | None, tenant: str, database: str) -> Target:
    """A server of ours that somebody else started; it is left running."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname is None:
        raise BenchError(f"--url {url}: expected http://host:port")
    return Target(
        OURS,
        "tessera",
        parts.hostname,
        parts.port or 80,
        tenant,
        database,
        key,
        indexes_later=True,
        is_borrowed=True,
    )


@contextmanager
def ours(report: Report) -> Iterator[Target]:
    """The service of this checkout, on embedded servers and with a tenant of its own."""
    # Whatever the caller's shell names: a bench never writes into somebody's database.
    embedded = {"DATABASE_URL": "", "REDIS_URL": ""}
    with (
        _folder("bench-ours-") as folder,
        Service(folder / "data", port=0, report=report, environment=embedded) as service,
    ):
        service.manage("create_tenant", "bench")
        service.manage("create_database", "--tenant", "bench", "bench")
        key = service.manage("create_key", "--tenant", "bench").strip()
        started = running(service.url, key=key, tenant="bench", database="bench")
        yield replace(started, is_borrowed=False)


@contextmanager
def chroma(label: str) -> Iterator[Target]:
    """The released Chroma server, as `chroma run` starts it."""
    program = PEER_FOLDER / "bin" / "chroma"
    if not program.exists():
        raise BenchError(f"{program} is missing: `make bench` installs the peer there")
    with _folder("bench-chroma-") as folder:
        port, log = _free_port(), folder / "chroma.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [program, "run", "--path", folder / "data", "--host", HOST, "--port", str(port)],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=folder,
                env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
                start_new_session=True,
            )
        try:
            _wait_until_alive(process, port, log)
            name = f"chroma {_peer_version()}"
            yield Target(
                label,
                name,
                HOST,
                port,
                "default_tenant",
                "default_database",
                None,
                indexes_later=False,
                has_search=False,
            )
        finally:
            _stop(process)


def _peer_version() -> str:
    found = sorted(PEER_FOLDER.glob("lib/python*/site-packages/chromadb-*.dist-info"))
    return found[-1].name.removeprefix("chromadb-").removesuffix(".dist-info") if found else "?"


def _wait_until_alive(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    heartbeat = b"GET /api/v2/heartbeat HTTP/1.1\r\nHost: bench\r\n\r\n"
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise BenchError(f"chroma ended with {process.returncode}:\n{log.read_text()[-2000:]}")
        try:
            with Connection(HOST, port) as connection:
                if connection.send(heartbeat).status == 200:
                    return
        except (OSError, BenchError):
            time.sleep(0.05)
    raise BenchError(f"chroma did not answer within {START_SECONDS:.0f} s:\n{log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Ask the process group to end, then insist."""
    for number, patience_seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, STOP_SECONDS)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        try:
            process.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            continue
        return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    """A folder that is gone afterwards. Another user may pass through: embedded PostgreSQL runs as one."""
    folder = Path(tempfile.mkdtemp(prefix=prefix))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
