"""The candidates of one nearest-neighbour search: plan, settings, and the rows of each source. [pure]

Shared by a query and by each `$knn` of a search. Each source brings its own nearest rows; the statement
around them takes the nearest of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from tenants.errors import InvalidArgument
from vectors.distance import SPACES, graph_expression, graph_operator
from vectors.errors import DimensionMismatch
from vectors.limits import MAX_DIMENSION
from vectors.query import parts, plan
from vectors.query.plan import EXACT, QueryPlan
from vectors.sql import statement
from vectors.types import Float32Matrix, Manifest, Segment
from vectors.where import Where

# A longer filter's statement is put together anew each time, so that clients cannot fill the memory.
MAX_KEPT_CHARACTERS = 2_000


@dataclass(frozen=True)
class Names:
    """What a statement calls the parameters of one search: its vector, its k, its candidates by graph."""

    vector: str
    limit: str
    graph_limit: str

    @classmethod
    def of(cls, suffix: object = "") -> Names:
        """The names with this suffix; `parameters` gives their values."""
        return cls(f"%(vector{suffix})s::vector", f"%(k{suffix})s", f"%(candidates{suffix})s")


def parameters(vector: object, k: int, chosen: QueryPlan, suffix: object = "") -> dict[str, object]:
    """The values of `Names.of` with the same suffix."""
    return {f"vector{suffix}": vector, f"k{suffix}": k, f"candidates{suffix}": chosen.candidates_count}


def check_dimension(manifest: Manifest, dimension: int, *, member: str) -> None:
    """Refuse a query vector that cannot be compared with the collection's.

    member:  how the wire calls the query
    Raises:  DimensionMismatch, InvalidArgument
    """
    if manifest.dimension is not None and dimension != manifest.dimension:
        raise DimensionMismatch(manifest.dimension, dimension)
    if dimension > MAX_DIMENSION:  # before the first write there is nothing to compare with
        raise InvalidArgument(
            f"Validation error: {member}: an embedding has at most {MAX_DIMENSION} dimensions, "
            f"got {dimension}",
        )


def choose(
    manifest: Manifest,
    where: Where | None,
    embedding: Float32Matrix,
    *,
    results_count: int,
    has_ids: bool = False,
) -> QueryPlan:
    """How the nearest records to one vector (d,) are found.

    has_ids: only some ids are candidates, which their index names
    """
    if has_ids or not manifest.segments:
        return EXACT
    largest = float(np.abs(embedding).max(initial=0.0))
    halves = any(segment.graph == "halfvec" for segment in manifest.segments)
    return plan.choose(
        manifest.segments,
        where,
        results_count=results_count,
        ef_search=manifest.ef_search,
        is_unplaceable_query=_is_unplaceable(manifest, largest, has_halves=halves),
    )


def _is_unplaceable(manifest: Manifest, largest_component: float, *, has_halves: bool) -> bool:
    """Whether a graph cannot place the query: no direction under cosine, or past what a half can hold."""
    if manifest.space == "cosine":
        return largest_component == 0.0
    return has_halves and largest_component > plan.LARGEST_HALF


def is_short(graph_count: int | None, chosen: QueryPlan) -> bool:
    """Whether the graphs brought fewer rows than they would if enough matched: then a scan must look."""
    return bool(chosen.graph_segment_ids) and (graph_count or 0) < chosen.expected_candidates_count


def settings(plans: Iterable[QueryPlan | None], *, has_filter: bool) -> list[str]:
    """What is set beside the role's defaults, so that PostgreSQL runs the plan that was chosen."""
    ef_search = max((chosen.ef_search for chosen in plans if chosen), default=0)
    chosen_settings = [plan.PLAN_BY_VALUES] if has_filter else []
    if ef_search:
        # Every other way to the graph's candidates must sort, so the graph is taken.
        chosen_settings.append("enable_sort = off")
        if ef_search != plan.DEFAULT_EF_SEARCH:
            chosen_settings.append(f"hnsw.ef_search = {ef_search}")
    return chosen_settings


def candidates(
    manifest: Manifest,
    dimension: int,
    chosen: QueryPlan,
    and_filters: Sequence[str],
    names: Names,
) -> str:
    """The nearest rows of each source, as one relation.

    and_filters: `parts.Filters.texts`
    """
    distance = SPACES[manifest.space].distance.format(a="r.embedding", b=names.vector)
    exact = {"distance": distance, "limit": names.limit}
    found = [statement("nearest_exactly", **exact, **parts.live_log(manifest, and_filters[0]))]
    for segment, and_filter in zip(manifest.segments, and_filters[1:], strict=True):
        live = parts.live_segment(manifest, segment, and_filter)
        if segment.segment_id not in chosen.graph_segment_ids:
            found.append(statement("nearest_exactly", **exact, **live))
            continue
        order = _index_distance(manifest, segment, dimension, names.vector)
        found.append(
            statement(
                "nearest_by_graph", distance=distance, limit=names.graph_limit, index_distance=order, **live
            ),
        )
        if segment.zero_rows and manifest.space == "cosine":
            # A zero vector has no direction and so is in no cosine graph; its distance is 1.
            zeroes = parts.live_segment(manifest, segment, f"{and_filter} AND vector_norm(r.embedding) = 0")
            found.append(statement("nearest_exactly", **exact, **zeroes))
    return "\nUNION ALL\n".join(found)


def _index_distance(manifest: Manifest, segment: Segment, dimension: int, vector: str) -> str:
    graph = segment.graph or "vector"
    own = graph_expression(manifest.space, graph, "r.embedding", dimension)
    wanted = graph_expression(manifest.space, graph, vector, dimension)
    return f"{own} {graph_operator(manifest.space, graph)} {wanted}"
