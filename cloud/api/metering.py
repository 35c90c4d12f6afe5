"""What a process's reads use: counted here, sent to the ledgers every few seconds and at a clean stop.

    request ──count──▶ map (collection, key, operation, hour) ──every 10 s──▶ batches, each with an id
                                                                                │ fails: stays, and is sent
                                                                                ▼ again under the same id
                                                                          usage_ledger

A write is in the ledger when it is answered; of reads, a process that is killed loses what it counted since
its last flush.
"""

from __future__ import annotations

import logging
import os
import threading
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.db import connections
from django.http import HttpResponse

from tenants.identity import Identity
from tenants.prices import Meter, cost_nano
from vectors import usage
from vectors.types import Manifest, Operation
from vectors.usage import ReadEntry

# Past the first the map is sent at once; past the second, when the ledgers are away, nothing new is taken in.
CAPACITY_ENTRIES = 50_000
MAX_ENTRIES = 4 * CAPACITY_ENTRIES
UNITS_HEADER = "x-request-units"
COST_HEADER = "x-request-cost"
Send = Callable[[str, UUID, Sequence[ReadEntry], UUID], None]
_WRITES = frozenset(operation.value for operation in Operation)
_Key = tuple[UUID, UUID | None, str, datetime]

log = logging.getLogger("tessera.usage")


@dataclass
class Used:
    """What one call used, as its view notes it.

    units:            of a read, query units; of a write, bytes written
    collection_bytes: logical bytes of the collection, as the read saw it
    returned_bytes:   of a read's answer; known with what it costs, once it is settled
    """

    units: int = 0
    written_bytes: int = 0
    collection_bytes: int = 0
    returned_bytes: int = 0
    cost_nano: int = 0

    @property
    def scanned_bytes(self) -> int:
        """What a read is billed for having looked at."""
        return self.units * self.collection_bytes

    def read(self, units: int, collection_bytes: int) -> None:
        """A read looked at the collection so many times over."""
        self.units, self.collection_bytes = units, collection_bytes

    def wrote(self, written_bytes: int) -> None:
        """A write appended so many bytes; the ledger has them already."""
        self.units = self.written_bytes = written_bytes


