"""The share of rows that a filter leaves."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectors.query.estimate import is_indexed, selectivity
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
    value_name,
)

STATISTICS: dict[str, Any] = {
    "keys": {
        "tag": {
            "coverage": 0.8,
            "distinct": 12,
            "common": {value_name("a"): 0.5, value_name("b"): 0.1},
            "quantiles": [],
            "number_coverage": 0.0,
        },
        "n": {
            "coverage": 1.0,
            "distinct": 1000,
            "common": {},
            "quantiles": [(0.0, 0.0), (0.25, 10.0), (0.5, 20.0), (0.75, 40.0), (1.0, 100.0)],
            "number_coverage": 0.5,
        },
        "many": {  # arrays: three values a row
            "coverage": 3.0,
            "distinct": 4,
            "common": {value_name("x"): 0.8, value_name("y"): 0.7},
            "quantiles": [(0.0, 0.0), (1.0, 10.0)],
            "number_coverage": 3.0,
        },
        "same": {
            "coverage": 1.0,
            "distinct": 1,
            "common": {value_name(5): 1.0},
            "quantiles": [(0.0, 5.0), (0.5, 5.0), (1.0, 5.0)],
            "number_coverage": 1.0,
        },
    },
    "documents": ["red fox", "red dog", "blue dog", "green"],
    "document_coverage": 0.5,
}
A, B, C = Equals("tag", ("a",)), Equals("tag", ("b",)), Equals("tag", ("c",))


@pytest.mark.parametrize(
    ("where", "share"),
    [
        (None, 1.0),
        (A, 0.5),
        (C, 0.2 / 10),
        (Equals("tag", ("a", "b")), 0.6),
        (Equals("tag", ("a",), is_negated=True), 0.5),
        (Equals("missing", ("a",)), 0.0),
        (Equals("missing", ("a",), is_negated=True), 1.0),
        (Equals("same", (5.0,)), 1.0),
        (Compares("n", "<", 10), 0.125),
        (Compares("n", "<=", 15), 0.1875),
        (Compares("n", ">", 40), 0.125),
        (Compares("n", "<", -5), 0.0),
        (Compares("n", ">", -5), 0.5),
        (Compares("n", "<", 1e9), 0.5),
        (Compares("n", ">=", 1e9), 0.0),
        (Compares("tag", "<", 1), 0.0),
        (Compares("missing", ">", 1), 0.0),
        (DocumentContains("red"), 0.25),
        (DocumentContains("red", is_negated=True), 0.75),
        (DocumentContains("nowhere"), 0.0625),
        (Contains("tag", "a"), 0.5),
        (Contains("tag", "a", is_negated=True), 0.5),
        (Equals("many", ("x", "y")), 1.0),
        (Compares("many", "<", 5), 1.0),
        (HasId(("a", "b")), 0.02),
        (HasId(("a",), is_negated=True), 0.99),
        (HasId(tuple("abcdefghij" * 20)), 1.0),
        (DocumentMatches("red"), 0.05),
        (DocumentMatches("red", is_negated=True), 0.95),
        (All(()), 1.0),
        (Some(()), 0.0),
        (All((A, B)), 0.05),
        (Some((A, B)), 0.55),
    ],
)
def test_it_estimates_from_the_statistics(where: Where | None, share: float) -> None:
    assert selectivity(where, STATISTICS, 100) == pytest.approx(share)


def test_it_knows_that_a_number_has_one_value_whatever_its_type() -> None:
    assert selectivity(Equals("same", (5,)), STATISTICS) == selectivity(Equals("same", (5.0,)), STATISTICS)


@pytest.mark.parametrize("where", [A, Compares("n", "<", 1), DocumentContains("x")])
def test_it_expects_little_without_statistics(where: Where) -> None:
    assert selectivity(where, {}) == 0.0
    assert selectivity(None, {}) == 1.0


@settings(deadline=None)
@given(
    st.recursive(
        st.one_of(
            st.builds(
                Equals,
                st.sampled_from(["tag", "n", "same", "missing"]),
                st.lists(st.sampled_from(["a", "b", 5, True]), min_size=1, max_size=5).map(tuple),
                st.booleans(),
            ),
            st.builds(
                Compares,
                st.sampled_from(["tag", "n", "same", "missing"]),
                st.sampled_from(["<", "<=", ">", ">="]),
                st.floats(-200, 200),
            ),
            st.builds(DocumentContains, st.sampled_from(["", "red", "nowhere"]), st.booleans()),
        ),
        lambda inner: (
            st.builds(All, st.lists(inner, max_size=4).map(tuple))
            | st.builds(Some, st.lists(inner, max_size=4).map(tuple))
        ),
        max_leaves=8,
    )
)
def test_it_never_leaves_zero_to_one(where: Where) -> None:
    assert -1e-9 <= selectivity(where, STATISTICS) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (A, True),
        (Compares("n", "<", 1), True),
        (DocumentContains("red"), True),
        (DocumentContains("re"), False),
        (DocumentContains("red", is_negated=True), False),
        (Equals("tag", ("a",), is_negated=True), False),
        (Contains("tag", 1), True),
        (Contains("tag", 1, is_negated=True), False),
        (HasId(("a",)), True),
        (HasId(("a",), is_negated=True), False),
        (DocumentMatches("red"), False),
        (All((A, DocumentContains("re"))), True),
        (Some((A, DocumentContains("re"))), False),
    ],
)
def test_it_knows_what_an_index_can_name(where: Where, expected: bool) -> None:
    assert is_indexed(where) is expected


def test_it_knows_that_no_index_has_the_order_of_numbers_in_arrays() -> None:
    where = Compares("n", "<", 1)
    assert [is_indexed(where, keys) for keys in ((), ["other"], ["n"], None)] == [True, True, False, False]


def test_it_sees_the_long_tail_of_a_number() -> None:
    quantiles = [(0.0, 0.0), (0.99, 100.0), (0.999, 10_000.0), (1.0, 1_000_000.0)]
    facts = {"coverage": 1.0, "distinct": 1000, "common": {}, "quantiles": quantiles, "number_coverage": 1.0}
    share = selectivity(Compares("size", ">", 10_000), {"keys": {"size": facts}})
    assert share == pytest.approx(0.001)
