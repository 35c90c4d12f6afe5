"""Imports and exports of a collection: begin, upload, cancel, resume, restart, look at, fetch.

    import   begin → upload parts ────────► queued ─► a worker reads the file, a slice at a time ─► done
    export   begin ───────────────────────► queued ─► a worker writes the file, part by part ─────► done
                      │ cancel                          │ a rule: stopped    │ a failure: parked
                      └──────────── resume goes on at its place, restart begins anew ┘

What a transfer is, is a job of its cell (`vectors/sql/jobs.sql`) and a row beside it. Everybody who sees the
collection sees its transfers; rows that failed are shown to who may read records.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import orjson

from tenants import audit, quotas, tenants
from tenants.actors import Actor
from tenants.errors import Conflict, InvalidArgument, NotFound, TooLarge
from tenants.models import Database
from tenants.quotas import Limits
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import collections, transfer_files, usage
from vectors.cells.transaction import execute
from vectors.formats import Format, RowError
from vectors.objects import Store
from vectors.sql import statement
from vectors.transfer import Transfer, Upload, transfer_of
from vectors.transfer_files import File, Source
from vectors.types import Operation

KEEP_SECONDS = 7 * 24 * 3600  # an upload that is not completed, and the file of an import after it
MAX_ERRORS_KEPT = 100
_NAME = re.compile(r"[^\w .()+,=@\[\]-]")
_MAX_NAME_CHARACTERS = 120


def begin_import(
    by: Actor, database: Database, collection_id: UUID, upload: Upload, *, limits: Limits, most_bytes: int
) -> Transfer:
    """Make an import whose file is about to be uploaded.

    most_bytes:  a file may have on this installation; the plan may allow less
    Raises:      PermissionDenied, CollectionNotFound, QuotaExceeded, TooLarge, InvalidArgument
    Transaction: opens one
    """
    by.require(Action.IMPORT_RECORDS)
    by.require(Action.WRITE_RECORDS)
    if upload.operation not in (Operation.ADD, Operation.UPSERT):
        raise InvalidArgument("operation: expected add or upsert")
    if upload.size_bytes is not None:
        if upload.size_bytes < 1:
            raise InvalidArgument("size_bytes: expected at least 1")
        if upload.size_bytes > most_bytes:
            raise TooLarge(f"expected a file of at most {most_bytes} bytes, got {upload.size_bytes}")
        quotas.check(limits, "import_bytes", upload.size_bytes, action="Import")
    values = {
        "kind": "import",
        "state": "uploading",
        "format": upload.format.value,
        "is_gzip": upload.is_gzip,
        "options": {"operation": upload.operation.value},
        "file_name": _plain(upload.file_name) or f"records.{upload.format.value}",
        "size_bytes": upload.size_bytes,
    }
    return _begin(by, database, collection_id, Action.IMPORT_RECORDS, values, limits)


def begin_export(
    by: Actor,
    database: Database,
    collection_id: UUID,
    *,
    file_format: Format,
    is_gzip: bool,
    as_numbers: bool,
    limits: Limits,
) -> Transfer:
    """Queue an export of everything that the collection holds.

    as_numbers:  embeddings as lists of numbers instead of base64
    Raises:      PermissionDenied, CollectionNotFound, QuotaExceeded
    Transaction: opens one
    """
    _require_export(by)
    found = collections.get_by_id(database, collection_id)
    ending = f".{file_format.value}" + (".gz" if is_gzip else "")
    values = {
        "kind": "export",
        "state": "queued",
        "format": file_format.value,
        "is_gzip": is_gzip,
        "options": {"as_numbers": as_numbers},
        "file_name": f"{_plain(found.name)[:100]}{ending}",
        "size_bytes": None,
    }
    return _begin(by, database, collection_id, Action.EXPORT_RECORDS, values, limits)


def _require_export(by: Actor) -> None:
    by.require(Action.EXPORT_RECORDS)
    by.require(Action.VIEW_RECORDS)


def _plain(file_name: str) -> str:
    """A file's name without its folders and without what a header or a shell may mistake."""
    return _NAME.sub("_", re.split(r"[/\\]", file_name)[-1]).strip(" .")[-_MAX_NAME_CHARACTERS:]


