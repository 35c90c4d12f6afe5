"""Spend caps: set one, lease from a month's budget, recount it by the ledger."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import connection

from tenants import audit
from tenants.actors import Actor
from tenants.billing import budget, money
from tenants.billing.budget import Ask, Grant
from tenants.errors import NotFound
from tenants.models import Budget, Plan, Tenant
from tenants.roles import Action
from tenants.scope import tenant_transaction

_HELD = """
SELECT coalesce(sum(granted_nano) FILTER (WHERE closed_at IS NULL), 0)::bigint,
  coalesce(sum(spent_nano) FILTER (WHERE closed_at IS NOT NULL), 0)::bigint
FROM tenants_budgetlease WHERE tenant_id = %s AND month = %s
"""
_DROP_OLD = """
DELETE FROM tenants_budgetlease
WHERE tenant_id = %s AND coalesce(closed_at, expires_at) < now() - make_interval(secs => %s)
"""
_CLOSE = """
UPDATE tenants_budgetlease
SET spent_nano = greatest(0, CASE WHEN closed_at IS NULL THEN granted_nano ELSE spent_nano END - %s),
  closed_at = coalesce(closed_at, now())
WHERE lease_id = %s AND tenant_id = %s AND month = %s
"""
_OPEN = """
INSERT INTO tenants_budgetlease (lease_id, tenant_id, month, process, granted_nano, spent_nano, expires_at)
VALUES (%s, %s, %s, %s, %s, 0, now() + make_interval(secs => %s))
"""


@dataclass(frozen=True)
class Holder:
    """A process that leases, one of so many."""

    process: str
    process_count: int


@dataclass(frozen=True)
class Lease:
    """What an exchange brought; `lease_id` is None where nothing was granted."""

    lease_id: UUID | None
    grant: Grant


@dataclass(frozen=True)
class Standing:
    """A tenant's spend cap in a month; None: it has none.

    plan:           that it has now
    reserved_nano:  spent, or leased to processes that may spend it; None: nothing asked for the budget yet
    """

    cap_nano: int | None
    reserved_nano: int | None
    plan: Plan | None


def standing(by: Actor, tenant_id: UUID, month: date) -> Standing:
    """The tenant's spend cap, and what the month's budget holds.

    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_BILLING)
    with tenant_transaction(tenant_id):
        tenant = Tenant.objects.select_related("plan").filter(tenant_id=tenant_id).first()
        if tenant is None:
            raise NotFound(f"Tenant [{tenant_id}] not found")
        row = Budget.objects.filter(tenant_id=tenant_id, month=month).first()
    return Standing(tenant.spend_cap_nano, row.reserved_nano if row else None, tenant.plan)


def set_cap(by: Actor, tenant_id: UUID, cap_nano: int | None) -> None:
    """Stop the tenant's billable requests once a month's meters cost so much; None: never.

    In force within KEY_CACHE_SECONDS in every process. A cap where there was none counts from the ledger.
    Raises:      PermissionDenied, InvalidArgument, NotFound
    Transaction: opens one
    """
    by.require(Action.MANAGE_BILLING)
    if cap_nano is not None:
        money.check_amount("spend_cap_nano", cap_nano, at_least=0)
    with tenant_transaction(tenant_id):
        tenant = Tenant.objects.select_for_update().filter(tenant_id=tenant_id).first()
        if tenant is None:
            raise NotFound(f"Tenant [{tenant_id}] not found")
        before, tenant.spend_cap_nano = tenant.spend_cap_nano, cap_nano
        tenant.save(update_fields=["spend_cap_nano"])
        if before is None:  # what was spent without a cap is in no budget
            Budget.objects.filter(tenant_id=tenant_id).delete()
        audit.record(
            by,
            tenant_id,
            Action.MANAGE_BILLING,
            subject_id=tenant_id,
            subject_label=tenant.name,
            details={"did": "set spend cap", "before_nano": before, "after_nano": cap_nano},
        )


def exchange(tenant_id: UUID, month: date, last: UUID | None, ask: Ask, holder: Holder) -> Lease | None:
    """Give back what is left of the last lease, and take another.

    last:        the process's last lease of this budget, open or closed
    Returns:     None when the month has no budget yet: `recount` makes it
    Transaction: opens one, short: it locks the budget's row
    """
    with tenant_transaction(tenant_id):
        row = Budget.objects.select_for_update().filter(tenant_id=tenant_id, month=month).first()
        if row is None:
            return None
        with connection.cursor() as cursor:
            if ask.returned_nano or last is not None:
                cursor.execute(_CLOSE, [ask.returned_nano, last, tenant_id, month])
                if not cursor.rowcount and ask.returned_nano > 0:
                    ask = ask._replace(returned_nano=0)  # a recount has done without that lease: it is spent
            reserved, given = budget.exchange(row.reserved_nano, ask, process_count=holder.process_count)
            lease_id = uuid.uuid4() if given.nano else None
            if lease_id is not None:
                seconds = budget.LEASE_SECONDS
                named = (lease_id, tenant_id, month, holder.process[:128], given.nano, seconds)
                cursor.execute(_OPEN, named)
            if reserved != row.reserved_nano:
                row.reserved_nano = reserved
                row.save(update_fields=["reserved_nano"])
    return Lease(lease_id, given)


def recount(tenant_id: UUID, month: date, ledger_nano: int) -> int:
    """Make the month's budget, or set it right: what crashed processes held is free again, and what was spent
    without a lease counts. Returns what is reserved.

    ledger_nano: read from the ledger before, never after
    Transaction: opens one
    Idempotent:  yes
    """
    with tenant_transaction(tenant_id):
        Budget.objects.bulk_create(
            [Budget(tenant_id=tenant_id, month=month, reserved_nano=ledger_nano)], ignore_conflicts=True
        )
        row = Budget.objects.select_for_update().get(tenant_id=tenant_id, month=month)
        with connection.cursor() as cursor:
            cursor.execute(_DROP_OLD, [tenant_id, budget.SETTLING_SECONDS])
            cursor.execute(_HELD, [tenant_id, month])
            live, settling = cursor.fetchone()
        row.reserved_nano = budget.recounted_nano(
            ledger_nano=ledger_nano, live_nano=live, settling_nano=settling
        )
        row.save(update_fields=["reserved_nano"])
    return row.reserved_nano


def budgeted(month: date) -> list[UUID]:
    """Every tenant with a budget in the month; asked by the recount."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_budgeted(%s)", [month])
        return [tenant_id for (tenant_id,) in cursor.fetchall()]
