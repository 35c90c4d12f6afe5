"""Imports and exports: begin, upload, look at, cancel, resume, restart, download."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase

from cloud import spreadsheets
from cloud.api import uploads
from cloud.api.control.endpoint import check_limit
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import transfers as shapes
from tenants import databases, tenants
from tenants.errors import InvalidArgument, UnsupportedMedia
from tenants.models import Database
from tenants.roles import Action
from vectors import objects, transfers
from vectors.formats import Format, RowError, named
from vectors.transfer import Transfer, Upload
from vectors.types import Operation

_DATABASE = "/tenants/{tenant}/databases/{database}"
_COLLECTION = _DATABASE + "/collections/{collection_id}"
_TRANSFER = _DATABASE + "/transfers/{transfer_id}"
_BINARY = "application/octet-stream"


@route(
    "GET",
    _DATABASE + "/transfers",
    Door.MEMBER,
    action=Action.VIEW_COLLECTIONS,
    query=shapes.TransfersQuery,
    answer=shapes.TransfersPage,
)
def list_transfers(call: Call[None]) -> shapes.TransfersPage:
    """List imports and exports, the newest first."""
    limit = check_limit(call.query.limit)
    found = transfers.page(
        call.actor,
        _database(call),
        collection_id=_id(call.query.collection_id, "collection_id"),
        after=_id(call.query.after, "after"),
        limit_count=limit + 1,
    )
    return shapes.TransfersPage(
        items=[shown(one) for one in found[:limit]],
        next=str(found[limit - 1].transfer_id) if len(found) > limit else None,
    )


@route("GET", _TRANSFER, Door.MEMBER, action=Action.VIEW_COLLECTIONS, answer=shapes.Transfer)
def get_transfer(call: Call[None]) -> shapes.Transfer:
    """Get one import or export, and how far it is."""
    return shown(transfers.get(call.actor, _database(call), call.path_id("transfer_id")))


@route("GET", _TRANSFER + "/errors", Door.MEMBER, action=Action.VIEW_RECORDS, answer=shapes.TransferErrors)
def list_transfer_errors(call: Call[None]) -> shapes.TransferErrors:
    """List the first rows of an import that failed."""
    transfer, found = _errors(call)
    items = [shapes.TransferError(**one._asdict()) for one in found]
    return shapes.TransferErrors(count=transfer.rows_failed, items=items)


@route("GET", _TRANSFER + "/errors.csv", Door.MEMBER, action=Action.VIEW_RECORDS, raw="text/csv")
def export_transfer_errors(call: Call[None]) -> HttpResponse:
    """Export the first rows of an import that failed as CSV."""
    return errors_as_csv(_errors(call)[1])


def errors_as_csv(found: list[RowError]) -> HttpResponse:
    """Rows that failed as a file."""
    return spreadsheets.download(spreadsheets.as_csv(RowError._fields, found), "errors.csv")


@route(
    "POST",
    _COLLECTION + "/imports",
    Door.MEMBER,
    action=Action.IMPORT_RECORDS,
    query=shapes.ImportQuery,
    answer=shapes.Transfer,
    takes=_BINARY,
    status=201,
    description="The body is the file: JSON Lines or CSV, by its `Content-Type`, `file_name` or `format`. "
    "Without a body, `size_bytes` announces a file that `upload_content` brings, piece by piece.",
)
def create_import(call: Call[None]) -> shapes.Transfer:
    """Import records from a file."""
    database, query = _database(call), call.query
    body = _body(call)
    limits = tenants.limits_of(tenants.get(call.tenant_id))
    file_format, is_gzip = named.guess(
        query.file_name,
        call.request.META.get("CONTENT_TYPE", ""),
        call.request.META.get("HTTP_CONTENT_ENCODING", ""),
    )
    file_format = file_format if query.format is None else Format(query.format)
    if file_format is None:
        raise UnsupportedMedia(
            "Expected a file of JSON Lines (application/x-ndjson) or CSV (text/csv), or `format`"
        )
    size_bytes = query.size_bytes if body.size_bytes == 0 else body.size_bytes
    if body.size_bytes == 0 and size_bytes is None:
        raise InvalidArgument("size_bytes: expected the size of the file, which comes later, or a body")
    wanted = Upload(
        query.file_name,
        file_format,
        is_gzip if query.gzip is None else query.gzip,
        size_bytes,
        Operation(query.operation),
    )
    most_bytes = uploads.most_file_bytes(limits)
    made = transfers.begin_import(
        call.actor,
        database,
        call.path_id("collection_id"),
        wanted,
        limits=limits,
        most_bytes=settings.MAX_IMPORT_BYTES,
    )
    if body.size_bytes == 0:
        return shown(made)
    store = objects.open_store(settings.OBJECT_STORE)
    is_whole = body.size_bytes is None
    key = (call.actor, database, made.transfer_id, store, body)
    return shown(transfers.upload(*key, from_byte=0, most_bytes=most_bytes, is_whole=is_whole))


@route(
    "PUT",
    _TRANSFER + "/content",
    Door.MEMBER,
    action=Action.IMPORT_RECORDS,
    query=shapes.ContentQuery,
    answer=shapes.Transfer,
    takes=_BINARY,
    description="The body is the file from byte `offset` on: the `stored_bytes` of the import. What a "
    "broken connection brought stays; once the announced size is there, the import begins.",
)
def upload_content(call: Call[None]) -> shapes.Transfer:
    """Upload the file of an import, or the next piece of it."""
    limits = tenants.limits_of(tenants.get(call.tenant_id))
    return shown(
        transfers.upload(
            call.actor,
            _database(call),
            call.path_id("transfer_id"),
            objects.open_store(settings.OBJECT_STORE),
            _body(call),
            from_byte=call.query.offset,
            most_bytes=uploads.most_file_bytes(limits),
            is_whole=call.query.is_last,
        )
    )


@route(
    "POST",
    _COLLECTION + "/exports",
    Door.MEMBER,
    action=Action.EXPORT_RECORDS,
    body=shapes.NewExport,
    answer=shapes.Transfer,
    status=201,
)
def create_export(call: Call[shapes.NewExport]) -> shapes.Transfer:
    """Export a collection to a file."""
    made = transfers.begin_export(
        call.actor,
        _database(call),
        call.path_id("collection_id"),
        file_format=Format(call.body.format),
        is_gzip=call.body.gzip,
        as_numbers=call.body.embeddings == "numbers",
        limits=tenants.limits_of(tenants.get(call.tenant_id)),
    )
    return shown(made)


@route(
    "GET",
    _TRANSFER + "/content",
    Door.MEMBER,
    action=Action.EXPORT_RECORDS,
    raw=_BINARY,
    description="The media type is the file's: `application/x-ndjson`, `text/csv` or `application/gzip`.",
)
def download_content(call: Call[None]) -> HttpResponseBase:
    """Download the file of an export."""
    store = objects.open_store(settings.OBJECT_STORE)
    found = transfers.open_export(call.actor, _database(call), call.path_id("transfer_id"), store)
    return uploads.file_answer(*found)


# The role's action depends on what is changed, and so the verbs ask for it.
@route("POST", _TRANSFER + "/cancel", Door.MEMBER, action=Action.VIEW_COLLECTIONS, answer=shapes.Transfer)
def cancel_transfer(call: Call[None]) -> shapes.Transfer:
    """Cancel an import or export where it is."""
    return shown(transfers.cancel(call.actor, _database(call), call.path_id("transfer_id")))


@route("POST", _TRANSFER + "/resume", Door.MEMBER, action=Action.VIEW_COLLECTIONS, answer=shapes.Transfer)
def resume_transfer(call: Call[None]) -> shapes.Transfer:
    """Resume an import or export where it stopped."""
    return shown(transfers.resume(call.actor, _database(call), call.path_id("transfer_id")))


@route("POST", _TRANSFER + "/restart", Door.MEMBER, action=Action.VIEW_COLLECTIONS, answer=shapes.Transfer)
def restart_transfer(call: Call[None]) -> shapes.Transfer:
    """Restart an import or export from its beginning."""
    return shown(transfers.restart(call.actor, _database(call), call.path_id("transfer_id")))


def _body(call: Call[None]) -> uploads.Body:
    return uploads.Body(call.request._request)  # noqa: SLF001 (the framework offers no other way)


def _database(call: Call[Any]) -> Database:
    return databases.get(call.tenant_id, call.path["database"])


def _errors(call: Call[None]) -> tuple[Transfer, list[RowError]]:
    database = _database(call)
    transfer = transfers.get(call.actor, database, call.path_id("transfer_id"))
    return transfer, transfers.errors(call.actor, database, transfer)


def _id(text: str | None, member: str) -> UUID | None:
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise InvalidArgument(f"{member}: expected an id, got {text[:40]!r}" if text else member) from error


def shown(transfer: Transfer) -> shapes.Transfer:
    """An import or export as the API tells it."""
    names = shapes.Transfer.__struct_fields__
    own: dict[str, Any] = {
        "id": transfer.transfer_id,
        "gzip": transfer.is_gzip,
        "format": transfer.format.value,
    }
    return shapes.Transfer(**{name: own[name] if name in own else getattr(transfer, name) for name in names})
