"""A query: the nearest records to each query vector.

    QUERY   where.parse → plan.choose → filter.to_sql                              (pure)
            one statement per vector, in one round trip: segments ∪ live log − tombstones
            project.columns                                                        (pure)

The statement says which manifest version it saw; an older manifest is read anew and the query run again, so
every acknowledged write is in every answer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import psycopg

from tenants.errors import InvalidArgument
from vectors import indexes
from vectors.cells.parameters import vector
from vectors.cells.transaction import Pipeline, transaction
from vectors.distance import SPACES, graph_expression, graph_operator, within_range
from vectors.errors import DimensionMismatch, StaleManifest
from vectors.limits import MAX_DIMENSION
from vectors.query import matching, parts, plan, project, read
from vectors.query.plan import EXACT, QueryPlan
from vectors.segments.manifest import ManifestCache
from vectors.sql import identifier, statement
from vectors.types import Float32Matrix, Include, Manifest, Rows, Segment
from vectors.where import Where

_QUERY_VECTOR = "%(vector)s::vector"
# A longer filter's statement is put together anew each time, so that clients cannot fill the memory.
_MAX_KEPT_FILTER_CHARACTERS = 2_000


@dataclass(frozen=True)
class QueryRequest:
    """What to find.

    Shapes:  embeddings (number of queries, d)
    ids:     the only candidates, or None for all
    """

    embeddings: Float32Matrix
    results_count: int
    where: Where | None
    ids: Sequence[str] | None
    include: Collection[Include]


def query(cache: ManifestCache, manifest: Manifest, request: QueryRequest) -> list[Rows]:
    """The nearest records to each query vector, nearest first.

    Shapes:  one Rows per query embedding, each with results_count records, or all that match
    Units:   distance as the wire reports it (l2 is squared, cosine is 1 − similarity)
    Ties:    default order, so that a repeated query repeats its answer
    Raises:  CollectionNotFound, DimensionMismatch, InvalidArgument
    Source:  contract, section 13.3
    """
    indexes.require(request.where, manifest.indexed)
    scaled = replace(request, embeddings=within_range(manifest.space, request.embeddings))
    return read.with_current(cache, manifest, lambda current: _run(current, scaled))


def _run(manifest: Manifest, request: QueryRequest) -> list[Rows]:
    dimension = request.embeddings.shape[1]
    if manifest.dimension is not None and dimension != manifest.dimension:
        raise DimensionMismatch(manifest.dimension, dimension)
    if dimension > MAX_DIMENSION:  # before the first write there is nothing to compare with
        raise InvalidArgument(
            f"Validation error: query_embeddings: an embedding has at most {MAX_DIMENSION} dimensions, "
            f"got {dimension}",
        )
    if request.where is None or not matching.needs_matching(request.where):
        return _answer(manifest, request, None)
    settings = [plan.PLAN_BY_VALUES, matching.FETCH_ALL]
    with transaction(manifest.tenant_id, settings, has_one_snapshot=True) as pipeline:
        where = matching.resolve(pipeline, manifest, request.where, request.ids)
        return _answer(manifest, replace(request, where=where), pipeline)


def _answer(manifest: Manifest, request: QueryRequest, within: Pipeline | None) -> list[Rows]:
    """Plan, ask, and ask again what fell short; in the transaction `within`, or each time in its own."""
    plans = [_plan(manifest, request, embedding) for embedding in request.embeddings]
    answers = _execute(manifest, request, plans, within)
    short = [place for place, answer in enumerate(answers) if _is_short(answer, plans[place])]
    if short:
        # Never fewer than k while k exist: what a graph did not find, a scan does.
        exact = [EXACT if place in short else None for place in range(len(plans))]
        again = _execute(manifest, request, exact, within)
        for place, answer in zip(short, again, strict=True):
            answers[place] = answer
    return [project.columns(answer, request.include, id_place=4, distance_place=5) for answer in answers]


def _plan(manifest: Manifest, request: QueryRequest, embedding: Float32Matrix) -> QueryPlan:
    if request.ids is not None or not manifest.segments:
        return EXACT
    norm = float(np.abs(embedding).max(initial=0.0))
    halves = any(segment.graph == "halfvec" for segment in manifest.segments)
    return plan.choose(
        manifest.segments,
        request.where,
        results_count=request.results_count,
        ef_search=manifest.ef_search,
        is_unplaceable_query=_is_unplaceable(manifest, norm, has_halves=halves),
    )


def _is_unplaceable(manifest: Manifest, largest_component: float, *, has_halves: bool) -> bool:
    """Whether a graph cannot place the query: no direction under cosine, or past what a half can hold."""
    if manifest.space == "cosine":
        return largest_component == 0.0
    return has_halves and largest_component > plan.LARGEST_HALF


def _is_short(answer: list[tuple[Any, ...]], chosen: QueryPlan) -> bool:
    return bool(chosen.graph_segment_ids) and (answer[0][3] or 0) < chosen.expected_candidates_count


def _execute(
    manifest: Manifest,
    request: QueryRequest,
    plans: Sequence[QueryPlan | None],
    within: Pipeline | None,
) -> list[list[tuple[Any, ...]]]:
    """Rows of each query that has a plan: version, logical_bytes, dimension, graph_count, record_id, …"""
    dimension = request.embeddings.shape[1]
    asked = parts.filters(manifest, request.where, request.ids)
    settings = _settings(plans, has_filter=bool(asked.log))
    values: dict[str, object] = {
        "collection_id": manifest.collection_id,
        "compacted_to": manifest.compacted_to,
        "k": request.results_count,
    } | asked.parameters
    is_short = len(asked.log) <= _MAX_KEPT_FILTER_CHARACTERS
    spell = _statement if is_short else _statement.__wrapped__
    cursors: list[psycopg.Cursor[tuple[Any, ...]]] = []
    with _transaction(manifest, settings, within) as pipeline:
        for embedding, chosen in zip(request.embeddings, plans, strict=True):
            if chosen is not None:
                text = spell(manifest, tuple(request.include), dimension, chosen, asked.texts)
                own = {"vector": vector(embedding), "candidates": chosen.candidates_count}
                cursors.append(pipeline.run(text, values | own, keep=not asked.log))
    answers = [cursor.fetchall() for cursor in cursors]
    for answer in answers:
        read.check_version(manifest, answer[0][0] if answer else None)
        if manifest.dimension is None and answer[0][2] is not None:
            raise StaleManifest  # read before the first write: what follows must know the dimension
    return answers


@contextmanager
def _transaction(manifest: Manifest, settings: Sequence[str], within: Pipeline | None) -> Iterator[Pipeline]:
    """A transaction with these settings: its own, or the one that is open."""
    if within is None:
        with transaction(manifest.tenant_id, settings) as pipeline:
            yield pipeline
        return
    within.set_local("enable_sort = on")  # what an earlier statement may have switched off
    for setting in settings:
        within.set_local(setting)
    yield within


def _settings(plans: Sequence[QueryPlan | None], *, has_filter: bool) -> list[str]:
    """What is set beside the role's defaults, so that PostgreSQL runs the plan that was chosen."""
    ef_search = max((chosen.ef_search for chosen in plans if chosen), default=0)
    settings = [plan.PLAN_BY_VALUES] if has_filter else []
    if ef_search:
        # Every other way to the graph's candidates must sort, so the graph is taken.
        settings.append("enable_sort = off")
        if ef_search != plan.DEFAULT_EF_SEARCH:
            settings.append(f"hnsw.ef_search = {ef_search}")
    return settings


