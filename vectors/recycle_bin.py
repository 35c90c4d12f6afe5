"""The recycle bin: list, restore, purge earlier; databases and collections.

        delete ──────────► in the bin ── purge_at ──► condemned ──► garbage ──► forgotten ──► rewritten
                             │    ▲                       (workers/recycle.py, workers/garbage.py)
                             └────┘ restore

What moves things into the bin is `collections.delete` and `collections.delete_database`. A collection that
went with its database comes back with it, and only so; one that was deleted before stays in the bin.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from django.db import IntegrityError
from django.db.models import Count, Q, QuerySet

from tenants import audit, names, quotas, tenants
from tenants.actors import Actor
from tenants.errors import AlreadyExists, InvalidArgument, NotFound
from tenants.models import Database
from tenants.models.living import Recyclable
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import collections
from vectors.cells.transaction import execute
from vectors.models import Collection

R = TypeVar("R", bound=Recyclable)


@dataclass(frozen=True)
class Place:
    """Where a page of the bin begins: after this row."""

    deleted_at: datetime
    row_id: UUID


@dataclass(frozen=True)
class _Binned:
    """Since when, until when, by whom."""

    deleted_at: datetime
    purge_at: datetime
    deleted_by: str


@dataclass(frozen=True)
class BinnedCollection(_Binned):
    """A deleted collection that can be restored."""

    collection_id: UUID
    name: str
    database_id: UUID
    database_name: str
    record_count: int
    logical_bytes: int


@dataclass(frozen=True)
class BinnedDatabase(_Binned):
    """A deleted database that can be restored, with the collections that went with it."""

    database_id: UUID
    name: str
    collections_count: int


def list_collections(
    by: Actor, tenant_id: UUID, *, limit_count: int, after: Place | None = None, only: UUID | None = None
) -> list[BinnedCollection]:
    """The collections in the bin that were deleted by themselves, last deleted first; or this one of them.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_COLLECTIONS)
    with tenant_transaction(tenant_id):
        alone = Collection.everything.filter(tenant_id=tenant_id, is_deleted_with_database=False)
        if only is not None:
            alone = alone.filter(collection_id=only)
        rows = list(_page(alone, "collection_id", after).select_related("database")[:limit_count])
        sizes: dict[UUID, tuple[int, int]] = {}
        for cell in {row.database.cell for row in rows}:
            ids = [row.collection_id for row in rows if row.database.cell == cell]
            found = execute("read_dropped_states", cell, {"collection_ids": ids}).fetchall()
            sizes |= {collection_id: (records, size) for collection_id, records, size in found}
    return [
        BinnedCollection(
            *_when(row),
            row.collection_id,
            row.name,
            row.database_id,
            row.database.name,
            *sizes.get(row.collection_id, (0, 0)),
        )
        for row in rows
    ]


