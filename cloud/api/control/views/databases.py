"""Databases: list, create, delete."""

from __future__ import annotations

from django.conf import settings

from cloud.api.control.endpoint import check_after, check_limit
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import databases as shapes
from cloud.api.control.schemas.shape import Nothing, PageQuery
from tenants import databases, tenants
from tenants.actors import Actor
from tenants.models import Database
from tenants.roles import Action
from vectors import collections

_PATH = "/tenants/{tenant}/databases"


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_DATABASES, query=PageQuery, answer=shapes.DatabasesPage)
def list_databases(call: Call[None]) -> shapes.DatabasesPage:
    """List the databases of a tenant, by name."""
    limit = check_limit(call.query.limit)
    found = databases.page(
        call.actor, call.tenant_id, limit_count=limit + 1, after=check_after(call.query.after)
    )
    return shapes.DatabasesPage(
        items=[_shown(one, call.actor) for one in found[:limit]],
        next=found[limit - 1].name if len(found) > limit else None,
    )


@route(
    "POST",
    _PATH,
    Door.MEMBER,
    action=Action.CREATE_DATABASE,
    body=shapes.NewDatabase,
    answer=shapes.Database,
    status=201,
)
def create_database(call: Call[shapes.NewDatabase]) -> shapes.Database:
    """Create an empty database."""
    made = databases.create(
        call.tenant_id,
        call.body.name,
        limits=tenants.limits_of(tenants.get(call.tenant_id)),
        cell_count=settings.CELL_COUNT,
        by=call.actor,
    )
    return _shown(made, call.actor)


@route("DELETE", _PATH + "/{database}", Door.MEMBER, action=Action.DELETE_DATABASE, answer=Nothing)
def delete_database(call: Call[None]) -> Nothing:
    """Delete a database with its collections."""
    collections.delete_database(call.tenant_id, call.path["database"], by=call.actor)
    return Nothing()


def _shown(row: Database, by: Actor) -> shapes.Database:
    return shapes.Database(
        database_id=row.database_id,
        name=row.name,
        created_at=row.created_at,
        cell=row.cell if by.is_operator else None,
    )
