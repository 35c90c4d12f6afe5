"""`GET K/count`: a bare number (contract, sections 13.2 and 19)."""

from __future__ import annotations

import pytest

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Cast, Place, batch
from tests.wire.helpers import INVALID, Settle, assert_error, outside


def test_it_counts_the_records(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", batch(7))
    settle(place)
    place.call("upsert", batch(3, first=6))
    place.call("delete", {"ids": ["r0"]})
    answer = acme.wire.get(f"{place.path}/count")
    assert (answer.status, answer.body) == (200, 8)


def test_it_serves_a_read_only_key(shelf: Place) -> None:
    assert shelf.cast.read_only.get(f"{shelf.path}/count").body == 10


def test_it_gives_an_outsider_nothing(globex: Cast, shelf: Place) -> None:
    outside(globex, shelf, "GET", "count")


@pytest.mark.parametrize("level", ["index_and_wal", "index_and_bounded_wal"])
def test_it_counts_every_acknowledged_write(shelf: Place, level: str) -> None:
    assert shelf.cast.wire.get(f"{shelf.path}/count?read_level={level}").body == 10


def test_it_counts_only_what_is_indexed_when_asked(acme: Cast, database: Service) -> None:
    place = acme.collection()
    place.call("add", batch(7))
    path = f"{place.path}/count?read_level=index_only"
    assert acme.wire.get(path).body == 0
    compact(database, place)
    place.call("upsert", batch(4, first=5))
    place.call("delete", {"ids": ["r0"]})
    assert acme.wire.get(path).body == 4
    assert place.count() == 8


@pytest.mark.parametrize("level", ["", "bogus", "INDEX_ONLY"])
def test_it_refuses_other_read_levels(shelf: Place, level: str) -> None:
    answer = shelf.cast.wire.get(f"{shelf.path}/count?read_level={level}")
    assert_error(answer, 400, INVALID, "Failed to deserialize query string: ")


def test_it_ignores_parameters_it_does_not_know(shelf: Place) -> None:
    assert shelf.cast.wire.get(f"{shelf.path}/count?tenant=x&novelty=1").body == 10


def test_it_counts_nothing_in_an_empty_collection(acme: Cast) -> None:
    assert acme.collection().count() == 0
