"""A service whose commands start at once: one process that has imported everything forks for each of them.

`manage.py` needs more than a second to import what it may need, and the tests run it hundreds of times. What
a command does, its environment and its exit code are the same; `tests/integration/test_create_key.py` and
`make up` run it as people do.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloud.processes import Service
from cloud.servers.children import without_traces
from cloud.servers.errors import ServerError

# What commands take from their environment themselves.
_READ_BY_COMMANDS = {"DASHBOARD_PASSWORD"}
_ROOT = Path(__file__).resolve().parent.parent


class QuickService(Service):
    """As `Service`, with commands from a process that is warm."""

    _forker: subprocess.Popen[str] | None = None
    _forked_from: Mapping[str, str] | None = None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._turn = threading.Lock()

    def manage(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """What `manage.py` prints for these arguments.

        Raises:  ServerError with what it complained of
        """
        if set(environment or ()) - _READ_BY_COMMANDS:  # settings are read when Django is, which is past
            return super().manage(*arguments, environment=environment)
        with self._turn, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as complaints:
            forker = self._warm()
            assert forker.stdin is not None
            assert forker.stdout is not None
            files = [f"/proc/{os.getpid()}/fd/{one.fileno()}" for one in (out, complaints)]
            order = {"arguments": arguments, "environment": dict(environment or {}), "files": files}
            forker.stdin.write(json.dumps(order) + "\n")
            forker.stdin.flush()
            code = int(forker.stdout.readline() or "1")
            for one in (out, complaints):
                one.seek(0)
            if code != 0:
                told = "\n".join(without_traces(complaints.read())[-8:]) or "it said nothing"
                raise ServerError(f"manage.py {arguments[0]} failed: {told}")
            return out.read()

    def stop(self) -> None:
        """Stop everything, this process too."""
        self._end()
        super().stop()

    def _end(self) -> None:
        if self._forker is not None and self._forker.stdin is not None:
            self._forker.stdin.close()
            self._forker.wait(timeout=30)
            self._forker = None

    def _warm(self) -> subprocess.Popen[str]:
        if self._forker is not None and self._forked_from == self.environment:
            return self._forker
        self._end()
        self._forked_from = dict(self.environment)
        self._forker = subprocess.Popen(
            [sys.executable, "-m", "tests.quick_commands"],
            cwd=_ROOT,
            env={**self.environment, "DJANGO_SETTINGS_MODULE": "cloud.settings"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self._forker


def _serve() -> None:
    """One line of JSON for each command on standard input, one exit code for each on standard output."""
    import django  # noqa: PLC0415

    django.setup()
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if child == 0:
            _run(order)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _run(order: Mapping[str, Any]) -> None:
    from django.core.management import execute_from_command_line  # noqa: PLC0415

    os.environ.update(order["environment"])
    for number, path in enumerate(order["files"], start=1):
        os.dup2(os.open(path, os.O_WRONLY), number)
    code = 1
    try:
        execute_from_command_line(["manage.py", *order["arguments"]])
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 (the edge of the process: told on standard error, as Python does)
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    _serve()
