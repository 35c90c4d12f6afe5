"""Choosing how each segment is searched. [pure]

    log tail, small segment, selective filter   exact    the filter by its index, every distance, sort
    broad or absent filter                      graph    HNSW, filter during the scan

The choice is ours and not PostgreSQL's: a prepared plan left to itself walks the graph and filters
afterwards, and finds less than one of ten neighbours at a selectivity of 0.5 %.

The costs are milliseconds on the reference machine (2 cores, 384 dimensions), and only their ratio counts:
exact distances 1 µs a row that the filter leaves, and 0.3 µs for each row that must be looked at when no
index names them; the graph 1 ms, and more over many rows (1.6 ms over 100,000), growing with the root of what
it must pass over (measured over 100,000 rows: 3.5 ms at 50 %, 8 ms at 5 %, 35 ms at 0.5 %).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vectors.limits import MAX_EF_SEARCH, MAX_HALF
from vectors.query.estimate import is_indexed, selectivity
from vectors.types import Segment
from vectors.where import Where

DEFAULT_EF_SEARCH = 100
# Defaults of the web's role (`cloud/preparation.py` sets them), so that the usual query has less to set. They
# travel with the role through connection pools and to Citus nodes.
ROLE_DEFAULTS = {
    "plan_cache_mode": "force_generic_plan",
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.ef_search": str(DEFAULT_EF_SEARCH),
}
# For a statement with a filter: planned anew each time, so that PostgreSQL sees its values and can match the
# indexes of a key. Goes with statements that are not kept.
PLAN_BY_VALUES = "plan_cache_mode = force_custom_plan"

_EXACT_MS_PER_ROW = 0.001
_SCAN_MS_PER_ROW = 0.0003
_MIN_GRAPH_MS = 1.0
_GRAPH_MS_OF_10_000_ROWS = 0.5
# The graph orders by halves (or bits), the answer by floats: a few more candidates make up for it.
_EXTRA_CANDIDATES = 10
_BIT_CANDIDATES_PER_RESULT = 10
LARGEST_HALF = MAX_HALF


@dataclass(frozen=True)
class QueryPlan:
    """How one query runs: which segments by graph (the others exactly), and how widely."""

    graph_segment_ids: frozenset[int]
    candidates_count: int
    ef_search: int

    @property
    def expected_candidates_count(self) -> int:
        """How many rows the graphs bring when enough rows match; fewer call for the exact plan."""
        return self.candidates_count * len(self.graph_segment_ids)


EXACT = QueryPlan(frozenset(), 0, 0)


def choose(
    segments: Sequence[Segment],
    where: Where | None,
    *,
    results_count: int,
    ef_search: int,
    is_unplaceable_query: bool,
) -> QueryPlan:
    """The plan of a query.

    is_unplaceable_query: no graph can place the query vector, so distances are computed exactly
    """
    graphs = [
        segment
        for segment in segments
        if not is_unplaceable_query and _prefers_graph(segment, where, results_count=results_count)
    ]
    if not graphs:
        return EXACT
    candidates_count = results_count + _EXTRA_CANDIDATES
    if any(segment.graph == "bit" for segment in graphs):
        candidates_count = results_count * _BIT_CANDIDATES_PER_RESULT
    candidates_count = min(candidates_count, MAX_EF_SEARCH)
    return QueryPlan(
        graph_segment_ids=frozenset(segment.segment_id for segment in graphs),
        candidates_count=candidates_count,
        ef_search=min(MAX_EF_SEARCH, max(ef_search, candidates_count)),
    )


def _prefers_graph(segment: Segment, where: Where | None, *, results_count: int) -> bool:
    if segment.graph is None or results_count + _EXTRA_CANDIDATES > MAX_EF_SEARCH:
        return False
    share = selectivity(where, segment.statistics, segment.rows)
    matching_rows = segment.rows * share
    if matching_rows < 2 * results_count + _EXTRA_CANDIDATES:
        return False
    looked_at_rows = 0 if where is None or is_indexed(where, segment.array_keys) else segment.rows
    exact_ms = matching_rows * _EXACT_MS_PER_ROW + looked_at_rows * _SCAN_MS_PER_ROW
    graph_ms = max(_MIN_GRAPH_MS, _GRAPH_MS_OF_10_000_ROWS * (segment.rows / 10_000) ** 0.5)
    graph_ms *= max(1.0, results_count / 100) / max(share, 1e-9) ** 0.5
    return bool(graph_ms < exact_ms)
