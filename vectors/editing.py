"""What people change in records that they look at: metadata of one, deletion of what they found.

Rules are those of the wire; the ledger has each write, without a key. The entry in the audit log follows the
write, for the write's transaction is one round trip of its own: what is in the ledger without an entry was
interrupted in between.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tenants import audit, flags
from tenants.actors import Actor
from tenants.errors import InvalidArgument, NotFound, PermissionDenied
from tenants.quotas import Limits
from tenants.roles import Action
from vectors import metadata, records, validation
from vectors.metadata import Value
from vectors.query import browse
from vectors.query.browse import BrowseRequest
from vectors.records import Written
from vectors.segments.manifest import ManifestCache
from vectors.types import Manifest, Operation, RecordBatch

BATCH_RECORDS = 2_000


@dataclass(frozen=True)
class Deleted:
    """What a deletion came to.

    is_done:  nothing is left of what was meant
    """

    records_count: int
    is_done: bool


def change_metadata(
    by: Actor,
    cache: ManifestCache,
    manifest: Manifest,
    record_id: str,
    changes: Mapping[str, Value],
    limits: Limits,
    *,
    notes_keys: bool = False,
) -> Written:
    """Set keys of one record's metadata; None takes a key away, and what is not named stays.

    Raises:      PermissionDenied, InvalidArgument without a change, QuotaExceeded, Unprocessable,
                 NotFound for a record that is not there, CollectionNotFound, Unavailable
    Transaction: opens several
    """
    _enter(by, manifest)
    if not changes:
        raise InvalidArgument("Nothing was changed.")
    texts = metadata.encode([changes])
    validation.check_metadata_quotas([changes], texts, limits, action="Update")
    before = browse.browse(cache, manifest, BrowseRequest(limit_count=1, ids=[record_id]))
    if not before.records:
        raise NotFound(f"Record [{record_id}] not found; it may have been deleted meanwhile.")
    batch = RecordBatch(ids=[record_id], embeddings=None, metadatas=texts)
    written = records.write(cache, manifest, Operation.UPDATE, batch, limits, notes_keys=notes_keys)
    _note(by, manifest, {"operation": Operation.UPDATE.value, "record_id": record_id[:128], "records": 1})
    return written


def delete_matching(
    by: Actor,
    cache: ManifestCache,
    manifest: Manifest,
    request: BrowseRequest,
    *,
    up_to: int,
    most_seconds: float,
) -> Deleted:
    """Delete the records that matched when they were counted, and no others, in batches, for a while.

    A record that was written since, or changed, stays. Deleted records are in no recycle bin.

    request:     as it was counted; its place does not matter
    up_to:       the log offset that the count was of
    most_seconds: after which no further batch begins
    Raises:      PermissionDenied, InvalidArgument, CollectionNotFound, Unavailable
    Transaction: opens one per batch
    Idempotent:  yes
    """
    _enter(by, manifest)
    until = time.monotonic() + most_seconds
    deleted_count, is_done = 0, False
    wanted = replace(request, after=None, before=None, limit_count=BATCH_RECORDS, up_to=up_to)
    try:
        while not is_done:
            page = browse.browse(cache, manifest, wanted)
            ids = [one.record_id for one in page.records]
            if ids:
                deleted_count += records.delete(
                    cache, manifest, ids=ids, where=request.where, limit_count=None, up_to=up_to
                )
                last = page.records[-1]
                wanted = replace(wanted, after=last.record_id if request.id_prefix else last.ordinal)
            if page.looked_to is not None:
                wanted = replace(wanted, after=page.looked_to)
            is_done = not page.has_next
            if time.monotonic() >= until:
                break
    finally:
        if deleted_count:
            _note(by, manifest, {"operation": Operation.DELETE.value, "records": deleted_count})
    return Deleted(deleted_count, is_done)


def _enter(by: Actor, manifest: Manifest) -> None:
    by.require(Action.WRITE_RECORDS)
    if by.suspension is not None and not by.is_operator:
        raise PermissionDenied(f"This tenant is suspended. {by.suspension}".strip())
    flags.refuse_in_maintenance(manifest.tenant_id)


def _note(by: Actor, manifest: Manifest, details: Mapping[str, object]) -> None:
    audit.record(
        by,
        manifest.tenant_id,
        Action.WRITE_RECORDS,
        subject_id=manifest.collection_id,
        subject_label=manifest.database_name,
        details=details,
    )
