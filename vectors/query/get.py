"""Records by id and filter, in default order; and how many there are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from vectors import indexes
from vectors.cells.transaction import Pipeline, Row, transaction
from vectors.errors import CollectionNotFound
from vectors.query import matching, parts, project, read
from vectors.query.plan import PLAN_BY_VALUES
from vectors.segments.manifest import ManifestCache
from vectors.sql import identifier, in_cell, statement
from vectors.types import Include, Manifest, Rows
from vectors.where import Where


@dataclass(frozen=True)
class GetRequest:
    """Which records: ids and filter together, then offset, then limit; None means no bound."""

    ids: Sequence[str] | None
    where: Where | None
    limit_count: int | None
    offset_count: int
    include: Collection[Include]


def get(cache: ManifestCache, manifest: Manifest, request: GetRequest) -> Rows:
    """The records, in order of insertion whatever the order of the ids.

    Raises:  CollectionNotFound, InvalidArgument for a filter that the schema has no index for
    Source:  contract, section 13.1
    """
    indexes.require(request.where, manifest.indexed)
    return read.with_current(cache, manifest, lambda current: _run(current, request))


def _run(manifest: Manifest, request: GetRequest) -> Rows:
    if request.where is None or not matching.needs_matching(request.where):
        settings = [] if request.where is None else [PLAN_BY_VALUES]
        with transaction(manifest.tenant_id, settings) as pipeline:
            cursor = _ask(pipeline, manifest, request)
    else:
        settings = [PLAN_BY_VALUES, matching.FETCH_ALL]
        with transaction(manifest.tenant_id, settings, has_one_snapshot=True) as pipeline:
            where = matching.resolve(pipeline, manifest, request.where, request.ids)
            cursor = _ask(pipeline, manifest, replace(request, where=where))
    rows = cursor.fetchall()
    read.check_version(manifest, rows[0][0] if rows else None)
    return project.columns(rows, request.include, id_place=2)


def _ask(pipeline: Pipeline, manifest: Manifest, request: GetRequest) -> psycopg.Cursor[Row]:
    asked = parts.filters(manifest, request.where, request.ids)
    text = statement(
        "get",
        cell=identifier(manifest.cell),
        parts=parts.matching(manifest, asked),
        **parts.hydrate(manifest, request.include),
    )
    values: dict[str, object] = {
        "collection_id": manifest.collection_id,
        "compacted_to": manifest.compacted_to,
        "offset": request.offset_count,
        "reach": None if request.limit_count is None else request.offset_count + request.limit_count,
        "limit": request.limit_count,
    } | asked.parameters
    return pipeline.run(text, values, keep=request.where is None)


def count(manifest: Manifest, *, is_index_only: bool = False) -> int:
    """How many records the collection has; with is_index_only, how many of them are in segments.

    Raises:  CollectionNotFound
    Source:  contract, section 19
    """
    return int(_state(manifest, "count_indexed" if is_index_only else "count_records")[0])


def count_matching(
    cache: ManifestCache, manifest: Manifest, where: Where, *, is_index_only: bool = False
) -> int:
    """How many records pass a filter of metadata; with is_index_only, how many of them are in segments.

    Raises:  CollectionNotFound, InvalidArgument for a filter that the schema has no index for
    """
    indexes.require(where, manifest.indexed)

    def run(current: Manifest) -> int:
        if is_index_only and not current.segments:
            return 0
        asked = parts.filters(current, where)
        counted = parts.matching(current, asked, "count_part", has_log=not is_index_only)
        text = statement("count_matching", cell=identifier(current.cell), parts=counted)
        values = {
            "collection_id": current.collection_id,
            "compacted_to": current.compacted_to,
        } | asked.parameters
        with transaction(current.tenant_id, [PLAN_BY_VALUES]) as pipeline:
            cursor = pipeline.run(text, values, keep=False)
        row = cursor.fetchone()
        read.check_version(current, None if row is None else row[0])
        return 0 if row is None else int(row[1])

    return read.with_current(cache, manifest, run)


def indexing(manifest: Manifest) -> tuple[int, int]:
    """How many operations there were, and how many of them the index has.

    Raises:  CollectionNotFound
    """
    total, indexed = _state(manifest, "indexing_status")
    return int(total), int(indexed)


def _state(manifest: Manifest, name: str) -> tuple[Any, ...]:
    """The row of a statement that looks at the collection's state alone."""
    with transaction(manifest.tenant_id) as pipeline:
        cursor = pipeline.run(in_cell(name, manifest.cell), {"collection_id": manifest.collection_id})
    row = cursor.fetchone()
    if row is None:
        raise CollectionNotFound.by_id(manifest.collection_id)
    return row
