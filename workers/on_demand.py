"""What a member asks of the workers: compact a collection now, try a parked job again.

The job table is all that is written; whoever sweeps next wakes a worker.
"""

from __future__ import annotations

from tenants import audit
from tenants.actors import Actor
from tenants.errors import Conflict, PermissionDenied
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors.cells.transaction import execute
from vectors.errors import CollectionNotFound
from vectors.models import Collection
from vectors.types import Manifest
from workers import jobs

COMPACT, RETRY = "collections.compact", "collections.retry"


def compact_now(by: Actor, manifest: Manifest) -> bool:
    """Have a collection's log moved into a segment, whatever its size; False: that waits or runs already.

    Raises:      PermissionDenied, CollectionNotFound, Conflict when there is nothing to move, or when the
                 last try was parked: its cause comes first
    Transaction: opens one
    Idempotent:  yes
    """
    _enter(by)
    with tenant_transaction(manifest.tenant_id):
        label = _label(manifest)
        key: dict[str, object] = {"collection_id": manifest.collection_id}
        if execute("queue_compaction", manifest.cell, key).fetchone() is None:
            waiting = execute("indexing_job", manifest.cell, key).fetchone()
            if waiting is None:
                raise Conflict("There is nothing to compact: every operation is in a segment.")
            if waiting[2] == "parked":
                raise Conflict("The last compaction was parked. See its cause, then retry it.")
            return False
        audit.record(by, manifest.tenant_id, COMPACT, subject_id=manifest.collection_id, subject_label=label)
    return True


def retry(by: Actor, manifest: Manifest) -> None:
    """Queue a collection's parked job anew; its attempts are counted from zero.

    Raises:      PermissionDenied, CollectionNotFound, Conflict when none is parked
    Transaction: opens one
    """
    _enter(by)
    with tenant_transaction(manifest.tenant_id):
        label = _label(manifest)
        if not jobs.drive_again(manifest.cell, manifest.collection_id):
            raise Conflict("The job is parked no more: somebody has retried it, or it was done.")
        audit.record(by, manifest.tenant_id, RETRY, subject_id=manifest.collection_id, subject_label=label)


def _enter(by: Actor) -> None:
    by.require(Action.MANAGE_COLLECTIONS)
    if by.suspension is not None and not by.is_operator:
        raise PermissionDenied(f"This tenant is suspended. {by.suspension}".strip())


def _label(manifest: Manifest) -> str:
    found = Collection.objects.filter(tenant_id=manifest.tenant_id, collection_id=manifest.collection_id)
    name = found.values_list("name", flat=True).first()
    if name is None:
        raise CollectionNotFound.by_id(manifest.collection_id)
    return f"{manifest.database_name}/{name}"
