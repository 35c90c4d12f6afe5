"""Databases: create, list, get, delete."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from rest_framework.request import Request

from cloud.api import codec, permissions
from cloud.api.actors import actor_of
from cloud.api.schemas.collections import NewName
from cloud.api.views.catalogue_view import CatalogueView, body_of, identity_of, page_of
from tenants import databases
from tenants.errors import PermissionDenied
from tenants.identity import Verb
from tenants.models import Database as DatabaseRow
from vectors import collections


def _to_wire(row: DatabaseRow, tenant_name: str) -> dict[str, Any]:
    return {"id": str(row.database_id), "name": row.name, "tenant": tenant_name}


class Databases(CatalogueView):
    """`/tenants/{T}/databases`."""

    def post(self, request: Request, tenant: str) -> HttpResponse:
        """Create a database."""
        identity = identity_of(request)
        tenant_id = permissions.enter_tenant(identity, tenant, Verb.CREATE_DATABASE)
        if identity.databases is not None:
            raise PermissionDenied
        name = body_of(request, NewName).name
        by = actor_of(identity, request)
        databases.create(tenant_id, name, limits=identity.limits, cell_count=settings.CELL_COUNT, by=by)
        return codec.answer({})

    def get(self, request: Request, tenant: str) -> HttpResponse:
        """The databases that the key reaches."""
        identity = identity_of(request)
        tenant_id = permissions.enter_tenant(identity, tenant, Verb.LIST_DATABASES)
        limit, offset = page_of(request)
        only = None if identity.databases is None else list(identity.databases)
        rows = databases.list_databases(tenant_id, only=only, limit=limit, offset=offset)
        return codec.answer([_to_wire(row, tenant) for row in rows])


class Database(CatalogueView):
    """`P`."""

    def get(self, request: Request, tenant: str, database: str) -> HttpResponse:
        """One database."""
        row = permissions.enter_database(identity_of(request), tenant, database, Verb.GET_DATABASE)
        return codec.answer(_to_wire(row, tenant))

    def delete(self, request: Request, tenant: str, database: str) -> HttpResponse:
        """Delete a database with its collections."""
        identity = identity_of(request)
        tenant_id = permissions.enter_tenant(identity, tenant, Verb.DELETE_DATABASE)
        permissions.check_database_name(database)
        if identity.databases is not None and database not in identity.databases.values():
            raise PermissionDenied
        collections.delete_database(tenant_id, database, by=actor_of(identity, request))
        return codec.answer({})
