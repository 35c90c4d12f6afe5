"""Alerts: who pays is told once a month that its cost passed a threshold; by mail, audit log and API."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.core import mail
from django.db import connection

from tenants import audit, tenants
from tenants.actors import SYSTEM, Actor
from tenants.billing import money, months, profiles
from tenants.errors import InvalidArgument, NotFound, QuotaExceeded
from tenants.models import AlertNotice, BillingAlert, Member, Tenant
from tenants.roles import Action, Role
from tenants.scope import tenant_transaction

_MAX_ALERTS_COUNT = 20


@dataclass(frozen=True)
class Watched:
    """An alert and when it was last crossed in the running month."""

    alert: BillingAlert
    notice: AlertNotice | None


def create(
    by: Actor, tenant_id: UUID, *, percent: int | None = None, amount_nano: int | None = None
) -> BillingAlert:
    """Tell who pays when a month has cost this percentage of the spend cap, or this amount.

    Raises:      PermissionDenied, InvalidArgument for both or neither, QuotaExceeded
    Transaction: opens one
    """
    by.require(Action.MANAGE_BILLING)
    if (percent is None) == (amount_nano is None):
        raise InvalidArgument("percent, amount_nano: expected one of them")
    if percent is not None and not 1 <= percent <= 100:
        raise InvalidArgument(f"percent: expected 1 to 100, got {percent}")
    if amount_nano is not None:
        money.check_amount("amount_nano", amount_nano, at_least=1)
    with tenant_transaction(tenant_id):
        tenants.lock(tenant_id)
        if BillingAlert.objects.filter(tenant_id=tenant_id).count() >= _MAX_ALERTS_COUNT:
            raise QuotaExceeded(f"A tenant has at most {_MAX_ALERTS_COUNT} alerts")
        alert = BillingAlert.objects.create(tenant_id=tenant_id, percent=percent, amount_nano=amount_nano)
        _record(by, alert, {"did": "create alert", "percent": percent, "amount_nano": amount_nano})
    return alert


def delete(by: Actor, tenant_id: UUID, alert_id: UUID) -> None:
    """Tell nobody any more.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require(Action.MANAGE_BILLING)
    with tenant_transaction(tenant_id):
        alert = (
            BillingAlert.objects.select_for_update().filter(tenant_id=tenant_id, alert_id=alert_id).first()
        )
        if alert is None:
            raise NotFound(f"Alert [{alert_id}] not found")
        AlertNotice.objects.filter(tenant_id=tenant_id, alert_id=alert_id).delete()
        BillingAlert.objects.filter(tenant_id=tenant_id, alert_id=alert_id).delete()
        _record(by, alert, {"did": "delete alert"})


def list_alerts(by: Actor, tenant_id: UUID, month: date) -> list[Watched]:
    """The tenant's alerts, oldest first, with the month's notices.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_BILLING)
    with tenant_transaction(tenant_id):
        notices = {one.alert_id: one for one in AlertNotice.objects.filter(tenant_id=tenant_id, month=month)}
        rows = BillingAlert.objects.filter(tenant_id=tenant_id).order_by("created_at", "alert_id")
        return [Watched(row, notices.get(row.alert_id)) for row in rows]


def threshold_nano(alert: BillingAlert, cap_nano: int | None) -> int | None:
    """What a month must cost; None for a percentage without a cap. [pure]"""
    if alert.percent is None:
        return alert.amount_nano
    return None if cap_nano is None else -(-cap_nano * alert.percent // 100)


def check(tenant_id: UUID, month: date, *, spent_nano: int, currency: str) -> int:
    """Notice which alerts the month has crossed, and mail what was not mailed yet; how many mails were sent.

    A mail that cannot be sent raises after the notices are kept; the next check sends it.
    Transaction: opens one for the notices, and one per mail
    Idempotent:  yes
    """
    with tenant_transaction(tenant_id):
        tenant = Tenant.objects.filter(tenant_id=tenant_id).first()
        if tenant is None:
            return 0
        profiles.locked(tenant_id)  # so that two checks do not notice the same
        for alert in BillingAlert.objects.filter(tenant_id=tenant_id).order_by("created_at", "alert_id"):
            threshold = threshold_nano(alert, tenant.spend_cap_nano)
            if threshold is None or spent_nano < threshold:
                continue
            notice = AlertNotice(tenant_id=tenant_id, alert=alert, month=month, spent_nano=spent_nano)
            known = AlertNotice.objects.filter(tenant_id=tenant_id, alert=alert, month=month)
            if not known.exists():
                notice.save()
                details = {"did": "alert", "month": months.shown(month), "spent_nano": spent_nano}
                _record(SYSTEM, alert, {**details, "threshold_nano": threshold})
        waiting = list(AlertNotice.objects.filter(tenant_id=tenant_id, month=month, mailed_at=None))
        to = _payers(tenant_id) if waiting else []
    for notice in waiting:
        _mail(tenant, notice, to, currency)
    return len(waiting) if to else 0


def alerted() -> list[UUID]:
    """Every tenant with an alert."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_alerted()")
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


def _payers(tenant_id: UUID) -> list[str]:
    rows = Member.objects.filter(
        tenant_id=tenant_id, role__in=[Role.OWNER.value, Role.BILLING.value], user__is_active=True
    )
    return sorted(rows.values_list("user__email", flat=True))


def _mail(tenant: Tenant, notice: AlertNotice, to: list[str], currency: str) -> None:
    if not to:
        return
    month = months.shown(notice.month)
    cost = money.payable(notice.spent_nano, currency)
    cap = tenant.spend_cap_nano
    text = f"The use of {tenant.name} in {month} costs {cost} so far.\n\n"
    if cap is not None:
        shown = money.payable(cap, currency)
        text += f"Its spend cap is {shown}; requests that cost something are refused once it is reached.\n\n"
    text += "You are told because you own the tenant or pay for it, once a month for each alert.\n"
    with tenant_transaction(tenant.tenant_id):
        rows = AlertNotice.objects.select_for_update().filter(pk=notice.pk, mailed_at=None)
        if not rows.exists():  # by another worker, in the meantime
            return
        subject = f"{' '.join(tenant.name.split())}: {month} costs {cost} so far"
        mail.EmailMessage(subject, text, to=to).send()
        rows.update(mailed_at=datetime.now(UTC))


def _record(by: Actor, alert: BillingAlert, details: dict[str, object]) -> None:
    audit.record(
        by,
        alert.tenant_id,
        Action.MANAGE_BILLING,
        subject_id=alert.alert_id,
        subject_label=str(alert),
        details=details,
    )
