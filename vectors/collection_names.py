"""What collections are called, for pages that know only their ids."""

from __future__ import annotations

from collections.abc import Collection as AnyOf
from typing import NamedTuple
from uuid import UUID

from tenants.actors import Actor
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors.models import Collection


class Named(NamedTuple):
    """A collection's name and its database's."""

    name: str
    database_name: str


def of(by: Actor, tenant_id: UUID, ids: AnyOf[UUID]) -> dict[UUID, Named]:
    """The names of the tenant's collections by id; those that are gone are left out.

    Raises:      PermissionDenied
    Transaction: joins the open one, or opens one
    """
    by.require(Action.VIEW_COLLECTIONS)
    with tenant_transaction(tenant_id):
        rows = Collection.objects.filter(
            tenant_id=tenant_id, collection_id__in=ids, database__deleted_at=None
        ).values_list("collection_id", "name", "database__name")
        return {collection_id: Named(name, database) for collection_id, name, database in rows}
