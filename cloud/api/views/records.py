"""add, update, upsert, delete, get, count: parse, call, answer."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings
from django.http import HttpResponse

from cloud.api import codec
from cloud.api.permissions import manifests
from cloud.api.schemas.records import Add, Delete, Get, Update, Upsert
from cloud.api.views.record_route import Call, posting, reading
from cloud.key_limits import forced_where
from tenants import quotas
from tenants.errors import InvalidArgument
from tenants.identity import Verb
from vectors import metadata, records, validation
from vectors.query import get as records_read
from vectors.query.get import GetRequest
from vectors.types import Include, Operation, RecordBatch
from vectors.units import query_units
from vectors.where import both

_READ_LEVELS = ("index_and_wal", "index_only", "index_and_bounded_wal")


@posting(Verb.ADD, Add)
def add(call: Call[Add]) -> HttpResponse:
    """Insert records; ids that exist are skipped."""
    _write(call, Operation.ADD)
    return codec.answer({}, status=201)


@posting(Verb.UPDATE, Update)
def update(call: Call[Update]) -> HttpResponse:
    """Change records; ids that do not exist are skipped."""
    _write(call, Operation.UPDATE)
    return codec.answer({})


@posting(Verb.UPSERT, Upsert)
def upsert(call: Call[Upsert]) -> HttpResponse:
    """Insert or change records."""
    _write(call, Operation.UPSERT)
    return codec.answer({})


def _write(call: Call[Add] | Call[Update] | Call[Upsert], operation: Operation) -> None:
    body = call.body
    embeddings, has_embedding = (None, None)
    if body.embeddings is not None:
        embeddings, has_embedding = codec.read_embeddings(body.embeddings)
    limits = call.identity.limits
    metadatas = None if body.metadatas is None else metadata.encode(body.metadatas)
    action = operation.value.capitalize()
    validation.check_metadata_quotas(body.metadatas, metadatas, limits, action=action)
    batch = RecordBatch(
        ids=body.ids,
        embeddings=embeddings,
        has_embedding=has_embedding,
        documents=body.documents,
        uris=body.uris,
        metadatas=metadatas,
    )
    written = records.write(
        manifests,
        call.manifest,
        operation,
        batch,
        limits,
        key_id=call.identity.key_id,
        notes_keys=settings.SCHEMA_KEYS_AT == "write",
        forced=forced_where(call.identity.forced_where),
    )
    call.used.wrote(written.written_bytes)


@posting(Verb.DELETE, Delete)
def delete(call: Call[Delete]) -> HttpResponse:
    """Remove records by ids, by filter, or by both."""
    body = call.body
    where = codec.read_filter(body.where, body.where_document)
    validation.check_filter_quotas(where, call.identity.limits, action="Delete")
    if body.limit is not None and where is None:
        raise InvalidArgument(
            "Validation error: limit, where: limit can only be specified when a where clause is provided",
        )
    if body.ids is not None and not body.ids and where is None:
        raise InvalidArgument("Validation error: ids, where: Either ids or where must be specified")
    if body.ids is None and where is None:
        return codec.answer({"deleted": 0})
    validation.check_searched_ids(body.ids)
    deleted = records.delete(
        manifests,
        call.manifest,
        ids=body.ids,
        where=where,
        limit_count=body.limit,
        forced=forced_where(call.identity.forced_where),
        key_id=call.identity.key_id,
    )
    return codec.answer({"deleted": deleted})


@posting(Verb.GET, Get)
def get(call: Call[Get]) -> HttpResponse:
    """Records by ids and filter, in order of insertion."""
    body = call.body
    limits = call.identity.limits
    if body.limit is not None:
        quotas.check(limits, "limit_value", body.limit, action="Get")
    where = codec.read_filter(body.where, body.where_document)
    validation.check_filter_quotas(where, limits, action="Get")
    validation.check_searched_ids(body.ids)
    wanted = GetRequest(
        ids=body.ids,
        where=both(forced_where(call.identity.forced_where), where),
        limit_count=limits.limit_value if body.limit is None else body.limit,  # wire: the quota stands in
        offset_count=body.offset or 0,
        include=body.include,
    )
    rows = records_read.get(manifests, call.manifest, wanted)
    call.used.read(query_units(where), rows.collection_bytes)
    return codec.answer(
        {
            "ids": rows.ids,
            "embeddings": rows.embeddings,
            "documents": rows.documents,
            "uris": rows.uris,
            "metadatas": codec.fragments(rows.metadatas),
            "include": _echo(body.include),
        },
    )


def _echo(include: Sequence[Include]) -> list[str]:
    return [one.value for one in include]


@reading(Verb.COUNT)
def count(call: Call[None]) -> HttpResponse:
    """How many records there are."""
    level = call.request.GET.get("read_level", "index_and_wal")
    if level not in _READ_LEVELS:
        raise InvalidArgument(
            f"Failed to deserialize query string: read_level: unknown variant `{level}`, expected one of "
            + ", ".join(f"`{known}`" for known in _READ_LEVELS),
        )
    is_index_only, forced = level == "index_only", forced_where(call.identity.forced_where)
    if forced is not None:
        counted = records_read.count_matching(manifests, call.manifest, forced, is_index_only=is_index_only)
        return codec.answer(counted)
    return codec.answer(records_read.count(call.manifest, is_index_only=is_index_only))


@reading(Verb.COUNT)
def indexing_status(call: Call[None]) -> HttpResponse:
    """How much of what was written is in segments."""
    total, indexed = records_read.indexing(call.manifest)
    return codec.answer(
        {
            "op_indexing_progress": indexed / total if total else 1.0,
            "num_unindexed_ops": total - indexed,
            "num_indexed_ops": indexed,
            "total_ops": total,
        },
    )
