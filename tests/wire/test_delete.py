"""`POST K/delete`: by ids, by filter, or by both (contract, section 11.4)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import Cast, Place, batch
from tests.wire.helpers import INVALID, PLAIN, UNSHAPED, Settle, assert_error, assert_forbidden, outside


def filled(acme: Cast, settle: Settle, count: int = 10) -> Place:
    """A collection of records r0…, in their home."""
    place = acme.collection()
    place.call("add", batch(count))
    settle(place)
    return place


def test_it_deletes_by_ids(acme: Cast, settle: Settle) -> None:
    place = filled(acme, settle, 4)
    answer = acme.wire.post(f"{place.path}/delete", {"ids": ["r1", "r3"]})
    assert (answer.status, answer.body) == (200, {"deleted": 2})
    assert place.ids() == ["r0", "r2"]
    assert place.count() == 2
    assert set(place.nearest([0.0] * 8)) == {"r0", "r2"}


def test_it_refuses_a_read_only_key(shelf: Place) -> None:
    assert_forbidden(shelf.cast.read_only.post(f"{shelf.path}/delete", {"ids": ["r0"]}))
    assert shelf.count() == 10


def test_it_gives_an_outsider_nothing(globex: Cast, shelf: Place) -> None:
    outside(globex, shelf, "POST", "delete", {"ids": ["r0"]})
    assert shelf.count() == 10


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"ids": "r0"}, "ids"),
        ({"ids": [None]}, "ids["),
        ({"where": {"n": 1}, "limit": -1}, "limit"),
        ({"where": {"n": 1}, "limit": 2**32}, "limit"),
        ({"where": {"n": 1}, "limit": 1.5}, "limit"),
    ],
)
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: Any, path: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/delete", body), 422, PLAIN, UNSHAPED + path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"ids": []}, "Validation error: ids, where: Either ids or where must be specified"),
        (
            {"ids": ["r0"], "limit": 1},
            "Validation error: limit, where: limit can only be specified when a where clause is provided",
        ),
        ({"where": {}}, "Invalid where clause"),
        ({"where_document": {"$contains": 1}}, "Invalid where document clause"),
        ({"ids": ["a\0"]}, "Validation error: ids: "),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, body: dict[str, Any], message: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/delete", body), 400, INVALID, message)
    assert shelf.count() == 10


@pytest.mark.parametrize("body", [{}, {"ids": None, "where": None, "where_document": None, "limit": None}])
def test_it_deletes_nothing_when_told_nothing(shelf: Place, body: dict[str, Any]) -> None:
    assert shelf.call("delete", body) == {"deleted": 0}
    assert shelf.count() == 10


def test_it_counts_the_ids_given_when_there_is_no_filter(acme: Cast, settle: Settle) -> None:
    place = filled(acme, settle, 3)
    assert place.call("delete", {"ids": ["r0", "nobody", "r0"]}) == {"deleted": 3}
    assert place.count() == 2
    assert place.call("delete", {"ids": ["r0"]}) == {"deleted": 1}
    assert place.count() == 2


@pytest.mark.parametrize(
    ("body", "left"),
    [
        ({"where": {"even": True}}, ["r1", "r3", "r5", "r7", "r9"]),
        (
            {"where_document": {"$contains": "number 7"}},
            ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r8", "r9"],
        ),
        ({"where": {"n": {"$gte": 2}}, "where_document": {"$not_contains": "9"}}, ["r0", "r1", "r9"]),
        ({"ids": ["r0", "r1", "nobody"], "where": {"even": True}}, [f"r{n}" for n in range(1, 10)]),
        ({"ids": [], "where": {"even": True}}, [f"r{n}" for n in range(10)]),
        ({"where": {"n": {"$gte": 4}}, "limit": 3}, ["r0", "r1", "r2", "r3", "r7", "r8", "r9"]),
        ({"where": {"n": {"$gte": 4}}, "limit": 0}, [f"r{n}" for n in range(10)]),
        ({"where": {"missing": 1}}, [f"r{n}" for n in range(10)]),
    ],
)
def test_it_deletes_what_a_filter_means_and_counts_it(
    acme: Cast, settle: Settle, body: dict[str, Any], left: list[str]
) -> None:
    place = filled(acme, settle)
    assert place.call("delete", body) == {"deleted": 10 - len(left)}
    assert place.ids() == left
    assert place.count() == len(left)


def test_it_deletes_from_log_and_segment_in_one_request(acme: Cast, settle: Settle) -> None:
    place = filled(acme, settle, 3)
    place.call("add", batch(3, first=3))
    place.call("update", {"ids": ["r2"], "metadatas": [{"even": False}]})
    assert place.call("delete", {"where": {"even": False}}) == {"deleted": 4}
    assert place.ids() == ["r0", "r4"]
    settle(place)
    assert place.ids() == ["r0", "r4"]


def test_it_leaves_a_collection_that_can_be_filled_again(acme: Cast, settle: Settle) -> None:
    place = filled(acme, settle, 3)
    place.call("delete", {"where": {"n": {"$gte": 0}}})
    assert place.count() == 0
    assert place.nearest([0.0] * 8) == []
    place.call("add", batch(2))
    settle(place)
    assert place.ids() == ["r0", "r1"]
