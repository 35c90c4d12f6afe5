"""The lines of an invoice as CSV: integers as they are, for programs."""

from __future__ import annotations

from cloud.spreadsheets import as_csv
from tenants.models import Invoice

_COLUMNS = ["meter", "quantity", "unit", "price_nano", "cost_nano", "plan", "since", "until"]


def render(invoice: Invoice) -> bytes:
    """A heading, and a row per line."""
    of_invoice = [invoice.number, f"{invoice.month:%Y-%m}", invoice.currency]
    rows = ([*of_invoice, *(line[name] for name in _COLUMNS)] for line in invoice.lines)
    return as_csv(["invoice", "month", "currency", *_COLUMNS], rows).encode()
