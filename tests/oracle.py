"""A collection as a dict and an exact scan: obviously right, and slow."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import Any

import numpy as np
import numpy.typing as npt

from vectors.where import (
    All,
    Compares,
    Contains,
    DocumentContains,
    DocumentMatches,
    Equals,
    HasId,
    Some,
    Where,
    parse,
)

Matrix = npt.NDArray[np.float32]


def distances(matrix: Matrix, query: Matrix, space: str) -> npt.NDArray[np.float64]:
    """Each row's distance to the query, as the wire defines it (contract, section 15)."""
    rows, wanted = matrix.astype(np.float64), query.astype(np.float64)
    if space == "l2":
        return np.asarray(((rows - wanted) ** 2).sum(axis=1))
    products = rows @ wanted
    if space == "ip":
        return np.asarray(1.0 - products)
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(wanted)
    return np.asarray(1.0 - np.divide(products, norms, out=np.zeros_like(products), where=norms > 0))


def exact_nearest(matrix: Matrix, query: Matrix, space: str, count: int) -> list[int]:
    """The rows nearest to the query, nearest first."""
    return [int(row) for row in np.argsort(distances(matrix, query, space), kind="stable")[:count]]


def matches(where: Where | None, record_id: str, record: Record) -> bool:
    """Whether a record passes a filter, by the words of the contract, section 14.

    Of regular expressions it knows what Python's are alike in.
    """
    document = record.document
    match where:
        case None:
            return True
        case All(parts):
            return all(matches(part, record_id, record) for part in parts)
        case Some(parts):
            return any(matches(part, record_id, record) for part in parts)
        case Equals(key, values, is_negated):
            return any(_equal(one, value) for one in held(record, key) for value in values) is not is_negated
        case Contains(key, value, is_negated):
            same = (one for one in held(record, key) if type(one) is type(value))
            return any(one == value for one in same) is not is_negated
        case HasId(ids, is_negated):
            return (record_id in ids) is not is_negated
        case Compares(key, operator, bound):
            compare = {"<": lt, "<=": le, ">": gt, ">=": ge}[operator]
            numbers = [one for one in held(record, key) if type(one) in (int, float)]
            return any(compare(one, bound) for one in numbers)
        case DocumentContains(text, is_negated):
            return (document is not None and text in document) is not is_negated
        case DocumentMatches(pattern, is_negated):
            return (document is not None and re.search(pattern, document) is not None) is not is_negated


def held(record: Record, key: str) -> list[Any]:
    """The values under a key: an array's elements, one value, or none."""
    value = (record.metadata or {}).get(key)
    return value if isinstance(value, list) else [] if value is None else [value]


def _equal(one: object, value: object) -> bool:
    return isinstance(one, bool) is isinstance(value, bool) and one == value


def stored(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What stays of metadata: no null, no empty array; an array with a float is one of floats."""
    kept = {key: value for key, value in metadata.items() if value is not None and value != []}
    return {
        key: [float(one) for one in value] if isinstance(value, list) and float in map(type, value) else value
        for key, value in kept.items()
    }


@dataclass
class Record:
    """A record as it should be read back."""

    embedding: Sequence[float]
    document: str | None
    metadata: dict[str, Any] | None


@dataclass
class Oracle:
    """What a collection must hold after a sequence of writes; the dict's order is the default order."""

    space: str
    records: dict[str, Record] = field(default_factory=dict)

    def add(self, body: Mapping[str, Any]) -> None:
        """Insert what is unknown."""
        for place, record_id in enumerate(body["ids"]):
            if record_id not in self.records:
                metadata = stored(body["metadatas"][place] or {})
                self.records[record_id] = Record(
                    body["embeddings"][place], body["documents"][place], metadata or None
                )

    def update(self, body: Mapping[str, Any], *, inserts: bool = False) -> None:
        """Change what is known, and with `inserts` add the rest."""
        for place, record_id in enumerate(body["ids"]):
            if record_id not in self.records:
                if not inserts:
                    continue
                self.records[record_id] = Record([], None, None)
            record = self.records[record_id]
            record.embedding = body["embeddings"][place]
            if body["documents"][place] is not None:
                record.document = body["documents"][place]
            if body["metadatas"][place] is not None:
                merged = {**(record.metadata or {}), **body["metadatas"][place]}
                record.metadata = stored(merged) or None

    def delete(self, ids: Sequence[str] | None, where: object) -> int:
        """Remove by ids or filter; the count that the wire reports."""
        doomed = self.get(ids, where)
        for record_id in doomed:
            del self.records[record_id]
        return len(ids or ()) if where is None else len(doomed)

    def get(self, ids: Sequence[str] | None, where: object) -> list[str]:
        """The ids that match, in default order."""
        tree = parse(where, None)
        return [
            record_id
            for record_id, record in self.records.items()
            if (ids is None or record_id in ids) and matches(tree, record_id, record)
        ]

    def query(self, embedding: Matrix, where: object) -> dict[str, float]:
        """The distance of each record that matches."""
        found = self.get(None, where)
        if not found:
            return {}
        matrix = np.array([self.records[record_id].embedding for record_id in found], dtype=np.float32)
        return dict(zip(found, distances(matrix, embedding, self.space).tolist(), strict=True))
