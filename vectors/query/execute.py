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

import psycopg

from vectors import indexes
from vectors.cells.parameters import vector
from vectors.cells.transaction import Pipeline, transaction
from vectors.distance import within_range
from vectors.errors import StaleManifest
from vectors.query import matching, nearest, parts, plan, project, read
from vectors.query.plan import EXACT, QueryPlan
from vectors.segments.manifest import ManifestCache
from vectors.sql import identifier, statement
from vectors.types import Float32Matrix, Include, Manifest, Rows
from vectors.where import Where

_NAMES = nearest.Names.of()


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
    nearest.check_dimension(manifest, request.embeddings.shape[1], member="query_embeddings")
    if request.where is None or not matching.needs_matching(request.where):
        return _answer(manifest, request, None)
    settings = [plan.PLAN_BY_VALUES, matching.FETCH_ALL]
    with transaction(manifest.tenant_id, settings, has_one_snapshot=True) as pipeline:
        where = matching.resolve(pipeline, manifest, request.where, request.ids)
        return _answer(manifest, replace(request, where=where), pipeline)


def _answer(manifest: Manifest, request: QueryRequest, within: Pipeline | None) -> list[Rows]:
    """Plan, ask, and ask again what fell short; in the transaction `within`, or each time in its own."""
    plans = [
        nearest.choose(
            manifest,
            request.where,
            embedding,
            results_count=request.results_count,
            has_ids=request.ids is not None,
        )
        for embedding in request.embeddings
    ]
    answers = _execute(manifest, request, plans, within)
    short = [place for place, rows in enumerate(answers) if nearest.is_short(rows[0][3], plans[place])]
    if short:
        # Never fewer than k while k exist: what a graph did not find, a scan does.
        exact = [EXACT if place in short else None for place in range(len(plans))]
        again = _execute(manifest, request, exact, within)
        for place, answer in zip(short, again, strict=True):
            answers[place] = answer
    return [project.columns(answer, request.include, id_place=4, distance_place=5) for answer in answers]


def _execute(
    manifest: Manifest,
    request: QueryRequest,
    plans: Sequence[QueryPlan | None],
    within: Pipeline | None,
) -> list[list[tuple[Any, ...]]]:
    """Rows of each query that has a plan: version, logical_bytes, dimension, graph_count, record_id, …"""
    dimension = request.embeddings.shape[1]
    asked = parts.filters(manifest, request.where, request.ids)
    settings = nearest.settings(plans, has_filter=bool(asked.log))
    values: dict[str, object] = {
        "collection_id": manifest.collection_id,
        "compacted_to": manifest.compacted_to,
    } | asked.parameters
    is_short = len(asked.log) <= nearest.MAX_KEPT_CHARACTERS
    spell = _statement if is_short else _statement.__wrapped__
    cursors: list[psycopg.Cursor[tuple[Any, ...]]] = []
    with within_transaction(manifest, settings, within) as pipeline:
        for embedding, chosen in zip(request.embeddings, plans, strict=True):
            if chosen is not None:
                text = spell(manifest, tuple(request.include), dimension, chosen, asked.texts)
                own = nearest.parameters(vector(embedding), request.results_count, chosen)
                cursors.append(pipeline.run(text, values | own, keep=not asked.log))
    answers = [cursor.fetchall() for cursor in cursors]
    for answer in answers:
        read.check_version(manifest, answer[0][0] if answer else None)
        if manifest.dimension is None and answer[0][2] is not None:
            raise StaleManifest  # read before the first write: what follows must know the dimension
    return answers


@contextmanager
def within_transaction(
    manifest: Manifest, settings: Sequence[str], within: Pipeline | None
) -> Iterator[Pipeline]:
    """A transaction with these settings: its own, or the one that is open."""
    if within is None:
        with transaction(manifest.tenant_id, settings) as pipeline:
            yield pipeline
        return
    within.set_local("enable_sort = on")  # what an earlier statement may have switched off
    for setting in settings:
        within.set_local(setting)
    yield within


@lru_cache(maxsize=1024)
def _statement(
    manifest: Manifest,
    include: tuple[Include, ...],
    dimension: int,
    chosen: QueryPlan,
    and_filters: tuple[str, ...],
) -> str:
    return statement(
        "query",
        cell=identifier(manifest.cell),
        candidates=nearest.candidates(manifest, dimension, chosen, and_filters, _NAMES),
        **parts.hydrate(manifest, include),
    )
