"""A search: records that pass a filter, ranked by an expression over nearest-neighbour searches, and grouped.

    SEARCH  where.parse, rank.parse → score.compile_rank → nearest.choose for each $knn           (pure)
            one statement per search, all in one round trip:
              WITH knn0, knn1, …  segments ∪ live log − tombstones
                 → ranked → grouped → page → documents, metadata, embeddings of the page
            project.columns                                                                        (pure)

As in a query, the statement says which manifest version it saw, and what a graph fell short of is asked again
exactly.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from vectors import indexes
from vectors.cells.parameters import vector
from vectors.cells.transaction import Pipeline, transaction
from vectors.distance import within_range
from vectors.errors import StaleManifest
from vectors.query import matching, nearest, parts, plan, project, rank, read, score
from vectors.query.execute import within_transaction
from vectors.query.nearest import Names
from vectors.query.plan import EXACT, QueryPlan
from vectors.query.rank import Knn, Rank
from vectors.query.score import Form, Group, Grouping, Score
from vectors.segments.manifest import ManifestCache
from vectors.sql import identifier, statement
from vectors.types import Float32Matrix, Include, Manifest, Rows
from vectors.where import Where

Answer = list[tuple[Any, ...]]
Plans = tuple[QueryPlan, ...]
# A longer statement is put together anew each time, so that clients cannot fill the memory.
_MAX_KEPT_CHARACTERS = 8_000
# Between the statements of one transaction: what the one before may have changed.
_DEFAULTS = (
    "enable_sort = on",
    f"plan_cache_mode = {plan.ROLE_DEFAULTS['plan_cache_mode']}",
    f"hnsw.ef_search = {plan.DEFAULT_EF_SEARCH}",
)


@dataclass(frozen=True)
class SearchRequest:
    """What to find, and what of it to return.

    rank:          None: default order
    metadata_keys: of metadata only these; None: all
    """

    where: Where | None
    rank: Rank | None
    group: Group | None
    offset_count: int
    limit_count: int
    include: Collection[Include]
    metadata_keys: tuple[str, ...] | None = None


@dataclass(frozen=True, eq=False)
class _Ranked:
    """A search with its expression compiled; without an expression, or one that ranks no record, None."""

    request: SearchRequest
    score: Score | None

    @property
    def searches(self) -> tuple[Knn, ...]:
        return self.score.searches if self.score else ()


def search(
    cache: ManifestCache,
    manifest: Manifest,
    requests: Sequence[SearchRequest],
    *,
    is_index_only: bool = False,
) -> list[Rows]:
    """The records of each search, by ascending score; `distances` of an answer are the scores.

    is_index_only: records that are in no segment yet do not count
    Shapes:  one Rows per request, each with at most limit_count records
    Units:   score as the expression gives it, NaN last; without one the place in the answer, from 0 on
    Ties:    default order
    Raises:  CollectionNotFound, DimensionMismatch, InvalidArgument
    Source:  contract, section 16
    """
    for request in requests:
        indexes.require(request.where, manifest.indexed)
        indexes.require_sparse(rank.sparse_keys(request.rank))
    return read.with_current(
        cache, manifest, lambda current: _run(current, requests, is_index_only=is_index_only)
    )


def _run(manifest: Manifest, requests: Sequence[SearchRequest], *, is_index_only: bool) -> list[Rows]:
    for request in requests:
        for knn in rank.knns(request.rank):
            nearest.check_dimension(manifest, len(knn.embedding), member="searches")
    if not any(matching.needs_matching(request.where) for request in requests):
        return _answer(manifest, requests, None, is_index_only=is_index_only)
    settings = [plan.PLAN_BY_VALUES, matching.FETCH_ALL]
    with transaction(manifest.tenant_id, settings, has_one_snapshot=True) as pipeline:
        resolved = [_resolve(pipeline, manifest, request) for request in requests]
        return _answer(manifest, resolved, pipeline, is_index_only=is_index_only)


def _resolve(pipeline: Pipeline, manifest: Manifest, request: SearchRequest) -> SearchRequest:
    if request.where is None or not matching.needs_matching(request.where):
        return request
    return replace(request, where=matching.resolve(pipeline, manifest, request.where, None))


def _answer(
    manifest: Manifest, requests: Sequence[SearchRequest], within: Pipeline | None, *, is_index_only: bool
) -> list[Rows]:
    """Plan, ask, and ask again what fell short; in the transaction `within`, or each time in its own."""
    asked = [_ranked(request) for request in requests]
    plans = [tuple(_choose(manifest, one.request.where, knn) for knn in one.searches) for one in asked]
    answers = _execute(manifest, asked, dict(enumerate(plans)), within, is_index_only=is_index_only)
    # Never fewer candidates than a search may have while they exist: what a graph did not find, a scan does.
    again = {
        place: exact
        for place, answer in answers.items()
        if (exact := _exact_where_short(plans[place], answer[0][3])) != plans[place]
    }
    if again:
        answers |= _execute(manifest, asked, again, within, is_index_only=is_index_only)
    return [
        project.columns(answers[place], one.request.include, id_place=4, distance_place=5)
        for place, one in enumerate(asked)
    ]


def _ranked(request: SearchRequest) -> _Ranked:
    if request.rank is None:
        return _Ranked(request, None)
    compiled = score.compile_rank(request.rank)
    if not compiled.searches:  # a constant ranks nothing
        return _Ranked(replace(request, limit_count=0), None)
    return _Ranked(request, compiled)


def _choose(manifest: Manifest, where: Where | None, knn: Knn) -> QueryPlan:
    if knn.limit == 0:
        return EXACT
    return nearest.choose(manifest, where, knn.embedding, results_count=knn.limit)


def _exact_where_short(plans: Plans, graph_counts: Sequence[int | None]) -> Plans:
    return tuple(
        EXACT if nearest.is_short(count, chosen) else chosen
        for chosen, count in zip(plans, graph_counts, strict=True)
    )


def _execute(
    manifest: Manifest,
    asked: Sequence[_Ranked],
    plans: dict[int, Plans],
    within: Pipeline | None,
    *,
    is_index_only: bool,
) -> dict[int, Answer]:
    """Rows of each search that has plans: version, bytes, dimension, graph counts, record_id, score, …"""
    settings = {
        place: nearest.settings(plans[place], has_filter=asked[place].request.where is not None)
        for place in plans
    }
    first = next(iter(plans), None)
    cursors = {}
    with within_transaction(manifest, settings[first] if first is not None else [], within) as pipeline:
        for place, chosen in plans.items():
            for setting in (*_DEFAULTS, *settings[place]) if place != first else ():
                pipeline.set_local(setting)
            text, values = _spelled(manifest, asked[place], chosen, is_index_only=is_index_only)
            is_kept = asked[place].request.where is None and len(text) <= 2 * _MAX_KEPT_CHARACTERS
            cursors[place] = pipeline.run(text, values, keep=is_kept)
    answers = {place: cursor.fetchall() for place, cursor in cursors.items()}
    for answer in answers.values():
        read.check_version(manifest, answer[0][0] if answer else None)
        if manifest.dimension is None and answer[0][2] is not None:
            raise StaleManifest  # read before the first write: what follows must know the dimension
    return answers


def _spelled(
    manifest: Manifest, asked: _Ranked, plans: Plans, *, is_index_only: bool
) -> tuple[str, dict[str, object]]:
    """The statement of one search, and the values of its parameters."""
    request = asked.request
    filters = parts.filters(manifest, request.where)
    if is_index_only:
        filters = replace(filters, log="AND false")
    values: dict[str, object] = {
        "collection_id": manifest.collection_id,
        "compacted_to": manifest.compacted_to,
        "offset": request.offset_count,
        "limit": request.limit_count,
        "reach": request.offset_count + request.limit_count,
        "selected_keys": list(request.metadata_keys or ()),
    } | filters.parameters
    include, has_keys = tuple(request.include), request.metadata_keys is not None
    if asked.score is None:
        return _unranked(manifest, filters, include, has_selected_keys=has_keys), values
    for place, (knn, chosen) in enumerate(zip(asked.searches, plans, strict=True)):
        values |= nearest.parameters(_vector(manifest, knn.embedding), knn.limit, chosen, place)
    values |= asked.score.parameters
    grouping = None
    if request.group is not None:
        grouping, group_values = score.grouping(request.group)
        values |= group_values
    form = asked.score.form
    spell = (
        _statement if len(filters.log) + len(form.text) <= _MAX_KEPT_CHARACTERS else _statement.__wrapped__
    )
    dimension = len(asked.searches[0].embedding)
    return spell(manifest, form, grouping, plans, filters.texts, dimension, include, has_keys), values


def _vector(manifest: Manifest, embedding: Float32Matrix) -> object:
    return vector(within_range(manifest.space, embedding[np.newaxis])[0])


def _unranked(
    manifest: Manifest, filters: parts.Filters, include: tuple[Include, ...], *, has_selected_keys: bool
) -> str:
    return statement(
        "search_unranked",
        cell=identifier(manifest.cell),
        parts=parts.matching(manifest, filters),
        **parts.hydrate(manifest, include, has_selected_keys=has_selected_keys),
    )


@lru_cache(maxsize=1024)
def _statement(
    manifest: Manifest,
    form: Form,
    grouping: Grouping | None,
    plans: Plans,
    and_filters: tuple[str, ...],
    dimension: int,
    include: tuple[Include, ...],
    has_selected_keys: bool,  # noqa: FBT001 (a cache compares by position)
) -> str:
    searches = [
        statement(
            "knn",
            search=f"knn{place}",
            candidates=nearest.candidates(manifest, dimension, chosen, and_filters, Names.of(place)),
            limit=Names.of(place).limit,
        )
        for place, chosen in enumerate(plans)
    ]
    grouped, page_of = "", "ranked"
    if grouping is not None:
        hydrate = parts.fetch(manifest, "r.metadata")
        grouped = statement("grouped", keys=grouping.keys, order=grouping.order, hydrate=hydrate)
        page_of = statement("page_of_groups")
    return statement(
        "search",
        cell=identifier(manifest.cell),
        searches=", ".join(searches),
        score=form.text,
        grouped=grouped,
        page_of=page_of,
        graph_counts=", ".join(statement("graph_count", search=f"knn{place}") for place in range(len(plans))),
        **score.members(form),
        **parts.hydrate(manifest, include, has_selected_keys=has_selected_keys),
    )
