"""Invoices: issue a month's, preview the running one's, list, get, mark paid or void.

    month ends ── 2 h ──▶ issued ──▶ paid
                             └─────▶ void: its credits are free again, and the month may be issued anew

A row of the ledger belongs to the month of its `at`, which PostgreSQL sets as the row is inserted; a process
that counts in memory flushes within seconds. So two hours after its end a month is complete, for good.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from django.db import connection

from tenants import audit
from tenants.actors import Actor
from tenants.billing import credits as credit_book
from tenants.billing import history, months, profiles, rating, terms
from tenants.billing.rating import Bill, Metered, Totals
from tenants.errors import Conflict, InvalidArgument, NotFound, PermissionDenied
from tenants.models import BillingProfile, CreditUse, Invoice, InvoiceCounter, Tenant
from tenants.prices import Meter
from tenants.roles import Action
from tenants.scope import tenant_transaction

GRACE = timedelta(hours=2)
_STORAGE_BASIS = timedelta(hours=24)
_LEAST_ELAPSED = timedelta(hours=1)


@dataclass(frozen=True)
class Preview:
    """The running month.

    bill:        what it costs so far, with the fee of the days that have begun
    forecast:    what it will cost if it goes on like this
    spent_nano:  what its meters cost, which a spend cap is compared with
    """

    month: date
    bill: Bill
    forecast: Bill
    spent_nano: int


def issue(by: Actor, tenant_id: UUID, month: date, *, now: datetime, totals: Totals) -> Invoice | None:
    """Issue the invoice of a month, unless it stands already; None for a month without use and fee.

    Raises:      PermissionDenied, InvalidArgument for a month that is not over for GRACE, NotFound
    Transaction: opens one, after reading the ledger in others
    Idempotent:  yes
    """
    _require_operator(by)
    since, until = months.bounds(month)
    if now < until + GRACE:
        raise InvalidArgument(f"month: {months.shown(month)} is billed from {until + GRACE:%Y-%m-%d %H:%M}")
    begun = history.begun(tenant_id)
    if begun is None:
        raise NotFound(f"Tenant [{tenant_id}] not found")
    found = history.spans(tenant_id, since=since, until=until)
    metered = history.metered(tenant_id, found, totals)
    with tenant_transaction(tenant_id):
        profile = profiles.locked(tenant_id)
        if (profile.billed_before or months.month_of(begun[0])) == month:
            profile.billed_before = months.following(month)
            profile.save(update_fields=["billed_before"])
        standing = Invoice.objects.filter(tenant_id=tenant_id, month=month).exclude(state=Invoice.State.VOID)
        known = standing.first()
        if known is not None:
            return known
        usable = credit_book.usable(tenant_id, found[-1].terms.currency, since=since)
        bill = rating.rate(metered, usable, days_count=months.days_in(month))
        if bill.is_empty:
            return None
        invoice = _write(profile, month, metered, bill, now)
        details = {"month": months.shown(month), "total_nano": bill.total_nano, "currency": bill.currency}
        audit.record(
            by,
            tenant_id,
            "invoices.issue",
            subject_id=invoice.pk,
            subject_label=invoice.number,
            details=details,
        )
        return invoice


def issue_missing(by: Actor, tenant_id: UUID, *, now: datetime, totals: Totals) -> list[Invoice]:
    """Issue the tenant's invoices of all months that are over and were never billed, oldest first.

    Idempotent:  yes
    """
    with tenant_transaction(tenant_id):
        profile = BillingProfile.objects.filter(tenant_id=tenant_id).first()
    begun = history.begun(tenant_id)
    if begun is None:
        return []
    month = (profile and profile.billed_before) or months.month_of(begun[0])
    issued = []
    while now >= months.bounds(month)[1] + GRACE:
        invoice = issue(by, tenant_id, month, now=now, totals=totals)
        issued += [invoice] if invoice else []
        month = months.following(month)
    return issued


def unbilled(now: datetime) -> list[UUID]:
    """The tenants with months that are over and were never billed."""
    before = months.month_of(now - GRACE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_unbilled(%s)", [before])
        return [tenant_id for (tenant_id,) in cursor.fetchall()]


def preview(by: Actor, tenant_id: UUID, *, now: datetime, totals: Totals) -> Preview:
    """The running month, so far and as it will be: use goes on as it did, storage as in the last day.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_BILLING)
    month = months.month_of(now)
    (since, until), day_end = months.bounds(month), months.start_of(now.astimezone(UTC).date()) + months.DAY
    so_far = history.spans(
        tenant_id, since=since, until=max(now, since + timedelta(microseconds=1)), fee_until=day_end
    )
    metered = history.metered(tenant_id, so_far, totals)
    lately = totals(tenant_id, since=max(since, now - _STORAGE_BASIS), until=now)
    *before, last = metered
    whole = history.spans(tenant_id, since=since, until=until)[-1]
    fee_days = months.days_in(month) - sum(one.span.fee_days for one in before)
    last_span = terms.Span(whole.since, whole.until, fee_days, whole.terms)
    growth = _growth([one.totals for one in metered], lately, since=since, now=now, until=until)
    grown = {meter: last.totals.get(meter, 0) + growth[meter] for meter in Meter}
    usable = credit_book.usable(tenant_id, last.span.terms.currency, since=since)
    days = months.days_in(month)
    return Preview(
        month,
        rating.rate(metered, usable, days_count=days),
        rating.rate([*before, Metered(last_span, grown)], usable, days_count=days),
        rating.metered_cost_nano(metered),
    )


