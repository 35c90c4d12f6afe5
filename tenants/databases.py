"""Databases of a tenant: create, get, list, delete; and which cell a new one is placed in."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from uuid import UUID

from django.db import IntegrityError

from tenants import audit, names, quotas, tenants
from tenants.actors import SYSTEM, Actor, ActorKind
from tenants.errors import AlreadyExists, NotFound, Unavailable
from tenants.models import CellPlacement, Database
from tenants.quotas import Limits
from tenants.roles import Action
from tenants.scope import tenant_transaction


def cell_name(number: int) -> str:
    """The schema of a cell."""
    return f"cell_{number:03d}"


def place(database_id: UUID, *, cells: Sequence[str]) -> str:
    """The cell of a new database: spread evenly, decided once, stored with the database."""
    return cells[database_id.int % len(cells)]


def open_cells(cell_count: int) -> list[str]:
    """The cells that take new databases: all that no operator closed.

    Raises:  Unavailable when every cell is closed
    """
    closed = set(CellPlacement.objects.filter(accepts_new=False).values_list("cell", flat=True))
    found = [cell for cell in map(cell_name, range(cell_count)) if cell not in closed]
    if not found:
        raise Unavailable("No cell of this installation takes new databases now; ask its operators.")
    return found


def create(tenant_id: UUID, name: str, *, limits: Limits, cell_count: int, by: Actor = SYSTEM) -> Database:
    """Make an empty database.

    Raises:      PermissionDenied, InvalidArgument for a bad name, QuotaExceeded, AlreadyExists, NotFound for
                 a deleted tenant, Unavailable when no cell is open
    Transaction: opens one
    """
    if by.kind is not ActorKind.API_KEY:  # whose verbs were asked for at its own door
        by.require(Action.CREATE_DATABASE)
    names.check_database(name)
    quotas.check(limits, "name_bytes", len(name.encode()), action="Create Database")
    database_id = uuid.uuid4()
    try:
        with tenant_transaction(tenant_id):
            tenants.lock(tenant_id)
            owned = Database.objects.filter(tenant_id=tenant_id)
            quotas.check(limits, "databases_count", owned.count() + 1, action="Create Database")
            made = Database.objects.create(
                database_id=database_id,
                tenant_id=tenant_id,
                name=name,
                cell=place(database_id, cells=open_cells(cell_count)),
            )
            audit.record(by, tenant_id, Action.CREATE_DATABASE, subject_id=database_id, subject_label=name)
            return made
    except IntegrityError as error:
        raise AlreadyExists(f"Database [{name}] already exists") from error


def get(tenant_id: UUID, name: str) -> Database:
    """The tenant's database of this name.

    Raises:  NotFound
    """
    with tenant_transaction(tenant_id):
        try:
            return Database.objects.get(tenant_id=tenant_id, name=names.sought(name))
        except Database.DoesNotExist as error:
            raise NotFound(f"Database [{name}] not found. Are you sure it exists?") from error


def page(by: Actor, tenant_id: UUID, *, limit_count: int, after: str = "") -> list[Database]:
    """The databases with a name behind `after`, by name.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_DATABASES)
    with tenant_transaction(tenant_id):
        rows = Database.objects.filter(tenant_id=tenant_id, name__gt=after)
        return list(rows.order_by("name")[:limit_count])


def list_databases(
    tenant_id: UUID,
    *,
    only: Collection[UUID] | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Database]:
    """The tenant's databases, or those of `only`, oldest first."""
    with tenant_transaction(tenant_id):
        rows = Database.objects.filter(tenant_id=tenant_id).order_by("created_at", "database_id")
        if only is not None:
            rows = rows.filter(database_id__in=only)
        return list(rows[offset : None if limit is None else offset + limit])
