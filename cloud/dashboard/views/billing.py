"""Billing: the running month, spend cap, alerts, credits, who pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from cloud.billing import wording
from cloud.dashboard import api_call
from cloud.dashboard.access import Visit, go, member, show, show_dialog
from cloud.dashboard.forms import attempt
from cloud.dashboard.forms.billing import AlertForm, DetailsForm, SpendCapForm, typed
from cloud.dashboard.views.invoices import InvoiceRow
from tenants.billing import alerts, budgets, invoices, money, months, profiles
from tenants.billing import credits as credit_book
from tenants.billing.alerts import Watched
from tenants.billing.invoices import Preview
from tenants.errors import NotFound
from tenants.models import Plan
from tenants.prices import PRICED_PER, TIB, Meter, Prices
from tenants.roles import Action
from vectors import costs, usage

_RECENT_INVOICES = 5
_MOST_CREDITS = 50


@dataclass(frozen=True)
class Cap:
    """The spend cap as the page shows it.

    percent:   of it that the month's meters cost, at most 100; 0 where nothing may be spent
    """

    amount: str
    spent: str
    left: str
    percent: int
    is_reached: bool
    is_near: bool


@dataclass(frozen=True)
class AlertRow:
    """An alert in words."""

    alert_id: UUID
    when: str
    crossed_at: datetime | None


@require_safe
@member(Action.VIEW_BILLING)
def billing(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The bill so far and what it will be, and all that decides it."""
    now = datetime.now(UTC)
    found = invoices.preview(visit.by, visit.tenant_id, now=now, totals=usage.rolled_totals)
    currency = found.bill.currency
    standing = budgets.standing(visit.by, visit.tenant_id, found.month)
    watched = alerts.list_alerts(visit.by, visit.tenant_id, found.month)
    standings = credit_book.standings(visit.by, visit.tenant_id)
    recent = invoices.list_invoices(visit.by, visit.tenant_id, limit_count=_RECENT_INVOICES)
    context = {
        "month": found.month,
        "next_month": months.following(found.month),
        **_bill(found),
        "plan": _plan(standing.plan),
        "cap": _cap(found.spent_nano, standing.cap_nano, currency),
        "alerts": [_alert(one, standing.cap_nano, currency) for one in watched],
        "credits": [
            {
                "credit": one.credit,
                "amount": money.payable(one.credit.amount_nano, one.credit.currency),
                "left": money.payable(one.left_nano, one.credit.currency),
                "is_over": one.credit.expires_at is not None and one.credit.expires_at <= now,
            }
            for one in standings[:_MOST_CREDITS]
        ],
        "credit_left": money.payable(
            sum(
                one.left_nano
                for one in standings
                if one.credit.currency == currency
                and (one.credit.expires_at is None or one.credit.expires_at > now)
            ),
            currency,
        ),
        "details": profiles.get(visit.by, visit.tenant_id),
        "invoices": [InvoiceRow.of(one) for one in recent],
        "call": api_call.control("GET", visit.tenant_name, "billing"),
    }
    return show(request, visit, "dashboard/billing.html", context)


def _bill(found: Preview) -> dict[str, Any]:
    bill, forecast, currency = found.bill, found.forecast, found.bill.currency
    return {
        "currency": currency,
        "lines": wording.lines(bill.lines, currency),
        "subtotal": wording.cost(bill.subtotal_nano, currency),
        "credits_used": money.payable(-bill.credits_nano, currency) if bill.credits_nano else "",
        "total": wording.cost(bill.total_nano, currency),
        "forecast": wording.cost(forecast.total_nano, currency),
        "forecast_lines": wording.lines(forecast.lines, currency),
        "forecast_credits": money.payable(-forecast.credits_nano, currency) if forecast.credits_nano else "",
    }


def _plan(plan: Plan | None) -> dict[str, Any]:
    """What a plan asks for; the defaults without one."""
    prices = Prices.from_plan(plan.prices if plan else {})
    currency = plan.currency if plan else "USD"
    fee = plan.monthly_fee_nano if plan else 0
    return {
        "name": plan.name if plan else "",
        "fee": money.payable(fee, currency) if fee else "",
        "prices": [
            (wording.meter(meter.value), money.exact(getattr(prices, meter.value), currency), _UNITS[meter])
            for meter in Meter
        ],
    }


_UNITS = {
    meter: "each" if per == 1 else "per TiB" if per == TIB else "per GiB" for meter, per in PRICED_PER.items()
} | {Meter.BYTE_HOURS_STORED: "per GiB and hour"}


def _cap(spent_nano: int, cap_nano: int | None, currency: str) -> Cap | None:
    if cap_nano is None:
        return None
    percent = 100 if spent_nano >= cap_nano else 100 * spent_nano // cap_nano
    return Cap(
        amount=money.payable(cap_nano, currency),
        spent=wording.cost(spent_nano, currency),
        left=wording.cost(max(0, cap_nano - spent_nano), currency),
        percent=percent,
        is_reached=spent_nano >= cap_nano,
        is_near=percent >= 80,
    )


