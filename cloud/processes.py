"""The whole service on one machine: servers, web, worker and beat as child processes.

`make up`, the tests and the bench start it through here, so all three run what users run. Owns order,
environment and logs of the processes; how a process is started and ended is `cloud/servers/children.py`.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cloud import embedded
from cloud.servers.children import Child, spawn, without_traces
from cloud.servers.errors import ServerError
from cloud.servers.valkey import free_port

BASE_DIR = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
_READY_SECONDS = 60.0
_STOP_SECONDS = 10.0


class Service:
    """Everything that answers requests, started in order and ended in the opposite one.

        with Service(data_dir, port=0) as service:
            requests to service.url

    Use it from the main thread: the children die with the thread that started them.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        port: int,
        report: Callable[[str], None] = lambda _: None,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start nothing yet; `environment` adds to ours, and wins. Port 0 takes a free one."""
        self.data_dir = data_dir.resolve()
        self.port = port or free_port()
        self.url = f"http://{HOST}:{self.port}"
        self._report = report
        self._children: dict[str, Child] = {}
        self.environment: dict[str, str] = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "cloud.settings",
            "DATA_DIR": str(self.data_dir),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            **(environment or {}),
        }
        self.environment.setdefault("TESSERA_PROFILE", "development")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Everything, ready to answer.

        Raises:  ServerError, with what to do; nothing of ours runs then
        """
        try:
            self.check_port()
            self.start_servers()
            self.prepare_database()
            self.start_web()
            self.start_worker()
            self.start_beat()
            self.wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End everything, the servers last. Idempotent."""
        for child in self._children.values():
            child.ask_to_end()
        for child in self._children.values():
            child.end(wait_seconds=_STOP_SECONDS)
        self._children.clear()
        if embedded.children(self.data_dir):
            embedded.stop(self.data_dir)

    # --- the steps of start, for who shows them one by one ---------------------------------------

    def check_port(self) -> None:
        """Find a port in use before anything is started."""
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, self.port))
            except OSError as error:
                raise ServerError(
                    f"Port {self.port} of {HOST} cannot be used ({error.strerror}). "
                    f"Stop the program that has it, or choose another port: PORT={self.port + 1} make up"
                ) from None

    def start_servers(self) -> None:
        """PostgreSQL and Valkey, each unless the environment names one."""
        with_postgres = not self.environment.get("DATABASE_URL")
        with_valkey = not self.environment.get("REDIS_URL")
        if with_postgres or with_valkey:
            servers = embedded.start(
                self.data_dir, report=self._report, with_postgres=with_postgres, with_valkey=with_valkey
            )
            self.environment["DATABASE_URL"] = servers.database_url or self.environment["DATABASE_URL"]
            self.environment["REDIS_URL"] = servers.redis_url or self.environment["REDIS_URL"]
        secrets = embedded.ensure_secrets(self.data_dir)
        for name in ("SECRET_KEY", "KEY_PEPPER"):
            if f"{name}_FILE" not in self.environment:
                self.environment.setdefault(name, secrets[name.lower()])

    def prepare_database(self) -> None:
        """Roles, migrations and cells."""
        self.manage("prepare_database")

    def start_web(self) -> None:
        """Gunicorn, with the configuration that a deployment uses."""
        self._spawn("web", "gunicorn", "-c", "deploy/gunicorn.conf.py", "cloud.wsgi:application", role="web")

    def start_worker(self) -> None:
        """One Celery worker, with as many processes as WORKER_CONCURRENCY says."""
        self._spawn(
            "worker",
            *("celery", "-A", "cloud.celery", "worker", "--loglevel", "INFO"),
            *("--concurrency", self.environment.get("WORKER_CONCURRENCY", "2")),
            *("--without-gossip", "--without-mingle"),  # one worker has nobody to talk to, and starts sooner
            role="worker",
        )

    def start_beat(self) -> None:
        """The clock. Its file may go at any time: every entry is an interval."""
        for path in self.data_dir.glob("beat-schedule*"):
            path.unlink()
        schedule = str(self.data_dir / "beat-schedule")
        self._spawn(
            "beat",
            *("celery", "-A", "cloud.celery", "beat", "--loglevel", "INFO"),
            *("--schedule", schedule, "--pidfile", ""),
            role="worker",
        )

    def wait_until_ready(self) -> None:
        """Until the heartbeat answers 200."""
        deadline = time.monotonic() + _READY_SECONDS
        last = "no answer"
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while time.monotonic() < deadline:
            self.check_alive()
            try:
                with direct.open(f"{self.url}/api/v2/heartbeat", timeout=5):
                    return
            except (OSError, urllib.error.URLError) as error:
                last = str(error)
            time.sleep(0.05)
        web = self._children["web"]
        raise ServerError(
            f"The web server did not answer at {self.url} within {_READY_SECONDS:.0f} s ({last}). "
            f"The end of {web.log}:\n{web.log_tail()}"
        )

    # --- while it runs ---------------------------------------------------------------------------

    def check_alive(self) -> None:
        """Raise ServerError if a child has ended, with the end of its log."""
        for child in [*embedded.children(self.data_dir), *self._children.values()]:
            if not child.is_alive():
                child.kill()  # what it left behind in its group
                raise ServerError(
                    f"The process {child.name} ended by itself (exit code {child.popen.returncode}). "
                    f"The end of {child.log}:\n{child.log_tail()}\n"
                    "Start again with `make up`; if it ends again, its log says why."
                )

    def kill_worker(self) -> None:
        """End the worker and its pool at once, as a power cut would; `start_worker` starts another."""
        self._children.pop("worker").kill()

    def manage(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """What `manage.py` prints for these arguments.

        Raises:  ServerError with what it complained of; a stack trace goes to log/manage.log
        """
        done = subprocess.run(
            [sys.executable, str(BASE_DIR / "manage.py"), *arguments],
            cwd=BASE_DIR,
            env={**self.environment, **(environment or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            log = self.data_dir / "log" / "manage.log"
            log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with log.open("a", encoding="utf-8") as target:
                target.write(f"{' '.join(arguments)}\n{done.stderr}\n")
            complaint = "\n".join(without_traces(done.stderr)[-8:]) or "it said nothing"
            raise ServerError(f"manage.py {arguments[0]} failed: {complaint} (all of it: {log})")
        return done.stdout

    def _spawn(self, name: str, *arguments: str, role: str) -> None:
        self._children[name] = spawn(
            name,
            [sys.executable, "-m", *arguments],
            log=self.data_dir / "log" / f"{name}.log",
            environment={**self.environment, "DATABASE_ROLE": role},
            folder=BASE_DIR,
        )


@contextlib.contextmanager
def temporary_data_dir() -> Iterator[Path]:
    """A data folder that goes away, where the database's own user may pass; for tests and the bench."""
    folder = Path(tempfile.mkdtemp(prefix="tessera-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
