"""add, update, upsert, delete, get, count: parse, call, answer."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse

from cloud.api import codec
from cloud.api.permissions import manifests
from cloud.api.schemas.records import Add, Delete, Get, Update, Upsert
from cloud.api.views.record_route import Call, record_route
from tenants import quotas
from tenants.errors import InvalidArgument
from tenants.identity import Verb
from vectors import metadata, records, validation
from vectors.query import get as reading
from vectors.query.get import GetRequest
from vectors.types import Include, Operation, RecordBatch
from vectors.where import parse

_READ_LEVELS = ("index_and_wal", "index_only", "index_and_bounded_wal")


@record_route("POST", Verb.ADD)
def add(call: Call) -> HttpResponse:
    """Insert records; ids that exist are skipped."""
    _write(call, Operation.ADD, codec.decode(Add, codec.read_body(call.request)))
    return codec.answer({}, status=201)


@record_route("POST", Verb.UPDATE)
def update(call: Call) -> HttpResponse:
    """Change records; ids that do not exist are skipped."""
    _write(call, Operation.UPDATE, codec.decode(Update, codec.read_body(call.request)))
    return codec.answer({})


@record_route("POST", Verb.UPSERT)
def upsert(call: Call) -> HttpResponse:
    """Insert or change records."""
    _write(call, Operation.UPSERT, codec.decode(Upsert, codec.read_body(call.request)))
    return codec.answer({})


def _write(call: Call, operation: Operation, body: Add | Update | Upsert) -> None:
    embeddings, has_embedding = (None, None)
    if body.embeddings is not None:
        embeddings, has_embedding = codec.read_embeddings(body.embeddings)
    batch = RecordBatch(
        ids=body.ids,
        embeddings=embeddings,
        has_embedding=has_embedding,
        documents=body.documents,
        uris=body.uris,
        metadatas=None if body.metadatas is None else metadata.encode(body.metadatas),
    )
    records.write(manifests, call.manifest, operation, batch, call.identity.limits)


@record_route("POST", Verb.DELETE)
def delete(call: Call) -> HttpResponse:
    """Remove records by ids, by filter, or by both."""
    body = codec.decode(Delete, codec.read_body(call.request))
    where = parse(body.where, body.where_document)
    if body.limit is not None and where is None:
        raise InvalidArgument(
            "Validation error: limit, where: limit can only be specified when a where clause is provided",
        )
    if body.ids is not None and not body.ids and where is None:
        raise InvalidArgument("Validation error: ids, where: Either ids or where must be specified")
    if body.ids is None and where is None:
        return codec.answer({"deleted": 0})
    validation.check_searched_ids(body.ids)
    deleted = records.delete(manifests, call.manifest, ids=body.ids, where=where, limit_count=body.limit)
    return codec.answer({"deleted": deleted})


@record_route("POST", Verb.GET)
def get(call: Call) -> HttpResponse:
    """Records by ids and filter, in order of insertion."""
    body = codec.decode(Get, codec.read_body(call.request))
    limits = call.identity.limits
    if body.limit is not None:
        quotas.check(limits, "limit_value", body.limit, action="Get")
    validation.check_searched_ids(body.ids)
    wanted = GetRequest(
        ids=body.ids,
        where=parse(body.where, body.where_document),
        limit_count=limits.limit_value if body.limit is None else body.limit,  # wire: the quota stands in
        offset_count=body.offset or 0,
        include=body.include,
    )
    rows = reading.get(manifests, call.manifest, wanted)
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


@record_route("GET", Verb.COUNT)
def count(call: Call) -> HttpResponse:
    """How many records there are."""
    level = call.request.GET.get("read_level", "index_and_wal")
    if level not in _READ_LEVELS:
        raise InvalidArgument(
            f"Failed to deserialize query string: read_level: unknown variant `{level}`, expected one of "
            + ", ".join(f"`{known}`" for known in _READ_LEVELS),
        )
    return codec.answer(reading.count(call.manifest))


@record_route("GET", Verb.COUNT)
def indexing_status(call: Call) -> HttpResponse:
    """How much of what was written is in segments."""
    total, indexed = reading.indexing(call.manifest)
    return codec.answer(
        {
            "op_indexing_progress": indexed / total if total else 1.0,
            "num_unindexed_ops": total - indexed,
            "num_indexed_ops": indexed,
            "total_ops": total,
        },
    )
