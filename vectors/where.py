"""Filters: from the wire's JSON to a typed tree, or a precise error. [pure]

The tree is all that the planner, the compiler to SQL and the test oracle know of a filter.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import orjson

from tenants.errors import InvalidArgument
from vectors.limits import MAX_FILTER_DEPTH, MAX_FILTER_LEAVES, MAX_INT64, MIN_INT64
from vectors.regex import compile_pattern

Scalar: TypeAlias = str | int | float | bool


class InvalidFilter(InvalidArgument):
    """A filter has another form than the language of filters."""


@dataclass(frozen=True)
class Equals:
    """The key holds one of the values, or an array with one of them.

    Negated, the exact complement: a missing key then matches.
    """

    key: str
    values: tuple[Scalar, ...]
    is_negated: bool = False


@dataclass(frozen=True)
class Compares:
    """The key holds a number, or an array with one, on this side of the bound: operator is < <= > or >=."""

    key: str
    operator: str
    bound: int | float


@dataclass(frozen=True)
class Contains:
    """The key holds an array with the value, or the value, of the same type: 1 is not 1.0 here."""

    key: str
    value: Scalar
    is_negated: bool = False


@dataclass(frozen=True)
class HasId:
    """The record's id is one of these."""

    ids: tuple[str, ...]
    is_negated: bool = False


@dataclass(frozen=True)
class DocumentContains:
    """The document contains the text, case-sensitively; negated, a record without document matches."""

    text: str
    is_negated: bool = False


@dataclass(frozen=True)
class DocumentMatches:
    """The document matches the regular expression somewhere; negated, a record without document matches."""

    pattern: str
    is_negated: bool = False


@dataclass(frozen=True)
class All:
    """Every part matches; without parts, everything does."""

    parts: tuple[Where, ...]


@dataclass(frozen=True)
class Some:
    """A part matches; without parts, nothing does."""

    parts: tuple[Where, ...]


Leaf: TypeAlias = Equals | Compares | Contains | HasId | DocumentContains | DocumentMatches
Where: TypeAlias = Leaf | All | Some


def leaves(where: Where | None) -> Iterator[Leaf]:
    """Every condition of a filter, in the order in which they were written.

    On metadata: Equals (whose `values` are those of $eq and $in), Compares (`bound`), Contains (`value`);
    on the record's id: HasId (`ids`); on the document: DocumentContains (`text`) and DocumentMatches
    (`pattern`).
    """
    waiting: list[Where] = [] if where is None else [where]
    while waiting:
        one = waiting.pop()
        if isinstance(one, All | Some):
            waiting.extend(reversed(one.parts))
        else:
            yield one


def both(forced: Where | None, where: Where | None) -> Where | None:
    """What passes both filters; None asks nothing."""
    if forced is None or where is None:
        return where if forced is None else forced
    return All((forced, where))


def operands(leaf: Leaf) -> tuple[Scalar, ...]:
    """The values that a condition compares with."""
    match leaf:
        case Equals(values=values):
            return values
        case Compares(bound=value) | Contains(value=value):
            return (value,)
        case HasId(ids):
            return ids
        case DocumentContains(text) | DocumentMatches(text):
            return (text,)


