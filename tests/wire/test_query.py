"""`POST K/query`: the nearest records (contract, sections 13.3 and 15)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.factories import Cast, Place, batch, make_tenant, vectors
from tests.wire.helpers import INVALID, PLAIN, UNSHAPED, Settle, assert_error, base64_of, outside

HERE = [0.0] * 8


def on_a_line(acme: Cast, settle: Settle, *, space: str = "l2") -> Place:
    """Records at (1, 0), (2, 0), (3, 0), (4, 0) in their home."""
    place = acme.collection(space=space)
    place.call(
        "add",
        {
            "ids": ["one", "two", "three", "four"],
            "embeddings": [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0]],
            "documents": ["a", "b", "c", None],
            "metadatas": [{"n": 1}, {"n": 2}, {"n": 3}, None],
            "uris": ["u1", None, None, None],
        },
    )
    settle(place)
    return place


def test_it_finds_the_nearest_first(acme: Cast, settle: Settle) -> None:
    place = on_a_line(acme, settle)
    answer = acme.wire.post(
        f"{place.path}/query", {"query_embeddings": [[3.0, 0.0], [1.0, 1.0]], "n_results": 2}
    )
    assert answer.status == 200
    assert answer.body == {
        "ids": [["three", "two"], ["one", "two"]],
        "embeddings": None,
        "documents": [["c", "b"], ["a", "b"]],
        "uris": None,
        "metadatas": [[{"n": 3}, {"n": 2}], [{"n": 1}, {"n": 2}]],
        "distances": [[0.0, 1.0], [1.0, 2.0]],
        "include": ["metadatas", "documents", "distances"],
    }


def test_it_serves_a_read_only_key(shelf: Place) -> None:
    answer = shelf.cast.read_only.post(f"{shelf.path}/query", {"query_embeddings": [HERE]})
    assert answer.status == 200
    assert len(answer.body["ids"][0]) == 10


def test_it_gives_an_outsider_nothing(globex: Cast, shelf: Place) -> None:
    outside(globex, shelf, "POST", "query", {"query_embeddings": [HERE]})


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, ""),
        ({"query_embeddings": None}, "query_embeddings"),
        ({"query_embeddings": HERE}, "query_embeddings["),
        ({"query_embeddings": [base64_of(HERE)]}, "query_embeddings["),
        ({"query_embeddings": [HERE], "n_results": -1}, "n_results"),
        ({"query_embeddings": [HERE], "n_results": "3"}, "n_results"),
        ({"query_embeddings": [HERE], "include": ["data"]}, "include["),
        ({"query_embeddings": [HERE], "ids": "r0"}, "ids"),
    ],
)
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: Any, path: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/query", body), 422, PLAIN, UNSHAPED + path)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"query_embeddings": [[1.0]]}, "Collection expecting embedding with dimension of 8, got 1"),
        ({"query_embeddings": [HERE, [1.0]]}, "Inconsistent dimensions in provided embeddings"),
        ({"query_embeddings": [[]]}, "Validation error: "),
        ({"query_embeddings": [[1e39] * 8]}, "Validation error: "),
        ({"query_embeddings": [HERE], "where": {}}, "Invalid where clause"),
        ({"query_embeddings": [HERE], "where_document": []}, "Invalid where document clause"),
        ({"query_embeddings": [HERE], "ids": ["\0"]}, "Validation error: ids: "),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, body: dict[str, Any], message: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/query", body), 400, INVALID, message)


def test_it_finds_ten_unless_told(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", batch(12))
    settle(place)
    for n_results in ({}, {"n_results": None}):
        assert len(place.call("query", {"query_embeddings": [HERE], **n_results})["ids"][0]) == 10


def test_it_finds_all_there_are_when_asked_for_more(acme: Cast, settle: Settle) -> None:
    place = on_a_line(acme, settle)
    assert place.nearest([0.0, 0.0], 100) == ["one", "two", "three", "four"]


def test_it_finds_nothing_for_no_results(acme: Cast, settle: Settle) -> None:
    place = on_a_line(acme, settle)
    include = ["embeddings", "documents", "metadatas", "distances"]
    body = place.call("query", {"query_embeddings": [[0.0, 0.0]] * 2, "n_results": 0, "include": include})
    assert all(body[member] == [[], []] for member in ["ids", *include])


def test_it_answers_no_lists_for_no_embeddings(acme: Cast, settle: Settle) -> None:
    place = on_a_line(acme, settle)
    body = place.call("query", {"query_embeddings": []})
    assert body["ids"] == body["documents"] == body["metadatas"] == body["distances"] == []
    assert body["embeddings"] is None


@pytest.mark.parametrize("embedding", [[1.0], HERE])
def test_it_finds_nothing_in_a_collection_without_dimension(acme: Cast, embedding: list[float]) -> None:
    place = acme.collection()
    body = place.call("query", {"query_embeddings": [embedding, embedding]})
    assert body["ids"] == body["documents"] == body["distances"] == [[], []]


def test_it_finds_nothing_in_an_emptied_collection(acme: Cast, settle: Settle) -> None:
    place = on_a_line(acme, settle)
    place.call("delete", {"ids": ["one", "two", "three", "four"]})
    assert place.nearest([1.0, 0.0]) == []
    answer = acme.wire.post(f"{place.path}/query", {"query_embeddings": [[1.0]]})
    assert_error(answer, 400, INVALID, "Collection expecting embedding with dimension of 2, got 1")


@pytest.mark.parametrize(
    ("ids", "found"),
    [(["four", "two"], ["two", "four"]), (["nobody", "one"], ["one"]), (["nobody"], []), ([], [])],
)
def test_it_considers_only_the_ids_given(
    acme: Cast, settle: Settle, ids: list[str], found: list[str]
) -> None:
    place = on_a_line(acme, settle)
    assert place.nearest([0.0, 0.0], ids=ids) == found


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"where": {"n": {"$gt": 1}}}, ["two", "three"]),
        ({"where": {"n": {"$ne": 1}}}, ["two", "three", "four"]),
        ({"where_document": {"$contains": "c"}}, ["three"]),
        ({"where_document": {"$not_contains": "c"}}, ["one", "two", "four"]),
        ({"where": {"n": {"$in": [1, 3]}}, "where_document": {"$not_contains": "a"}}, ["three"]),
        ({"where": {"n": 2}, "ids": ["one", "two"]}, ["two"]),
        ({"where": {"missing": 1}}, []),
    ],
)
def test_it_filters_candidates(acme: Cast, settle: Settle, body: dict[str, Any], found: list[str]) -> None:
    place = on_a_line(acme, settle)
    assert place.nearest([0.0, 0.0], **body) == found


@pytest.mark.parametrize(
    "include",
    [
        [],
        ["distances"],
        ["uris", "embeddings"],
        ["documents", "metadatas", "distances", "uris", "embeddings"],
    ],
)
def test_it_echoes_include_and_answers_null_for_the_rest(
    acme: Cast, settle: Settle, include: list[str]
) -> None:
    place = on_a_line(acme, settle)
    body = place.call("query", {"query_embeddings": [[0.0, 0.0]], "n_results": 1, "include": include})
    everything = {
        "embeddings": [[[1.0, 0.0]]],
        "documents": [["a"]],
        "uris": [["u1"]],
        "metadatas": [[{"n": 1}]],
        "distances": [[1.0]],
    }
    expected = {member: value if member in include else None for member, value in everything.items()}
    assert body == {"ids": [["one"]], "include": include, **expected}


@pytest.mark.parametrize("space", ["l2", "cosine", "ip"])
def test_it_measures_as_the_space_says(acme: Cast, settle: Settle, space: str) -> None:
    place = acme.collection(space=space)
    rows, wanted = vectors(50).astype(np.float64), vectors(1, seed=9)[0].astype(np.float64)
    place.call("add", batch(50))
    settle(place)
    body = place.call("query", {"query_embeddings": [wanted.tolist()], "n_results": 50})
    products = rows @ wanted
    lengths = np.linalg.norm(rows, axis=1) * np.linalg.norm(wanted)
    expected = {"l2": ((rows - wanted) ** 2).sum(1), "cosine": 1 - products / lengths, "ip": 1 - products}[
        space
    ]
    assert body["ids"][0] == [f"r{place}" for place in np.argsort(expected)]
    assert np.allclose(body["distances"][0], np.sort(expected), atol=1e-5)


def test_it_puts_a_zero_vector_at_distance_one_under_cosine(acme: Cast, settle: Settle) -> None:
    place = acme.collection(space="cosine")
    place.call(
        "add", {"ids": ["zero", "same", "opposite"], "embeddings": [[0.0, 0.0], [2.0, 0.0], [-1.0, 0.0]]}
    )
    settle(place)
    body = place.call("query", {"query_embeddings": [[1.0, 0.0], [0.0, 0.0]]})
    assert body["ids"] == [["same", "zero", "opposite"], ["zero", "same", "opposite"]]
    assert body["distances"] == [[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]


def test_it_breaks_ties_by_insertion(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    ids = ["m", "z", "a", "k"]
    place.call("add", {"ids": ids, "embeddings": [[1.0, 1.0]] * 4})
    settle(place)
    place.call("update", {"ids": ["m"], "documents": ["changed"]})
    assert place.nearest([0.0, 0.0]) == ids
    assert place.nearest([0.0, 0.0], 2) == ids[:2]


def test_it_reads_log_and_segment_as_one(acme: Cast, settle: Settle) -> None:
    place = on_a_line(acme, settle)
    place.call("add", {"ids": ["half"], "embeddings": [[0.5, 0.0]]})
    place.call("upsert", {"ids": ["four"], "embeddings": [[1.5, 0.0]]})
    place.call("delete", {"ids": ["one"]})
    assert place.nearest([0.0, 0.0]) == ["half", "four", "two", "three"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            {"query_embeddings": [HERE], "n_results": 301},
            "'Number of results' exceeded quota limit for action 'Query'",
        ),
        (
            {"query_embeddings": [HERE] * 21},
            "'Number of query embeddings' exceeded quota limit for action 'Query'",
        ),
    ],
)
def test_it_refuses_more_than_the_plan_allows(acme: Cast, body: dict[str, Any], words: str) -> None:
    small = make_tenant("small", {})
    answer = small.wire.post(f"{small.collection().path}/query", body)
    assert_error(answer, 422, PLAIN, f"Quota exceeded: {words}")


def test_it_refuses_a_vector_that_no_collection_can_have(acme: Cast) -> None:
    place = acme.collection()
    for dimension in (16_001, 40_000):
        answer = acme.wire.post(f"{place.path}/query", {"query_embeddings": [[0.5] * dimension]})
        assert_error(
            answer, 400, INVALID, "Validation error: query_embeddings: an embedding has at most 16000"
        )
