"""The lines of an invoice as CSV: integers as they are, for programs."""

from __future__ import annotations

import csv
import io

from tenants.models import Invoice

_COLUMNS = ["meter", "quantity", "unit", "price_nano", "cost_nano", "plan", "since", "until"]
# A spreadsheet takes a text that begins so for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def render(invoice: Invoice) -> bytes:
    """A heading, and a row per line; RFC 4180."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(["invoice", "month", "currency", *_COLUMNS])
    for line in invoice.lines:
        values = (_safe(line[name]) for name in _COLUMNS)
        writer.writerow([invoice.number, f"{invoice.month:%Y-%m}", invoice.currency, *values])
    return target.getvalue().encode()


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
