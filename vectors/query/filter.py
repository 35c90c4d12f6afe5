"""A filter as an SQL predicate over a row with `record_id`, `metadata` and `document`. [pure]

Not a character of the client's stands in the text: keys, values and patterns are all parameters. The forms
are the ones that a segment's indexes answer: containment for equality (GIN, jsonb_path_ops), a numeric
expression for ranges (B-tree, `metadata.NUMBER_AT`), LIKE for documents (trigrams).

An array matches by its elements, which takes another test beside the scalar's. It is left out where no row
has an array under the key, so that a range there stays a range of its B-tree. Regular expressions have no
SQL: by now `vectors/query/matching.py` has put the ids of the matching records in their place.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson

from vectors.metadata import NUMBER_AT
from vectors.where import (
    All,
    Compares,
    Contains,
    DocumentContains,
    DocumentMatches,
    Equals,
    HasId,
    Scalar,
    Some,
    Where,
)


@dataclass(frozen=True)
class Predicate:
    """SQL text for a WHERE clause, and the values of its parameters."""

    text: str
    parameters: dict[str, object]


class _Compiler:
    """Names each parameter alike whatever the array keys, so that all sources of a read share the values."""

    def __init__(self, array_keys: Collection[str] | None, row: str) -> None:
        self.array_keys = array_keys
        self.row = row
        self.parameters: dict[str, object] = {}
        self.counts = {"w": 0, "a": 0}

    def parameter(self, value: object, sql_type: str, series: str = "w") -> str:
        name = f"{series}{self.counts[series]}"
        self.counts[series] += 1
        self.parameters[name] = value
        return f"%({name})s::{sql_type}"

    def may_be_array(self, key: str) -> bool:
        return self.array_keys is None or key in self.array_keys

    def compile(self, where: Where) -> str:  # noqa: PLR0911 (one for each form)
        match where:
            case All(parts):
                return self.join(parts, " AND ", "true")
            case Some(parts):
                return self.join(parts, " OR ", "false")
            case Equals(key, values, is_negated):
                return self.negate(self.holds(key, values), is_negated=is_negated)
            case Contains(key, value, is_negated):
                return self.negate(self.contains(key, value), is_negated=is_negated)
            case Compares():
                return self.compares(where)
            case HasId(ids, is_negated):
                one_of = f"{self.row}.record_id = ANY({self.parameter(list(ids), 'text[]')})"
                return self.negate(one_of, is_negated=is_negated)
            case DocumentContains(text, is_negated):
                contains = f"{self.row}.document LIKE {self.parameter(like_pattern(text), 'text')}"
                return self.negate(contains, is_negated=is_negated)
            case DocumentMatches():
                raise TypeError("a regular expression must be resolved to ids before it becomes SQL")

    def negate(self, text: str, *, is_negated: bool) -> str:
        if not is_negated:
            return text
        return f"{text} IS NOT TRUE" if text[0] == "(" else f"({text}) IS NOT TRUE"

    def join(self, parts: Sequence[Where], word: str, neutral: str) -> str:
        return "(" + word.join(map(self.compile, parts)) + ")" if parts else neutral

    def holds(self, key: str, values: Sequence[Scalar]) -> str:
        tests = [
            f"{self.row}.metadata @> {self.parameter(as_json({key: value}), 'jsonb')}" for value in values
        ]
        in_arrays = [
            f"{self.row}.metadata @> {self.parameter(as_json({key: [value]}), 'jsonb', 'a')}"
            for value in values
        ]
        if self.may_be_array(key):
            tests += in_arrays
        return "(" + " OR ".join(tests) + ")"

    def contains(self, key: str, value: Scalar) -> str:
        holds = self.holds(key, (value,))
        if isinstance(value, bool | str):
            return holds
        # Numbers keep their type by their digits (`vectors/metadata.py`), and an array has one type.
        text = f"strpos({self.row}.metadata ->> {self.parameter(key, 'text')}, '.')"
        return f"({holds} AND {text} {'>' if isinstance(value, float) else '='} 0)"

    def compares(self, where: Compares) -> str:
        bound = as_json_number(where.bound)
        number = NUMBER_AT.format(metadata=f"{self.row}.metadata", key=self.parameter(where.key, "text"))
        test = f"{number} {where.operator} {self.parameter(bound, 'numeric')}"
        elements = f"{self.row}.metadata -> {self.parameter(where.key, 'text', 'a')}"
        variables = self.parameter(f'{{"bound":{bound}}}', "jsonb", "a")
        path = f"'$[*] ? (@ {where.operator} $bound)'"
        if not self.may_be_array(where.key):
            return test
        return f"({test} OR jsonb_path_exists({elements}, {path}, {variables}))"


def to_sql(where: Where, array_keys: Collection[str] | None = None, *, row: str = "r") -> Predicate:
    """The predicate of a filter.

    row:        what the statement calls the row; the parameters are the same for any
    array_keys: the keys under which a row of the source may have an array; None: any. The parameters are the
                same for all, and more than the text of some needs
    Source:  contract, section 14.1: missing keys satisfy the negated forms and no others; numbers compare
             across int and float, exactly, but for $contains; booleans are not numbers; an array matches when
             one of its elements does
    """
    compiler = _Compiler(array_keys, row)
    text = compiler.compile(where)
    return Predicate(text, compiler.parameters)


def like_pattern(text: str) -> str:
    """A LIKE pattern that finds the text anywhere, its own wildcards taken literally."""
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"


def as_json(value: object) -> str:
    """JSON text of a value whose strings and keys are the client's."""
    return orjson.dumps(value).decode()


def as_json_number(value: float) -> str:
    """A number in decimal, exactly: `numeric` reads it back to the last digit."""
    return repr(value)
