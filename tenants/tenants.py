"""Tenants: create and find."""

from __future__ import annotations

import uuid
from uuid import UUID

from django.db import IntegrityError, connection

from tenants import names
from tenants.errors import AlreadyExists, NotFound
from tenants.models import Tenant
from tenants.quotas import Limits
from tenants.scope import tenant_transaction


def create(name: str) -> Tenant:
    """Make a tenant.

    Raises:      InvalidArgument for a short name, AlreadyExists
    Transaction: opens one, bound to the new tenant
    """
    names.check_tenant(name)
    tenant_id = uuid.uuid4()
    try:
        with tenant_transaction(tenant_id):
            return Tenant.objects.create(tenant_id=tenant_id, name=name)
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


def limits_of(tenant: Tenant) -> Limits:
    """The tenant's limits: its plan's, then its own."""
    return Limits.from_overrides({**(tenant.plan.limits if tenant.plan else {}), **tenant.quota_overrides})
