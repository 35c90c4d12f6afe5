"""Choosing how each segment is searched."""

from __future__ import annotations

from typing import Any

import pytest

from vectors.limits import MAX_EF_SEARCH
from vectors.query.plan import EXACT, QueryPlan, choose
from vectors.types import Segment
from vectors.where import Equals, value_name

STATISTICS: dict[str, Any] = {
    "keys": {
        "k": {
            "coverage": 0.5002,
            "distinct": 3,
            "common": {value_name("half"): 0.5, value_name("rare"): 0.0002},
            "quantiles": [],
            "number_coverage": 0.0,
        }
    }
}


def segment(number: int = 1, rows: int = 100_000, graph: str | None = "halfvec") -> Segment:
    """A sealed segment."""
    return Segment(number, rows, 0, graph, STATISTICS)


def chosen(
    *segments: Segment, results: int = 10, ef_search: int = 100, value: str | None = None
) -> QueryPlan:
    """The plan of a query with a filter on `k`, or none."""
    where = None if value is None else Equals("k", (value,))
    return choose(segments, where, results_count=results, ef_search=ef_search, is_unplaceable_query=False)


def test_it_walks_the_graph_of_a_large_segment() -> None:
    plan = chosen(segment())
    assert plan.graph_segment_ids == {1}
    assert plan.candidates_count >= 10
    assert plan.ef_search == 100


def test_it_scans_what_has_no_graph_or_few_rows() -> None:
    assert chosen(segment(graph=None)) == chosen(segment(rows=300)) == chosen() == EXACT


def test_it_decides_for_each_segment_apart() -> None:
    plan = chosen(segment(1), segment(2, rows=100), segment(3), segment(4, graph=None))
    assert plan.graph_segment_ids == {1, 3}
    assert plan.expected_candidates_count == 2 * plan.candidates_count


def test_it_scans_for_a_selective_filter_and_walks_for_a_broad_one() -> None:
    assert chosen(segment(), value="half").graph_segment_ids == {1}
    assert chosen(segment(), value="rare") == EXACT
    assert chosen(segment(), value="never") == EXACT


def test_it_scans_for_a_query_that_no_graph_can_place() -> None:
    plan = choose([segment()], None, results_count=10, ef_search=100, is_unplaceable_query=True)
    assert plan == EXACT


@pytest.mark.parametrize("results", [0, 1, 10, 100, 500])
def test_it_looks_at_least_as_widely_as_there_are_candidates(results: int) -> None:
    plan = chosen(segment(rows=10_000_000), results=results, ef_search=10)
    assert results < plan.candidates_count <= plan.ef_search <= MAX_EF_SEARCH


def test_it_looks_as_widely_as_the_collection_wishes_and_pgvector_takes() -> None:
    assert chosen(segment(), ef_search=333).ef_search == 333
    assert chosen(segment(), ef_search=2**31 - 1).ef_search == MAX_EF_SEARCH


def test_it_scans_when_more_is_wanted_than_a_graph_can_give() -> None:
    assert chosen(segment(rows=10_000_000), results=MAX_EF_SEARCH) == EXACT


def test_it_takes_more_candidates_from_a_graph_of_bits() -> None:
    bits, halves = chosen(segment(graph="bit")), chosen(segment())
    assert bits.candidates_count > halves.candidates_count


def test_it_expects_nothing_of_graphs_in_an_exact_plan() -> None:
    assert EXACT.expected_candidates_count == 0
