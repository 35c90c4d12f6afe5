"""Records a page at a time, for people who look through a collection: keyset paging, beginnings of documents.

    place of the last row shown ──▶ index on the order, from there on ──▶ as many rows as a page has

No page is further away than another: nothing is counted off, so page 10,000 costs what page 1 does. The order
is that of insertion, or, where ids are looked for by their beginning, that of the ids: then the matching rows
lie side by side in the index on them. The live log has no index on its order; it is short by policy.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import psycopg

from vectors import indexes
from vectors.cells.transaction import Pipeline, Row, transaction
from vectors.prefilter import candidates
from vectors.query import execute, matching, parts, read
from vectors.query.estimate import is_indexed, selectivity
from vectors.query.execute import QueryRequest
from vectors.query.get import GetRequest
from vectors.query.get import get as get_records
from vectors.query.plan import PLAN_BY_VALUES
from vectors.segments.manifest import ManifestCache
from vectors.sql import identifier, statement
from vectors.types import BrowsedRecord, Include, Manifest
from vectors.where import Where

_BEGINNING_CHARACTERS = 400
# A filter that no index answers is asked of so many records at a time, for so long: a page costs the same
# whether the next match is near or a million records away.
STRIDE_ORDINALS = 25_000
LOOKING_SECONDS = 0.07
# So few matching rows are fetched by an index and sorted sooner than rows are passed over.
FEW_ROWS = 20_000
# The same for a filter with a regular expression, which is asked of documents outside of the database.
MATCHED_STRIDE_ORDINALS = 2_500
FEW_MATCHED_ROWS = 2_500
_LAST_CHARACTER = "\U0010ffff"
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True)
class BrowseRequest:
    """Which records, and which page of them; None means no bound.

    id_prefix:      how the ids begin; given, the order is that of the ids by code point
    after, before:  the place of the row that the page lies behind or before, at most one of them: its
                    ordinal, or in the order of the ids its id
    up_to:          a place in the log: what was written or changed behind it is left out
    """

    limit_count: int
    where: Where | None = None
    ids: Sequence[str] | None = None
    id_prefix: str = ""
    after: int | str | None = None
    before: int | str | None = None
    up_to: int | None = None

    @property
    def order(self) -> str:
        """The column that says it."""
        return "record_id" if self.id_prefix else "ordinal"


@dataclass(frozen=True)
class BrowsedPage:
    """Some records in their order, and whether there are more of them on either side.

    looked_to:  the ordinal up to which was looked when time was up; None: as far as the page asks. Whoever
                goes on looks behind it, or before it
    """

    records: Sequence[BrowsedRecord]
    has_previous: bool
    has_next: bool
    looked_to: int | None = None


def browse(cache: ManifestCache, manifest: Manifest, request: BrowseRequest) -> BrowsedPage:
    """A page of the records.

    Raises:  CollectionNotFound, Unavailable, InvalidArgument for a filter that the schema has no index for
    """
    indexes.require(request.where, manifest.indexed)
    return read.with_current(cache, manifest, lambda current: _page(current, request))


def _page(manifest: Manifest, request: BrowseRequest) -> BrowsedPage:
    one_more = replace(request, limit_count=request.limit_count + 1)
    looked_to = None
    if may_wander(manifest, request):
        found, looked_to = _look(manifest, one_more)
    else:
        found, _ = _run(manifest, one_more)
    has_more = len(found) > request.limit_count or looked_to is not None
    rows = found[: request.limit_count]
    if request.before is not None:
        # Whoever asks for what lies before a row has seen that row.
        return BrowsedPage(rows[::-1], has_previous=has_more, has_next=True, looked_to=looked_to)
    return BrowsedPage(rows, request.after is not None, has_next=has_more, looked_to=looked_to)


def may_wander(manifest: Manifest, request: BrowseRequest) -> bool:
    """Whether many rows may have to be passed over before the next one that matches. [pure]

    Not where ids say which rows, nor where an index names the few that match, or may match.
    """
    if request.where is None or request.ids is not None or request.id_prefix:
        return False
    is_matched = matching.needs_matching(request.where)
    where = candidates(request.where) if is_matched else request.where
    few = FEW_MATCHED_ROWS if is_matched else FEW_ROWS
    return any(
        segment.rows > _stride(request)
        and not (
            is_indexed(where, segment.array_keys)
            and selectivity(where, segment.statistics, segment.rows) * segment.rows < few
        )
        for segment in manifest.segments
    )


def _stride(request: BrowseRequest) -> int:
    return MATCHED_STRIDE_ORDINALS if matching.needs_matching(request.where) else STRIDE_ORDINALS


def _look(manifest: Manifest, request: BrowseRequest) -> tuple[list[BrowsedRecord], int | None]:
    """The same as `_run`, a stretch of the order at a time; and how far that came when time was up."""
    found: list[BrowsedRecord] = []
    until, stride = time.monotonic() + LOOKING_SECONDS, _stride(request)
    is_backwards = request.before is not None
    place = int(request.before or 0) if is_backwards else int(-1 if request.after is None else request.after)
    while True:
        wanted = replace(request, limit_count=request.limit_count - len(found))
        if is_backwards:
            end = place - stride
            rows, _ = _run(manifest, replace(wanted, before=place), reach=(">=", end))
            is_over = end <= 0
        else:
            end = place + stride
            rows, next_ordinal = _run(manifest, replace(wanted, after=place), reach=("<=", end))
            is_over = end >= next_ordinal
        found += rows
        if is_over or len(found) >= request.limit_count:
            return found, None
        place = end
        if time.monotonic() >= until:
            return found, place


def _run(
    manifest: Manifest, request: BrowseRequest, *, reach: tuple[str, int] | None = None
) -> tuple[list[BrowsedRecord], int]:
    """The rows nearest to the place, nearest first, and the ordinal that the next new record will have.

    reach:  a comparison of the ordinal, and with what: how far to look
    """
    settings = [PLAN_BY_VALUES]
    if request.where is None or not matching.needs_matching(request.where):
        with transaction(manifest.tenant_id, settings) as pipeline:
            cursor = _ask(pipeline, manifest, request, reach)
    else:
        settings.append(matching.FETCH_ALL)
        with transaction(manifest.tenant_id, settings, has_one_snapshot=True) as pipeline:
            where = matching.resolve(
                pipeline, manifest, request.where, request.ids, lambda asked: narrowed(asked, request, reach)
            )
            cursor = _ask(pipeline, manifest, replace(request, where=where), reach)
    rows = cursor.fetchall()
    read.check_version(manifest, rows[0][0] if rows else None)
    return [_record(row) for row in rows if row[2] is not None], int(rows[0][1])


def _record(row: tuple[Any, ...]) -> BrowsedRecord:
    _, _, record_id, ordinal, document, characters, uri, metadata_json = row
    return BrowsedRecord(record_id, ordinal, document, characters or 0, uri, metadata_json)


def _ask(
    pipeline: Pipeline, manifest: Manifest, request: BrowseRequest, reach: tuple[str, int] | None
) -> psycopg.Cursor[Row]:
    by, is_backwards = request.order, request.before is not None
    asked = narrowed(parts.filters(manifest, request.where, request.ids), request, reach)
    direction = "DESC" if is_backwards else "ASC"
    columns = [
        (f"left(r.document, {_BEGINNING_CHARACTERS}) AS document", "document"),
        ("char_length(r.document) AS document_characters", "document_characters"),
        ("r.uri", "uri"),
        ("r.metadata::text AS metadata", "metadata"),
    ]
    text = statement(
        "browse",
        cell=identifier(manifest.cell),
        by=by,
        direction=direction,
        parts=parts.matching(manifest, asked, "browse_part", by=by, direction=direction),
        **parts.hydrate_columns(manifest, columns),
    )
    values: dict[str, object] = {
        "collection_id": manifest.collection_id,
        "compacted_to": manifest.compacted_to,
        "limit": request.limit_count,
    } | asked.parameters
    return pipeline.run(text, values, keep=False)


def narrowed(
    asked: parts.Filters, request: BrowseRequest, reach: tuple[str, int] | None = None
) -> parts.Filters:
    """The filters with the page's place, how far to look from there, and the ids' beginning. [pure]"""
    if reach is not None:
        asked = asked.narrowed(f"r.ordinal {reach[0]} %(reach)s::bigint", {"reach": reach[1]})
    place = request.after if request.before is None else request.before
    if place is not None:
        sign = ">" if request.before is None else "<"
        sql_type = "text" if request.order == "record_id" else "bigint"
        asked = asked.narrowed(f"r.{request.order} {sign} %(place)s::{sql_type}", {"place": place})
    if request.up_to is not None:
        asked = asked.narrowed("r.log_offset <= %(up_to)s::bigint", {"up_to": request.up_to})
    if request.id_prefix:
        asked = asked.narrowed("r.record_id >= %(id_from)s::text", {"id_from": request.id_prefix})
        end = end_of_prefix(request.id_prefix)
        if end is not None:
            asked = asked.narrowed("r.record_id < %(id_to)s::text", {"id_to": end})
    return asked


def end_of_prefix(prefix: str) -> str | None:
    """The first text behind all that begin so, by code point; None when nothing is. [pure]"""
    kept = prefix.rstrip(_LAST_CHARACTER)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    if following in _SURROGATES:
        following = _SURROGATES.stop
    return kept[:-1] + chr(following)


@dataclass(frozen=True)
class WholeRecord:
    """Everything of one record.

    Shapes:  embedding (d,)
    """

    record_id: str
    document: str | None
    uri: str | None
    metadata_json: str | None
    embedding: Any


def whole(cache: ManifestCache, manifest: Manifest, record_id: str) -> WholeRecord | None:
    """One record; None when there is none with this id.

    Raises:  CollectionNotFound, Unavailable
    """
    include = (Include.DOCUMENTS, Include.METADATAS, Include.URIS, Include.EMBEDDINGS)
    wanted = GetRequest(ids=[record_id], where=None, limit_count=1, offset_count=0, include=include)
    rows = get_records(cache, manifest, wanted)
    if not rows.ids:
        return None
    return WholeRecord(
        record_id=rows.ids[0],
        document=(rows.documents or [None])[0],
        uri=(rows.uris or [None])[0],
        metadata_json=(rows.metadatas or [None])[0],
        embedding=None if rows.embeddings is None else rows.embeddings[0],
    )


def similar(
    cache: ManifestCache, manifest: Manifest, record: WholeRecord, *, where: Where | None, limit_count: int
) -> list[BrowsedRecord]:
    """The records nearest to one, which is not among them; nearest first, with their distances.

    A record that changes between the two reads this takes may be left out.

    Raises:  CollectionNotFound, Unavailable, InvalidArgument for a filter that the schema has no index for
    """
    wanted = QueryRequest(
        embeddings=np.asarray([record.embedding], dtype=np.float32),
        results_count=limit_count + 1,
        where=where,
        ids=None,
        include=(Include.DISTANCES,),
    )
    (nearest,) = execute.query(cache, manifest, wanted)
    distances = [] if nearest.distances is None else nearest.distances.tolist()
    pairs = [
        (found, distance)
        for found, distance in zip(nearest.ids, distances, strict=True)
        if found != record.record_id
    ][:limit_count]
    asked = BrowseRequest(limit_count=len(pairs), ids=[found for found, _ in pairs])
    by_id = {one.record_id: one for one in browse(cache, manifest, asked).records} if pairs else {}
    return [replace(by_id[found], distance=distance) for found, distance in pairs if found in by_id]


@dataclass(frozen=True)
class Matching:
    """How many records matched, and up to which place in the log that holds.

    is_more:  there are more than were counted
    """

    records_count: int
    log_offset: int
    is_more: bool


def count_up_to(cache: ManifestCache, manifest: Manifest, request: BrowseRequest, *, most: int) -> Matching:
    """How many records match, all pages together, counted to `most`; without any condition, all of them.

    Raises:  CollectionNotFound, Unavailable, InvalidArgument for a filter that the schema has no index for
    """
    indexes.require(request.where, manifest.indexed)
    whole_range = replace(request, after=None, before=None)
    return read.with_current(cache, manifest, lambda current: _count(current, whole_range, most))


def _count(manifest: Manifest, request: BrowseRequest, most: int) -> Matching:
    where = request.where
    is_all = where is None and request.ids is None and not request.id_prefix and request.up_to is None
    has_regex = matching.needs_matching(where)
    settings = [PLAN_BY_VALUES] + ([matching.FETCH_ALL] if has_regex else [])
    with transaction(manifest.tenant_id, settings, has_one_snapshot=has_regex) as pipeline:
        if where is not None and has_regex:
            where = matching.resolve(
                pipeline, manifest, where, request.ids, lambda asked: narrowed(asked, request)
            )
        asked = narrowed(parts.filters(manifest, where, request.ids), request)
        text = statement(
            "count_up_to",
            cell=identifier(manifest.cell),
            parts=parts.matching(manifest, asked, "one_part"),
        )
        values = {
            "collection_id": manifest.collection_id,
            "compacted_to": manifest.compacted_to,
            "most": 0 if is_all else most + 1,
        } | asked.parameters
        cursor = pipeline.run(text, values, keep=False)
    row = cursor.fetchone()
    read.check_version(manifest, None if row is None else row[0])
    _, counted, log_head, record_count = row or (0, 0, 0, 0)
    if is_all:
        return Matching(record_count, log_head, is_more=False)
    return Matching(min(counted, most), log_head, is_more=counted > most)
