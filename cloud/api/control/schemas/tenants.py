"""Shapes of tenants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class NewTenant(Body):
    """A tenant to be."""

    name: str


class TenantChange(Body):
    """What shall be otherwise; a member that is left out stays as it is."""

    allows_impersonation: bool | None = None


class TenantDeletion(Body):
    """The tenant's name once more, to confirm."""

    name: str


class Tenant(Answer):
    """A tenant, and what the caller is in it; an operator has no role."""

    tenant_id: UUID
    name: str
    role: str | None
    allows_impersonation: bool
    created_at: datetime | None
    suspended_at: datetime | None
    suspension_reason: str


class Tenants(Answer):
    """The tenants that the caller may enter."""

    items: list[Tenant]
