"""A collection as a dict, with filters and distances read straight from the contract: what answers must be.

Knows nothing of the server's code, not even of its parser: filters are evaluated on the wire's own JSON. Each
`check_…` takes a request and the answer to it, and fails where they disagree.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import ge, gt, le, lt
from typing import Any

import numpy as np
import numpy.typing as npt

Body = Mapping[str, Any]
Vector = npt.NDArray[np.float32]
Distances = npt.NDArray[np.float64]

MEMBERS = ("documents", "metadatas", "uris", "embeddings")
# What a float32 sum may be off, as a share of the size of what is summed.
RELATIVE_ERROR = 1e-5
_NEGATED = {"$ne": "$eq", "$nin": "$in", "$not_contains": "$contains", "$not_regex": "$regex"}
_RANGES = {"$gt": gt, "$gte": ge, "$lt": lt, "$lte": le}


class Refused(Exception):
    """The request breaks a rule: 400, and nothing changes."""


@dataclass
class Record:
    """A record as it should be read back; the ordinal is its place in the default order."""

    record_id: str
    ordinal: int
    embedding: Vector
    document: str | None = None
    uri: str | None = None
    metadata: dict[str, Any] = field(default_factory=dict)

    def change(self, document: str | None, uri: str | None, metadata: Mapping[str, Any] | None) -> None:
        """Lay what an update gives over what is there; null removes a key, and so does an empty array."""
        self.document = self.document if document is None else document
        self.uri = self.uri if uri is None else uri
        merged = {**self.metadata, **(metadata or {})}
        self.metadata = {key: stored(value) for key, value in merged.items() if value not in (None, [])}

    def shown(self, member: str) -> Any:
        """What an answer has of it in this member; keys of the system are not shown."""
        if member == "metadatas":
            return {key: one for key, one in self.metadata.items() if not key.startswith("chroma:")} or None
        return {"documents": self.document, "uris": self.uri, "embeddings": self.embedding}[member]


def stored(value: Any) -> Any:
    """A metadata value as it is kept: an array with a float is one of floats."""
    if isinstance(value, list) and any(type(one) is float for one in value):
        return [float(one) for one in value]
    return value


def is_same(one: Any, other: Any) -> bool:
    """Equal, and of the same types all the way down: 2.0 is not 2, and true is not 1."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(is_same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(is_same, one, other))
    return bool(one == other)


# --- filters: contract, section 14 -------------------------------------------------------------------


def passes(where: Body, record: Record) -> bool:
    """Whether a record passes a `where`."""
    ((key, operand),) = where.items()
    if key == "$and":
        return all(passes(part, record) for part in operand)
    if key == "$or":
        return any(passes(part, record) for part in operand)
    if key == "#document":
        return passes_document(operand, record.document)
    ((operator, value),) = operand.items() if isinstance(operand, dict) else [("$eq", operand)]
    held = record.record_id if key == "#id" else record.metadata.get(key, [])
    values = held if isinstance(held, list) else [held]
    positive = _NEGATED.get(operator, operator)
    return any(_compares(positive, one, value) for one in values) is (positive == operator)


def _compares(operator: str, held: Any, value: Any) -> bool:
    if operator == "$eq":
        return isinstance(held, bool) is isinstance(value, bool) and bool(held == value)
    if operator == "$in":
        return any(_compares("$eq", held, one) for one in value)
    if operator == "$contains":
        return type(held) is type(value) and bool(held == value)
    return type(held) in (int, float) and bool(_RANGES[operator](held, value))


def passes_document(where: Body, document: str | None) -> bool:
    """Whether a document passes a `where_document`; of regular expressions it knows what Python's share."""
    ((operator, operand),) = where.items()
    if operator == "$and":
        return all(passes_document(part, document) for part in operand)
    if operator == "$or":
        return any(passes_document(part, document) for part in operand)
    positive = _NEGATED.get(operator, operator)
    found = document is not None and (
        operand in document if positive == "$contains" else re.search(operand, document) is not None
    )
    return found is (positive == operator)


