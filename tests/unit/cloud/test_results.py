"""Answers of the wire as lists of results: every kind in one shape, and the keys that records show."""

from __future__ import annotations

import orjson

from cloud.dashboard import results


def test_a_get_is_one_list() -> None:
    answer = {"ids": ["a", "b"], "documents": ["x", None], "metadatas": [{"n": 1.0}, None], "uris": None}
    [found] = results.lists(orjson.dumps(answer), is_of_get=True)
    assert [(one.record_id, one.document, one.metadata, one.distance) for one in found] == [
        ("a", "x", (("n", "1.0"),), None),
        ("b", None, (), None),
    ]


def test_a_query_has_a_list_per_vector_and_a_search_per_search() -> None:
    query = {"ids": [["a"], []], "distances": [[0.5], []], "embeddings": [[[1, 2, 3, 4, 5]], []]}
    first, second = results.lists(orjson.dumps(query))
    assert (first[0].distance, first[0].embedding, second) == (0.5, "[1, 2, 3, 4, …] of 5", [])
    search = {"ids": [["a"], ["b"]], "scores": [[None], None], "documents": [None, ["x"]]}
    first, second = results.lists(orjson.dumps(search))
    assert (first[0].distance, second[0].document) == (None, "x")


def test_nothing_found_is_a_list_without_results() -> None:
    assert results.lists(b'{"ids": []}', is_of_get=True) == [[]]
    assert results.lists(b'{"ids": [[]], "distances": [[]]}') == [[]]


def test_a_long_document_is_cut() -> None:
    [[one]] = results.lists(orjson.dumps({"ids": ["a"], "documents": ["d" * 1_000]}), is_of_get=True)
    assert one.document is not None
    assert len(one.document) == 280


def test_keys_are_those_that_are_known_and_those_of_some_records() -> None:
    known = {"year": ["int"]}
    metadatas = ['{"year": 1.5, "tags": ["x"], "rare": true}', None, '{"year": 2, "gone": null}']
    assert results.keys(known, metadatas) == {
        "year": ["int", "float"],
        "tags": ["string"],
        "rare": ["bool"],
        "gone": [],
    }
    assert known == {"year": ["int"]}
