"""`POST K/get`: records by ids and filter, in order of insertion (contract, section 13.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import Cast, Place, batch, make_tenant
from tests.wire.helpers import INVALID, PLAIN, UNSHAPED, Settle, assert_error, outside, over


def filled(acme: Cast, settle: Settle, count: int = 5) -> Place:
    """A collection of records r0…, in their home."""
    place = acme.collection()
    place.call("add", batch(count))
    settle(place)
    return place


def test_it_answers_documents_and_metadatas_unless_told(acme: Cast, settle: Settle) -> None:
    place = filled(acme, settle, 2)
    answer = acme.wire.post(f"{place.path}/get", {})
    assert answer.status == 200
    assert answer.body == {
        "ids": ["r0", "r1"],
        "embeddings": None,
        "documents": ["document number 0", "document number 1"],
        "uris": None,
        "metadatas": [{"n": 0, "even": True, "tag": "t0"}, {"n": 1, "even": False, "tag": "t1"}],
        "include": ["documents", "metadatas"],
    }


def test_it_serves_a_read_only_key(shelf: Place) -> None:
    answer = shelf.cast.read_only.post(f"{shelf.path}/get", {"ids": ["r0"]})
    assert (answer.status, answer.body["ids"]) == (200, ["r0"])


def test_it_gives_an_outsider_nothing(globex: Cast, shelf: Place) -> None:
    outside(globex, shelf, "POST", "get", {})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"include": ["data"]}, "include["),
        ({"include": ["documents", "Documents"]}, "include["),
        ({"include": "documents"}, "include"),
        ({"ids": "r0"}, "ids"),
        ({"ids": [0]}, "ids["),
        ({"limit": -1}, "limit"),
        ({"limit": "1"}, "limit"),
        ({"offset": -1}, "offset"),
        ({"offset": 2**32}, "offset"),
        ([], ""),
    ],
)
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: Any, path: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/get", body), 422, PLAIN, UNSHAPED + path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"where": {}}, "Invalid where clause"),
        ({"where_document": {}}, "Invalid where document clause"),
        ({"ids": ["r0\0"]}, "Validation error: ids: "),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, body: dict[str, Any], message: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/get", body), 400, INVALID, message)


@pytest.mark.parametrize(
    "include",
    [
        [],
        ["uris"],
        ["metadatas", "documents"],
        ["distances"],
        ["uris", "embeddings", "distances", "documents", "metadatas"],
    ],
)
def test_it_echoes_include_and_answers_null_for_the_rest(shelf: Place, include: list[str]) -> None:
    body = shelf.call("get", {"include": include})
    assert body["include"] == include
    assert set(body) == {"ids", "embeddings", "documents", "uris", "metadatas", "include"}
    for member in ("embeddings", "documents", "uris", "metadatas"):
        assert (body[member] is not None) is (member in include)


def test_it_answers_null_for_what_a_record_lacks(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call(
        "add",
        {"ids": ["a", "b"], "embeddings": [[1.0], [2.0]], "documents": ["", None], "metadatas": [{}, None]},
    )
    settle(place)
    found = place.call("get", {"include": ["documents", "metadatas", "uris"]})
    assert found["documents"] == ["", None]
    assert found["metadatas"] == [None, None]
    assert found["uris"] == [None, None]


def test_it_orders_by_insertion_whatever_the_order_of_ids(acme: Cast, settle: Settle) -> None:
    place = filled(acme, settle, 3)
    place.call("add", {"ids": ["r-1"], "embeddings": [[0.0] * 8]})
    assert place.ids(ids=["r-1", "r2", "nobody", "r0", "r2"]) == ["r0", "r2", "r-1"]


def test_it_answers_nothing_for_no_ids(acme: Cast, settle: Settle) -> None:
    place = filled(acme, settle)
    body = place.call("get", {"ids": [], "include": ["documents", "embeddings", "metadatas"]})
    assert body["ids"] == body["documents"] == body["embeddings"] == body["metadatas"] == []


def test_it_answers_nothing_for_an_empty_collection(acme: Cast) -> None:
    place = acme.collection()
    body = place.call("get", {"include": ["embeddings", "documents", "metadatas", "uris"]})
    assert body["ids"] == body["embeddings"] == body["documents"] == body["metadatas"] == body["uris"] == []


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"limit": 2}, ["r0", "r1"]),
        ({"limit": 2, "offset": 3}, ["r3", "r4"]),
        ({"offset": 8}, ["r8", "r9"]),
        ({"limit": 0}, []),
        ({"offset": 10}, []),
        ({"offset": 2**32 - 1}, []),
        (
            {"limit": None, "offset": None, "ids": None, "where": None, "where_document": None},
            [f"r{n}" for n in range(10)],
        ),
        ({"where": {"even": True}, "offset": 1, "limit": 2}, ["r2", "r4"]),
        ({"ids": ["r8", "r1", "r2"], "where": {"even": True}}, ["r2", "r8"]),
        ({"ids": ["r8", "r2"], "where": {"even": True}, "where_document": {"$contains": "8"}}, ["r8"]),
        (
            {"where": {"n": {"$gt": 6}}, "where_document": {"$not_contains": "8"}, "limit": 1, "offset": 1},
            ["r9"],
        ),
    ],
)
def test_it_filters_then_skips_then_limits(
    acme: Cast, settle: Settle, body: dict[str, Any], ids: list[str]
) -> None:
    place = filled(acme, settle, 10)
    assert place.ids(**body) == ids


def test_it_reads_log_and_segment_as_one(acme: Cast, settle: Settle) -> None:
    place = filled(acme, settle, 4)
    place.call("add", batch(4, first=4))
    place.call("update", {"ids": ["r1", "r6"], "documents": ["one", "six"]})
    place.call("delete", {"ids": ["r0", "r7"]})
    found = place.call("get", {"limit": 5, "offset": 0, "include": ["documents"]})
    assert found["ids"] == ["r1", "r2", "r3", "r4", "r5"]
    assert found["documents"][0] == "one"
    assert place.call("get", {"where_document": {"$contains": "six"}})["ids"] == ["r6"]


def test_it_lets_the_quota_stand_in_for_a_missing_limit(acme: Cast) -> None:
    small = make_tenant("small", {"limit_value": 3})
    place = small.collection()
    place.call("add", batch(5))
    assert place.ids() == ["r0", "r1", "r2"]
    assert place.ids(offset=3) == ["r3", "r4"]
    answer = small.wire.post(f"{place.path}/get", {"limit": 4})
    words = over("Limit value", "Get", 4, 3)
    assert_error(answer, 422, PLAIN, words)
