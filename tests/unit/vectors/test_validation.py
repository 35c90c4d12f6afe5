"""The rules of a write, and which of two wins."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tenants.errors import InvalidArgument, QuotaExceeded
from tenants.quotas import Limits
from vectors import validation
from vectors.errors import DimensionMismatch
from vectors.limits import MAX_DIMENSION, MAX_ID_BYTES
from vectors.types import Float32Matrix, Operation, RecordBatch

LENGTHS = "Inconsistent number of IDs, embeddings, documents, URIs and metadatas"


def matrix(count: int = 1, dimension: int = 3, value: float = 1.0) -> Float32Matrix:
    """Embeddings."""
    return np.full((count, dimension), value, np.float32)


def batch(ids: Sequence[str] = ("a",), **columns: object) -> RecordBatch:
    """A batch of records with embeddings of three dimensions."""
    return RecordBatch(ids=ids, **{"embeddings": matrix(len(ids)), **columns})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "good",
    [
        batch(),
        batch(["a", "b"], documents=["x", None], uris=[None, None], metadatas=[None, b"{}"]),
        batch([], embeddings=matrix(0, 0)),
        batch(["a", "b"], has_embedding=np.array([True, False]), embeddings=matrix(1)),
        batch(["a"], embeddings=None),
        batch(["a", "a"]),
        batch(["a" * MAX_ID_BYTES]),
    ],
)
def test_it_accepts_what_keeps_the_rules(good: RecordBatch) -> None:
    validation.check(good, expected_dimension=3)
    validation.check(good, expected_dimension=None)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            batch(embeddings=matrix(1, 0)),
            "Validation error: embeddings: Each embedding must have at least 1 dimension",
        ),
        (
            batch(embeddings=matrix(value=np.inf)),
            "Validation error: embeddings: Embeddings must not contain NaN or Infinity values",
        ),
        (
            batch(embeddings=matrix(value=np.nan)),
            "Validation error: embeddings: Embeddings must not contain NaN or Infinity values",
        ),
        (
            batch(embeddings=matrix(1, MAX_DIMENSION + 1)),
            "Validation error: embeddings: an embedding has at most",
        ),
        (batch(embeddings=matrix(2)), LENGTHS),
        (batch(embeddings=matrix(0, 0)), LENGTHS),
        (batch(["a", "b"], has_embedding=np.array([True]), embeddings=matrix(1)), LENGTHS),
        (batch(documents=[]), LENGTHS),
        (batch(uris=["u", "v"]), LENGTHS),
        (batch(metadatas=[]), LENGTHS),
        (batch([""]), "Empty ID, ID must have at least one character"),
        (batch(["a", ""]), "Empty ID, ID must have at least one character"),
        (batch(["a\0"]), "Validation error: ids: U+0000"),
        (batch(["é" * (MAX_ID_BYTES // 2 + 1)]), "Validation error: ids: an id has at most"),
        (batch(documents=["\0"]), "Validation error: documents: U+0000"),
        (batch(uris=["a\0b"]), "Validation error: uris: U+0000"),
    ],
)
def test_it_refuses_what_breaks_one(bad: RecordBatch, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        validation.check(bad, expected_dimension=None)
    assert caught.value.message.startswith(message)


def test_it_names_both_dimensions() -> None:
    with pytest.raises(DimensionMismatch) as caught:
        validation.check(batch(), expected_dimension=4)
    assert caught.value.message == "Collection expecting embedding with dimension of 4, got 3"


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (batch([""], embeddings=matrix(2, 3, np.nan)), "Validation error: embeddings"),
        (batch([""], embeddings=matrix(2, 5)), "Collection expecting"),
        (batch([""], embeddings=matrix(2, 5, np.inf)), "Validation error: embeddings"),
        (batch([""], documents=["x", "y"]), LENGTHS),
        (batch([""], documents=["\0"]), "Empty ID"),
    ],
)
def test_it_reports_the_first_of_two_in_the_order_of_the_wire(bad: RecordBatch, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        validation.check(bad, expected_dimension=3)
    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("operation", [Operation.ADD, Operation.UPDATE, Operation.UPSERT])
def test_it_names_the_operation_when_a_quota_is_passed(operation: Operation) -> None:
    words = f"'Number of records' exceeded quota limit for action '{operation.value.capitalize()}'"
    with pytest.raises(QuotaExceeded, match=words):
        validation.check_quotas(operation, batch(["a", "b"]), Limits(records_per_write_count=1))


@pytest.mark.parametrize(
    ("limits", "columns", "words"),
    [
        (Limits(embedding_dimension=2), {}, "'Embedding dimension'.*usage of 3 exceeds limit of 2"),
        (Limits(id_bytes=3), {"ids": ["éé"]}, "'ID size.*usage of 4 exceeds limit of 3"),
        (Limits(document_bytes=3), {"documents": ["éé"]}, "'Document size.*usage of 4 exceeds limit of 3"),
        (Limits(uri_bytes=3), {"uris": ["🙂"]}, "'URI size.*usage of 4 exceeds limit of 3"),
    ],
)
def test_it_counts_bytes_not_characters(limits: Limits, columns: dict[str, object], words: str) -> None:
    with pytest.raises(QuotaExceeded, match=words):
        validation.check_quotas(Operation.ADD, batch(**columns), limits)  # type: ignore[arg-type]


def test_it_allows_each_limit_itself() -> None:
    limits = Limits(
        records_per_write_count=2, embedding_dimension=3, id_bytes=2, document_bytes=2, uri_bytes=2
    )
    full = batch(["é", "ab"], documents=["é", None], uris=[None, "xy"])
    validation.check_quotas(Operation.ADD, full, limits)


def test_it_asks_no_embeddings_for_their_dimension() -> None:
    none = RecordBatch(ids=["a"], embeddings=None)
    assert none.dimension is None
    validation.check_quotas(Operation.UPDATE, none, Limits(embedding_dimension=1))


def test_it_refuses_to_look_for_what_cannot_be_stored() -> None:
    validation.check_searched_ids(None)
    validation.check_searched_ids([])
    validation.check_searched_ids(["", "a" * 10_000])
    with pytest.raises(InvalidArgument, match=r"^Validation error: ids: "):
        validation.check_searched_ids(["a", "\0"])
