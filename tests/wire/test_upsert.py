"""`POST K/upsert`: insert, or change as update does (contract, section 11.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import Cast, Place, batch, make_tenant
from tests.wire.helpers import INVALID, PLAIN, UNSHAPED, Settle, assert_error, assert_forbidden, outside, over

ONE = {"ids": ["a"], "embeddings": [[1.0, 2.0]]}
EVERYTHING = ["embeddings", "documents", "metadatas", "uris"]


def test_it_inserts_and_changes_in_one_request(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", {**ONE, "documents": ["kept"], "metadatas": [{"k": 1, "gone": 1}], "uris": ["u"]})
    settle(place)
    body = {
        "ids": ["b", "a"],
        "embeddings": [[3.0, 4.0], [5.0, 6.0]],
        "metadatas": [{"x": 1.0, "null": None}, {"k": "two", "gone": None}],
    }
    answer = acme.wire.post(f"{place.path}/upsert", body)
    assert (answer.status, answer.body) == (200, {})
    settle(place)
    found = place.call("get", {"include": EVERYTHING})
    assert found["ids"] == ["a", "b"]
    assert found["embeddings"] == [[5.0, 6.0], [3.0, 4.0]]
    assert found["documents"] == ["kept", None]
    assert found["metadatas"] == [{"k": "two"}, {"x": 1.0}]
    assert found["uris"] == ["u", None]


def test_it_refuses_a_read_only_key(acme: Cast) -> None:
    place = acme.collection()
    assert_forbidden(acme.read_only.post(f"{place.path}/upsert", ONE))
    assert place.count() == 0


def test_it_gives_an_outsider_nothing(acme: Cast, globex: Cast) -> None:
    place = acme.collection()
    outside(globex, place, "POST", "upsert", ONE)
    assert place.count() == 0


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"ids": ["a"]}, ""),
        ({"ids": ["a"], "embeddings": None}, "embeddings"),
        ({"ids": ["a"], "embeddings": [None]}, "embeddings["),
        ({**ONE, "metadatas": [3]}, "metadatas["),
    ],
)
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: Any, path: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/upsert", body), 422, PLAIN, UNSHAPED + path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (ONE, "Collection expecting embedding with dimension of 8, got 2"),
        ({"ids": ["a", "b"], "embeddings": [[1.0] * 8]}, "Inconsistent number of IDs"),
        ({"ids": [""], "embeddings": [[1.0] * 8]}, "Empty ID, ID must have at least one character"),
        (
            {"ids": ["a"], "embeddings": [[1e39] * 8]},
            "Validation error: embeddings: Embeddings must not contain",
        ),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, body: dict[str, Any], message: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/upsert", body), 400, INVALID, message)


def test_it_applies_several_operations_on_one_id_in_order(acme: Cast) -> None:
    place = acme.collection()
    body = {
        "ids": ["a", "b", "a"],
        "embeddings": [[1.0], [2.0], [3.0]],
        "documents": ["early", None, None],
        "metadatas": [{"x": 1, "y": 1}, None, {"y": None, "z": 2}],
    }
    place.call("upsert", body)
    found = place.call("get", {"include": ["embeddings", "documents", "metadatas"]})
    assert found["ids"] == ["a", "b"]
    assert found["embeddings"] == [[3.0], [2.0]]
    assert found["documents"] == ["early", None]
    assert found["metadatas"] == [{"x": 1, "z": 2}, None]


def test_it_keeps_the_place_in_the_default_order(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", batch(4))
    settle(place)
    place.call("upsert", {"ids": ["new", "r2", "r0"], "embeddings": [[0.0] * 8] * 3})
    settle(place)
    assert place.ids() == ["r0", "r1", "r2", "r3", "new"]
    assert place.count() == 5


def test_it_revives_a_deleted_id_without_its_past(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", batch(2))
    settle(place)
    place.call("delete", {"ids": ["r0"]})
    place.call("upsert", {"ids": ["r0"], "embeddings": [[0.0] * 8], "metadatas": [{"new": 1}]})
    settle(place)
    found = place.call("get", {})
    assert found["ids"] == ["r1", "r0"]
    assert found["documents"][1] is None
    assert found["metadatas"][1] == {"new": 1}


def test_it_counts_only_new_records_against_the_plan(acme: Cast) -> None:
    small = make_tenant("small", {"collection_records_count": 3})
    place = small.collection()
    place.call("upsert", batch(3))
    place.call("upsert", batch(3))
    answer = small.wire.post(f"{place.path}/upsert", batch(2, first=2))
    words = over("Collection size (records)", "Upsert", 4, 3)
    assert_error(answer, 422, PLAIN, words)


def test_it_refuses_more_records_than_the_plan_allows(acme: Cast) -> None:
    small = make_tenant("small", {})
    answer = small.wire.post(f"{small.collection().path}/upsert", batch(301))
    words = over("Number of records", "Upsert", 301, 300)
    assert_error(answer, 422, PLAIN, words)