# --- distances: contract, section 15 -----------------------------------------------------------------


def distances(matrix: Vector, query: Vector, space: str) -> tuple[Distances, Distances]:
    """Each row's distance to the query, and how far off a float32 computation of it may be.

    Shapes:  matrix (n, d), query (d,), both results (n,)
    """
    rows, wanted = matrix.astype(np.float64), query.astype(np.float64)
    if space == "l2":
        squares = ((rows - wanted) ** 2).sum(axis=1)
        return squares, RELATIVE_ERROR * squares
    products = rows @ wanted
    if space == "ip":
        return 1.0 - products, RELATIVE_ERROR * (1.0 + np.abs(rows * wanted).sum(axis=1))
    norms = np.linalg.norm(rows, axis=1) * np.linalg.norm(wanted)
    cosines = np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
    return 1.0 - cosines, np.full(len(rows), RELATIVE_ERROR)


# --- the collection ----------------------------------------------------------------------------------


@dataclass
class Model:
    """What a collection holds after a sequence of operations.

    is_approximate: the server may walk graphs, so that recall is counted instead of exact lists compared
    default_limit: the quota that stands in where a get has no limit
    operations_count: entries of the log, one per record of each write and per record deleted
    """

    space: str
    default_limit: int | None = None
    is_approximate: bool = False
    dimension: int | None = None
    records: dict[str, Record] = field(default_factory=dict)
    operations_count: int = 0
    next_ordinal: int = 0
    wanted_count: int = 0
    found_count: int = 0

    def write(self, verb: str, body: Body) -> None:
        """Add, update or upsert, in the order of the request; raises Refused (sections 11.2 and 11.3)."""
        embeddings = self._check_write(body)
        given = [one for one in embeddings if one is not None]
        if given:
            self.dimension = len(given[0])
        ids: Sequence[str] = body["ids"]
        self.operations_count += len(set(ids))
        nothing = [None] * len(ids)
        columns = (body.get(name) or nothing for name in ("documents", "uris", "metadatas"))
        for record_id, embedding, *values in zip(ids, embeddings, *columns, strict=True):
            record = self.records.get(record_id)
            if verb == ("update" if record is None else "add"):
                continue
            if record is None:
                record = Record(record_id, self.next_ordinal, np.array(embedding, np.float32))
                self.records[record_id] = record
                self.next_ordinal += 1
            elif embedding is not None:
                record.embedding = np.array(embedding, np.float32)
            record.change(*values)

    def _check_write(self, body: Body) -> Sequence[Sequence[float] | None]:
        ids = body["ids"]
        embeddings = body.get("embeddings")
        if embeddings is None:
            embeddings = [None] * len(ids)
        self._check_dimensions([one for one in embeddings if one is not None])
        columns = [embeddings, *(body.get(name) for name in ("documents", "uris", "metadatas"))]
        if any(column is not None and len(column) != len(ids) for column in columns) or "" in ids:
            raise Refused
        return list(embeddings)

    def _check_dimensions(self, vectors: Sequence[Sequence[float]]) -> None:
        lengths = set(map(len, vectors))
        if len(lengths) > 1 or (lengths and self.dimension is not None and lengths != {self.dimension}):
            raise Refused

    def delete(self, body: Body) -> int:
        """Delete; the count that the wire reports. Raises Refused (section 11.4)."""
        ids, limit = body.get("ids"), body.get("limit")
        if body.get("where") is None and body.get("where_document") is None:
            if limit is not None or ids == []:
                raise Refused
            doomed = [self.records[one] for one in set(ids or ()) if one in self.records]
            self.operations_count += len(set(ids or ()))
            deleted = len(ids or ())
        else:
            doomed = self.matching(body)[:limit]
            self.operations_count += len(doomed)
            deleted = len(doomed)
        for record in doomed:
            del self.records[record.record_id]
        return deleted

    def matching(self, body: Body) -> list[Record]:
        """The records that a request means by ids and filters, in default order."""
        ids, where, where_document = (body.get(name) for name in ("ids", "where", "where_document"))
        wanted = None if ids is None else set(ids)
        return [
            record
            for record in self.records.values()
            if (wanted is None or record.record_id in wanted)
            and (where is None or passes(where, record))
            and (where_document is None or passes_document(where_document, record.document))
        ]

    # --- answers ---------------------------------------------------------------------------------

    def check_get(self, body: Body, answer: Body) -> None:
        """Get: section 13.1."""
        include = body.get("include", ["documents", "metadatas"])
        assert answer.keys() == {"ids", *MEMBERS, "include"}
        first, limit = body.get("offset") or 0, body.get("limit")
        limit = self.default_limit if limit is None else limit
        expected = self.matching(body)[first : None if limit is None else first + limit]
        assert answer["include"] == include
        assert answer["ids"] == [record.record_id for record in expected]
        check_members(expected, answer, include)

    def check_query(self, body: Body, answer: Body) -> None:
        """Query: section 13.3; raises Refused where the request should have been."""
        self._check_dimensions(body["query_embeddings"])
        include = body.get("include", ["metadatas", "documents", "distances"])
        assert answer.keys() == {"ids", *MEMBERS, "distances", "include"}
        assert answer["include"] == include
        for member in (*MEMBERS, "distances"):
            assert (answer[member] is not None) == (member in include), member
        candidates = self.matching(body)
        count = 10 if body.get("n_results") is None else body["n_results"]
        assert len(answer["ids"]) == len(body["query_embeddings"])
        for place, embedding in enumerate(body["query_embeddings"]):
            one = {name: column[place] for name, column in answer.items() if name != "include" and column}
            self._check_nearest(np.array(embedding, np.float32), candidates, count, one)
            found = [self.records[record_id] for record_id in one["ids"]]
            check_members(found, one, [member for member in include if member in one])

    def _check_nearest(self, query: Vector, candidates: list[Record], count: int, answer: Body) -> None:
        ids = answer["ids"]
        assert len(ids) == len(set(ids)) == min(count, len(candidates)), (ids, len(candidates))
        if not ids:
            return
        places = {record.record_id: place for place, record in enumerate(candidates)}
        assert set(ids) <= places.keys(), set(ids) - places.keys()
        matrix = np.array([record.embedding for record in candidates])
        true, margin = distances(matrix, query, self.space)
        found = [places[record_id] for record_id in ids]
        if "distances" in answer:
            reported = answer["distances"]
            assert reported == sorted(reported)
            assert np.all(np.abs(reported - true[found]) <= margin[found] + 1e-30), (reported, true[found])
        order = np.argsort(true, kind="stable")[: len(ids)]
        slack = margin[found] + margin[order] + 1e-30
        if self.is_approximate:
            self.wanted_count += len(ids)
            self.found_count += int((true[found] <= true[order[-1]] + slack).sum())
            return
        assert np.all(np.abs(true[found] - true[order]) <= slack), (ids, true[found], true[order])
        self._check_ties(found, candidates)

    def _check_ties(self, found: list[int], candidates: list[Record]) -> None:
        """Records with one and the same vector come in order of insertion, and none is passed over."""
        same: dict[bytes, list[int]] = {}
        for place, record in enumerate(candidates):
            same.setdefault((record.embedding + np.float32(0)).tobytes(), []).append(place)
        for places in same.values():
            here = [place for place in found if place in places]
            assert here == places[: len(here)], [candidates[place].record_id for place in places]


def check_members(expected: Sequence[Record], answer: Body, include: Sequence[str]) -> None:
    """The columns of an answer: those asked for, value by value and type by type; the others null."""
    for member in MEMBERS:
        values = answer.get(member)
        if member not in include:
            assert values is None, member
            continue
        assert values is not None, member
        assert len(values) == len(expected)
        for value, record in zip(values, expected, strict=True):
            wanted = record.shown(member)
            if member == "embeddings":
                read = np.array(value, np.float32)
                assert read.tobytes() == wanted.tobytes(), (record.record_id, value, wanted)
            else:
                assert is_same(value, wanted), (record.record_id, member, value, wanted)
