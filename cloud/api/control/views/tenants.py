"""Tenants: list one's own, create, get."""

from __future__ import annotations

from uuid import UUID

from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import tenants as shapes
from cloud.api.control.schemas.shape import NoQuery
from tenants import members, tenants
from tenants.actors import ActorKind
from tenants.models import Tenant
from tenants.roles import Action


@route("GET", "/tenants", Door.PERSON, answer=shapes.Tenants)
def list_tenants(call: Call[None]) -> shapes.Tenants:
    """List the tenants that the caller may enter."""
    found: list[tuple[UUID, str | None]]
    if call.actor.kind is ActorKind.USER and call.actor.actor_id is not None:
        found = [(one.tenant_id, one.role.value) for one in members.memberships(call.actor.actor_id)]
    else:
        found = [(call.actor.home[0], None)] if call.actor.home else []
    return shapes.Tenants(items=[_shown(tenants.get(tenant_id), role) for tenant_id, role in found])


@route("POST", "/tenants", Door.PERSON, body=shapes.NewTenant, answer=shapes.Tenant, status=201)
def create_tenant(call: Call[shapes.NewTenant]) -> shapes.Tenant:
    """Create a tenant; the person who does becomes its owner."""
    return _shown(tenants.create(call.body.name, by=call.actor), None)


@route(
    "GET", "/tenants/{tenant}", Door.MEMBER, action=Action.VIEW_TENANT, answer=shapes.Tenant, query=NoQuery
)
def get_tenant(call: Call[None]) -> shapes.Tenant:
    """Get a tenant."""
    return _shown(tenants.get(call.tenant_id), call.actor.role.value if call.actor.role else None)


def _shown(tenant: Tenant, role: str | None) -> shapes.Tenant:
    return shapes.Tenant(
        tenant_id=tenant.tenant_id,
        name=tenant.name,
        role=role,
        created_at=tenant.created_at,
        suspended_at=tenant.suspended_at,
    )
