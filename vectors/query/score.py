"""A rank expression as SQL over one common-table expression per search, and its groups. [pure]

    $knn … $knn ──▶ WITH knn0 AS (…), knn1 AS (…)     each search once, however often it is named
    operators   ──▶ one scalar expression over their columns

PostgreSQL raises where IEEE 754 has an answer (division by zero, overflow), so each step is computed as a
64-bit float, which holds every result of two 32-bit ones, and rounded to 32 bits (`round_to_float32`). That
gives the same bits as 32-bit arithmetic does. What is constant is computed here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from vectors.query.rank import NEUTRAL, Fold, Knn, Pair, Rank, Single, SparseKnn, Value
from vectors.sql import statement

SCORE = "#score"


@dataclass(frozen=True)
class Group:
    """At most `count` records of each group: those with the smallest sort keys, or the largest.

    keys:       metadata keys; records with the same values are a group
    sort_keys:  metadata keys or `#score`, compared in this order
    """

    keys: tuple[str, ...]
    sort_keys: tuple[str, ...]
    count: int
    is_largest: bool


@dataclass(frozen=True)
class Grouping:
    """A group without its values: what makes a group, and the order within it."""

    keys: str
    order: str


@dataclass(frozen=True)
class Form:
    """An expression without its values: those of one form share a statement.

    text:            SQL for the score of a record
    searches_count:  how many common-table expressions it reads: `knn0`, `knn1`, …
    required:        the places of those whose candidate a record must be; without any, of one at least
    """

    text: str
    searches_count: int
    required: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Score:
    """An expression, compiled.

    searches:   one for each common-table expression
    parameters: the values in the text
    """

    form: Form
    searches: tuple[Knn, ...]
    parameters: dict[str, object]


@dataclass
class _Compiler:
    """Gives each search and each constant its name."""

    searches: dict[tuple[bytes, int], int] = field(default_factory=dict)
    first: list[Knn] = field(default_factory=list)
    required: set[int] = field(default_factory=set)
    parameters: dict[str, object] = field(default_factory=dict)

    def constant(self, value: float) -> str:
        name = f"c{len(self.parameters)}"
        self.parameters[name] = float(value)
        return f"%({name})s::float8"

    def text(self, part: str | float) -> str:
        return part if isinstance(part, str) else self.constant(part)

    def compile(self, rank: Rank) -> str | float:
        """SQL, or the value of what is constant."""
        match rank:
            case Value(value):
                return value
            case Knn():
                return self.knn(rank)
            case SparseKnn():
                raise TypeError("a sparse search must be refused before it becomes SQL")
            case Fold(operator, parts):
                return self.fold(operator, [self.compile(part) for part in parts])
            case Pair(operator, left, right):
                return self.pair(operator, self.compile(left), self.compile(right))
            case Single(operator, inner):
                return self.single(operator, self.compile(inner))

    def knn(self, knn: Knn) -> str:
        place = self.searches.setdefault((knn.embedding.tobytes(), knn.limit), len(self.first))
        if place == len(self.first):
            self.first.append(knn)
        value = f"knn{place}.position" if knn.returns_rank else f"knn{place}.distance"
        if knn.default is None:
            self.required.add(place)
            return value
        return f"coalesce({value}, {self.constant(knn.default)})"

    def fold(self, operator: str, parts: Sequence[str | float]) -> str | float:
        if operator in ("$max", "$min"):
            return self.extreme(operator, parts)
        total: str | float = NEUTRAL[operator]
        sign = "$add" if operator == "$sum" else "$multiply"
        for place, part in enumerate(parts):
            # The first part is what it is: only -0 would become 0.
            total = part if place == 0 and isinstance(part, str) else self.pair(sign, total, part)
        return total

    def extreme(self, operator: str, parts: Sequence[str | float]) -> str | float:
        """Of a number and NaN, the number; GREATEST and LEAST leave out nulls."""
        if not any(isinstance(part, str) for part in parts):
            numbers = np.array([NEUTRAL[operator], *parts], dtype=np.float32)
            return float((np.fmax if operator == "$max" else np.fmin).reduce(numbers))
        values = [self.text(part) for part in (NEUTRAL[operator], *parts)]
        name = "greatest" if operator == "$max" else "least"
        numbers_or_null = ", ".join(f"nullif({value}, 'NaN')" for value in values)
        return f"{name}({numbers_or_null})"

    def pair(self, operator: str, left: str | float, right: str | float) -> str | float:
        if isinstance(left, float) and isinstance(right, float):
            return _constant_pair(operator, left, right)
        a, b = self.text(left), self.text(right)
        if operator == "$div":
            return _rounded(statement("rank_quotient", left=a, right=b))
        sign = {"$add": "+", "$sub": "-", "$multiply": "*"}[operator]
        return _rounded(f"{a} {sign} {b}")

    def single(self, operator: str, inner: str | float) -> str | float:
        if isinstance(inner, float):
            return _constant_single(operator, inner)
        if operator == "$abs":
            return f"abs({inner})"
        name = "rank_exponential" if operator == "$exp" else "rank_logarithm"
        return _rounded(statement(name, operand=inner))


def _rounded(operation: str) -> str:
    return statement("round_to_float32", operation=operation)


def _constant_pair(operator: str, left: float, right: float) -> float:
    ufunc = {"$add": np.add, "$sub": np.subtract, "$multiply": np.multiply, "$div": np.divide}[operator]
    with np.errstate(all="ignore"):
        return float(ufunc(np.float32(left), np.float32(right)))


def _constant_single(operator: str, inner: float) -> float:
    ufunc = {"$abs": np.abs, "$exp": np.exp, "$log": np.log}[operator]
    with np.errstate(all="ignore"):
        return float(np.float32(ufunc(np.float64(inner))))  # as PostgreSQL does: rounded once


def compile_rank(rank: Rank) -> Score:
    """The score of a record as SQL, and the searches that it needs.

    A record has a score when it is among the candidates of every search without a default; when all have one,
    when it is among those of any. Without a search no record has one.
    Source:  contract, section 16.4
    """
    compiler = _Compiler()
    text = compiler.text(compiler.compile(rank))
    form = Form(text, len(compiler.first), tuple(sorted(compiler.required)))
    return Score(form, tuple(compiler.first), compiler.parameters)


def members(form: Form) -> dict[str, str]:
    """Fragments for the records that have a score: `$from_members`; `$base` names their columns."""
    places = range(form.searches_count)
    if form.required or len(places) == 1:
        base = f"knn{(form.required or (0,))[0]}"
        source = base
    else:
        base = "members"
        found = "\nUNION ALL\n".join(statement("rank_candidates", search=f"knn{place}") for place in places)
        source = statement("rank_members", candidates=found)
    joins = [
        f"{'JOIN' if place in form.required else 'LEFT JOIN'} knn{place} USING (ordinal)"
        for place in places
        if f"knn{place}" != base
    ]
    return {"base": base, "from_members": "\n".join([source, *joins])}


def grouping(group: Group) -> tuple[Grouping, dict[str, object]]:
    """The SQL that sorts records into groups and within them, and the values of its parameters.

    Ties:    by score, then default order
    Source:  contract, section 16.5
    """
    parameters: dict[str, object] = {"group_count": group.count}
    keys: list[str] = []
    for place, key in enumerate(group.keys):
        parameters[f"g{place}"] = key
        keys.append(statement("group_key", key=f"%(g{place})s::text"))
    direction = "DESC" if group.is_largest else "ASC"
    order: list[str] = []
    for place, key in enumerate(group.sort_keys):
        if key == SCORE:
            order.append(f"n.score {direction}")
            continue
        parameters[f"s{place}"] = key
        order.append(statement("group_sort_key", key=f"%(s{place})s::text", direction=direction))
    return Grouping(", ".join(keys), ", ".join(order)), parameters