def value_name(value: Scalar) -> str:
    """How statistics spell a value: its JSON, and one spelling for a number whatever its type."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(float(value))
    return orjson.dumps(value).decode()


_COMPARISONS = {"$gt": ">", "$gte": ">=", "$lt": "<", "$lte": "<="}
_MEMBERSHIPS = {"$in": False, "$nin": True}
_CONTAINMENTS = {"$contains": False, "$not_contains": True}
_REGULAR_EXPRESSIONS = {"$regex": False, "$not_regex": True}
_EQUALITIES = {"$eq": False, "$ne": True}
_TYPE_NAMES = {str: "Str", int: "Int", float: "Float", bool: "Bool"}


class _Parser:
    """Bounds depth and width while it descends; `title` is how the wire names the whole filter."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.leaves = 0
        self.groups = 0

    def fail(self, why: str) -> InvalidFilter:
        return InvalidFilter(f"Invalid {self.title}: {why}")

    def single(self, value: object, depth: int) -> tuple[str, object]:
        if depth > MAX_FILTER_DEPTH:
            raise self.fail(f"nested deeper than {MAX_FILTER_DEPTH} levels")
        if not isinstance(value, dict) or len(value) != 1:
            got = f"{len(value)} keys" if isinstance(value, dict) else type(value).__name__
            raise self.fail(f"expected an object with exactly one key, got {got}")
        ((key, operand),) = value.items()
        return key, operand

    def branches(self, value: object) -> list[object]:
        if not isinstance(value, list):
            raise self.fail(f"$and and $or take a list, got {type(value).__name__}")
        self.groups += 1  # for groups may be empty
        if self.groups > MAX_FILTER_LEAVES:
            raise self.fail(f"more than {MAX_FILTER_LEAVES} groups")
        return value

    def leaf(self, count: int = 1) -> None:
        self.leaves += count
        if self.leaves > MAX_FILTER_LEAVES:
            raise self.fail(f"more than {MAX_FILTER_LEAVES} conditions")

    def where(self, value: object, depth: int = 0) -> Where:
        key, operand = self.single(value, depth)
        if key in ("$and", "$or"):
            parts = tuple(self.where(part, depth + 1) for part in self.branches(operand))
            return All(parts) if key == "$and" else Some(parts)
        self.leaf()
        operator, operand = self.single(operand, depth + 1) if isinstance(operand, dict) else ("$eq", operand)
        if key == "#document":
            return self.document_in_where(operator, operand)
        if key == "#id":
            return self.record_id(operator, operand)
        if not key or key.startswith(("$", "#")):
            raise self.fail(f"expected a metadata key, $and or $or, got {key!r}")
        return self.metadata(self.text(key), operator, operand)

    def metadata(self, key: str, operator: str, operand: object) -> Leaf:
        if operator in _EQUALITIES:
            return Equals(key, (self.scalar(operand),), is_negated=_EQUALITIES[operator])
        if operator in _COMPARISONS:
            if isinstance(operand, bool) or not isinstance(operand, int | float):
                raise self.fail(f"{operator} takes a number, got {type(operand).__name__}")
            return Compares(key, _COMPARISONS[operator], self.number(operand))
        if operator in _MEMBERSHIPS:
            return Equals(key, self.scalars(operator, operand), is_negated=_MEMBERSHIPS[operator])
        if operator in _CONTAINMENTS:
            return Contains(key, self.scalar(operand), is_negated=_CONTAINMENTS[operator])
        if operator in _REGULAR_EXPRESSIONS:
            raise self.fail(f"{operator} is for #document, got key {key!r}")
        raise self.fail(f"unknown operator {operator!r} on key {key!r}")

    def record_id(self, operator: str, operand: object) -> Leaf:
        if operator in _EQUALITIES:
            return HasId(self.record_ids([operand]), is_negated=_EQUALITIES[operator])
        if operator in _MEMBERSHIPS:
            ids = self.record_ids(list(self.scalars(operator, operand)))
            return HasId(ids, is_negated=_MEMBERSHIPS[operator])
        raise self.fail(f"#id takes $eq, $ne, $in and $nin, got {operator!r}")

    def record_ids(self, values: list[object]) -> tuple[str, ...]:
        if any(not isinstance(value, str) for value in values):
            raise self.fail("#id takes strings")
        return tuple(self.text(str(value)) for value in values)

    def document_in_where(self, operator: str, operand: object) -> Leaf:
        if operator in _CONTAINMENTS or operator in _REGULAR_EXPRESSIONS:
            return self.document(operator, operand)
        compared = self.metadata("#document", operator, operand)
        first = compared.values[0] if isinstance(compared, Equals) else getattr(compared, "bound", "")
        # wire: it is read as a comparison of metadata, of which #document has no index (sections 10.5, 14.1)
        raise InvalidArgument(
            f"Cannot filter using metadata key '#document' with type '{_TYPE_NAMES[type(first)]}' "
            "because indexing is disabled",
        )

    def scalars(self, operator: str, operand: object) -> tuple[Scalar, ...]:
        if not isinstance(operand, list) or not operand:
            raise self.fail(f"{operator} takes a list that is not empty")
        self.leaf(len(operand) - 1)
        values = [self.scalar(value) for value in operand]
        first = type(values[0])
        # wire: the first element decides; after a float, integers are taken as floats
        if first is float:
            values = [float(value) if type(value) is int else value for value in values]
        if any(type(value) is not first for value in values):
            raise self.fail(f"{operator} takes values of one type")
        return tuple(values)

    def scalar(self, value: object) -> Scalar:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self.number(value)
        raise self.fail(f"expected a string, number or boolean, got {type(value).__name__}")

    def number(self, value: float) -> int | float:
        if isinstance(value, float) and not math.isfinite(value):
            raise self.fail("numbers must be finite")
        if isinstance(value, int) and not MIN_INT64 <= value <= MAX_INT64:
            try:
                return float(value)
            except OverflowError as error:
                raise self.fail("numbers must be within the range of a 64-bit float") from error
        return value

    def text(self, value: str) -> str:
        if "\x00" in value:
            raise self.fail("U+0000 cannot be stored and so cannot be looked for")
        return value

    def document(self, operator: str, operand: object) -> Leaf:
        if operator not in _CONTAINMENTS and operator not in _REGULAR_EXPRESSIONS:
            raise self.fail(
                f"expected $contains, $not_contains, $regex, $not_regex, $and or $or, got {operator!r}"
            )
        if not isinstance(operand, str):
            raise self.fail(f"{operator} takes a string, got {type(operand).__name__}")
        if operator in _CONTAINMENTS:
            return DocumentContains(self.text(operand), is_negated=_CONTAINMENTS[operator])
        compile_pattern(operand)
        return DocumentMatches(operand, is_negated=_REGULAR_EXPRESSIONS[operator])

    def where_document(self, value: object, depth: int = 0) -> Where:
        key, operand = self.single(value, depth)
        if key in ("$and", "$or"):
            parts = tuple(self.where_document(part, depth + 1) for part in self.branches(operand))
            return All(parts) if key == "$and" else Some(parts)
        self.leaf()
        return self.document(key, operand)


def parse(where: object, where_document: object) -> Where | None:
    """Both filters of a request as one tree; None when neither is given.

    Raises:  InvalidFilter ("Invalid where clause: …" or "Invalid where document clause: …"); InvalidArgument
             for a pattern ("Regex syntax errror: …"), and for a comparison of #document in the schema's words
    Source:  contract, section 14
    """
    parts: list[Where] = []
    if where is not None:
        parts.append(_Parser("where clause").where(where))
    if where_document is not None:
        parts.append(_Parser("where document clause").where_document(where_document))
    if len(parts) == 2:
        return All(tuple(parts))
    return parts[0] if parts else None