@dataclass(frozen=True)
class _Counted:
    """What one key did to one collection in one way in an hour: per meter, quantity and requests."""

    manifest: Manifest
    sums: dict[Meter, list[int]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Batch:
    """Entries of one tenant and cell on their way to the ledger."""

    tenant_id: UUID
    cell: str
    entries: list[ReadEntry]
    flush_id: UUID = field(default_factory=uuid.uuid4)


def _send(cell: str, tenant_id: UUID, entries: Sequence[ReadEntry], flush_id: UUID) -> None:
    usage.append_reads(cell, tenant_id, entries, flush_id=flush_id)


def _now() -> datetime:
    return datetime.now(UTC)


class Metering:
    """The counts of one process, for all its threads.

    `_lock` guards the map and is never held over a call; `_sending` lets one thread at a time send.
    """

    def __init__(
        self,
        *,
        flush_seconds: float,
        send: Send = _send,
        now: Callable[[], datetime] = _now,
        has_thread: bool = True,
        capacity_entries: int = CAPACITY_ENTRIES,
        max_entries: int = MAX_ENTRIES,
    ) -> None:
        """Count nothing yet; without a thread somebody else calls `flush`."""
        self._flush_seconds, self._send, self._now = flush_seconds, send, now
        self._capacity_entries, self._max_entries = capacity_entries, max_entries
        self._has_thread = has_thread
        self.begin()

    def begin(self) -> None:
        """Know nothing and have no thread: at first, and in a child, whose parent sends what it counted."""
        self._lock, self._sending = threading.Lock(), threading.Lock()
        self._counts: dict[_Key, _Counted] = {}
        self._waiting: list[_Batch] = []
        self._wake, self._closed = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def count(
        self, manifest: Manifest, key_id: UUID | None, operation: str, amounts: dict[Meter, int]
    ) -> None:
        """Add what a read used; asks nobody."""
        hour = self._now().replace(minute=0, second=0, microsecond=0)
        key = (manifest.collection_id, key_id, operation, hour)
        with self._lock:
            counted = self._counts.get(key)
            if counted is None:
                if len(self._counts) >= self._max_entries:
                    log.error(
                        "lost usage of tenant %s, the ledgers are away: %s", manifest.tenant_id, amounts
                    )
                    return
                counted = self._counts[key] = _Counted(manifest)
            for meter, quantity in amounts.items():
                summed = counted.sums.setdefault(meter, [0, 0])
                summed[0] += quantity
                summed[1] += 1
            is_full = len(self._counts) >= self._capacity_entries
        self._start_thread()
        if is_full:
            self._wake.set()

    def flush(self) -> bool:
        """Send what was counted; False when some of it could not be, and waits for the next time.

        Idempotent:  what is sent again counts once
        """
        with self._sending:
            if sum(len(batch.entries) for batch in self._waiting) < self._max_entries:
                self._waiting += self._take()  # what failed goes first, as it was
            failed: list[_Batch] = []
            for batch in self._waiting:
                try:
                    self._send(batch.cell, batch.tenant_id, batch.entries, batch.flush_id)
                except Exception as error:  # noqa: BLE001 (whatever it is, the counts must not be lost)
                    failed.append(batch)
                    log.warning("usage of tenant %s waits for the next flush: %s", batch.tenant_id, error)
            self._waiting = failed
            return not failed

    def _take(self) -> list[_Batch]:
        with self._lock:
            counts, self._counts = self._counts, {}
        by_place: dict[tuple[UUID, str], list[ReadEntry]] = {}
        for (collection_id, key_id, operation, hour), counted in counts.items():
            place = counted.manifest
            by_place.setdefault((place.tenant_id, place.cell), []).extend(
                ReadEntry(
                    database_id=place.database_id,
                    collection_id=collection_id,
                    key_id=key_id,
                    meter=meter,
                    operation=operation,
                    at=hour,
                    quantity=quantity,
                    requests=requests,
                )
                for meter, (quantity, requests) in counted.sums.items()
            )
        return [_Batch(tenant_id, cell, entries) for (tenant_id, cell), entries in by_place.items()]

    # --- the thread --------------------------------------------------------------------------------

    def close(self) -> None:
        """Send everything, and stop the thread until more is counted; called when a process ends in order."""
        self._closed.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=5)
        self.flush()
        self._closed.clear()
        self._thread = None

    def _start_thread(self) -> None:
        if self._has_thread and self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        while not self._closed.is_set():
            self._wake.wait(self._flush_seconds)
            self._wake.clear()
            if self._closed.is_set():
                return
            try:
                if not self.flush():
                    self._closed.wait(min(1.0, self._flush_seconds))  # full and failing must not spin
            except Exception:
                log.exception("the thread of usage goes on after a failure")
            finally:
                connections.close_all()


# The counts of this process.
process = Metering(flush_seconds=settings.USAGE_FLUSH_SECONDS)
os.register_at_fork(after_in_child=process.begin)


def settle(response: HttpResponse, identity: Identity, manifest: Manifest, used: Used, operation: str) -> int:
    """Count what an answered call used, and say it on the answer; what it costs, in nano-units."""
    if operation in _WRITES:  # its row is in the ledger since its transaction
        amounts = {Meter.BYTES_WRITTEN: used.written_bytes}
    else:
        used.returned_bytes = len(response.content)
        amounts = {Meter.BYTES_RETURNED: used.returned_bytes}
        if used.units:
            amounts[Meter.BYTES_SCANNED] = used.scanned_bytes
        process.count(manifest, identity.key_id, operation, amounts)
    response[UNITS_HEADER] = str(used.units)
    used.cost_nano = sum(cost_nano(meter, one, identity.prices) for meter, one in amounts.items())
    response[COST_HEADER] = str(used.cost_nano)
    return used.cost_nano