def _begin(
    by: Actor,
    database: Database,
    collection_id: UUID,
    action: Action,
    values: dict[str, Any],
    limits: Limits,
) -> Transfer:
    tenant_id = database.tenant_id
    with tenant_transaction(tenant_id):
        found = collections.get_by_id(database, collection_id)
        tenants.lock(tenant_id)  # so that two cannot pass the quota at once
        count = sum(
            execute("unfinished_transfers", cell, {"tenant_id": tenant_id}).fetchall()[0][0]
            for cell in usage.cells()
        )
        quotas.check(limits, "unfinished_transfers_count", count + 1, action=values["kind"].capitalize())
        row = execute(
            "insert_transfer",
            database.cell,
            {
                **values,
                "options": orjson.dumps(values["options"]).decode(),
                "tenant_id": tenant_id,
                "database_id": database.database_id,
                "collection_id": collection_id,
                "collection_name": found.name,
                "started_by": by.label[:254],
                "keep_seconds": KEEP_SECONDS,
            },
        ).fetchone()
        if row is None:
            raise NotFound
        _note(by, database, action, row[0], found.name, {"file": values["file_name"]})
        return _find(database, row[0])


def _note(
    by: Actor, database: Database, action: Action, subject: UUID, label: str, details: Mapping[str, Any]
) -> None:
    audit.record(
        by,
        database.tenant_id,
        action,
        subject_id=subject,
        subject_label=f"{database.name}/{label}",
        details=details,
    )


# --- the upload ---------------------------------------------------------------------------------------


def most_upload_bytes(limits: Limits, most_bytes: int) -> int:
    """How long a file may be: what the installation and the plan both allow."""
    return min(limits.import_bytes, most_bytes)


def upload(
    by: Actor,
    database: Database,
    transfer_id: UUID,
    store: Store,
    source: Source,
    *,
    from_byte: int,
    most_bytes: int,
    is_whole: bool = False,
) -> Transfer:
    """Keep what comes of an import's file; once the announced size is there, the import is queued.

    from_byte:   where it goes on: at the end of what was kept before
    is_whole:    the end of the source is the end of the file, whose size was not announced
    Raises:      PermissionDenied, NotFound, Conflict with the place to go on at, TooLarge, InvalidArgument
    Transaction: opens one per part: what a broken connection brought stays
    """
    by.require(Action.IMPORT_RECORDS)
    transfer = get(by, database, transfer_id)
    if transfer.kind != "import" or transfer.state != "uploading":
        raise Conflict(f"Nothing can be uploaded to this {transfer.kind}: it is {transfer.state}.")
    if from_byte != transfer.stored_bytes:
        raise Conflict(f"The upload goes on at byte {transfer.stored_bytes}, not at {from_byte}.")
    most = most_bytes if transfer.size_bytes is None else min(most_bytes, transfer.size_bytes)
    file = file_of(database, transfer)
    stored_bytes = transfer_files.receive(store, file, source, from_byte=from_byte, most_bytes=most)
    if is_whole and not stored_bytes:
        raise InvalidArgument("The file is empty.")
    if stored_bytes == transfer.size_bytes or is_whole:
        with tenant_transaction(database.tenant_id):
            execute("end_upload", database.cell, {"job_id": transfer.job_id})
    return get(by, database, transfer_id)


def file_of(database: Database, transfer: Transfer) -> File:
    """Where its file is."""
    return File(transfer.tenant_id, database.cell, transfer.job_id)


# --- looking ------------------------------------------------------------------------------------------


def _find(database: Database, transfer_id: UUID) -> Transfer:
    values = {
        "tenant_id": database.tenant_id,
        "database_id": database.database_id,
        "transfer_id": transfer_id,
    }
    columns = statement("transfer_columns")
    row = execute("read_transfer", database.cell, values, columns=columns).fetchone()
    if row is None:
        raise NotFound(f"Import or export [{transfer_id}] not found")
    return transfer_of(row)


def get(by: Actor, database: Database, transfer_id: UUID) -> Transfer:
    """One import or export of a database.

    Raises:      PermissionDenied, NotFound
    Transaction: joins the open one, or opens one
    """
    by.require(Action.VIEW_COLLECTIONS)
    with tenant_transaction(database.tenant_id):
        return _find(database, transfer_id)


