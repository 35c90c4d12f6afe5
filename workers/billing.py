"""What is due by itself: invoices, budgets set right, alerts. One tenant's failure stops no other."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import date, datetime
from uuid import UUID

from tenants import tenants
from tenants.actors import SYSTEM, Actor
from tenants.billing import alerts, budgets, history, invoices, months
from tenants.billing.recount import invoice_differences
from tenants.errors import NotFound
from tenants.models import Invoice
from vectors import usage

log = logging.getLogger("tessera.billing")


def issue_missing(*, now: datetime, by: Actor = SYSTEM) -> list[str]:
    """Issue every invoice of a month that is over and was never billed; the numbers.

    Idempotent:  yes
    """
    issued: list[str] = []

    def issue(tenant_id: UUID) -> None:
        made = invoices.issue_missing(by, tenant_id, now=now, totals=usage.meter_totals)
        issued.extend(one.number for one in made)

    _for_each(invoices.unbilled(now), issue, "issue the invoices")
    return issued


def issue_month(month: date, *, now: datetime, by: Actor, only: UUID | None = None) -> list[str]:
    """Issue the invoices of one month that do not stand, void ones anew; the numbers of all that stand.

    Raises:      InvalidArgument for a month that is not over for `invoices.GRACE`
    Idempotent:  yes
    """
    found = [
        invoices.issue(by, tenant_id, month, now=now, totals=usage.meter_totals)
        for tenant_id in ([only] if only else tenants.everyone())
    ]
    return [one.number for one in found if one is not None]


def recount_budgets(*, now: datetime) -> int:
    """Set the running month's budgets right by the ledger, and check their tenants' alerts; how many.

    Idempotent:  yes
    """
    month = months.month_of(now)

    def recount(tenant_id: UUID) -> None:
        spent = history.spent_nano(tenant_id, month, usage.rolled_totals)
        budgets.recount(tenant_id, month, spent)
        _check(tenant_id, month, spent)

    return _for_each(budgets.budgeted(month), recount, "recount the budget")


def check_alerts(*, now: datetime) -> int:
    """Check the alerts of every tenant that has any; how many tenants.

    Idempotent:  yes
    """
    month = months.month_of(now)

    def check(tenant_id: UUID) -> None:
        _check(tenant_id, month, history.spent_nano(tenant_id, month, usage.rolled_totals))

    return _for_each(alerts.alerted(), check, "check the alerts")


def recount_invoices(month: date | None, only: UUID | None) -> tuple[int, list[str]]:
    """Recompute issued invoices from the ledger, as the owner: how many, and what differs.

    month, only: None: all of them, deleted tenants' too
    """
    rows = Invoice.objects.exclude(state=Invoice.State.VOID).order_by("number")
    if month is not None:
        rows = rows.filter(month=month)
    if only is not None:
        rows = rows.filter(tenant_id=only)
    standing, found = list(rows), []
    for invoice in standing:
        days = months.days_in(invoice.month)
        found += invoice_differences(invoice, usage.meter_totals, days_count=days)
    return len(standing), found


def _check(tenant_id: UUID, month: date, spent_nano: int) -> None:
    try:
        tenant = tenants.get(tenant_id)
    except NotFound:  # deleted since
        return
    alerts.check(tenant_id, month, spent_nano=spent_nano, currency=tenants.currency_of(tenant))


def _for_each(tenant_ids: Iterable[UUID], act: Callable[[UUID], None], what: str) -> int:
    count = 0
    for tenant_id in tenant_ids:
        try:
            act(tenant_id)
        except Exception:
            log.exception("could not %s of tenant %s; the next run will", what, tenant_id)
        else:
            count += 1
    return count
