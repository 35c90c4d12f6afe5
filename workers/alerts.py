"""The alerts of a tenant: gather what its people may know of, and decide.

suspension, maintenance │ jobs, indexing │ spend cap │ quotas │ keys     →  alerting.decide  (pure)
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime
from uuid import UUID

from tenants import flags, quota_standing, tenants
from tenants.actors import Actor
from tenants.billing import months
from tenants.models import ApiKey, Budget, Database, Tenant
from tenants.roles import Action
from tenants.scope import tenant_transaction
from vectors import state_usage
from workers import alerting, indexing
from workers.alerting import Alert, Budgeted, ExpiringKey, Facts, QuotaUse
from workers.policy import Thresholds

_LISTED_KEYS_COUNT = 3


def of_tenant(by: Actor, tenant_id: UUID, thresholds: Thresholds, *, unverified: str = "") -> list[Alert]:
    """What the actor should know of, the most urgent first; what the role does not show is left out.

    unverified:  an address of the actor's own that waits to be confirmed, which the edge knows
    Raises:      PermissionDenied, NotFound
    Transaction: opens one; about a dozen statements and three per cell of the tenant, whatever its size
    """
    by.require(Action.VIEW_TENANT)
    now, tenant = datetime.now(UTC), tenants.get(tenant_id)
    cells = quota_standing.cells(tenant_id)
    with tenant_transaction(tenant_id):
        behind = indexing.Standing([], [])
        if by.may(Action.VIEW_COLLECTIONS):
            behind = indexing.standing(by, tenant_id, cells, thresholds)
        expiring = _expiring(tenant_id, now) if by.may(Action.VIEW_KEYS) else []
        facts = Facts(
            now=now,
            suspension=None if tenant.suspended_at is None else tenant.suspension_reason,
            is_in_maintenance=flags.is_on(flags.MAINTENANCE, tenant_id),
            backlogs=behind.backlogs,
            parked=behind.parked,
            database_names=_names(tenant_id, {one.database_id for one in behind.backlogs}),
            budget=_budget(tenant, now) if by.may(Action.VIEW_BILLING) else None,
            quotas=_quotas(by, tenant_id, cells) if by.may(Action.VIEW_QUOTAS) else (),
            expiring_keys=expiring[:_LISTED_KEYS_COUNT],
            expiring_count=len(expiring),
            unverified=unverified,
        )
    return alerting.decide(facts)


def _expiring(tenant_id: UUID, now: datetime) -> list[ExpiringKey]:
    """Keys that end soon and that no rotation has replaced, soonest first; a tenant has few thousand keys."""
    rows = ApiKey.objects.filter(
        tenant_id=tenant_id,
        revoked_at=None,
        replaced_by=None,
        expires_at__gt=now,
        expires_at__lte=now + alerting.KEY_NOTICE,
    )
    found = rows.order_by("expires_at").values_list("name", "expires_at")
    return [ExpiringKey(name, ends) for name, ends in found if ends is not None]


def _names(tenant_id: UUID, ids: Collection[UUID]) -> dict[UUID, str]:
    if not ids:
        return {}
    rows = Database.objects.filter(tenant_id=tenant_id, database_id__in=ids)
    return dict(rows.values_list("database_id", "name"))


def _budget(tenant: Tenant, now: datetime) -> Budgeted | None:
    """The month's budget as processes lease it: at hand, where the ledger would have to be summed up."""
    if tenant.spend_cap_nano is None:
        return None
    row = Budget.objects.filter(tenant_id=tenant.tenant_id, month=months.month_of(now)).first()
    if row is None:
        return None
    return Budgeted(tenant.spend_cap_nano, row.reserved_nano, tenants.currency_of(tenant))


def _quotas(by: Actor, tenant_id: UUID, cells: Collection[str]) -> list[QuotaUse]:
    states = state_usage.of_tenant(tenant_id, cells)
    return [
        QuotaUse(one.usage_name or one.limit_name, one.current, one.limit)
        for one in quota_standing.standings(by, tenant_id, states)
        if one.current is not None
    ]