def list_databases(
    by: Actor, tenant_id: UUID, *, limit_count: int, after: Place | None = None, only: UUID | None = None
) -> list[BinnedDatabase]:
    """The databases in the bin, last deleted first; or this one of them.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_DATABASES)
    went_along = Count("collection", filter=Q(collection__is_deleted_with_database=True))
    with tenant_transaction(tenant_id):
        owned = Database.everything.filter(tenant_id=tenant_id).annotate(went_along=went_along)
        if only is not None:
            owned = owned.filter(database_id=only)
        rows = list(_page(owned, "database_id", after)[:limit_count])
    return [BinnedDatabase(*_when(row), row.database_id, row.name, row.went_along) for row in rows]


def restore_collection(
    by: Actor, tenant_id: UUID, collection_id: UUID, *, new_name: str | None = None
) -> Collection:
    """Bring a collection back with every record, under its name or a new one.

    Raises:      PermissionDenied, NotFound when it is not in the bin or no longer, InvalidArgument for a bad
                 name or when its database is deleted, QuotaExceeded, AlreadyExists when the name is taken
    Transaction: opens one
    """
    by.require(Action.RESTORE_COLLECTION)
    if new_name is not None:
        names.check(new_name)
    missing = NotFound(f"Collection [{collection_id}] is not in the recycle bin")
    limits = tenants.limits_of(tenants.get(tenant_id))
    row = None
    try:
        with tenant_transaction(tenant_id):
            binned = _binned(Collection.everything.filter(tenant_id=tenant_id, collection_id=collection_id))
            row = binned.select_related("database").first()
            if row is None:
                raise missing
            if row.database.deleted_at is not None:
                raise InvalidArgument(
                    f"Database [{row.database.name}] is in the recycle bin too: restore it first"
                )
            row.name = new_name or row.name
            quotas.check(limits, "name_bytes", len(row.name.encode()), action="Restore Collection")
            # The database before its collections, as every other verb locks them.
            collections.check_count(row.database, limits)
            if not _revive(binned, row.database.cell, [collection_id], name=row.name):
                raise missing
            audit.record(
                by,
                tenant_id,
                Action.RESTORE_COLLECTION,
                subject_id=collection_id,
                subject_label=f"{row.database.name}/{row.name}",
            )
    except IntegrityError as error:
        name = row.name if row else ""
        raise AlreadyExists(f"Collection [{name}] already exists; restore it under a new name") from error
    return row


def restore_database(
    by: Actor, tenant_id: UUID, database_id: UUID, *, new_name: str | None = None
) -> Database:
    """Bring a database back with the collections that went with it, under its name or a new one.

    Raises:      PermissionDenied, NotFound when it is not in the bin or no longer, InvalidArgument for a bad
                 name, QuotaExceeded, AlreadyExists when the name is taken
    Transaction: opens one
    """
    by.require(Action.RESTORE_DATABASE)
    if new_name is not None:
        names.check_database(new_name)
    missing = NotFound(f"Database [{database_id}] is not in the recycle bin")
    limits = tenants.limits_of(tenants.get(tenant_id))
    row = None
    try:
        with tenant_transaction(tenant_id):
            tenants.lock(tenant_id)
            binned = _binned(Database.everything.filter(tenant_id=tenant_id, database_id=database_id))
            row = binned.select_for_update().first()
            if row is None or _is_over(row):  # a purge may have been committed while this waited
                raise missing
            row.name = new_name or row.name
            quotas.check(limits, "name_bytes", len(row.name.encode()), action="Restore Database")
            count = Database.objects.filter(tenant_id=tenant_id).count()
            quotas.check(limits, "databases_count", count + 1, action="Restore Database")
            binned.update(**_LIVING, name=row.name)
            along = Collection.everything.filter(database=row, is_deleted_with_database=True)
            ids = [one.collection_id for one in along.select_for_update().order_by("collection_id")]
            if not _revive(along, row.cell, ids, is_deleted_with_database=False):
                raise missing
            audit.record(
                by,
                tenant_id,
                Action.RESTORE_DATABASE,
                subject_id=database_id,
                subject_label=row.name,
                details={"collections": len(ids)},
            )
    except IntegrityError as error:
        name = row.name if row else ""
        raise AlreadyExists(f"Database [{name}] already exists; restore it under a new name") from error
    return row


def purge_collection(by: Actor, tenant_id: UUID, collection_id: UUID) -> None:
    """Take a collection out of the bin for good: from now on nothing brings it back.

    Raises:      PermissionDenied, NotFound when it is not in the bin or no longer
    Transaction: opens one
    """
    by.require(Action.DELETE_COLLECTION)
    with tenant_transaction(tenant_id):
        binned = _binned(Collection.everything.filter(tenant_id=tenant_id, collection_id=collection_id))
        row = binned.filter(is_deleted_with_database=False).select_related("database").first()
        if row is None or not binned.update(purge_at=datetime.now(UTC)):
            raise NotFound(f"Collection [{collection_id}] is not in the recycle bin")
        execute("condemn_states", row.database.cell, {"collection_ids": [collection_id]})
        audit.record(
            by,
            tenant_id,
            Action.DELETE_COLLECTION,
            subject_id=collection_id,
            subject_label=f"{row.database.name}/{row.name}",
            details={"did": "purge"},
        )


def purge_database(by: Actor, tenant_id: UUID, database_id: UUID) -> None:
    """Take a database out of the bin for good, with every collection that was in it.

    Raises:      PermissionDenied, NotFound when it is not in the bin or no longer
    Transaction: opens one
    """
    by.require(Action.DELETE_DATABASE)
    with tenant_transaction(tenant_id):
        binned = _binned(Database.everything.filter(tenant_id=tenant_id, database_id=database_id))
        row = binned.select_for_update().first()
        if row is None:
            raise NotFound(f"Database [{database_id}] is not in the recycle bin")
        now = datetime.now(UTC)
        binned.update(purge_at=now)
        inside = Collection.everything.filter(database_id=database_id, deleted_at__isnull=False)
        ids = [one.collection_id for one in inside.select_for_update().order_by("collection_id")]
        inside.update(purge_at=now)
        execute("condemn_states", row.cell, {"collection_ids": ids})
        audit.record(
            by,
            tenant_id,
            Action.DELETE_DATABASE,
            subject_id=database_id,
            subject_label=row.name,
            details={"did": "purge"},
        )


def erase(tenant_id: UUID) -> None:
    """Delete every database of a tenant, also those in the bin, past the bin.

    Transaction: opens one per database; the caller answers for it
    """
    with tenant_transaction(tenant_id):
        ids = list(Database.everything.filter(tenant_id=tenant_id).values_list("database_id", flat=True))
    for database_id in ids:
        with tenant_transaction(tenant_id):
            owned = Database.everything.filter(tenant_id=tenant_id, database_id=database_id)
            database = owned.select_for_update().first()
            if database is None:
                continue
            rows = (
                Collection.everything.filter(database=database).select_for_update().order_by("collection_id")
            )
            values: dict[str, object] = {"collection_ids": [row.collection_id for row in rows]}
            execute("drop_state", database.cell, values | {"is_restorable": False})
            execute("condemn_states", database.cell, values)
            database.delete()


_LIVING = {"deleted_at": None, "purge_at": None, "deleted_by": ""}


def _binned(rows: QuerySet[R]) -> QuerySet[R]:
    """What can still be restored."""
    return rows.filter(deleted_at__isnull=False, purge_at__gt=datetime.now(UTC))


def _is_over(row: Recyclable) -> bool:
    return row.purge_at is None or row.purge_at <= datetime.now(UTC)


def _page(rows: QuerySet[R], row_id: str, after: Place | None) -> QuerySet[R]:
    rows = _binned(rows).order_by("-deleted_at", f"-{row_id}")
    if after is None:
        return rows
    same = Q(**{"deleted_at": after.deleted_at, f"{row_id}__lt": after.row_id})
    return rows.filter(Q(deleted_at__lt=after.deleted_at) | same)


def _when(row: Recyclable) -> tuple[datetime, datetime, str]:
    if row.deleted_at is None or row.purge_at is None:
        raise ValueError(f"{row} is not in the recycle bin")
    return row.deleted_at, row.purge_at, row.deleted_by


def _revive(rows: QuerySet[Collection], cell: str, ids: Sequence[UUID], **changes: object) -> bool:
    """Bring rows and states back; False when a purge has begun, and then the caller rolls back."""
    if rows.update(**_LIVING, **changes) != len(ids):
        return False
    return execute("restore_states", cell, {"collection_ids": list(ids)}).rowcount == len(ids)
