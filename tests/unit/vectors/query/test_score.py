"""From expressions to SQL: constants, searches, and which records have a score."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from vectors.query.rank import parse
from vectors.query.score import Group, Score, compile_rank, grouping, members


def score_of(value: dict[str, Any]) -> Score:
    """A compiled expression."""
    rank = parse(value, "rank")
    assert rank is not None
    return compile_rank(rank)


def knn(*query: float, **more: Any) -> dict[str, Any]:
    """A search."""
    return {"$knn": {"query": list(query), **more}}


def pair(operator: str, left: float, right: float) -> dict[str, Any]:
    """An operator over two constants."""
    return {operator: {"left": {"$val": left}, "right": {"$val": right}}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$sum": []}, 0.0),
        ({"$mul": []}, 1.0),
        ({"$max": []}, -float(np.finfo(np.float32).max)),
        ({"$min": []}, float(np.finfo(np.float32).max)),
        ({"$sum": [{"$val": 1}, {"$val": 2}, {"$val": 3}]}, 6.0),
        ({"$sum": [{"$val": 0.1}, {"$val": 0.2}]}, float(np.float32(0.1) + np.float32(0.2))),
        ({"$mul": [{"$val": 3e38}, {"$val": 10}, {"$val": 0.1}]}, math.inf),
        (pair("$sub", 1, 3), -2.0),
        (pair("$div", 1, 0), math.inf),
        (pair("$div", -1, 0), -math.inf),
        (pair("$div", 1e-45, 2), 0.0),
        ({"$abs": {"$val": -2}}, 2.0),
        ({"$exp": {"$val": 89}}, math.inf),
        ({"$exp": {"$val": -1000}}, 0.0),
        ({"$log": {"$val": 0}}, -math.inf),
        ({"$max": [{"$log": {"$val": -1}}, {"$val": 1}]}, 1.0),
    ],
)
def test_a_constant_is_computed_here_in_32_bits(value: dict[str, Any], expected: float) -> None:
    compiled = score_of(value)
    assert list(compiled.parameters.values()) == [expected]
    assert (compiled.form.text, compiled.searches) == ("%(c0)s::float8", ())


def test_what_has_no_value_is_nan() -> None:
    for value in (pair("$div", 0, 0), {"$log": {"$val": -1}}):
        [constant] = score_of(value).parameters.values()
        assert isinstance(constant, float)
        assert math.isnan(constant)


def test_no_value_stands_in_the_text() -> None:
    weighted = [{"$mul": [{"$val": weight}, knn(1, 2, default=weight)]} for weight in (0.7, 0.3)]
    other = [{"$mul": [{"$val": weight}, knn(5, 6, default=weight)]} for weight in (4, 8)]
    assert score_of({"$sum": weighted}).form == score_of({"$sum": other}).form


def test_a_search_that_is_named_twice_is_made_once() -> None:
    same = [knn(1, 2), knn(1, 2, return_rank=True), knn(1, 2, default=3)]
    compiled = score_of({"$sum": [*same, knn(1, 2, limit=3), knn(2, 1)]})
    assert compiled.form.searches_count == len(compiled.searches) == 3
    assert [(one.embedding.tolist(), one.limit) for one in compiled.searches] == [
        ([1, 2], 16),
        ([1, 2], 3),
        ([2, 1], 16),
    ]
    assert compiled.form.required == (0, 1, 2)


def test_a_record_must_be_found_by_every_search_without_a_default() -> None:
    three = [knn(1, default=9), knn(2), knn(3)]
    form = score_of({"$sum": three}).form
    assert form.required == (1, 2)
    found = members(form)
    assert found["base"] == "knn1"
    assert found["from_members"].splitlines() == [
        "knn1",
        "LEFT JOIN knn0 USING (ordinal)",
        "JOIN knn2 USING (ordinal)",
    ]


def test_a_record_that_any_search_found_is_enough_when_all_have_defaults() -> None:
    form = score_of({"$min": [knn(1, default=9), knn(2, default=0)]}).form
    assert form.required == ()
    found = members(form)
    assert found["base"] == "members"
    assert found["from_members"].count("UNION ALL") == 1
    assert found["from_members"].count("LEFT JOIN knn") == 2


def test_a_plain_search_is_its_own_relation() -> None:
    for default in ({}, {"default": 4}):
        assert members(score_of(knn(1, **default)).form) == {"base": "knn0", "from_members": "knn0"}


def test_a_sparse_search_never_becomes_sql() -> None:
    with pytest.raises(TypeError, match="sparse"):
        score_of({"$knn": {"query": {"indices": [], "values": []}, "key": "terms"}})


def test_the_keys_of_groups_are_parameters() -> None:
    keys = ("a'b", "%(x)s")
    grouped, parameters = grouping(Group(keys, ("#score", "n$"), 3, is_largest=True))
    assert parameters == {"group_count": 3, "g0": "a'b", "g1": "%(x)s", "s1": "n$"}
    assert "a'b" not in grouped.keys + grouped.order
    assert grouped.order.startswith("n.score DESC, ")
    assert grouped.order.count("DESC") == 4
