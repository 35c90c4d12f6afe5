"""Tenants: create and find."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError, connection

from tenants import audit, names
from tenants.actors import SYSTEM, Actor, ActorKind
from tenants.errors import AlreadyExists, NotFound
from tenants.models import Member, Tenant
from tenants.quotas import Limits
from tenants.roles import Role
from tenants.scope import tenant_transaction


def create(name: str, *, by: Actor = SYSTEM) -> Tenant:
    """Make a tenant; a person who does becomes its owner.

    Raises:      InvalidArgument for a short name, AlreadyExists
    Transaction: opens one, bound to the new tenant
    """
    names.check_tenant(name)
    tenant_id = uuid.uuid4()
    try:
        with tenant_transaction(tenant_id):
            tenant = Tenant.objects.create(tenant_id=tenant_id, name=name)
            if by.kind is ActorKind.USER and by.actor_id is not None:
                Member.objects.create(tenant=tenant, user_id=by.actor_id, role=Role.OWNER.value)
            audit.record(by, tenant_id, "tenant.create", subject_id=tenant_id, subject_label=name)
            return tenant
    except IntegrityError as error:
        raise AlreadyExists(f"Tenant [{name}] already exists") from error


def get(tenant_id: UUID) -> Tenant:
    """The tenant with this id.

    Raises:  NotFound
    """
    with tenant_transaction(tenant_id):
        try:
            return Tenant.objects.select_related("plan").get(tenant_id=tenant_id)
        except Tenant.DoesNotExist as error:
            raise NotFound(f"Tenant [{tenant_id}] not found") from error


def set_resource_name(tenant_id: UUID, resource_name: str) -> None:
    """Give the tenant the name that stands for it in a CRN: once, for others may have written it down.

    Raises:      InvalidArgument, NotFound, AlreadyExists when it has one, or another tenant has this one
    Transaction: opens one
    Source:      contract, section 7
    """
    names.check_resource(resource_name)
    try:
        with tenant_transaction(tenant_id):
            unnamed = Tenant.objects.filter(tenant_id=tenant_id, resource_name=None)
            if unnamed.update(resource_name=resource_name):
                return
            named = Tenant.objects.filter(tenant_id=tenant_id).first()
    except IntegrityError as error:
        raise AlreadyExists(f"Resource name [{resource_name}] already exists") from error
    if named is None:
        raise NotFound(f"Tenant [{tenant_id}] not found")
    raise AlreadyExists(f"Tenant [{named.name}] already has the resource name [{named.resource_name}]")


def resolve(name: str) -> UUID:
    """The id behind a tenant's name: for operators and commands, never for an ordinary key.

    Raises:  NotFound
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_resolve(%s)", [names.sought(name)])
        (tenant_id,) = cursor.fetchone() or (None,)
    if tenant_id is None:
        raise NotFound(f"Tenant [{name}] not found")
    return UUID(str(tenant_id))


def everyone() -> list[UUID]:
    """Every tenant's id: for an operator's reset."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_everyone()")
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


def delete_if_unused(tenant_id: UUID) -> bool:
    """Delete a tenant that nobody can enter: without keys and without members; whether it was.

    Transaction: opens one
    """
    with tenant_transaction(tenant_id):
        unused = Tenant.objects.filter(tenant_id=tenant_id, apikey=None, member=None)
        return bool(unused.delete()[0])


def override_limits(
    tenant_id: UUID, overrides: Mapping[str, int], *, by: Actor = SYSTEM, is_whole: bool = False
) -> None:
    """Give the tenant limits of its own beside its plan's; in force within KEY_CACHE_SECONDS.

    is_whole:    these are all of its own limits: others that it had are its plan's again
    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require_operator()
    with tenant_transaction(tenant_id):
        tenant = Tenant.objects.select_for_update().filter(tenant_id=tenant_id).first()
        if tenant is None:
            raise NotFound(f"Tenant [{tenant_id}] not found")
        before = tenant.quota_overrides
        tenant.quota_overrides = dict(overrides) if is_whole else {**before, **overrides}
        tenant.save(update_fields=["quota_overrides"])
        details = {"before": before, "after": tenant.quota_overrides}
        audit.record(
            by, tenant_id, "quotas.override", subject_id=tenant_id, subject_label=tenant.name, details=details
        )


def limits_of(tenant: Tenant) -> Limits:
    """The tenant's limits: its plan's, then its own."""
    return Limits.from_overrides({**(tenant.plan.limits if tenant.plan else {}), **tenant.quota_overrides})
