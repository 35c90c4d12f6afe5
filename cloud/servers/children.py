"""Child processes: started in a session of their own, watched, and ended as a whole group.

Owns how a process is started and ended. What is started, and when, is said by `postgres.py`, `valkey.py`
and `cloud/processes.py`.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud.servers.account import Account

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_POLL_SECONDS = 0.02
_LOG_BYTES = 16 * 1024 * 1024  # past this, a start begins a new log and keeps the last one
_LIBC = ctypes.CDLL(None, use_errno=True)


@dataclass(frozen=True)
class Process:
    """A process named so that a later process with the same number is not taken for it."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Process | None:
        """The live process with this number, or None (a zombie is not alive)."""
        started = _started(pid)
        return cls(pid, started) if started else None

    def is_alive(self) -> bool:
        """Whether this very process still runs."""
        return _started(self.pid) == self.started

    def end(self, first: signal.Signals, *, wait_seconds: float, last: signal.Signals) -> bool:
        """Signal, wait, signal harder, wait a little: for what we did not start. True when it is gone."""
        for number, seconds in ((first, wait_seconds), (last, 10.0)):
            if not self.is_alive():
                return True
            os.kill(self.pid, number)
            deadline = time.monotonic() + seconds
            while self.is_alive() and time.monotonic() < deadline:
                time.sleep(_POLL_SECONDS)
        return not self.is_alive()


@dataclass(frozen=True)
class Child:
    """A process that we started: the leader of a session of its own, with a log."""

    name: str
    popen: subprocess.Popen[bytes]
    log: Path

    @property
    def process(self) -> Process:
        """How others may recognise it."""
        return Process(self.popen.pid, _started(self.popen.pid) or "gone")

    def is_alive(self) -> bool:
        """Whether the leader still runs. Leaves a dead one unreaped, so that its group can still be named."""
        return self.popen.returncode is None and (
            os.waitid(os.P_PID, self.popen.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
        )

    def ask_to_end(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Signal the leader alone: it knows how to end its own children in order."""
        if self.is_alive():
            self.popen.send_signal(number)

    def end(self, number: signal.Signals = signal.SIGTERM, *, wait_seconds: float = 10.0) -> None:
        """Ask the leader, wait so long at most, then end whatever is left of the group.

        Idempotent: ending an ended child does nothing.
        """
        if self.popen.returncode is not None:
            return
        deadline = time.monotonic() + wait_seconds
        if self.is_alive():
            self.popen.send_signal(number)
        while self.is_alive() and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End the whole group at once, as a power cut would."""
        if self.popen.returncode is None:
            os.killpg(self.popen.pid, signal.SIGKILL)  # not reaped yet, so the number is still its own
            self.popen.wait()

    def log_tail(self, lines: int = 12) -> str:
        """The last lines of its log, indented, for an error message."""
        return tail(self.log, lines)


def spawn(
    name: str,
    arguments: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str],
    account: Account | None = None,
    folder: Path = Path("/"),
    stdin: bytes = b"",
    death_signal: signal.Signals = signal.SIGTERM,
) -> Child:
    """Start a program in a session of its own, with both outputs appended to its log.

    The kernel sends it `death_signal` when the thread that started it ends, so call this from the main
    thread. Its session keeps a Ctrl-C in the terminal away from it: only the launcher hears that.
    """
    log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > _LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("ab") as output:
        popen = subprocess.Popen(
            list(arguments),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment),
            start_new_session=True,
            preexec_fn=_die_with(os.getpid(), death_signal),  # noqa: PLW1509 (two system calls, no lock taken)
            **(account.options() if account else {}),
        )
    if popen.stdin is not None:
        try:
            popen.stdin.write(stdin)
            popen.stdin.close()
        except BrokenPipeError:  # it died at once; whoever waits for it says so with its log
            pass
    return Child(name, popen, log)


def tail(log: Path, lines: int = 12) -> str:
    """The last lines of a log, indented, or a note that there are none."""
    try:
        with log.open("rb") as source:
            source.seek(max(0, log.stat().st_size - 16_384))
            found = without_traces(source.read().decode(errors="replace"))[-lines:]
    except OSError:
        found = []
    return "\n".join(f"    {line}" for line in found) or "    (its log is empty)"


def without_traces(text: str) -> list[str]:
    """The lines of an output; of a Python stack trace only what it ends with."""
    kept: list[str] = []
    is_trace = False
    for line in text.splitlines():
        if line.startswith("Traceback "):
            is_trace = True
        elif not line.startswith(" "):
            is_trace = False
        if line.strip() and not is_trace:
            kept.append(line)
    return kept


def _die_with(parent: int, number: signal.Signals) -> Callable[[], None]:
    def prepare() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it ended before the line above
            os._exit(1)

    return prepare


def _started(pid: int) -> str | None:
    try:
        fields = (
            Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
        )
    except OSError:
        return None
    return None if fields[0] in "ZX" else fields[19]  # state, and start time in ticks since boot: proc(5)
