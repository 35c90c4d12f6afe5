"""The rules of a write, in the order in which the wire reports them (contract, section 11.2). [pure]"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np

from tenants import quotas
from tenants.errors import InvalidArgument
from tenants.quotas import Limits
from vectors.errors import DimensionMismatch
from vectors.limits import MAX_DIMENSION, MAX_ID_BYTES
from vectors.query import rank as ranks
from vectors.query.rank import Rank, Value
from vectors.types import Operation, RecordBatch
from vectors.where import DocumentContains, DocumentMatches, Where, leaves, operands


def check_quotas(operation: Operation, batch: RecordBatch, limits: Limits) -> None:
    """Refuse what the plan does not allow.

    Raises:  QuotaExceeded
    """
    action = operation.value.capitalize()
    quotas.check(limits, "records_per_write_count", len(batch.ids), action=action)
    quotas.check(limits, "embedding_dimension", batch.dimension or 0, action=action)
    for name, column in (
        ("id_bytes", batch.ids),
        ("document_bytes", batch.documents),
        ("uri_bytes", batch.uris),
    ):
        limit = getattr(limits, name)
        # A character has at most four bytes, so most columns are cleared without being encoded.
        if column and max((len(text) for text in column if text is not None), default=0) * 4 > limit:
            longest = max(len(text.encode()) for text in column if text is not None)
            quotas.check(limits, name, longest, action=action)


def check_metadata_quotas(
    metadatas: Sequence[Mapping[str, object] | None] | None,
    texts: Sequence[bytes | None] | None,
    limits: Limits,
    *,
    action: str,
    value_limit: str = "metadata_value_bytes",
) -> None:
    """Refuse metadata with keys or values that the plan does not allow.

    texts:   the same, encoded: no value is longer than the text that it is part of, so that most are cleared
             without being looked at
    Raises:  QuotaExceeded
    """
    if not metadatas or texts is None:
        return
    present = [one for one in metadatas if one]
    quotas.check(limits, "metadata_keys_count", max(map(len, present), default=0), action=action)
    keys: set[str] = set().union(*present)
    longest = max((len(key.encode()) for key in keys), default=0)
    quotas.check(limits, "metadata_key_bytes", longest, action=action)
    if max((len(text) for text in texts if text), default=0) > getattr(limits, value_limit):
        for one in present:
            largest = max(map(_value_bytes, one.values()), default=0)
            quotas.check(limits, value_limit, largest, action=action)


def _value_bytes(value: object) -> int:
    """A string by its UTF-8, a number by its 8 bytes, a list by what is in it."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, list):
        return sum(map(_value_bytes, value))
    return 8


def check_filter_quotas(where: Where | None, limits: Limits, *, action: str) -> None:
    """Refuse a filter with more conditions, or with longer operands, than the plan allows.

    Raises:  QuotaExceeded
    """
    if where is None:
        return
    predicates: Counter[str] = Counter()
    for leaf in leaves(where):
        match leaf:
            case DocumentContains(text):
                predicates["where_document_predicates_count"] += 1
                quotas.check(limits, "where_document_characters", len(text), action=action)
            case DocumentMatches(pattern):
                predicates["where_document_predicates_count"] += 1
                quotas.check(limits, "regex_characters", len(pattern), action=action)
            case _:
                predicates["where_predicates_count"] += 1
                largest = max(map(_value_bytes, operands(leaf)), default=0)
                quotas.check(limits, "where_value_bytes", largest, action=action)
    for name, count in predicates.items():
        quotas.check(limits, name, count, action=action)


def check_rank_quotas(rank: Rank | None, limits: Limits, *, action: str) -> None:
    """Refuse a rank expression with more searches, or with wider ones, than the plan allows.

    Raises:  QuotaExceeded
    """
    searches = [leaf for leaf in ranks.leaves(rank) if not isinstance(leaf, Value)]
    quotas.check(limits, "knn_per_rank_count", len(searches), action=action)
    widest = max((leaf.limit for leaf in searches), default=0)
    quotas.check(limits, "rank_limit_value", widest, action=action)


