"""Values of metadata as people read and type them: by their types, in columns. [pure]"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tenants.errors import InvalidArgument
from vectors.types import BrowsedRecord

# What a value can be typed as; a list has values of one type.
SCALARS = ("string", "int", "float", "bool")
LISTS = tuple(f"list of {kind}" for kind in SCALARS)
KINDS = SCALARS + LISTS
_CELL_CHARACTERS = 80
_COLUMNS_COUNT = 4
_INT = re.compile(r"[+-]?\d{1,19}\Z", re.ASCII)
_FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z", re.ASCII)
_BOOLS = {"true": True, "false": False}
_CALLED = {"int": "whole number", "float": "number", "bool": "true or false"}


def kind_of(value: Any) -> str:
    """The type of a stored value."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, list):
        return f"list of {kind_of(value[0])}" if value else "list of string"
    return {int: "int", float: "float", str: "string"}.get(type(value), "sparse_vector")


def text_of(value: Any) -> str:
    """A value as it is shown, and typed."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def parse(kind: str, text: str) -> Any:
    """The value of this type that somebody typed; `auto` takes it as what it looks like.

    Raises:  InvalidArgument, in words for who typed it
    """
    if kind.startswith("list of "):
        return _parse_list(kind.removeprefix("list of "), text)
    if kind == "string":
        return text
    plain = text.strip()
    if kind == "auto":
        return _guess(text)
    parsed: Any = None
    if kind == "bool":
        parsed = _BOOLS.get(plain.lower())
    elif kind == "int" and _INT.match(plain):
        parsed = int(plain)
    elif kind == "float" and _FLOAT.match(plain) and math.isfinite(float(plain)):
        parsed = float(plain)
    if parsed is None:
        raise InvalidArgument(f"“{plain[:60]}” is not a {_CALLED.get(kind, kind)}.")
    return parsed


def _guess(text: str) -> Any:
    plain = text.strip()
    if plain.lower() in _BOOLS:
        return _BOOLS[plain.lower()]
    for kind in ("int", "float"):
        try:
            return parse(kind, plain)
        except InvalidArgument:
            continue
    return text


def _parse_list(kind: str, text: str) -> list[Any]:
    """A JSON array whose values are all of one type; a whole number is a float where floats are wanted."""
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InvalidArgument('A list is typed as JSON, such as ["a", "b"] or [1, 2].') from error
    if not isinstance(values, list) or not values:
        raise InvalidArgument("Expected a JSON list with at least one value.")
    if kind == "float":
        values = [float(one) if type(one) is int else one for one in values]
    for one in values:
        if kind_of(one) != kind or (isinstance(one, float) and not math.isfinite(one)):
            raise InvalidArgument(f"Every value of the list must be a {kind}; {text_of(one)[:60]} is not.")
    return values


@dataclass(frozen=True)
class Cell:
    """A value in a table."""

    name: str
    kind: str
    text: str


@dataclass(frozen=True)
class Column:
    """A key that many of the records have, with the types that it has among them."""

    name: str
    kinds: str

    @property
    def is_number(self) -> bool:
        """Whether figures stand below each other."""
        return set(self.kinds.split(" · ")) <= {"int", "float"}


@dataclass(frozen=True)
class Row:
    """A record in the table: each column with its cell or None, and the other keys."""

    record: BrowsedRecord
    cells: Sequence[tuple[Column, Cell | None]]
    others: Sequence[Cell]


@dataclass(frozen=True)
class Table:
    """Records with their most frequent keys as columns."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    has_others: bool
    has_distances: bool


def cells_of(metadata_json: str | None, *, most_characters: int = _CELL_CHARACTERS) -> list[Cell]:
    """The values of a record's metadata, by key."""
    values: dict[str, Any] = {} if metadata_json is None else json.loads(metadata_json)
    return [
        Cell(name, kind_of(value), cut(text_of(value), most_characters)) for name, value in values.items()
    ]


def table(records: Sequence[BrowsedRecord]) -> Table:
    """The records, the keys that most of them have as columns."""
    cells = [{cell.name: cell for cell in cells_of(record.metadata_json)} for record in records]
    counts = Counter(name for one in cells for name in one)
    names = sorted(counts, key=lambda name: (-counts[name], name))[:_COLUMNS_COUNT]
    columns = [
        Column(name, " · ".join(sorted({one[name].kind for one in cells if name in one}))) for name in names
    ]
    rows = [
        Row(
            record,
            [(column, one.get(column.name)) for column in columns],
            [one[name] for name in sorted(one) if name not in names],
        )
        for record, one in zip(records, cells, strict=True)
    ]
    return Table(
        columns,
        rows,
        has_others=any(row.others for row in rows),
        has_distances=any(record.distance is not None for record in records),
    )


def cut(text: str, characters: int) -> str:
    """The text, or its beginning with a sign that there is more."""
    return text if len(text) <= characters else f"{text[: characters - 1]}…"
