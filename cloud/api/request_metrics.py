"""How the requests of this process went: counted here, told to the database every few seconds.

    request ──begin──▶ a place per thread, filled in as it is found ──end──▶ counts by tenant, database,
              collection, operation, outcome and minute ──every 10 s──▶ told under an id, and again under the
              same one when that failed

A time begins when the head of a request is parsed and ends when its answer is made: so it has the reading of
the body and the waiting for a place in it, and neither the network nor the sending. A request whose key is
unknown belongs to no tenant and is in the installation's totals alone. A process that is killed loses what it
counted since its last flush.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import connection

from tenants import request_counts
from tenants.latencies import bucket_of
from tenants.request_counts import CATALOGUE, UNKNOWN, Counted, Rows, Sums, outcome_of

# Distinct places, operations, outcomes and minutes; past it, collections are no longer told apart.
CAPACITY_ENTRIES = 50_000
# Flushes that wait while the database is away; then counts are added up until it is back.
_MAX_WAITING = 3
OTHER = "other"
Tell = Callable[[UUID, Rows], object]

log = logging.getLogger("tessera.metrics")


class _Place(threading.local):
    """What the request of this thread is about, as far as it is known."""

    tenant_id: UUID | None = None
    database_id: UUID = UNKNOWN
    collection_id: UUID = UNKNOWN
    operation: str = OTHER


_place = _Place()


class Collector:
    """The counts of one process, for all its threads.

    `_lock` guards the counts and is never held over a call; `_telling` lets one thread at a time tell.
    """

    def __init__(
        self, *, flush_seconds: float, tell: Tell = request_counts.note, has_thread: bool = True
    ) -> None:
        """Count nothing yet; without a thread somebody else calls `flush`."""
        self._flush_seconds, self._tell, self._has_thread = flush_seconds, tell, has_thread
        self.begin()

    def begin(self) -> None:
        """Know nothing and have no thread: at first, and in a child, whose parent tells what it counted."""
        self._lock, self._telling = threading.Lock(), threading.Lock()
        self._counts: dict[Counted, Sums] = {}
        self._waiting: list[tuple[UUID, Rows]] = []
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def count(self, key: Counted, seconds: float) -> None:
        """Add a request; asks nobody."""
        bucket = bucket_of(seconds)
        with self._lock:
            sums = self._counts.get(key)
            if sums is None:
                if len(self._counts) >= 2 * CAPACITY_ENTRIES:
                    return  # the database has been away for so long that there is nothing to answer with
                if len(self._counts) >= CAPACITY_ENTRIES:
                    key = key._replace(collection_id=UNKNOWN)
                sums = self._counts.setdefault(key, Sums())
            sums.seconds += seconds
            sums.counts[bucket] = sums.counts.get(bucket, 0) + 1
        if self._thread is None:
            self._start_thread()

    def flush(self) -> bool:
        """Tell what was counted; False when some of it could not be told, and waits for the next time.

        Idempotent:  what is told again counts once
        """
        with self._telling:
            if len(self._waiting) < _MAX_WAITING:
                with self._lock:
                    counts, self._counts = self._counts, {}
                if counts:
                    self._waiting.append((uuid.uuid4(), request_counts.rows_of(counts)))
            while self._waiting:
                try:
                    self._tell(*self._waiting[0])
                except Exception as error:  # noqa: BLE001 (whatever it is, the counts wait)
                    log.warning("metrics of requests wait to be told: %s", error)
                    return False
                del self._waiting[0]
            return True

    def close(self) -> None:
        """Tell everything, and stop the thread until more is counted; called when a process ends in order."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.flush()
        self._closed.clear()
        self._thread = None

    def _start_thread(self) -> None:
        with self._lock:
            if self._has_thread and self._thread is None:
                self._thread = threading.Thread(target=self._run, name="request metrics", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(self._flush_seconds):
            try:
                self.flush()
            except Exception:
                log.exception("the thread of metrics goes on after a failure")
            finally:
                connection.close()  # every few seconds is too seldom to keep one


# The counts of this process.
process = Collector(flush_seconds=settings.USAGE_FLUSH_SECONDS)
os.register_at_fork(after_in_child=process.begin)


def begin() -> None:
    """A request begins in this thread; nothing is known of it."""
    _place.tenant_id = None
    _place.database_id = _place.collection_id = UNKNOWN
    _place.operation = OTHER


def of_operation(operation: str) -> None:
    """The request is for this operation."""
    _place.operation = operation


def of_tenant(tenant_id: UUID) -> None:
    """Whose key it bears; what its route does not name is called catalogue."""
    _place.tenant_id = tenant_id
    if _place.operation is OTHER:
        _place.operation = CATALOGUE


def at(tenant_id: UUID, database_id: UUID, collection_id: UUID = UNKNOWN) -> None:
    """The place that it is about; an operator's may be another tenant's than the key's."""
    _place.tenant_id, _place.database_id, _place.collection_id = tenant_id, database_id, collection_id


def end(status: int, seconds: float) -> None:
    """The request of this thread was answered."""
    place = _place
    key = Counted(
        place.tenant_id,
        place.database_id,
        place.collection_id,
        place.operation,
        outcome_of(status),
        int(time.time()) // 60,
    )
    process.count(key, seconds)
