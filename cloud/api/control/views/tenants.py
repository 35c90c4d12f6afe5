"""Tenants: list one's own, create, get, change, delete."""

from __future__ import annotations

from uuid import UUID

from django.conf import settings

from cloud.api import authentication
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import tenants as shapes
from cloud.api.control.schemas.shape import NoQuery, Nothing
from tenants import members, tenants
from tenants.actors import ActorKind
from tenants.models import Tenant
from tenants.roles import Action, Role

_PATH = "/tenants/{tenant}"


@route("GET", "/tenants", Door.PERSON, answer=shapes.Tenants)
def list_tenants(call: Call[None]) -> shapes.Tenants:
    """List the tenants that the caller may enter."""
    found: list[tuple[UUID, Role | None]]
    if call.actor.kind is ActorKind.USER and call.actor.actor_id is not None:
        found = [(one.tenant_id, one.role) for one in members.memberships(call.actor.actor_id)]
    else:
        found = [(call.actor.home[0], call.actor.role)] if call.actor.home else []
    return shapes.Tenants(items=[_shown(tenants.get(tenant_id), role) for tenant_id, role in found])


@route(
    "POST",
    "/tenants",
    Door.PERSON,
    body=shapes.NewTenant,
    answer=shapes.Tenant,
    status=201,
    description="People may unless `TENANT_CREATION` keeps it to operators; a person owns at most 20.",
)
def create_tenant(call: Call[shapes.NewTenant]) -> shapes.Tenant:
    """Create a tenant; the person who does becomes its owner."""
    made = tenants.create(call.body.name, by=call.actor, people_may=settings.TENANT_CREATION == "members")
    return _shown(made, Role.OWNER if call.actor.kind is ActorKind.USER else None)


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_TENANT, answer=shapes.Tenant, query=NoQuery)
def get_tenant(call: Call[None]) -> shapes.Tenant:
    """Get a tenant."""
    return _shown(tenants.get(call.tenant_id), call.actor.role)


@route(
    "PATCH",
    _PATH,
    Door.MEMBER,
    action=Action.UPDATE_TENANT,
    body=shapes.TenantChange,
    answer=shapes.Tenant,
)
def update_tenant(call: Call[shapes.TenantChange]) -> shapes.Tenant:
    """Change the settings of a tenant."""
    changed = tenants.update(call.actor, call.tenant_id, allows_impersonation=call.body.allows_impersonation)
    return _shown(changed, call.actor.role)


@route(
    "DELETE",
    _PATH,
    Door.MEMBER,
    action=Action.DELETE_TENANT,
    body=shapes.TenantDeletion,
    answer=Nothing,
    description="Refused while the tenant has databases. Its name is not given again.",
)
def delete_tenant(call: Call[shapes.TenantDeletion]) -> Nothing:
    """Delete a tenant, with its keys, service accounts and members; the body repeats its name."""
    tenants.delete(call.actor, call.tenant_id, name=call.body.name)
    authentication.forget_all()
    return Nothing()


def _shown(tenant: Tenant, role: Role | None) -> shapes.Tenant:
    return shapes.Tenant(
        tenant_id=tenant.tenant_id,
        name=tenant.name,
        role=role.value if role else None,
        allows_impersonation=tenant.allows_impersonation,
        created_at=tenant.created_at,
        suspended_at=tenant.suspended_at,
        suspension_reason=tenant.suspension_reason if tenant.suspended_at else "",
    )