def _growth(
    so_far: list[Mapping[Meter, int]],
    lately: Mapping[Meter, int],
    *,
    since: datetime,
    now: datetime,
    until: datetime,
) -> dict[Meter, int]:
    """What each meter will count in the rest of the month. [pure]"""
    second = timedelta(seconds=1)
    left = (until - now) // second
    elapsed = max(now - since, _LEAST_ELAPSED) // second
    basis = max(min(now - since, _STORAGE_BASIS), _LEAST_ELAPSED) // second
    growth = {meter: sum(one.get(meter, 0) for one in so_far) * left // elapsed for meter in Meter}
    growth[Meter.BYTE_HOURS_STORED] = lately.get(Meter.BYTE_HOURS_STORED, 0) * left // basis
    return growth


def list_invoices(by: Actor, tenant_id: UUID, *, limit_count: int, after: str | None = None) -> list[Invoice]:
    """The tenant's invoices, the latest first; `after` is the last number of the page before.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_BILLING)
    with tenant_transaction(tenant_id):
        rows = Invoice.objects.filter(tenant_id=tenant_id).order_by("-number")
        if after is not None:
            rows = rows.filter(number__lt=after)
        return list(rows[:limit_count])


def get(by: Actor, tenant_id: UUID, number: str) -> Invoice:
    """The tenant's invoice of this number.

    Raises:  PermissionDenied, NotFound
    """
    by.require(Action.VIEW_BILLING)
    with tenant_transaction(tenant_id):
        return _get(tenant_id, number)


def close(by: Actor, tenant_id: UUID, number: str, state: Invoice.State, *, note: str) -> Invoice:
    """Mark an issued invoice paid or void, for good.

    Raises:      PermissionDenied for who is no operator, InvalidArgument, NotFound, Conflict when closed
    Transaction: opens one
    """
    _require_operator(by)
    if state is Invoice.State.ISSUED or len(note) > 256 or not note.isprintable():
        raise InvalidArgument(f"note: expected at most 256 printable characters, got {len(note)}")
    with tenant_transaction(tenant_id):
        invoice = _get(tenant_id, number, is_locked=True)
        if invoice.state != Invoice.State.ISSUED:
            raise Conflict(f"Invoice [{number}] is {invoice.state} already")
        invoice.state, invoice.closing_note = state, note
        invoice.closed_at = datetime.now(UTC)
        invoice.save(update_fields=["state", "closing_note", "closed_at"])
        audit.record(
            by,
            tenant_id,
            f"invoices.{state.value}",
            subject_id=invoice.pk,
            subject_label=number,
            details={"note": note},
        )
    return invoice


def _get(tenant_id: UUID, number: str, *, is_locked: bool = False) -> Invoice:
    rows = Invoice.objects.filter(tenant_id=tenant_id, number=number.replace("\0", ""))
    invoice = (rows.select_for_update() if is_locked else rows).first()
    if invoice is None:
        raise NotFound(f"Invoice [{number[:40]}] not found")
    return invoice


def _write(
    profile: BillingProfile, month: date, metered: list[Metered], bill: Bill, now: datetime
) -> Invoice:
    tenant_id = profile.tenant_id
    tenant = Tenant.objects.filter(tenant_id=tenant_id).first()
    begun = history.begun(tenant_id)
    invoice = Invoice.objects.create(
        tenant_id=tenant_id,
        tenant_name=tenant.name if tenant else (begun[1] if begun else ""),
        month=month,
        number=_next_number(now),
        currency=bill.currency,
        lines=[rating.as_json(line) for line in bill.lines],
        spans=[terms.as_json(one.span) for one in metered],
        billed_to=profiles.as_json(profiles.of(profile)),
        subtotal_nano=bill.subtotal_nano,
        credits_nano=bill.credits_nano,
        total_nano=bill.total_nano,
        issued_at=now,
    )
    CreditUse.objects.bulk_create(
        CreditUse(tenant_id=tenant_id, credit_id=credit_id, invoice=invoice, amount_nano=amount)
        for credit_id, amount in bill.credits
    )
    return invoice


def _next_number(now: datetime) -> str:
    """The next of the year: the counter's row stays locked until the invoice is there, so none is skipped."""
    year = now.astimezone(UTC).year
    InvoiceCounter.objects.bulk_create([InvoiceCounter(year=year)], ignore_conflicts=True)
    counter = InvoiceCounter.objects.select_for_update().get(year=year)
    counter.last += 1
    counter.save(update_fields=["last"])
    return f"{year}-{counter.last:06d}"


def _require_operator(by: Actor) -> None:
    if not by.is_operator:
        raise PermissionDenied("Permission denied. This is for operators of the installation.")
