"""What tenants used at most, as this process saw it: collected by requests, told to the database every 10 s.

A request leaves its few numbers in a dictionary; only what is above what was told today waits to be told. So
a steady tenant costs no write, and a process that ends loses at most what its last seconds brought.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime
from uuid import UUID

from django.db import connection

from tenants import usage_peaks

FLUSH_SECONDS = 10.0
_CAPACITY = 20_000  # tenants whose peaks a process remembers; beyond, it tells some again
_NONE: dict[str, int] = {}

log = logging.getLogger("tessera.peaks")


class Collector:
    """The peaks of one process. Thread-safe."""

    def __init__(self, *, has_thread: bool = True) -> None:
        """Collect nothing yet; without a thread somebody else calls `flush`."""
        self._lock = threading.Lock()
        self._known: dict[UUID, dict[str, int]] = {}  # told today, or waiting to be
        self._waiting: dict[tuple[UUID, str], int] = {}
        self._day: date = datetime.now(UTC).date()
        self._has_thread = has_thread
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def close(self) -> None:
        """Tell nothing any more."""
        self._closed.set()

    def note(self, tenant_id: UUID, seen: Mapping[str, int]) -> None:
        """Keep what is above what is known."""
        known = self._known.get(tenant_id, _NONE)
        for limit_name, usage in seen.items():
            if usage > known.get(limit_name, 0):
                break
        else:
            return
        with self._lock:
            known = self._known.setdefault(tenant_id, {})
            for limit_name, usage in seen.items():
                if usage > known.get(limit_name, 0):
                    known[limit_name] = self._waiting[tenant_id, limit_name] = usage
        if self._has_thread and self._thread is None:
            self._start()

    def flush(self) -> int:
        """Tell the database; how many peaks were told. What fails is told the next time."""
        with self._lock:
            waiting, self._waiting = self._waiting, {}
            today = datetime.now(UTC).date()
            if today != self._day or len(self._known) > _CAPACITY:
                self._day, self._known = today, {}
        try:
            usage_peaks.note((tenant_id, name, peak) for (tenant_id, name), peak in waiting.items())
        except Exception:
            with self._lock:
                for key, usage in waiting.items():
                    self._waiting[key] = max(usage, self._waiting.get(key, 0))
            raise
        return len(waiting)

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="peaks", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(FLUSH_SECONDS):
            try:
                self.flush()
            except Exception as error:  # noqa: BLE001 (a thread that goes on)
                log.warning("peaks of use wait to be told: %s", error)
            finally:
                connection.close()  # every 10 s is too seldom to keep one


_collector = Collector()


def note(tenant_id: UUID, seen: Mapping[str, int]) -> None:
    """Keep what a request used."""
    if seen:
        _collector.note(tenant_id, seen)


def note_minute(tenant_id: UUID, requests_count: int) -> None:
    """Keep how many requests a minute had."""
    _collector.note(tenant_id, {"requests_per_minute_count": requests_count})


def flush() -> int:
    """Tell the database now."""
    return _collector.flush()


def forget() -> None:
    """Begin anew, with what is not told yet forgotten."""
    global _collector  # noqa: PLW0603 (one per process, and a child has its own)
    _collector.close()
    _collector = Collector()


# A child must not think that its parent's thread is its own.
os.register_at_fork(after_in_child=forget)
