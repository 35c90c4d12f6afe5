"""Suspending a tenant and restoring it; the edges refuse a suspended one, with the reason."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from tenants import audit
from tenants.actors import Actor
from tenants.errors import InvalidArgument, NotFound
from tenants.models import Tenant
from tenants.scope import tenant_transaction

MAX_REASON_CHARACTERS = 512


def suspend(by: Actor, tenant_id: UUID, reason: str) -> None:
    """Refuse the tenant's requests, in force within KEY_CACHE_SECONDS; its data stays as it is.

    reason:      is told to the tenant; suspended anew, the new reason stands and the time of the first
    Raises:      PermissionDenied, InvalidArgument without a reason or for a long one, NotFound
    Transaction: opens one
    """
    by.require_operator()
    reason = reason.strip()
    if not 1 <= len(reason) <= MAX_REASON_CHARACTERS:
        raise InvalidArgument(f"reason: expected 1 to {MAX_REASON_CHARACTERS} characters, got {len(reason)}")
    with tenant_transaction(tenant_id):
        tenant = _locked(tenant_id)
        tenant.suspended_at = tenant.suspended_at or datetime.now(UTC)
        tenant.suspension_reason = reason
        tenant.save(update_fields=["suspended_at", "suspension_reason"])
        audit.record(
            by,
            tenant_id,
            "tenant.suspend",
            subject_id=tenant_id,
            subject_label=tenant.name,
            details={"reason": reason},
        )


def restore(by: Actor, tenant_id: UUID) -> None:
    """Serve the tenant again.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    Idempotent:  yes
    """
    by.require_operator()
    with tenant_transaction(tenant_id):
        tenant = _locked(tenant_id)
        if tenant.suspended_at is None:
            return
        since = tenant.suspended_at.isoformat()
        tenant.suspended_at, tenant.suspension_reason = None, ""
        tenant.save(update_fields=["suspended_at", "suspension_reason"])
        audit.record(
            by,
            tenant_id,
            "tenant.restore",
            subject_id=tenant_id,
            subject_label=tenant.name,
            details={"suspended_at": since},
        )


def _locked(tenant_id: UUID) -> Tenant:
    tenant = Tenant.objects.select_for_update().filter(tenant_id=tenant_id).first()
    if tenant is None:
        raise NotFound(f"Tenant [{tenant_id}] not found")
    return tenant
