"""`POST K/update`: records that exist are changed, others skipped (contract, section 11.3)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import Cast, Place, batch, make_tenant
from tests.wire.helpers import (
    INVALID,
    PLAIN,
    UNSHAPED,
    Settle,
    assert_error,
    assert_forbidden,
    base64_of,
    outside,
    over,
)

EVERYTHING = ["embeddings", "documents", "metadatas", "uris"]


def whole(place: Place, record_id: str) -> dict[str, Any]:
    """One record, member by member."""
    found = place.call("get", {"ids": [record_id], "include": EVERYTHING})
    return {member: found[member][0] for member in EVERYTHING}


def first(acme: Cast) -> Place:
    """A collection with one record that has everything."""
    place = acme.collection()
    place.call(
        "add",
        {
            "ids": ["a"],
            "embeddings": [[1.0, 2.0]],
            "documents": ["text"],
            "metadatas": [{"k": "v", "n": 1}],
            "uris": ["u"],
        },
    )
    return place


def test_it_changes_what_is_given(acme: Cast, settle: Settle) -> None:
    place = first(acme)
    settle(place)
    body = {
        "ids": ["a"],
        "embeddings": [[3.0, 4.0]],
        "documents": ["new"],
        "metadatas": [{"n": 2.5}],
        "uris": ["w"],
    }
    answer = acme.wire.post(f"{place.path}/update", body)
    assert (answer.status, answer.body) == (200, {})
    assert whole(place, "a") == {
        "embeddings": [3.0, 4.0],
        "documents": "new",
        "metadatas": {"k": "v", "n": 2.5},
        "uris": "w",
    }


def test_it_refuses_a_read_only_key(acme: Cast) -> None:
    place = first(acme)
    assert_forbidden(acme.read_only.post(f"{place.path}/update", {"ids": ["a"], "documents": ["new"]}))
    assert whole(place, "a")["documents"] == "text"


def test_it_gives_an_outsider_nothing(acme: Cast, globex: Cast) -> None:
    place = first(acme)
    outside(globex, place, "POST", "update", {"ids": ["a"], "documents": ["new"]})
    assert whole(place, "a")["documents"] == "text"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"documents": ["x"]}, ""),
        ({"ids": ["r0"], "embeddings": [1.0]}, "embeddings["),
        ({"ids": ["r0"], "documents": [7]}, "documents["),
        ({"ids": ["r0"], "metadatas": {"k": 1}}, "metadatas"),
    ],
)
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: Any, path: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/update", body), 422, PLAIN, UNSHAPED + path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"embeddings": [None, None]}, "Inconsistent number of IDs"),
        ({"documents": ["x", "y"]}, "Inconsistent number of IDs"),
        ({"embeddings": [[1.0]]}, "Collection expecting embedding with dimension of 8, got 1"),
        ({"embeddings": [[]]}, "Validation error: embeddings: Each embedding must have at least 1 dimension"),
        ({"embeddings": ["AAA="]}, "Invalid base64 string"),
        ({"metadatas": [{"#k": None}]}, "Validation error: metadatas: Invalid metadata at index 0"),
        ({"documents": ["\0"]}, "Validation error: documents: "),
        ({"ids": [""]}, "Empty ID, ID must have at least one character"),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, body: dict[str, Any], message: str) -> None:
    answer = shelf.cast.wire.post(f"{shelf.path}/update", {"ids": ["r0"], **body})
    assert_error(answer, 400, INVALID, message)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"embeddings": None, "documents": None, "metadatas": None, "uris": None},
        {"embeddings": [None], "documents": [None], "metadatas": [None], "uris": [None]},
        {"metadatas": [{}]},
    ],
)
def test_it_keeps_what_is_null_or_absent(acme: Cast, settle: Settle, body: dict[str, Any]) -> None:
    place = first(acme)
    settle(place)
    before = whole(place, "a")
    assert place.call("update", {"ids": ["a"], **body}) == {}
    assert whole(place, "a") == before


def test_it_skips_unknown_ids_silently(acme: Cast, settle: Settle) -> None:
    place = first(acme)
    settle(place)
    body = {"ids": ["nobody", "a"], "embeddings": [[0.0, 0.0], None], "documents": ["x", "new"]}
    place.call("update", body)
    assert place.ids() == ["a"]
    assert place.count() == 1
    assert whole(place, "a")["documents"] == "new"


def test_it_merges_metadata_key_by_key(acme: Cast, settle: Settle) -> None:
    place = first(acme)
    settle(place)
    place.call(
        "update", {"ids": ["a"], "metadatas": [{"k": None, "n": "now text", "new": True, "not": None}]}
    )
    settle(place)
    assert whole(place, "a")["metadatas"] == {"n": "now text", "new": True}


def test_it_reads_metadata_as_null_once_its_last_key_is_gone(acme: Cast, settle: Settle) -> None:
    place = first(acme)
    settle(place)
    place.call("update", {"ids": ["a"], "metadatas": [{"k": None, "n": None}]})
    assert whole(place, "a")["metadatas"] is None
    settle(place)
    assert whole(place, "a")["metadatas"] is None


def test_it_applies_several_operations_on_one_id_in_order(acme: Cast, settle: Settle) -> None:
    place = first(acme)
    settle(place)
    body = {
        "ids": ["a", "a", "a"],
        "embeddings": [[5.0, 5.0], None, None],
        "documents": ["one", "two", None],
        "metadatas": [{"k": None, "x": 1}, {"x": 2, "y": 1}, {"y": None}],
    }
    place.call("update", body)
    expected = {"embeddings": [5.0, 5.0], "documents": "two", "metadatas": {"n": 1, "x": 2}, "uris": "u"}
    assert whole(place, "a") == expected


def test_it_mixes_base64_and_nulls(acme: Cast) -> None:
    place = acme.collection()
    place.call("add", {"ids": ["a", "b"], "embeddings": [[1.0], [2.0]]})
    place.call("update", {"ids": ["a", "b"], "embeddings": [None, base64_of([9.0])]})
    assert place.call("get", {"include": ["embeddings"]})["embeddings"] == [[1.0], [9.0]]


def test_it_fixes_the_dimension_even_if_no_id_exists(acme: Cast) -> None:
    place = acme.collection()
    place.call("update", {"ids": ["nobody"], "embeddings": [[1.0, 2.0, 3.0]]})
    assert place.count() == 0
    assert acme.wire.get(f"{acme.place}/collections/{place.name}").body["dimension"] == 3
    answer = acme.wire.post(f"{place.path}/add", {"ids": ["a"], "embeddings": [[1.0]]})
    assert_error(answer, 400, INVALID, "Collection expecting embedding with dimension of 3, got 1")


def test_it_keeps_the_place_in_the_default_order(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", batch(4))
    settle(place)
    place.call("update", {"ids": ["r1"], "documents": ["changed"]})
    settle(place)
    assert place.ids() == ["r0", "r1", "r2", "r3"]


def test_it_finds_the_record_by_its_new_embedding_only(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", batch(20))
    settle(place)
    place.call("update", {"ids": ["r7"], "embeddings": [[50.0] * 8]})
    assert place.nearest([50.0] * 8, 1) == ["r7"]
    assert place.nearest([0.0] * 8, 20)[-1] == "r7"


def test_it_refuses_more_records_than_the_plan_allows(acme: Cast) -> None:
    small = make_tenant("small", {})
    body = {"ids": [f"r{number}" for number in range(301)]}
    answer = small.wire.post(f"{small.collection().path}/update", body)
    words = over("Number of records", "Update", 301, 300)
    assert_error(answer, 422, PLAIN, words)
