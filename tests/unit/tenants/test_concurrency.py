"""Places for the concurrent requests of one collection, in one process of several."""

from __future__ import annotations

import pytest

from tenants import concurrency
from tenants.concurrency import KIND_OF, Kind, Lane
from tenants.identity import Verb


def leased(count: int, *, limit: int = 10, others: int = 0) -> Lane:
    """A lane with a lease until second 3."""
    lane = Lane(limit)
    lane.receive(leased_count=count, others_count=others, until=3.0)
    return lane


@pytest.mark.parametrize(
    ("limit", "processes", "expected"), [(10, 1, 10), (10, 2, 5), (10, 4, 2), (3, 2, 1), (1, 8, 1), (0, 2, 0)]
)
def test_a_process_without_the_lender_has_its_share(limit: int, processes: int, expected: int) -> None:
    assert concurrency.share(limit, process_count=processes) == expected


def test_it_admits_as_many_as_it_has_leased() -> None:
    lane = leased(2)
    assert [lane.enter(lane.usable_count(1.0)) for _ in range(3)] == [True, True, False]
    lane.leave()
    assert lane.enter(lane.usable_count(1.0))


def test_it_admits_nobody_by_a_lease_that_is_over() -> None:
    lane = leased(2)
    assert not lane.enter(lane.usable_count(3.0))


def test_it_admits_no_more_than_a_limit_that_was_lowered() -> None:
    lane = leased(8)
    lane.limit_count = 3
    assert lane.usable_count(1.0) == 3


def test_alone_it_leaves_others_what_they_were_known_to_have() -> None:
    lane = leased(0, others=8)
    assert lane.usable_alone_count(2.9, process_count=2) == 2
    assert lane.usable_alone_count(3.0, process_count=2) == 5


def test_it_keeps_what_was_needed_since_the_last_tick() -> None:
    lane = leased(5)
    for _ in range(4):
        lane.enter(lane.usable_count(1.0))
    for _ in range(3):
        lane.leave()
    assert lane.tick() == 4
    assert lane.tick() == 1
    lane.waiting_count = 2
    assert lane.tick() == 3


def test_it_keeps_one_place_for_a_client_that_pauses_and_then_none() -> None:
    lane = leased(1)
    assert [lane.tick() for _ in range(4)] == [1, 1, 0, 0]


def test_it_wants_no_more_than_the_limit() -> None:
    lane = leased(2, limit=3)
    lane.waiting_count = 7
    assert lane.wanted_count() == 3


def test_it_is_idle_only_without_requests_and_leases() -> None:
    lane = leased(1)
    assert not lane.is_idle()
    lane.lower(0)
    assert lane.is_idle()
    lane.waiting_count = 1
    assert not lane.is_idle()


def test_it_tells_reads_from_writes() -> None:
    reads = {verb for verb, kind in KIND_OF.items() if kind is Kind.READ}
    assert reads == {Verb.GET, Verb.QUERY, Verb.COUNT, Verb.SEARCH}
    assert set(KIND_OF) - reads == {Verb.ADD, Verb.UPDATE, Verb.UPSERT, Verb.DELETE}