def page(
    by: Actor,
    database: Database,
    *,
    collection_id: UUID | None = None,
    after: UUID | None = None,
    limit_count: int,
) -> list[Transfer]:
    """The newest imports and exports of a database, or of one of its collections.

    after:       the last one of the page before
    Raises:      PermissionDenied
    Transaction: opens one
    """
    by.require(Action.VIEW_COLLECTIONS)
    values: dict[str, object] = {
        "tenant_id": database.tenant_id,
        "database_id": database.database_id,
        "collection_id": collection_id,
        "after": after,
        "count": limit_count,
    }
    with tenant_transaction(database.tenant_id):
        columns = statement("transfer_columns")
        rows = execute("page_transfers", database.cell, values, columns=columns).fetchall()
    return [transfer_of(row) for row in rows]


def errors(by: Actor, database: Database, transfer: Transfer) -> list[RowError]:
    """The first rows that could not be imported.

    Raises:      PermissionDenied: what is said of a row may tell what is in it
    Transaction: opens one
    """
    by.require(Action.VIEW_RECORDS)
    values: dict[str, object] = {"job_id": transfer.job_id, "count": MAX_ERRORS_KEPT}
    with tenant_transaction(database.tenant_id):
        rows = execute("transfer_errors", database.cell, values).fetchall()
    return [RowError(*row) for row in rows]


# --- what its owner decides ---------------------------------------------------------------------------


def cancel(by: Actor, database: Database, transfer_id: UUID) -> Transfer:
    """Stop it where it is; what an import wrote stays written.

    Raises:      PermissionDenied, NotFound, Conflict when it is over
    Transaction: opens one
    """
    return _change(by, database, transfer_id, "cancel", {})


def resume(by: Actor, database: Database, transfer_id: UUID) -> Transfer:
    """Go on at its place: with an upload that was not complete, or with the row or part that comes next.

    Raises:      PermissionDenied, NotFound, CollectionNotFound, Conflict when it runs, is done, or its file
                 is kept no longer
    Transaction: opens one
    """
    return _change(by, database, transfer_id, "resume", {})


def restart(by: Actor, database: Database, transfer_id: UUID) -> Transfer:
    """Begin anew with the same file or, for an export, with the records as they are now.

    Raises:      PermissionDenied, NotFound, CollectionNotFound, Conflict when it runs, or its file is kept no
                 longer
    Transaction: opens one
    """
    return _change(by, database, transfer_id, "restart", {"keep_seconds": KEEP_SECONDS})


def _change(
    by: Actor, database: Database, transfer_id: UUID, did: str, values: Mapping[str, object]
) -> Transfer:
    with tenant_transaction(database.tenant_id):
        transfer = get(by, database, transfer_id)
        action = Action.IMPORT_RECORDS if transfer.kind == "import" else Action.EXPORT_RECORDS
        by.require(action)
        if did != "cancel":
            collections.get_by_id(database, transfer.collection_id)
        key = {"job_id": transfer.job_id, **values}
        if execute(f"{did}_transfer", database.cell, key).fetchone() is None:
            raise Conflict(f"This {transfer.kind} is {_standing(transfer)}; there is nothing to {did}.")
        if did == "restart" and transfer.kind == "export":
            execute("forget_parts", database.cell, key)
        _note(by, database, action, transfer_id, transfer.collection_name, {"did": did})
        return _find(database, transfer_id)


def _standing(transfer: Transfer) -> str:
    return transfer.state if transfer.is_stored else f"{transfer.state}, and its file is kept no longer"


def open_export(
    by: Actor, database: Database, transfer_id: UUID, store: Store
) -> tuple[Transfer, Iterator[bytes]]:
    """The file of an export that is done; asks no database while it is read.

    Raises:      PermissionDenied, NotFound, CollectionNotFound, Conflict before it is done
    Transaction: opens two
    """
    _require_export(by)
    with tenant_transaction(database.tenant_id):
        transfer = get(by, database, transfer_id)
        collections.get_by_id(database, transfer.collection_id)
        if transfer.kind != "export" or transfer.state != "done":
            raise Conflict(f"There is nothing to download: this {transfer.kind} is {transfer.state}.")
        if not transfer.is_stored:
            raise NotFound("The file is kept no longer; begin the export anew.")
        _note(
            by,
            database,
            Action.EXPORT_RECORDS,
            transfer_id,
            transfer.collection_name,
            {"did": "download"},
        )
    file = file_of(database, transfer)
    return transfer, transfer_files.read(store, file, transfer_files.parts(file))