def check_group(keys: Sequence[str], sort_keys: Sequence[str], counts: Sequence[int], path: str) -> None:
    """Refuse groups that break a rule; without keys and aggregate there are none.

    sort_keys, counts: of the aggregate; without one there are no counts
    Raises:  InvalidArgument
    Source:  contract, section 16.5
    """
    why = None
    if bool(keys) != bool(counts):
        why = "group_by keys and aggregate must both be specified or both be omitted"
    elif any(key.startswith("#") for key in keys):
        why = "group_by keys must be metadata fields (cannot use #score, #document, #embedding, or #metadata)"
    elif counts and not sort_keys:
        why = "aggregate keys must not be empty"
    elif 0 in counts:
        why = "aggregate k must be greater than 0"
    elif any(key.startswith("#") and key != "#score" for key in sort_keys):
        why = (
            "aggregate keys must be metadata fields or #score "
            "(cannot use #document, #embedding, or #metadata)"
        )
    if why is not None:
        raise InvalidArgument(f"Validation error: {path}: {why}")
    check_keys((*keys, *sort_keys), path)


def check_keys(keys: Collection[str], path: str) -> None:
    """Refuse metadata keys that no record can have because they cannot be stored."""
    if any("\x00" in key for key in keys):
        raise InvalidArgument(
            f"Validation error: {path}: U+0000 cannot be stored and so cannot be looked for"
        )


def check(batch: RecordBatch, *, expected_dimension: int | None) -> None:
    """Refuse a batch that breaks a rule.

    Raises:  InvalidArgument, DimensionMismatch
    """
    if batch.embeddings is not None and len(batch.embeddings):
        _check_embeddings(batch, expected_dimension)
    count = len(batch.ids)
    embeddings_count = count
    if batch.embeddings is not None:
        embeddings_count = len(batch.embeddings if batch.has_embedding is None else batch.has_embedding)
    columns = (batch.documents, batch.uris, batch.metadatas)
    if embeddings_count != count or any(column is not None and len(column) != count for column in columns):
        raise InvalidArgument("Inconsistent number of IDs, embeddings, documents, URIs and metadatas")
    check_ids(batch.ids)
    for name, texts in (("documents", batch.documents), ("uris", batch.uris)):
        if texts and any("\x00" in text for text in texts if text is not None):
            raise InvalidArgument(f"Validation error: {name}: U+0000 cannot be stored")


def check_ids(ids: Sequence[str]) -> None:
    """Refuse ids that are empty, longer than an index can hold, or with U+0000."""
    if "" in ids:
        raise InvalidArgument("Empty ID, ID must have at least one character")
    if "\x00" in "".join(ids):
        raise InvalidArgument("Validation error: ids: U+0000 cannot be stored")
    if ids and max(map(len, ids)) * 4 > MAX_ID_BYTES:
        longest = max(len(record_id.encode()) for record_id in ids)
        if longest > MAX_ID_BYTES:
            raise InvalidArgument(
                f"Validation error: ids: an id has at most {MAX_ID_BYTES} bytes, got {longest}",
            )


def _check_embeddings(batch: RecordBatch, expected_dimension: int | None) -> None:
    embeddings = batch.embeddings
    if embeddings is None:
        return
    dimension = int(embeddings.shape[1])
    if dimension == 0:
        raise InvalidArgument("Validation error: embeddings: Each embedding must have at least 1 dimension")
    if not bool(np.isfinite(embeddings).all()):
        raise InvalidArgument(
            "Validation error: embeddings: Embeddings must not contain NaN or Infinity values",
        )
    if dimension > MAX_DIMENSION:
        raise InvalidArgument(
            f"Validation error: embeddings: an embedding has at most {MAX_DIMENSION} dimensions, "
            f"got {dimension}",
        )
    if expected_dimension is not None and dimension != expected_dimension:
        raise DimensionMismatch(expected_dimension, dimension)


def check_searched_ids(ids: Sequence[str] | None) -> None:
    """Refuse ids to look for that no record can have because they cannot be stored."""
    if ids and "\x00" in "".join(ids):
        raise InvalidArgument("Validation error: ids: U+0000 cannot be stored and so cannot be looked for")
