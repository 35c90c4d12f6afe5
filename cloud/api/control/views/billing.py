"""Billing of a tenant: the running month, spend cap, alerts, details, credits, invoices."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.http import HttpResponse

from cloud.api.control.endpoint import check_limit
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import billing as shapes
from cloud.api.control.schemas.shape import Nothing, PageQuery
from cloud.billing import page, pdf, table
from tenants.billing import alerts, budgets, invoices, money, months, profiles
from tenants.billing import credits as credit_book
from tenants.billing.alerts import Watched
from tenants.billing.credits import Standing
from tenants.billing.profiles import Details
from tenants.errors import InvalidArgument
from tenants.models import BillingAlert, Invoice
from tenants.roles import Action
from vectors import usage

_BILLING = "/tenants/{tenant}/billing"
_INVOICES = "/tenants/{tenant}/invoices"
_INVOICE = _INVOICES + "/{number}"
_VIEW: dict[str, Any] = {"action": Action.VIEW_BILLING}
_MANAGE: dict[str, Any] = {"action": Action.MANAGE_BILLING}
_NUMBER = re.compile(r"\d{4}-\d{6,9}", re.ASCII)
# An invoice is shown as it is: it runs nothing and loads nothing.
_PAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"


@route("GET", _BILLING, Door.MEMBER, answer=shapes.Summary, **_VIEW)
def get_billing(call: Call[None]) -> shapes.Summary:
    """Get the running month: what it costs so far and will cost, credits, spend cap and alerts."""
    found = invoices.preview(call.actor, call.tenant_id, now=datetime.now(UTC), totals=usage.rolled_totals)
    now = datetime.now(UTC)
    standing = budgets.standing(call.actor, call.tenant_id, found.month)
    left = credit_book.usable(call.tenant_id, found.bill.currency, since=now)
    watched = alerts.list_alerts(call.actor, call.tenant_id, found.month)
    return shapes.Summary(
        month=months.shown(found.month),
        currency=found.bill.currency,
        plan=standing.plan.name if standing.plan else None,
        lines=msgspec.convert([msgspec.to_builtins(one) for one in found.bill.lines], list[shapes.Line]),
        metered_nano=found.spent_nano,
        subtotal_nano=found.bill.subtotal_nano,
        credits_nano=found.bill.credits_nano,
        total_nano=found.bill.total_nano,
        forecast_nano=found.forecast.total_nano,
        credit_left_nano=sum(one.left_nano for one in left),
        spend_cap_nano=standing.cap_nano,
        reserved_nano=standing.reserved_nano,
        alerts=[_shown_alert(one) for one in watched],
    )


@route("PUT", _BILLING + "/spend-cap", Door.MEMBER, body=shapes.SpendCap, answer=Nothing, **_MANAGE)
def set_spend_cap(call: Call[shapes.SpendCap]) -> Nothing:
    """Set what a month's meters may cost, or null for any amount; in force within a second."""
    budgets.set_cap(call.actor, call.tenant_id, call.body.spend_cap_nano)
    return Nothing()


@route("GET", _BILLING + "/alerts", Door.MEMBER, answer=shapes.Alerts, **_VIEW)
def list_billing_alerts(call: Call[None]) -> shapes.Alerts:
    """List the alerts, oldest first."""
    found = alerts.list_alerts(call.actor, call.tenant_id, months.month_of(datetime.now(UTC)))
    return shapes.Alerts(items=[_shown_alert(one) for one in found])


@route(
    "POST",
    _BILLING + "/alerts",
    Door.MEMBER,
    body=shapes.NewAlert,
    answer=shapes.Alert,
    status=201,
    **_MANAGE,
)
def create_billing_alert(call: Call[shapes.NewAlert]) -> shapes.Alert:
    """Create an alert: owners and billing members are told once a month when it is crossed."""
    body = call.body
    made = alerts.create(call.actor, call.tenant_id, percent=body.percent, amount_nano=body.amount_nano)
    return _shown_alert(Watched(made, None))


@route("DELETE", _BILLING + "/alerts/{alert_id}", Door.MEMBER, answer=Nothing, **_MANAGE)
def delete_billing_alert(call: Call[None]) -> Nothing:
    """Delete an alert."""
    alerts.delete(call.actor, call.tenant_id, call.path_id("alert_id"))
    return Nothing()


@route("GET", _BILLING + "/profile", Door.MEMBER, answer=shapes.Profile, **_VIEW)
def get_billing_profile(call: Call[None]) -> shapes.Profile:
    """Get who pays."""
    return _shown_profile(profiles.get(call.actor, call.tenant_id))


