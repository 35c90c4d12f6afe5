"""Counting requests in a process: rows, what failed waits, what is too much is no longer told apart."""

from __future__ import annotations

import threading
import uuid
from typing import Any
from uuid import UUID

import orjson
import pytest

from cloud.api import request_metrics
from cloud.api.request_metrics import Collector
from tenants import request_counts
from tenants.request_counts import UNKNOWN, Counted, Outcome, Rows, Sums, outcome_of

TENANT, MAIN, PAPERS = (uuid.uuid4() for _ in range(3))
MINUTE = 29_637_000  # a whole hour since 1970


class Table:
    """Takes what is told, or is away."""

    def __init__(self) -> None:
        self.told: list[tuple[UUID, Rows]] = []
        self.tried: list[UUID] = []
        self.is_away = False
        self.arrived = threading.Event()

    def take(self, flush_id: UUID, rows: Rows) -> bool:
        """What `Collector` calls."""
        self.tried.append(flush_id)
        if self.is_away:
            raise ConnectionError("away")
        self.told.append((flush_id, rows))
        self.arrived.set()
        return True

    @property
    def rows(self) -> list[dict[str, Any]]:
        """What was told per database."""
        return [row for _, rows in self.told for row in orjson.loads(rows.per_database)]


def key(**other: Any) -> Counted:
    """A request that was answered with 200."""
    return Counted(TENANT, MAIN, PAPERS, "get", "ok", MINUTE)._replace(**other)


def collector(table: Table) -> Collector:
    """One whose flushes the test calls."""
    return Collector(flush_seconds=10, tell=table.take, has_thread=False)


def test_it_adds_up_what_is_alike() -> None:
    table = Table()
    counting = collector(table)
    for seconds in (0.001, 0.001, 0.1):
        counting.count(key(), seconds)
    counting.count(key(outcome="limited"), 0.001)
    assert counting.flush()
    found = {row["outcome"]: (row["counts"], row["microseconds"]) for row in table.rows}
    assert found == {"ok": ([2, 1], 102_000), "limited": ([1], 1_000)}
    assert counting.flush()
    assert len(table.told) == 1


def test_what_could_not_be_told_is_told_again_under_the_same_id() -> None:
    table = Table()
    table.is_away = True
    counting = collector(table)
    counting.count(key(), 0.001)
    assert not counting.flush()
    counting.count(key(), 0.001)
    assert not counting.flush()
    table.is_away = False
    assert counting.flush()
    assert len(set(table.tried)) == len(table.told) == 2
    assert sum(sum(row["counts"]) for row in table.rows) == 2


def test_a_database_that_is_away_for_long_costs_no_request_and_little_memory() -> None:
    table = Table()
    table.is_away = True
    counting = collector(table)
    for _ in range(10):
        counting.count(key(), 0.001)
        assert not counting.flush()
    table.is_away = False
    assert counting.flush()
    assert counting.flush()
    assert sum(sum(row["counts"]) for row in table.rows) == 10
    assert len(table.told) == 4


def test_a_collection_more_than_fit_is_counted_with_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_metrics, "CAPACITY_ENTRIES", 2)
    table = Table()
    counting = collector(table)
    for _ in range(5):
        counting.count(key(collection_id=uuid.uuid4()), 0.001)
    counting.flush()
    assert sum(sum(row["counts"]) for row in table.rows) == 5
    assert len(orjson.loads(table.told[0][1].per_collection)) == 2


def test_of_many_collections_the_busiest_are_told_apart() -> None:
    many = {
        key(collection_id=uuid.UUID(int=number + 1)): Sums(0.1, {5: number + 1})
        for number in range(request_counts.MAX_COLLECTIONS_COUNT + 50)
    }
    rows = request_counts.rows_of(many)
    told = orjson.loads(rows.per_collection)
    assert len(told) == request_counts.MAX_COLLECTIONS_COUNT
    assert min(row["requests"] for row in told) == 51
    (whole,) = orjson.loads(rows.per_database)
    assert sum(whole["counts"]) == sum(sums.requests for sums in many.values())


def test_a_request_of_nobody_is_in_the_totals_alone() -> None:
    rows = request_counts.rows_of({key(tenant_id=None, database_id=UNKNOWN): Sums(0.1, {5: 1})})
    assert (rows.per_database, rows.per_collection) == ("[]", "[]")
    assert orjson.loads(rows.in_all)[0]["requests"] == 1


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, Outcome.OK),
        (201, Outcome.OK),
        (399, Outcome.OK),
        (400, Outcome.CLIENT_ERROR),
        (422, Outcome.CLIENT_ERROR),
        (429, Outcome.LIMITED),
        (500, Outcome.SERVER_ERROR),
        (503, Outcome.SERVER_ERROR),
    ],
)
def test_the_status_says_the_outcome(status: int, outcome: Outcome) -> None:
    assert outcome_of(status) is outcome


def test_a_thread_tells_by_itself() -> None:
    table = Table()
    counting = Collector(flush_seconds=0.01, tell=table.take)
    counting.count(key(), 0.001)
    assert table.arrived.wait(5)
    counting.close()
