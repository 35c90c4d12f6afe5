"""Invoices: the list, and one of them as a page, as one to print, as PDF and as CSV."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cloud.billing import page, pdf, table, wording
from cloud.dashboard import api_call, paging
from cloud.dashboard.access import Visit, member, show
from tenants.billing import invoices as book
from tenants.billing import money
from tenants.errors import InvalidArgument
from tenants.models import Invoice
from tenants.roles import Action

_INVOICES_PER_PAGE = 50
_NUMBER = re.compile(r"\d{4}-\d{6,9}", re.ASCII)
# A page to print is as it is: it runs nothing and loads nothing.
_PRINT_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_TONES = {Invoice.State.ISSUED: "warn", Invoice.State.PAID: "good", Invoice.State.VOID: ""}


@dataclass(frozen=True)
class InvoiceRow:
    """An invoice in a list."""

    number: str
    month: date
    issued_at: datetime
    state: str
    tone: str
    payable: str

    @classmethod
    def of(cls, invoice: Invoice) -> Self:
        """What the list shows."""
        return cls(
            number=invoice.number,
            month=invoice.month,
            issued_at=invoice.issued_at,
            state=invoice.state,
            tone=_TONES.get(Invoice.State(invoice.state), ""),
            payable=money.payable(invoice.total_nano, invoice.currency),
        )


@require_safe
@member(Action.VIEW_BILLING)
def invoices(request: HttpRequest, visit: Visit) -> HttpResponse:
    """All invoices, the latest first."""

    def fetch(key: paging.Key | None, limit: int) -> list[Invoice]:
        return book.list_invoices(visit.by, visit.tenant_id, limit_count=limit, after=_after(key))

    found = paging.stretch(request, _INVOICES_PER_PAGE, fetch, lambda one: (one.number,))
    context = {
        "stretch": found,
        "invoices": [InvoiceRow.of(one) for one in found.rows],
        "call": api_call.control("GET", visit.tenant_name, "invoices"),
    }
    return show(request, visit, "dashboard/invoices.html", context)


def _after(key: paging.Key | None) -> str | None:
    if key is None:
        return None
    number = key[0] if len(key) == 1 else None
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise InvalidArgument("expected the cursor of a page that was shown; go back to the first page")
    return number


@require_safe
@member(Action.VIEW_BILLING)
def invoice(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """One invoice with its lines."""
    found = book.get(visit.by, visit.tenant_id, number)
    context = {
        "invoice": found,
        "row": InvoiceRow.of(found),
        "it": wording.document(found),
        "call": api_call.control("GET", visit.tenant_name, "invoices", number),
    }
    return show(request, visit, "dashboard/invoice.html", context)


@require_safe
@member(Action.VIEW_BILLING)
def invoice_print(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The invoice alone, as a page that prints well."""
    del request
    found = book.get(visit.by, visit.tenant_id, number)
    response = HttpResponse(page.render(found), content_type="text/html; charset=utf-8")
    response["Content-Security-Policy"] = _PRINT_POLICY
    return response


@require_safe
@member(Action.VIEW_BILLING)
def invoice_pdf(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The invoice as PDF."""
    del request
    found = book.get(visit.by, visit.tenant_id, number)
    return _file(pdf.render(found), "application/pdf", f"invoice-{found.number}.pdf")


@require_safe
@member(Action.VIEW_BILLING)
def invoice_csv(request: HttpRequest, visit: Visit, number: str) -> HttpResponse:
    """The invoice's lines as CSV."""
    del request
    found = book.get(visit.by, visit.tenant_id, number)
    return _file(table.render(found), "text/csv; charset=utf-8", f"invoice-{found.number}.csv")


def _file(content: bytes, content_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
