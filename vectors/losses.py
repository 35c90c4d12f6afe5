"""What a deletion takes away, said before it is done: how much, and until when it can be undone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from tenants import tenants
from tenants.actors import Actor
from tenants.models import Database
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors.cells.transaction import execute
from vectors.errors import CollectionNotFound


@dataclass(frozen=True)
class Loss:
    """What is lost by deleting something now.

    forks_count:       other living collections of its tree of forks; they lose nothing
    restorable_until:  the end of its time in the recycle bin; None: there is no bin, it is gone at once
    """

    collections_count: int
    record_count: int
    logical_bytes: int
    restorable_until: datetime | None
    forks_count: int = 0


def of_collection(by: Actor, database: Database, collection_id: UUID) -> Loss:
    """What deleting a collection takes away.

    Raises:  PermissionDenied, CollectionNotFound
    """
    by.require(Action.DELETE_COLLECTION)
    with tenant_transaction(database.tenant_id):
        row = execute("loss_of_collection", database.cell, {"collection_id": collection_id}).fetchone()
        until = _restorable_until(database.tenant_id)
    if row is None:
        raise CollectionNotFound.by_id(collection_id)
    records, size, forks = row
    return Loss(1, records, size, until, forks)


def of_database(by: Actor, database: Database) -> Loss:
    """What deleting a database takes away, with every collection in it.

    Raises:  PermissionDenied
    """
    by.require(Action.DELETE_DATABASE)
    values: dict[str, object] = {"tenant_id": database.tenant_id, "database_id": database.database_id}
    with tenant_transaction(database.tenant_id):
        row = execute("loss_of_database", database.cell, values).fetchone()
        until = _restorable_until(database.tenant_id)
    collections, records, size = row or (0, 0, 0)
    return Loss(collections, records, size, until)


def kept_seconds(tenant_id: UUID) -> int:
    """For how long what the tenant deletes can be restored; 0: there is no recycle bin."""
    with tenant_transaction(tenant_id):
        return tenants.recycle_seconds_of(tenant_id)


def _restorable_until(tenant_id: UUID) -> datetime | None:
    seconds = tenants.recycle_seconds_of(tenant_id)
    return datetime.now(UTC) + timedelta(seconds=seconds) if seconds else None
