"""Rank expressions: from the wire's JSON to a typed tree, or a precise error. [pure]

The tree is all that the compiler to SQL (`vectors/query/score.py`) knows of an expression. Arithmetic is that
of 32-bit floats and never fails: what has no value is NaN, what is too large is infinite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np

from tenants.errors import InvalidArgument, Unprocessable
from vectors.limits import MAX_RANK_DEPTH, MAX_RANK_OPERATORS
from vectors.types import Float32Matrix

EMBEDDING = "#embedding"
DEFAULT_LIMIT = 16
MAX_FLOAT32 = float(np.finfo(np.float32).max)
_MAX_UINT32 = 2**32 - 1


@dataclass(frozen=True)
class Value:
    """The same for every record; by itself it ranks none."""

    value: float


@dataclass(frozen=True, eq=False)
class Knn:
    """The distance of the nearest records, or their position from 0 on.

    embedding: (d,) float32
    limit:     how many of the records that pass the filter are candidates
    default:   the value of all others; None: they have none
    """

    embedding: Float32Matrix
    limit: int
    default: float | None
    returns_rank: bool


@dataclass(frozen=True)
class SparseKnn:
    """The nearest records by the sparse vectors under a metadata key."""

    key: str
    limit: int


@dataclass(frozen=True)
class Fold:
    """Sum, product, maximum or minimum of any number of parts, from the left; of none, its neutral value."""

    operator: str
    parts: tuple[Rank, ...]


@dataclass(frozen=True)
class Pair:
    """Difference or quotient."""

    operator: str
    left: Rank
    right: Rank


@dataclass(frozen=True)
class Single:
    """Absolute value, exponential, or natural logarithm."""

    operator: str
    inner: Rank


Rank: TypeAlias = Value | Knn | SparseKnn | Fold | Pair | Single

NEUTRAL = {"$sum": 0.0, "$mul": 1.0, "$max": -MAX_FLOAT32, "$min": MAX_FLOAT32}
_PAIRS = ("$sub", "$div")
_SINGLES = ("$abs", "$exp", "$log")
_OPERATORS = ("$val", "$knn", *NEUTRAL, *_PAIRS, *_SINGLES)
_LISTED = ", ".join(f"`{name}`" for name in _OPERATORS)


def leaves(rank: Rank | None) -> Iterator[Value | Knn | SparseKnn]:
    """The constants and searches of an expression, in the order in which they were written."""
    waiting: list[Rank] = [] if rank is None else [rank]
    while waiting:
        one = waiting.pop()
        match one:
            case Fold(parts=parts):
                waiting.extend(reversed(parts))
            case Pair(left=left, right=right):
                waiting.extend((right, left))
            case Single(inner=inner):
                waiting.append(inner)
            case _:
                yield one


def knns(rank: Rank | None) -> list[Knn]:
    """The dense searches of an expression, in the order in which they were written."""
    return [leaf for leaf in leaves(rank) if isinstance(leaf, Knn)]


def sparse_keys(rank: Rank | None) -> list[str]:
    """The metadata keys whose sparse vectors an expression searches."""
    return [leaf.key for leaf in leaves(rank) if isinstance(leaf, SparseKnn)]


def parse(value: object, path: str) -> Rank | None:
    """An expression; None for null.

    path:    where it stands in the body, for messages
    Raises:  Unprocessable for another shape or an unknown operator; InvalidArgument for a rule, and for an
             expression that is deeper or larger than any sense
    Source:  contract, section 16.4
    """
    return None if value is None else _Parser().rank(value, path, 0)


class _Parser:
    """Bounds depth and size while it descends."""

    def __init__(self) -> None:
        self.operators = 0

    def rank(self, value: object, path: str, depth: int) -> Rank:
        self.operators += 1
        if depth >= MAX_RANK_DEPTH:
            raise broken(path, f"nested deeper than {MAX_RANK_DEPTH} levels")
        if self.operators > MAX_RANK_OPERATORS:
            raise broken(path, f"more than {MAX_RANK_OPERATORS} operators")
        operator, operand = _single(value, path)
        path = f"{path}.{operator}"
        if operator == "$val":
            return Value(_float32(operand, path))
        if operator == "$knn":
            return _knn(operand, path)
        if operator in NEUTRAL:
            if not isinstance(operand, list):
                raise unshaped(path, f"expected a list of rank expressions, got {_name(operand)}")
            parts = (self.rank(part, f"{path}[{place}]", depth + 1) for place, part in enumerate(operand))
            return Fold(operator, tuple(parts))
        if operator in _PAIRS:
            members = _object(operand, path)
            left, right = (
                self.rank(_member(members, side, path), f"{path}.{side}", depth + 1)
                for side in ("left", "right")
            )
            return Pair(operator, left, right)
        return Single(operator, self.rank(operand, path, depth + 1))


def _single(value: object, path: str) -> tuple[str, object]:
    members = _object(value, path)
    if len(members) != 1:
        raise unshaped(path, f"expected an object with exactly one operator, got {len(members)} keys")
    ((operator, operand),) = members.items()
    if operator not in _OPERATORS:
        raise unshaped(path, f"unknown variant `{operator}`, expected one of {_LISTED}")
    return operator, operand


def _knn(operand: object, path: str) -> Knn | SparseKnn:
    members = _object(operand, path)
    query, key = _member(members, "query", path), members.get("key", EMBEDDING)
    if not isinstance(key, str):
        raise unshaped(f"{path}.key", f"expected a string, got {_name(key)}")
    limit, returns_rank = members.get("limit", DEFAULT_LIMIT), members.get("return_rank", False)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 <= limit <= _MAX_UINT32:
        raise unshaped(f"{path}.limit", f"expected an integer from 0 to {_MAX_UINT32}, got {_name(limit)}")
    if not isinstance(returns_rank, bool):
        raise unshaped(f"{path}.return_rank", f"expected a boolean, got {_name(returns_rank)}")
    default = members.get("default")
    if default is not None:
        default = _float32(default, f"{path}.default")
    if isinstance(query, dict):
        _check_sparse(query, f"{path}.query")
        if key == EMBEDDING:
            raise broken(f"{path}.key", f"{EMBEDDING} holds no sparse vectors; name a metadata key")
        return SparseKnn(key, limit)
    embedding = _embedding(query, f"{path}.query")
    if key != EMBEDDING:
        raise broken(f"{path}.key", f"a list of numbers is compared with {EMBEDDING} only, got {key!r}")
    return Knn(embedding, limit, default, returns_rank)


def _embedding(query: object, path: str) -> Float32Matrix:
    if not isinstance(query, list):
        raise unshaped(path, f"expected a list of numbers or a sparse vector, got {_name(query)}")
    _check_numbers(query, path)
    if not query:
        raise broken(path, "Each embedding must have at least 1 dimension")
    embedding = _rounded(query)
    if embedding is None:
        raise broken(path, "Embeddings must not contain NaN or Infinity values")
    return embedding


def _check_sparse(query: dict[str, Any], path: str) -> None:
    """Refuse what is no sparse vector (contract, sections 12 and 16.7)."""
    for name in ("indices", "values"):
        column = _member(query, name, path)
        if not isinstance(column, list):
            raise unshaped(f"{path}.{name}", f"expected a list of numbers, got {_name(column)}")
        _check_numbers(column, f"{path}.{name}")
    indices, values = query["indices"], query["values"]
    for place, index in enumerate(indices):
        if not isinstance(index, int) or not 0 <= index <= _MAX_UINT32:
            raise unshaped(f"{path}.indices[{place}]", f"expected an integer from 0 to {_MAX_UINT32}")
    why = None
    if len(indices) != len(values):
        why = f"{len(indices)} indices but {len(values)} values"
    elif any(later <= earlier for earlier, later in pairwise(indices)):
        why = "indices must ascend strictly"
    if why is not None:
        raise broken(path, f"Invalid sparse vector in KNN query: {why}")


def _check_numbers(column: Sequence[object], path: str) -> None:
    if set(map(type, column)) <= {int, float}:
        return
    for place, value in enumerate(column):
        if type(value) not in (int, float):
            raise unshaped(f"{path}[{place}]", f"expected a number, got {_name(value)}")


def _float32(value: object, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise unshaped(path, f"expected a number, got {_name(value)}")
    rounded = _rounded([value])
    if rounded is None:
        raise broken(path, "expected a number that 32 bits can hold")
    return float(rounded[0])


def _rounded(numbers: Sequence[float]) -> Float32Matrix | None:
    """Numbers in 32 bits; None when one of them is past their range."""
    try:
        with np.errstate(over="ignore"):
            rounded = np.array(numbers, dtype=np.float64).astype(np.float32)
    except OverflowError:  # an integer past 64-bit floats
        return None
    return rounded if np.isfinite(rounded).all() else None


def _object(value: object, path: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise unshaped(path, f"expected an object, got {_name(value)}")
    return value


def _member(members: dict[str, Any], name: str, path: str) -> object:
    if name not in members:
        raise unshaped(path, f"missing field `{name}`")
    return members[name]


def _name(value: object) -> str:
    names = {bool: "a boolean", int: "an integer", float: "a number", str: "a string", list: "a list"}
    return names.get(type(value), "null" if value is None else "an object")


def unshaped(path: str, what: str) -> Unprocessable:
    """The body has another shape there."""
    return Unprocessable(f"Failed to deserialize the JSON body into the target type: {path}: {what}")


def broken(path: str, what: str) -> InvalidArgument:
    """A rule is broken there."""
    return InvalidArgument(f"Validation error: {path}: {what}")