def _alert(watched: Watched, cap_nano: int | None, currency: str) -> AlertRow:
    alert = watched.alert
    crossed_at = watched.notice.at if watched.notice else None
    if alert.percent is None:
        return AlertRow(alert.alert_id, money.payable(alert.amount_nano or 0, currency), crossed_at)
    threshold = alerts.threshold_nano(alert, cap_nano)
    of = "there is no cap now" if threshold is None else money.payable(threshold, currency)
    return AlertRow(alert.alert_id, f"{alert.percent} % of the spend cap ({of})", crossed_at)


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_BILLING)
def spend_cap(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask for the cap; a POST sets it."""
    _, currency = costs.prices_of(visit.tenant_id)
    month = months.month_of(datetime.now(UTC))
    before = budgets.standing(visit.by, visit.tenant_id, month).cap_nano
    initial = {
        "kind": SpendCapForm.NONE if before is None else SpendCapForm.AMOUNT,
        "amount": typed(before, currency),
    }
    form = SpendCapForm(currency, request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        cap = form.cap_nano
        attempt(form, lambda: budgets.set_cap(visit.by, visit.tenant_id, cap), field="amount")
        if form.is_valid():
            said = (
                "There is no spend cap any more."
                if cap is None
                else f"The spend cap is {money.payable(cap, currency)}."
            )
            messages.success(request, f"{said} It is in force within a second.")
            return _back(request, visit)
    context = {
        "form": form,
        "month": month,
        "next_month": months.following(month),
        "call": api_call.control(
            "PUT", visit.tenant_name, "billing", "spend-cap", body={"spend_cap_nano": before}
        ),
    }
    return _asked(request, visit, "dashboard/billing/_spend_cap.html", context, form, title="Spend cap")


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_BILLING)
def create_alert(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask for an alert; a POST makes it."""
    _, currency = costs.prices_of(visit.tenant_id)
    form = AlertForm(currency, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        percent, amount = form.chosen(AlertForm.PERCENT), form.chosen(AlertForm.AMOUNT)
        attempt(form, lambda: alerts.create(visit.by, visit.tenant_id, percent=percent, amount_nano=amount))
        if form.is_valid():
            messages.success(request, "Owners and billing members are told by mail, once a month.")
            return _back(request, visit)
    context = {
        "form": form,
        "call": api_call.control(
            "POST", visit.tenant_name, "billing", "alerts", body={"amount_nano": 100 * money.NANO}
        ),
    }
    return _asked(request, visit, "dashboard/billing/_alert.html", context, form, title="Create an alert")


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_BILLING)
def delete_alert(request: HttpRequest, visit: Visit, alert_id: UUID) -> HttpResponse:
    """Ask once more, naming the alert; a POST deletes it."""
    month = months.month_of(datetime.now(UTC))
    standing = budgets.standing(visit.by, visit.tenant_id, month)
    found = alerts.list_alerts(visit.by, visit.tenant_id, month)
    watched = next((one for one in found if one.alert.alert_id == alert_id), None)
    if watched is None:
        raise NotFound(f"Alert [{alert_id}] not found")
    if request.method == "POST":
        alerts.delete(visit.by, visit.tenant_id, alert_id)
        messages.success(request, "The alert is deleted: nobody is told any more.")
        return _back(request, visit)
    _, currency = costs.prices_of(visit.tenant_id)
    context = {
        "alert": _alert(watched, standing.cap_nano, currency),
        "call": api_call.control("DELETE", visit.tenant_name, "billing", "alerts", str(alert_id)),
    }
    return show_dialog(
        request, visit, "dashboard/billing/_delete_alert.html", context, title="Delete an alert"
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.MANAGE_BILLING)
def details(request: HttpRequest, visit: Visit) -> HttpResponse:
    """Ask who pays; a POST keeps it for the next invoices."""
    before = profiles.get(visit.by, visit.tenant_id)
    form = DetailsForm(request.POST) if request.method == "POST" else DetailsForm.of(before)
    if request.method == "POST" and form.is_valid():
        wanted = form.details
        attempt(form, lambda: profiles.update(visit.by, visit.tenant_id, wanted))
        if form.is_valid():
            messages.success(request, "Billing details are kept. They stand on the next invoices.")
            return _back(request, visit)
    context = {
        "form": form,
        "call": api_call.control(
            "PUT", visit.tenant_name, "billing", "profile", body=profiles.as_json(before)
        ),
    }
    return _asked(request, visit, "dashboard/billing/_details.html", context, form, title="Billing details")


def _asked(
    request: HttpRequest, visit: Visit, template: str, context: dict[str, Any], form: Any, *, title: str
) -> HttpResponse:
    status = 422 if form.errors else 200
    return show_dialog(request, visit, template, context, title=title, status=status)


def _back(request: HttpRequest, visit: Visit) -> HttpResponse:
    return go(request, reverse("dashboard:billing", kwargs={"tenant_name": visit.tenant_name}))
