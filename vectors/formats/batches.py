"""From rows of a file to one write: what breaks a rule of records is set aside, the rest is kept. [pure]

The rules are those of every write (`vectors/validation.py`), asked of all rows at once; only when they do not
hold is each row asked for itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tenants.errors import ServiceError
from tenants.quotas import Limits
from vectors import metadata, validation
from vectors.formats import Row, RowError, row_error
from vectors.types import Float32Matrix, Operation, RecordBatch

_FIELDS = ("id", "embedding", "document", "uri", "metadata")


def for_many(limits: Limits, count: int) -> Limits:
    """The limits with room for so many records in one write: the bound of a request is none of a file."""
    return replace(limits, records_per_write_count=max(count, limits.records_per_write_count))


def batch_of(
    rows: Sequence[Row], operation: Operation, limits: Limits, *, expected_dimension: int | None
) -> tuple[RecordBatch | None, list[RowError]]:
    """One write of the rows that may be written, or None when there are none; and why the others may not.

    expected_dimension: the collection's; None before its first record, whose dimension then holds
    """
    limits = for_many(limits, len(rows))
    errors: list[RowError] = []
    kept = _of_one_dimension(rows, expected_dimension, errors)
    if not kept:
        return None, errors
    try:
        return _checked(kept, operation, limits, expected_dimension), errors
    except ServiceError:
        good: list[Row] = []
        for row in kept:
            wrong = _wrong(row, operation, limits, expected_dimension)
            if wrong is None:
                good.append(row)
            else:
                errors.append(wrong)
    return (_checked(good, operation, limits, expected_dimension) if good else None), errors


def _of_one_dimension(rows: Sequence[Row], expected: int | None, errors: list[RowError]) -> list[Row]:
    kept: list[Row] = []
    for row in rows:
        dimension = row.dimension
        if not dimension:
            errors.append(row_error(row.line, "embedding", "expected at least 1 dimension, got none"))
            continue
        expected = expected or dimension
        if dimension != expected:
            message = f"expected {expected} dimensions, got {dimension}"
            errors.append(row_error(row.line, "embedding", message))
        else:
            kept.append(row)
    return kept


def _checked(
    rows: Sequence[Row], operation: Operation, limits: Limits, expected_dimension: int | None
) -> RecordBatch:
    """The rows as a batch that keeps every rule; ServiceError otherwise."""
    metadatas = [row.metadata for row in rows]
    texts = metadata.encode(metadatas)
    validation.check_metadata_quotas(metadatas, texts, limits, action=operation.value.capitalize())
    batch = RecordBatch(
        ids=[row.record_id for row in rows],
        embeddings=_matrix(rows),
        documents=[row.document for row in rows],
        uris=[row.uri for row in rows],
        metadatas=texts,
    )
    validation.check_quotas(operation, batch, limits)
    validation.check(batch, expected_dimension=expected_dimension)
    return batch


def _matrix(rows: Sequence[Row]) -> Float32Matrix:
    """The embeddings of rows of one dimension; a number past float32 becomes infinite and is refused later.

    Shapes:  (n, d)
    """
    if all(isinstance(row.embedding, bytes) for row in rows):
        payload = b"".join(row.embedding for row in rows)  # type: ignore[misc]
        return np.frombuffer(payload, dtype="<f4").reshape(len(rows), -1)
    with np.errstate(over="ignore"):
        if not any(isinstance(row.embedding, bytes) for row in rows):
            return np.array([row.embedding for row in rows], dtype=np.float64).astype(np.float32)
        vectors = [
            np.frombuffer(row.embedding, dtype="<f4")
            if isinstance(row.embedding, bytes)
            else np.array(row.embedding, dtype=np.float64).astype(np.float32)
            for row in rows
        ]
    return np.stack(vectors)


def _wrong(row: Row, operation: Operation, limits: Limits, expected_dimension: int | None) -> RowError | None:
    """The first field of a row that breaks a rule."""
    sound = Row(row.line, "1", b"\0\0\0\0" * row.dimension, None, None, None)
    alone = (
        sound._replace(record_id=row.record_id),
        sound._replace(embedding=row.embedding),
        sound._replace(document=row.document),
        sound._replace(uri=row.uri),
        sound._replace(metadata=row.metadata),
    )
    for field, candidate in zip(_FIELDS, alone, strict=True):
        try:
            _checked([candidate], operation, limits, expected_dimension)
        except ServiceError as error:
            return row_error(row.line, field, error.message)
    return None
