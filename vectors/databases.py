"""Databases with what they hold: deleting one for somebody, and writing it down."""

from __future__ import annotations

from uuid import UUID

from tenants import audit, names
from tenants.actors import Actor, ActorKind
from tenants.models import Database
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import collections


def delete(by: Actor, tenant_id: UUID, name: str) -> None:
    """Delete a database and its collections.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    if by.kind is not ActorKind.API_KEY:  # whose verbs were asked for at its own door
        by.require(Action.DELETE_DATABASE)
    with tenant_transaction(tenant_id):
        found = Database.objects.filter(tenant_id=tenant_id, name=names.sought(name)).first()
        collections.delete_database(tenant_id, name)
        subject_id = found.database_id if found else ""
        audit.record(by, tenant_id, Action.DELETE_DATABASE, subject_id=subject_id, subject_label=name)