@lru_cache(maxsize=1024)
def _statement(
    manifest: Manifest,
    include: tuple[Include, ...],
    dimension: int,
    chosen: QueryPlan,
    and_filters: tuple[str, ...],
) -> str:
    distance = SPACES[manifest.space].distance.format(a="r.embedding", b=_QUERY_VECTOR)
    candidates = [
        statement("nearest_exactly", distance=distance, **parts.live_log(manifest, and_filters[0])),
    ]
    for segment, and_filter in zip(manifest.segments, and_filters[1:], strict=True):
        live = parts.live_segment(manifest, segment, and_filter)
        if segment.segment_id not in chosen.graph_segment_ids:
            candidates.append(statement("nearest_exactly", distance=distance, **live))
            continue
        order = _index_distance(manifest, segment, dimension)
        candidates.append(
            statement("nearest_by_graph", distance=distance, index_distance=order, **live),
        )
        if segment.zero_rows and manifest.space == "cosine":
            # A zero vector has no direction and so is in no cosine graph; its distance is 1.
            zeroes = parts.live_segment(manifest, segment, f"{and_filter} AND vector_norm(r.embedding) = 0")
            candidates.append(statement("nearest_exactly", distance=distance, **zeroes))
    return statement(
        "query",
        cell=identifier(manifest.cell),
        candidates="\nUNION ALL\n".join(candidates),
        **parts.hydrate(manifest, include),
    )


def _index_distance(manifest: Manifest, segment: Segment, dimension: int) -> str:
    graph = segment.graph or "vector"
    own = graph_expression(manifest.space, graph, "r.embedding", dimension)
    wanted = graph_expression(manifest.space, graph, _QUERY_VECTOR, dimension)
    return f"{own} {graph_operator(manifest.space, graph)} {wanted}"
