"""`GET K/indexing_status`: operations in the index, and all of them (contract, section 19)."""

from __future__ import annotations

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Cast, Place, batch
from tests.wire.helpers import outside


def status(place: Place) -> dict[str, object]:
    """The answer's body."""
    answer = place.cast.wire.get(f"{place.path}/indexing_status")
    assert answer.status == 200
    body: dict[str, object] = answer.body
    return body


def test_it_is_complete_before_the_first_write(acme: Cast) -> None:
    expected = {"op_indexing_progress": 1.0, "num_unindexed_ops": 0, "num_indexed_ops": 0, "total_ops": 0}
    assert status(acme.collection()) == expected


def test_it_counts_operations_not_records(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(6))
    place.call("upsert", batch(1))
    place.call("delete", {"ids": ["r5"]})
    expected = {"op_indexing_progress": 0.0, "num_unindexed_ops": 8, "num_indexed_ops": 0, "total_ops": 8}
    assert status(place) == expected
    compact(database, place)
    expected = {"op_indexing_progress": 1.0, "num_unindexed_ops": 0, "num_indexed_ops": 8, "total_ops": 8}
    assert status(place) == expected


def test_it_falls_back_with_every_write(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(3))
    compact(database, place)
    place.call("add", batch(1, first=3))
    expected = {"op_indexing_progress": 0.75, "num_unindexed_ops": 1, "num_indexed_ops": 3, "total_ops": 4}
    assert status(place) == expected


def test_it_serves_a_read_only_key(shelf: Place) -> None:
    assert shelf.cast.read_only.get(f"{shelf.path}/indexing_status").body["total_ops"] == 10


def test_it_gives_an_outsider_nothing(globex: Cast, shelf: Place) -> None:
    outside(globex, shelf, "GET", "indexing_status")
