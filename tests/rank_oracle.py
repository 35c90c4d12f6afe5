"""Rank expressions by the words of the contract, section 16: a dict of values and a default."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tests.oracle import Matrix, Record, distances

Operation = Callable[[np.float32, np.float32], np.float32]
_MOST = np.finfo(np.float32).max


@dataclass
class Domain:
    """The values of some records, and that of all others, if they have one."""

    values: dict[str, np.float32]
    default: np.float32 | None


def _float32(value: float) -> np.float32:
    return np.float32(value)


_FOLDS: dict[str, tuple[np.float32, Operation]] = {
    "$sum": (_float32(0), np.add),
    "$mul": (_float32(1), np.multiply),
    "$max": (-_MOST, np.fmax),
    "$min": (_MOST, np.fmin),
}
_PAIRS: dict[str, Operation] = {"$sub": np.subtract, "$div": np.divide}
# The nearest 32-bit float to the function's value.
_SINGLES: dict[str, Callable[[np.float32], np.float32]] = {
    "$abs": np.abs,
    "$exp": lambda value: _float32(np.exp(np.float64(value))),
    "$log": lambda value: _float32(np.log(np.float64(value))),
}


class RankOracle:
    """Expressions over the records that pass a filter, in default order."""

    def __init__(self, space: str, records: Mapping[str, Record]) -> None:
        self.space = space
        self.records = records
        self.place = {record_id: place for place, record_id in enumerate(records)}

    def scores(self, rank: dict[str, Any]) -> dict[str, np.float32]:
        """The records that have a score, best first."""
        with np.errstate(all="ignore"):
            found = self.evaluate(rank).values
        return {record_id: found[record_id] for record_id in sorted(found, key=partial(self._order, found))}

    def _order(self, found: Mapping[str, np.float32], record_id: str) -> tuple[bool, np.float32, int]:
        score = found[record_id]
        is_nan = bool(np.isnan(score))
        return is_nan, _float32(0) if is_nan else score, self.place[record_id]

    def evaluate(self, rank: dict[str, Any]) -> Domain:
        """One node of the expression."""
        [(operator, operand)] = rank.items()
        if operator == "$val":
            return Domain({}, _float32(operand))
        if operator == "$knn":
            return self.knn(operand)
        if operator in _FOLDS:
            start, operation = _FOLDS[operator]
            total = Domain({}, start)
            for part in operand:
                total = merge(total, self.evaluate(part), operation)
            return total
        if operator in _PAIRS:
            left, right = self.evaluate(operand["left"]), self.evaluate(operand["right"])
            return merge(left, right, _PAIRS[operator])
        inner, apply = self.evaluate(operand), _SINGLES[operator]
        default = None if inner.default is None else apply(inner.default)
        return Domain({one: apply(value) for one, value in inner.values.items()}, default)

    def knn(self, knn: dict[str, Any]) -> Domain:
        """The nearest records; of those as near, the first."""
        default = None if knn.get("default") is None else _float32(knn["default"])
        if not self.records:
            return Domain({}, default)
        matrix: Matrix = np.array([one.embedding for one in self.records.values()], dtype=np.float32)
        measured = distances(matrix, np.array(knn["query"], dtype=np.float32), self.space)
        nearest = np.argsort(measured.astype(np.float32), kind="stable")[: knn.get("limit", 16)]
        ids = list(self.records)
        return Domain(
            {
                ids[row]: _float32(position if knn.get("return_rank") else measured[row])
                for position, row in enumerate(nearest)
            },
            default,
        )


def merge(left: Domain, right: Domain, operation: Operation) -> Domain:
    """Two values where both have one; a default stands in for a missing value."""
    ids = [one for one in {**left.values, **right.values} if _has(left, one) and _has(right, one)]
    default = None
    if left.default is not None and right.default is not None:
        default = operation(left.default, right.default)
    return Domain({one: operation(_value(left, one), _value(right, one)) for one in ids}, default)


def _has(domain: Domain, record_id: str) -> bool:
    return record_id in domain.values or domain.default is not None


def _value(domain: Domain, record_id: str) -> np.float32:
    value = domain.values.get(record_id, domain.default)
    assert value is not None
    return value


def grouped(
    scores: Mapping[str, np.float32], records: Mapping[str, Record], group_by: Mapping[str, Any]
) -> dict[str, np.float32]:
    """The records that their groups keep, best first; `scores` is in that order."""
    [(kind, aggregate)] = group_by["aggregate"].items()
    groups: dict[str, list[str]] = {}
    for record_id in scores:
        metadata = records[record_id].metadata or {}
        groups.setdefault(repr([metadata.get(key) for key in group_by["keys"]]), []).append(record_id)
    kept: set[str] = set()
    for members in groups.values():
        key = partial(_sort_key, scores, records, aggregate["keys"])
        # Sorting keeps what is equal in the order of the scores, also when it is reversed.
        ordered = sorted(members, key=key, reverse=kind == "$max_k")
        kept.update(ordered[: aggregate["k"]])
    return {record_id: score for record_id, score in scores.items() if record_id in kept}


def _sort_key(
    scores: Mapping[str, np.float32], records: Mapping[str, Record], keys: Sequence[str], record_id: str
) -> list[Any]:
    metadata = records[record_id].metadata or {}
    return [_comparable(float(scores[record_id]) if key == "#score" else metadata.get(key)) for key in keys]


def _comparable(value: Any) -> tuple[int, Any]:
    """missing < bool < int < float < string < others; NaN after all floats."""
    if isinstance(value, float):
        return 3, (bool(np.isnan(value)), 0.0 if np.isnan(value) else value)
    places = {type(None): 0, bool: 1, int: 2, str: 4}
    place = places.get(type(value), 5)
    return place, 0 if place in (0, 5) else value
