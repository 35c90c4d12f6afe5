"""Shapes of tenants."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class NewTenant(Body):
    """A tenant to be."""

    name: str


class Tenant(Answer):
    """A tenant, and what the caller is in it; an operator has no role."""

    tenant_id: UUID
    name: str
    role: str | None
    created_at: datetime | None
    suspended_at: datetime | None


class Tenants(Answer):
    """The tenants that the caller may enter."""

    items: list[Tenant]
