"""Counting reads in a process: sums, batches with ids of their own, and what happens when sending fails."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from cloud.api.metering import Metering
from tenants.prices import Meter
from tests.unit.manifests import manifest
from vectors.usage import ReadEntry

KEY = uuid.uuid4()
NOON = datetime(2026, 3, 1, 12, 34, 56, tzinfo=UTC)


class Ledger:
    """Takes what is sent, or is away."""

    def __init__(self) -> None:
        self.sent: list[tuple[UUID, UUID, Sequence[ReadEntry]]] = []
        self.tried: list[UUID] = []
        self.is_away = False
        self.arrived = threading.Event()

    def take(self, cell: str, tenant_id: UUID, entries: Sequence[ReadEntry], flush_id: UUID) -> None:
        """What `Metering` calls."""
        assert cell == "cell_000"
        self.tried.append(flush_id)
        if self.is_away:
            raise ConnectionError("away")
        self.sent.append((flush_id, tenant_id, entries))
        self.arrived.set()

    def sums(self) -> dict[tuple[Meter, datetime], tuple[int, int]]:
        """Quantity and requests that arrived, each flush once."""
        once = {(flush_id, tenant_id): entries for flush_id, tenant_id, entries in self.sent}
        found: dict[tuple[Meter, datetime], tuple[int, int]] = {}
        for entry in (one for entries in once.values() for one in entries):
            quantity, requests = found.get((entry.meter, entry.at), (0, 0))
            found[entry.meter, entry.at] = (quantity + entry.quantity, requests + entry.requests)
        return found


def test_it_sums_by_the_hour() -> None:
    ledger, clock, place = Ledger(), [NOON], manifest()
    counting = Metering(flush_seconds=10, send=ledger.take, now=lambda: clock[0], has_thread=False)
    for _ in range(3):
        counting.count(place, KEY, "get", {Meter.BYTES_RETURNED: 10})
    clock[0] += timedelta(hours=1)
    counting.count(place, KEY, "get", {Meter.BYTES_RETURNED: 5, Meter.BYTES_SCANNED: 7})
    assert counting.flush()
    first = NOON.replace(minute=0, second=0)
    second = first + timedelta(hours=1)
    assert ledger.sums() == {
        (Meter.BYTES_RETURNED, first): (30, 3),
        (Meter.BYTES_RETURNED, second): (5, 1),
        (Meter.BYTES_SCANNED, second): (7, 1),
    }
    assert counting.flush()
    assert len(ledger.sent) == 1


def test_it_sends_each_tenant_apart() -> None:
    ledger, places = Ledger(), [manifest(), manifest()]
    counting = Metering(flush_seconds=10, send=ledger.take, has_thread=False)
    for place in places:
        counting.count(place, KEY, "get", {Meter.BYTES_RETURNED: 1})
    assert counting.flush()
    assert {tenant_id for _, tenant_id, _ in ledger.sent} == {place.tenant_id for place in places}
    assert len(set(ledger.tried)) == 2


def test_what_failed_is_sent_again_as_it_was_and_first() -> None:
    ledger, place = Ledger(), manifest()
    counting = Metering(flush_seconds=10, send=ledger.take, now=lambda: NOON, has_thread=False)
    counting.count(place, KEY, "get", {Meter.BYTES_RETURNED: 10})
    ledger.is_away = True
    assert not counting.flush()
    counting.count(place, KEY, "get", {Meter.BYTES_RETURNED: 1})
    assert not counting.flush()
    ledger.is_away = False
    assert counting.flush()
    first, again, second, *last = ledger.tried
    assert (first, [first, second]) == (again, last)
    assert [[entry.quantity for entry in entries] for _, _, entries in ledger.sent] == [[10], [1]]


def test_one_tenants_failure_holds_up_nobody_else() -> None:
    ledger, bad, good = Ledger(), manifest(), manifest()

    def take(cell: str, tenant_id: UUID, entries: Sequence[ReadEntry], flush_id: UUID) -> None:
        if tenant_id == bad.tenant_id:
            raise ConnectionError("away")
        ledger.take(cell, tenant_id, entries, flush_id)

    counting = Metering(flush_seconds=10, send=take, has_thread=False)
    for number in range(3):
        for place in (bad, good):
            counting.count(place, KEY, "get", {Meter.BYTES_RETURNED: 1})
        assert not counting.flush()
        assert len(ledger.sent) == number + 1


def test_a_child_does_not_send_what_its_parent_counted() -> None:
    ledger = Ledger()
    counting = Metering(flush_seconds=10, send=ledger.take, has_thread=False)
    counting.count(manifest(), KEY, "get", {Meter.BYTES_RETURNED: 1})
    counting.begin()
    assert counting.flush()
    assert ledger.sent == []


def test_a_full_map_is_sent_at_once() -> None:
    ledger = Ledger()
    counting = Metering(flush_seconds=3600, send=ledger.take, capacity_entries=2)
    counting.count(manifest(), KEY, "get", {Meter.BYTES_RETURNED: 1})
    counting.count(manifest(), KEY, "get", {Meter.BYTES_RETURNED: 1})
    assert ledger.arrived.wait(30)
    counting.close()


def test_it_keeps_no_more_than_its_bound_while_the_ledgers_are_away() -> None:
    ledger, place = Ledger(), manifest()
    counting = Metering(flush_seconds=10, send=ledger.take, has_thread=False, max_entries=2)
    for _ in range(4):
        counting.count(manifest(), KEY, "get", {Meter.BYTES_RETURNED: 1})
    counting.count(place, KEY, "get", {Meter.BYTES_RETURNED: 1})
    assert counting.flush()
    assert len(ledger.sent) == 2


def test_closing_sends_everything() -> None:
    ledger = Ledger()
    counting = Metering(flush_seconds=3600, send=ledger.take)
    counting.count(manifest(), KEY, "get", {Meter.BYTES_RETURNED: 1})
    counting.close()
    counting.count(manifest(), KEY, "get", {Meter.BYTES_RETURNED: 1})
    counting.close()
    assert len(ledger.sent) == 2


def test_threads_lose_nothing() -> None:
    ledger, place = Ledger(), manifest()
    counting = Metering(flush_seconds=3600, send=ledger.take, now=lambda: NOON, has_thread=False)

    def work() -> None:
        for number in range(2_000):
            counting.count(place, KEY, "get", {Meter.BYTES_RETURNED: 1})
            if number % 100 == 0:
                counting.flush()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counting.flush()
    assert list(ledger.sums().values()) == [(8_000, 8_000)]
