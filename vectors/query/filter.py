"""A filter as an SQL predicate over a row `r` with `metadata` and `document`. [pure]

Not a character of the client's stands in the text: keys, values and patterns are all parameters. The forms
are the ones that a segment's indexes answer: containment for equality (GIN, jsonb_path_ops), a numeric
expression for ranges (B-tree, `metadata.NUMBER_AT`), LIKE for documents (trigrams).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from vectors.metadata import NUMBER_AT
from vectors.where import All, Compares, DocumentContains, Equals, Some, Where


@dataclass(frozen=True)
class Predicate:
    """SQL text for a WHERE clause, and the values of its parameters."""

    text: str
    parameters: dict[str, object]


class _Compiler:
    def __init__(self) -> None:
        self.parameters: dict[str, object] = {}

    def parameter(self, value: object, sql_type: str) -> str:
        name = f"w{len(self.parameters)}"
        self.parameters[name] = value
        return f"%({name})s::{sql_type}"

    def compile(self, where: Where) -> str:
        match where:
            case All(parts):
                return self.join(parts, " AND ", "true")
            case Some(parts):
                return self.join(parts, " OR ", "false")
            case Equals():
                return self.equals(where)
            case Compares(key, operator, bound):
                number = NUMBER_AT.format(metadata="r.metadata", key=self.parameter(key, "text"))
                return f"{number} {operator} {self.parameter(as_json_number(bound), 'numeric')}"
            case DocumentContains(text, is_negated):
                contains = f"r.document LIKE {self.parameter(like_pattern(text), 'text')}"
                return f"({contains}) IS NOT TRUE" if is_negated else contains

    def join(self, parts: Sequence[Where], word: str, neutral: str) -> str:
        return "(" + word.join(map(self.compile, parts)) + ")" if parts else neutral

    def equals(self, where: Equals) -> str:
        tests = [
            f"r.metadata @> {self.parameter(as_json({where.key: value}), 'jsonb')}" for value in where.values
        ]
        either = "(" + " OR ".join(tests) + ")"
        return f"{either} IS NOT TRUE" if where.is_negated else either


def to_sql(where: Where) -> Predicate:
    """The predicate of a filter.

    Source:  contract, section 14.1: missing keys satisfy the negated forms and no others; numbers compare
             across int and float, exactly; booleans are not numbers; arrays never equal a scalar
    """
    compiler = _Compiler()
    return Predicate(compiler.compile(where), compiler.parameters)


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
