"""Several operations on one id in one request."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from vectors.log.fold import fold
from vectors.types import Float32Matrix, Operation, RecordBatch

LATER = [Operation.UPDATE, Operation.UPSERT]


def rows(*numbers: float) -> Float32Matrix:
    """One-dimensional embeddings."""
    return np.array(numbers, np.float32).reshape(-1, 1)


def batch(ids: str, embeddings: Sequence[float | None] | None = None, **columns: object) -> RecordBatch:
    """Records whose ids are the letters of a word; None marks a record without embedding."""
    given = None if embeddings is None else rows(*(one for one in embeddings if one is not None))
    has = None
    if embeddings is not None and None in embeddings:
        has = np.array([one is not None for one in embeddings])
    return RecordBatch(ids=list(ids), embeddings=given, has_embedding=has, **columns)  # type: ignore[arg-type]


def vectors_of(folded: RecordBatch) -> list[float | None] | None:
    """What each record's embedding is."""
    if folded.embeddings is None:
        return None
    has = [True] * len(folded.ids) if folded.has_embedding is None else folded.has_embedding.tolist()
    values = iter(folded.embeddings[:, 0].tolist())
    return [next(values) if one else None for one in has]


@pytest.mark.parametrize("operation", [Operation.ADD, *LATER])
def test_it_leaves_a_batch_of_distinct_ids_as_it_is(operation: Operation) -> None:
    whole = batch("abc", [1, 2, 3], documents=["x", None, "y"])
    assert fold(operation, whole) is whole


def test_it_takes_the_first_of_an_add_whole() -> None:
    given = batch(
        "abab",
        [1, 2, 3, 4],
        documents=[None, "b", "a", None],
        uris=["u", None, "v", "w"],
        metadatas=[b"{}", None, b'{"k":1}', None],
    )
    folded = fold(Operation.ADD, given)
    assert folded.ids == ["a", "b"]
    assert vectors_of(folded) == [1, 2]
    assert (folded.documents, folded.uris, folded.metadatas) == ([None, "b"], ["u", None], [b"{}", None])


@pytest.mark.parametrize("operation", LATER)
def test_it_lays_later_members_over_earlier_ones(operation: Operation) -> None:
    given = batch("abaa", [1, 2, 3, 4], documents=["one", "b", "two", None], uris=[None, None, "u", None])
    folded = fold(operation, given)
    assert folded.ids == ["a", "b"]
    assert vectors_of(folded) == [4, 2]
    assert (folded.documents, folded.uris) == (["two", "b"], ["u", None])


@pytest.mark.parametrize(
    ("embeddings", "expected"),
    [
        ([1, None, None, None], [1, None]),
        ([1, 2, 3, None], [3, 2]),
        ([None, 2, None, 4], [None, 4]),
        ([None, None, None, None], [None, None]),
        ([None, None, 3, None], [3, None]),
    ],
)
def test_it_takes_the_last_embedding_that_is_given(
    embeddings: list[float | None], expected: list[float | None]
) -> None:
    assert vectors_of(fold(Operation.UPDATE, batch("abab", embeddings))) == expected


def test_it_keeps_absent_columns_absent() -> None:
    folded = fold(Operation.UPDATE, batch("aa"))
    assert folded.ids == ["a"]
    assert (vectors_of(folded), folded.documents, folded.uris, folded.metadatas) == (None,) * 4


@pytest.mark.parametrize("operation", LATER)
def test_it_merges_metadata_and_keeps_its_nulls(operation: Operation) -> None:
    metadatas = [b'{"x":1,"y":1}', None, b'{"y":null}', b'{ "z" : 2.0 }']
    folded = fold(operation, batch("aaab", [1, 2, 3, 4], metadatas=metadatas))
    assert folded.metadatas is not None
    first, second = folded.metadatas
    assert first is not None
    assert json.loads(first) == {"x": 1, "y": None}
    assert second == b'{ "z" : 2.0 }'


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([b"{}", b"{}"], {}),
        ([b"{}", b'{"a":1}'], {"a": 1}),
        ([b'{"a":"}"}', b"{}"], {"a": "}"}),
        ([None, None], None),
    ],
)
def test_it_merges_empty_and_missing_metadata(texts: list[bytes | None], expected: object) -> None:
    folded = fold(Operation.UPDATE, batch("aa", metadatas=texts))
    assert folded.metadatas is not None
    (merged,) = folded.metadatas
    assert (None if merged is None else json.loads(merged)) == expected


def test_it_never_rewrites_a_number() -> None:
    folded = fold(
        Operation.UPSERT, batch("aa", [1, 2], metadatas=[b'{"f":10000000000000000000000.0}', b'{"g":2.0}'])
    )
    assert folded.metadatas == [b'{"f":10000000000000000000000.0,"g":2.0}']
