"""Folding a request: the operations of one write, applied in order, as one net change per id. [pure]

What an old image becomes is settled in the write statement; what is settled here is which of several
operations on the same id in one request counts. The wire does not refuse them (contract, section 11.2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from vectors.types import Operation, RecordBatch

T = TypeVar("T")


def fold(operation: Operation, batch: RecordBatch) -> RecordBatch:
    """The batch with each id once, in order of first appearance.

    add:             the first occurrence wins, whole
    update, upsert:  later ones are laid over earlier ones: a given member replaces, metadata is merged key
                     by key with its nulls kept, since they may remove what the old image has
    """
    if len(set(batch.ids)) == len(batch.ids):
        return batch
    groups: dict[str, list[int]] = {}
    for place, record_id in enumerate(batch.ids):
        groups.setdefault(record_id, []).append(place)
    if operation is Operation.ADD:
        return _take(batch, [places[0] for places in groups.values()])
    return _merge(batch, list(groups.values()))


def _take(batch: RecordBatch, places: list[int]) -> RecordBatch:
    def pick(column: Sequence[T] | None) -> list[T] | None:
        return None if column is None else [column[place] for place in places]

    return replace(
        batch,
        ids=[batch.ids[place] for place in places],
        embeddings=None if batch.embeddings is None else batch.embeddings[places],
        documents=pick(batch.documents),
        uris=pick(batch.uris),
        metadatas=pick(batch.metadatas),
    )


def _merge(batch: RecordBatch, groups: list[list[int]]) -> RecordBatch:
    def last(column: Sequence[T | None] | None) -> list[T | None] | None:
        if column is None:
            return None
        return [next((column[p] for p in reversed(group) if column[p] is not None), None) for group in groups]

    def merged(column: Sequence[bytes | None] | None) -> list[bytes | None] | None:
        if column is None:
            return None
        return [_merge_metadata([column[place] for place in group]) for group in groups]

    has = np.ones(len(batch.ids), dtype=bool) if batch.has_embedding is None else batch.has_embedding
    rows = np.cumsum(has) - 1  # the row of embeddings that a place's vector is in
    sources = [next((p for p in reversed(group) if has[p]), None) for group in groups]
    present = np.array([source is not None for source in sources])
    kept = [int(rows[source]) for source in sources if source is not None]
    return replace(
        batch,
        ids=[batch.ids[group[0]] for group in groups],
        embeddings=None if batch.embeddings is None else batch.embeddings[kept],
        has_embedding=None if batch.embeddings is None else present,
        documents=last(batch.documents),
        uris=last(batch.uris),
        metadatas=merged(batch.metadatas),
    )


def _merge_metadata(texts: list[bytes | None]) -> bytes | None:
    given = [text for text in texts if text is not None]
    if len(given) < 2:
        return given[0] if given else None
    # When jsonb reads a text, later members overwrite earlier ones of the same key; so the texts can be
    # joined as they are, without a number being read and written anew.
    bodies = [body for text in given if (body := text.strip()[1:-1].strip())]
    return b"{" + b",".join(bodies) + b"}"
