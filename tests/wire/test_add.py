"""`POST K/add`: new records; ids that exist are skipped (contract, section 11)."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cloud.processes import Service
from tests.factories import Cast, batch, make_tenant
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
ONE = {"ids": ["a"], "embeddings": [[1.0, 2.0]]}


def test_it_adds_records(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    wanted = {
        "ids": ["a", "b"],
        "embeddings": [[1.5, -2.0], [0.25, 3.0]],
        "documents": ["first", None],
        "metadatas": [None, {"k": "v", "n": 1, "x": 2.5, "yes": True}],
        "uris": [None, "file:///b"],
    }
    answer = acme.wire.post(f"{place.path}/add", wanted)
    assert (answer.status, answer.body) == (201, {})
    settle(place)
    assert place.call("get", {"include": EVERYTHING}) == {**wanted, "include": EVERYTHING}


def test_it_refuses_a_read_only_key(acme: Cast) -> None:
    place = acme.collection()
    assert_forbidden(acme.read_only.post(f"{place.path}/add", ONE))
    assert place.count() == 0


def test_it_gives_an_outsider_nothing(acme: Cast, globex: Cast) -> None:
    place = acme.collection()
    outside(globex, place, "POST", "add", ONE)
    assert place.count() == 0


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"embeddings": [[1.0]]}, ""),
        ({"ids": ["a"]}, ""),
        ({"ids": ["a"], "embeddings": None}, "embeddings"),
        ({"ids": ["a"], "embeddings": [None]}, "embeddings["),
        ({"ids": "a", "embeddings": [[1.0]]}, "ids"),
        ({"ids": [1], "embeddings": [[1.0]]}, "ids["),
        ({"ids": ["a"], "embeddings": [["x"]]}, "embeddings["),
        ({"ids": ["a"], "embeddings": [[1.0], "AACAPw=="]}, "embeddings"),
        ({**ONE, "documents": [1]}, "documents["),
        ({**ONE, "documents": "text"}, "documents"),
        ({**ONE, "metadatas": [{"k": None}]}, "metadatas["),
        ({**ONE, "metadatas": ["k"]}, "metadatas["),
        ({**ONE, "uris": [{}]}, "uris["),
        ([], ""),
    ],
)
def test_it_refuses_a_body_of_another_shape(acme: Cast, body: Any, path: str) -> None:
    place = acme.collection()
    assert_error(acme.wire.post(f"{place.path}/add", body), 422, PLAIN, UNSHAPED + path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ids": ["a", "b"]}, "Inconsistent number of IDs, embeddings, documents, URIs and metadatas"),
        ({"embeddings": []}, "Inconsistent number of IDs, embeddings, documents, URIs and metadatas"),
        ({"documents": []}, "Inconsistent number of IDs, embeddings, documents, URIs and metadatas"),
        (
            {"metadatas": [None, None]},
            "Inconsistent number of IDs, embeddings, documents, URIs and metadatas",
        ),
        ({"uris": ["u", "u"]}, "Inconsistent number of IDs, embeddings, documents, URIs and metadatas"),
        ({"ids": [""]}, "Empty ID, ID must have at least one character"),
        ({"embeddings": [[]]}, "Validation error: embeddings: Each embedding must have at least 1 dimension"),
        (
            {"ids": ["a", "b"], "embeddings": [[], [1.0]]},
            "Validation error: embeddings: Each embedding must have at least 1 dimension",
        ),
        (
            {"embeddings": [[1e39]]},
            "Validation error: embeddings: Embeddings must not contain NaN or Infinity values",
        ),
        (
            {"ids": ["a", "b"], "embeddings": [[1.0], [1.0, 2.0]]},
            "Inconsistent dimensions in provided embeddings",
        ),
        ({"metadatas": [{"": 1}]}, "Validation error: metadatas: Invalid metadata at index 0"),
        ({"metadatas": [{"#k": 1}]}, "Validation error: metadatas: Invalid metadata at index 0"),
        ({"metadatas": [{"$k": 1}]}, "Validation error: metadatas: Invalid metadata at index 0"),
        ({"ids": ["a\0"]}, "Validation error: ids: "),
        ({"documents": ["a\0b"]}, "Validation error: documents: "),
        ({"uris": ["\0"]}, "Validation error: uris: "),
        ({"metadatas": [{"k": "\0"}]}, "Validation error: metadatas: "),
        ({"metadatas": [{"k\0": 1}]}, "Validation error: metadatas: "),
    ],
)
def test_it_refuses_what_breaks_a_rule(acme: Cast, change: dict[str, Any], message: str) -> None:
    place = acme.collection()
    assert_error(acme.wire.post(f"{place.path}/add", {**ONE, **change}), 400, INVALID, message)
    assert place.count() == 0


def test_it_skips_ids_that_exist_whole(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", {**ONE, "documents": ["kept"]})
    settle(place)
    second = {"ids": ["b", "a"], "embeddings": [[3.0, 3.0], [9.0, 9.0]], "metadatas": [None, {"k": 1}]}
    assert acme.wire.post(f"{place.path}/add", second).status == 201
    found = place.call("get", {"include": ["documents", "metadatas", "embeddings"]})
    assert found["ids"] == ["a", "b"]
    assert found["documents"] == ["kept", None]
    assert found["metadatas"] == [None, None]
    assert found["embeddings"] == [[1.0, 2.0], [3.0, 3.0]]


def test_it_takes_the_first_of_equal_ids_in_one_request(acme: Cast) -> None:
    place = acme.collection()
    place.call(
        "add", {"ids": ["a", "b", "a"], "embeddings": [[1.0], [2.0], [3.0]], "documents": [None, "b", "late"]}
    )
    found = place.call("get", {"include": ["documents", "embeddings"]})
    assert found["ids"] == ["a", "b"]
    assert found["documents"] == [None, "b"]
    assert found["embeddings"] == [[1.0], [2.0]]
    assert place.count() == 2


def test_it_accepts_no_records_at_all(acme: Cast) -> None:
    place = acme.collection()
    answer = acme.wire.post(f"{place.path}/add", {"ids": [], "embeddings": []})
    assert (answer.status, answer.body) == (201, {})
    assert place.count() == 0


def test_it_fixes_the_dimension_with_the_first_embedding(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    assert acme.wire.get(f"{acme.place}/collections/{place.name}").body["dimension"] is None
    place.call("add", ONE)
    settle(place)
    assert acme.wire.get(f"{acme.place}/collections/{place.name}").body["dimension"] == 2
    answer = acme.wire.post(f"{place.path}/add", {"ids": ["b"], "embeddings": [[1.0, 2.0, 3.0]]})
    assert_error(answer, 400, INVALID, "Collection expecting embedding with dimension of 2, got 3")


def test_it_reads_base64_as_it_reads_numbers(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    rows = np.random.default_rng(3).standard_normal((2, 5)).astype(np.float32).tolist()
    place.call("add", {"ids": ["numbers"], "embeddings": [rows[0]]})
    place.call("add", {"ids": ["text", "more"], "embeddings": [base64_of(rows[0]), base64_of(rows[1])]})
    settle(place)
    found = place.call("get", {"include": ["embeddings"]})["embeddings"]
    assert found[0] == found[1]
    assert np.array_equal(np.array(found[2], np.float32), np.array(rows[1], np.float32))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("not base64!", "Invalid base64 string"),
        ("AACAPw", "Invalid base64 string"),
        ("AACAPw==AACAPw==", "Invalid base64 string"),
        ("AAC*APw==", "Invalid base64 string"),
        ("AAC\nAPw==", "Invalid base64 string"),
        ("é===", "Invalid base64 string"),
        ("AAA=", ""),
        ("", "Validation error: embeddings: Each embedding must have at least 1 dimension"),
        (base64_of([float("nan")]), "Validation error: embeddings: Embeddings must not contain NaN"),
        (base64_of([float("inf")]), "Validation error: embeddings: Embeddings must not contain NaN"),
    ],
)
def test_it_refuses_bad_base64(acme: Cast, given: str, message: str) -> None:
    place = acme.collection()
    answer = acme.wire.post(f"{place.path}/add", {"ids": ["a"], "embeddings": [given]})
    assert_error(answer, 400, INVALID, message)
    assert place.count() == 0


def test_it_ignores_members_it_does_not_know(acme: Cast) -> None:
    place = acme.collection()
    answer = acme.wire.post(
        f"{place.path}/add", {**ONE, "novelty": {"a": [1]}, "documents": None, "uris": None}
    )
    assert answer.status == 201
    assert place.ids() == ["a"]


def test_it_adds_a_deleted_id_anew_and_last(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", batch(3))
    settle(place)
    place.call("delete", {"ids": ["r0"]})
    place.call("add", {"ids": ["r0"], "embeddings": [[0.0] * 8]})
    settle(place)
    found = place.call("get", {})
    assert found["ids"] == ["r1", "r2", "r0"]
    assert found["documents"][2] is None
    assert found["metadatas"][2] is None


def test_it_keeps_ids_of_any_characters(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    ids = [" ", "'; DROP TABLE x; --", "%", "\\", "\n", "日本語", "🙂", '"', "a/b", "A", "a"]
    place.call("add", {"ids": ids, "embeddings": [[float(n)] for n in range(len(ids))]})
    settle(place)
    assert place.ids() == ids
    assert [place.ids(ids=[one]) for one in ids] == [[one] for one in ids]


def test_it_refuses_more_records_than_the_plan_allows(acme: Cast) -> None:
    small = make_tenant("small", {})
    place = small.collection()
    answer = small.wire.post(f"{place.path}/add", batch(301))
    words = over("Number of records", "Add", 301, 300)
    assert_error(answer, 422, PLAIN, words)
    assert small.wire.post(f"{place.path}/add", batch(300)).status == 201


@pytest.mark.parametrize(
    ("change", "usage", "current", "limit"),
    [
        ({"ids": ["é" * 65]}, "ID size (bytes)", 130, 128),
        ({"documents": ["x" * 16_385]}, "Document size (bytes)", 16_385, 16_384),
        ({"uris": ["x" * 257]}, "URI size (bytes)", 257, 256),
        ({"embeddings": [[0.5] * 4_097]}, "Embedding dimension", 4_097, 4_096),
    ],
)
def test_it_refuses_records_larger_than_the_plan_allows(
    database: Service, change: dict[str, Any], usage: str, current: int, limit: int
) -> None:
    small = make_tenant("small", {})
    answer = small.wire.post(f"{small.collection().path}/add", {**ONE, **change})
    assert_error(answer, 422, PLAIN, over(usage, "Add", current, limit))


def test_it_refuses_to_grow_a_collection_beyond_the_plan(acme: Cast) -> None:
    small = make_tenant("small", {"collection_records_count": 5})
    place = small.collection()
    place.call("add", batch(4))
    answer = small.wire.post(f"{place.path}/add", batch(2, first=4))
    words = over("Collection size (records)", "Add", 6, 5)
    assert_error(answer, 422, PLAIN, words)
    assert place.count() == 4
