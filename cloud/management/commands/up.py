"""`manage.py up`, which `make up` runs: the whole service on this machine, and the main job shown on it."""

from __future__ import annotations

import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from cloud import demo
from cloud.processes import Service
from cloud.servers.errors import ServerError

_STEPS = 8
_WATCH_SECONDS = 0.5


class Command(BaseCommand):
    """Start everything, show it, stay up."""

    help = "Start the whole service with a demo tenant, show that it works, and run until Ctrl-C."
    requires_system_checks = []
    _step = 0
    _is_line_open = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For tests and CI."""
        parser.add_argument("--exit-after-demo", action="store_true", help="stop when the demo has run")

    def handle(self, *_: Any, exit_after_demo: bool, **__: Any) -> None:
        """Exit code 0 when it was asked to end, 1 when something failed."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupt)
        service = Service(
            settings.DATA_DIR, port=settings.PORT, report=self._note, environment=demo.ENVIRONMENT
        )
        failure = ""
        try:
            self._run(service, stays_up=not exit_after_demo)
        except KeyboardInterrupt:
            self._say("\nStopping …")
        except ServerError as error:
            failure = str(error)
        except Exception as error:  # noqa: BLE001 (an edge: whatever it is, it is told and everything is ended)
            failure = f"{type(error).__name__}: {error}\nThe logs in {settings.DATA_DIR / 'log'} say more."
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            service.stop()
        if failure:
            self._say(
                f"\n{failure}" if self._step == _STEPS + 1 else f"\nStep {self._step} failed: {failure}"
            )
            raise SystemExit(1)
        self._say("Everything is stopped.")

    def _run(self, service: Service, *, stays_up: bool) -> None:
        began = time.monotonic()
        with self._doing("Checking the port"):
            service.check_port()
        with self._doing("Starting PostgreSQL and Valkey"):
            service.start_servers()
        with self._doing("Preparing the database: roles, migrations, cells"):
            service.prepare_database()
        with self._doing("Starting web server, worker and clock"):
            service.start_web()
            service.start_worker()
            service.start_beat()
            service.wait_until_ready()
        with self._doing("Demo tenant: database, key, dashboard user"):
            env = demo.ensure_tenant(service)
        with self._doing(
            f"Loading the sample through chromadb.CloudClient into “{demo.COLLECTION}”", has_bar=True
        ):
            collection, sent_count = demo.load(demo.connect(env))
            self._note(f"{sent_count} records sent" if sent_count else "the sample is there already")
        with self._doing("Waiting for the worker to compact the log into a segment", has_bar=True):
            sealed_count, total_count = demo.wait_for_compaction(service, env, collection)
            rest = "; the rest is searched in the log" if sealed_count < total_count else ""
            self._note(f"{sealed_count} of {total_count} operations are sealed{rest}")
        with self._doing("Three queries", has_bar=True):
            demo.ask(collection, self._say)
        self._step += 1
        self._say(demo.closing(env, service.data_dir))
        if stays_up:
            self._say(
                f"  Ready after {time.monotonic() - began:.1f} s at {service.url}; Ctrl-C stops everything."
            )
            while True:
                time.sleep(_WATCH_SECONDS)
                service.check_alive()

    @contextmanager
    def _doing(self, title: str, *, has_bar: bool = False) -> Iterator[None]:
        """Name a step, and how long it took: on the same line, unless something was shown in between."""
        self._step += 1
        end = "\n" if has_bar else " … "
        self._write(f"[{self._step}/{_STEPS}] {title}{end}", is_open=not has_bar)
        began = time.monotonic()
        yield
        took = f"{time.monotonic() - began:.1f} s"
        self._write(f"{took}\n" if self._is_line_open else f"      done in {took}\n", is_open=False)

    def _note(self, line: str) -> None:
        self._say(f"      {line}")

    def _say(self, text: str) -> None:
        self._write(("\n" if self._is_line_open else "") + f"{text}\n", is_open=False)

    def _write(self, text: str, *, is_open: bool) -> None:
        self.stdout.write(text, ending="")
        self.stdout.flush()
        self._is_line_open = is_open


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