@route("PUT", _BILLING + "/profile", Door.MEMBER, body=shapes.Profile, answer=shapes.Profile, **_MANAGE)
def set_billing_profile(call: Call[shapes.Profile]) -> shapes.Profile:
    """Replace who pays, as it stands on the next invoices."""
    given = {**msgspec.structs.asdict(call.body), "address_lines": tuple(call.body.address_lines)}
    return _shown_profile(profiles.update(call.actor, call.tenant_id, Details(**given)))


@route("GET", "/tenants/{tenant}/credits", Door.MEMBER, answer=shapes.Credits, **_VIEW)
def list_credits(call: Call[None]) -> shapes.Credits:
    """List the credits, those first that are used first."""
    found = credit_book.standings(call.actor, call.tenant_id)
    return shapes.Credits(items=[shown_credit(one) for one in found])


@route("GET", _INVOICES, Door.MEMBER, query=PageQuery, answer=shapes.Invoices, **_VIEW)
def list_invoices(call: Call[None]) -> shapes.Invoices:
    """List the invoices, newest first."""
    limit, after = check_limit(call.query.limit), call.query.after
    if after is not None and not _NUMBER.fullmatch(after):
        raise InvalidArgument(f"after: expected the `next` of a page, got {after[:40]!r}")
    found = invoices.list_invoices(call.actor, call.tenant_id, limit_count=limit + 1, after=after)
    return shapes.Invoices(
        items=[shown_invoice(one) for one in found[:limit]],
        next=None if len(found) <= limit else found[limit - 1].number,
    )


@route("GET", _INVOICE, Door.MEMBER, answer=shapes.Invoice, **_VIEW)
def get_invoice(call: Call[None]) -> shapes.Invoice:
    """Get an invoice."""
    return shown_invoice(_invoice(call))


@route("GET", _INVOICE + "/html", Door.MEMBER, raw="text/html", **_VIEW)
def get_invoice_page(call: Call[None]) -> HttpResponse:
    """Get an invoice as a page that prints well."""
    headers = {"Content-Security-Policy": _PAGE_POLICY, "Cache-Control": "no-store"}
    return HttpResponse(page.render(_invoice(call)), content_type="text/html; charset=utf-8", headers=headers)


@route("GET", _INVOICE + "/pdf", Door.MEMBER, raw="application/pdf", **_VIEW)
def get_invoice_pdf(call: Call[None]) -> HttpResponse:
    """Get an invoice as PDF."""
    invoice = _invoice(call)
    return _file(pdf.render(invoice), "application/pdf", f"invoice-{invoice.number}.pdf")


@route("GET", _INVOICE + "/csv", Door.MEMBER, raw="text/csv", **_VIEW)
def get_invoice_csv(call: Call[None]) -> HttpResponse:
    """Get the lines of an invoice as CSV."""
    invoice = _invoice(call)
    return _file(table.render(invoice), "text/csv; charset=utf-8", f"invoice-{invoice.number}.csv")


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=content_type, headers=headers)


def _invoice(call: Call[None]) -> Invoice:
    return invoices.get(call.actor, call.tenant_id, call.path["number"])


def shown_invoice(invoice: Invoice) -> shapes.Invoice:
    """An invoice as the API has it."""
    own = {"lines", "month", "payable"}
    plain = {name: getattr(invoice, name) for name in shapes.Invoice.__struct_fields__ if name not in own}
    return shapes.Invoice(
        month=months.shown(invoice.month),
        lines=msgspec.convert(invoice.lines, list[shapes.Line]),
        payable=money.payable(invoice.total_nano, invoice.currency),
        **plain,
    )


def shown_credit(standing: Standing) -> shapes.Credit:
    """A credit as the API has it."""
    own = {"left_nano"}
    plain = {
        name: getattr(standing.credit, name) for name in shapes.Credit.__struct_fields__ if name not in own
    }
    return shapes.Credit(left_nano=standing.left_nano, **plain)


def _shown_alert(watched: Watched) -> shapes.Alert:
    alert: BillingAlert = watched.alert
    return shapes.Alert(
        alert_id=alert.alert_id,
        percent=alert.percent,
        amount_nano=alert.amount_nano,
        crossed_at=watched.notice.at if watched.notice else None,
    )


def _shown_profile(details: Details) -> shapes.Profile:
    return shapes.Profile(**profiles.as_json(details))
