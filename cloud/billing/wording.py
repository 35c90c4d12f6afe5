"""What invoices and pages say of money and meters; how it looks is for page.py, pdf.py and templates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tenants.billing import money, months, rating
from tenants.billing.rating import FEE, Line
from tenants.models import Invoice

_METERS = {
    FEE: "Monthly fee",
    "bytes_written": "Written",
    "byte_hours_stored": "Stored",
    "bytes_scanned": "Queried",
    "bytes_returned": "Returned",
    "forks": "Forks",
}
_PREFIXES = ((2**40, "Ti"), (2**30, "Gi"), (2**20, "Mi"), (2**10, "Ki"))
_OF_BYTES = {
    "bytes_written": "B",
    "byte_hours_stored": "B·h",
    "bytes_scanned": "B",
    "bytes_returned": "B",
}
_BYTES = {"GiB": 2**30, "GiB·h": 2**30, "TiB": 2**40}


@dataclass(frozen=True)
class Row:
    """A line: what, when, how much, at what price, for how much; amounts without their currency."""

    meter: str
    since: str
    until: str
    quantity: str
    price: str
    cost: str


@dataclass(frozen=True)
class Document:
    """Everything that stands on an invoice."""

    number: str
    state: str
    currency: str
    month: str
    issued: str
    billed_to: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: tuple[tuple[str, str], ...]
    payable: str
    note: str


def document(invoice: Invoice) -> Document:
    """What stands on an invoice."""
    currency, who = invoice.currency, invoice.billed_to
    tax_id = f"Tax id {who['tax_id']}" if who["tax_id"] else ""
    named = (who["name"] or invoice.tenant_name, *who["address_lines"], who["country"], tax_id, who["email"])
    totals = [("Subtotal", money.exact(invoice.subtotal_nano, currency))]
    if invoice.credits_nano:
        totals.append(("Credits", money.exact(-invoice.credits_nano, currency)))
    totals.append(("Total", money.exact(invoice.total_nano, currency)))
    return Document(
        number=invoice.number,
        state=invoice.state,
        currency=currency,
        month=months.shown(invoice.month),
        issued=f"{invoice.issued_at:%Y-%m-%d}",
        billed_to=tuple(line for line in named if line),
        rows=tuple(_row(line, currency) for line in invoice.lines),
        totals=tuple(totals),
        payable=money.payable(invoice.total_nano, currency),
        note=f"Tenant {invoice.tenant_name}. Times are UTC. Each line is rounded once, to a billionth.",
    )


def meter(name: str) -> str:
    """A meter, or the fee, as people call it."""
    return _METERS.get(name, name)


def cost(amount_nano: int, currency: str) -> str:
    """An amount as a page shows it: in minor units, and what is less than half of one as less than one."""
    shown = money.payable(amount_nano, currency)
    if amount_nano <= 0 or shown != money.payable(0, currency):
        return shown
    return f"under {money.payable(money.minor_unit_nano(currency), currency)}"


def used(meter_name: str, amount: int) -> str:
    """How much of a meter was used, in the largest unit that keeps it above one."""
    unit = _OF_BYTES.get(meter_name)
    if unit is None:
        return f"{amount:,}"
    for size, prefix in _PREFIXES:
        if amount >= size:
            digits = 0 if amount >= 100 * size else 1
            return f"{amount / size:,.{digits}f}\N{NO-BREAK SPACE}{prefix}{unit}"
    return f"{amount}\N{NO-BREAK SPACE}{unit}"


def lines(bill_lines: Iterable[Line], currency: str) -> tuple[Row, ...]:
    """The lines of a bill that is not issued yet, as those of an invoice."""
    return tuple(_row(rating.as_json(line), currency) for line in bill_lines)


def quantity(amount: int, unit: str) -> str:
    """A quantity in its pricing unit: exact where it is whole, else to six digits."""
    size = _BYTES.get(unit)
    if size is None:
        return f"{amount:,}"
    whole, millionths = divmod((2 * amount * 10**6 + size) // (2 * size), 10**6)
    shown = f"{whole:,}" if amount % size == 0 else f"{whole:,}.{millionths:06d}"
    return f"{shown}\N{NO-BREAK SPACE}{unit}"


def _row(line: dict[str, object], currency: str) -> Row:
    amount, unit = int(str(line["quantity"])), str(line["unit"])
    name, plan = meter(str(line["meter"])), str(line["plan"])
    is_fee = line["meter"] == FEE
    price, cost = (
        money.exact(int(str(line[name])), currency).partition(" ")[2] for name in ("price_nano", "cost_nano")
    )
    since, until = (datetime.fromisoformat(str(line[name])) for name in ("since", "until"))
    return Row(
        meter=f"{name} ({plan})" if plan else name,
        since=f"{since:%Y-%m-%d %H:%M}",
        until=f"{until:%Y-%m-%d %H:%M}",
        quantity=f"{amount} of {unit}" if is_fee else quantity(amount, unit),
        price=price if is_fee or unit == "1" else f"{price}\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}{unit}",
        cost=cost,
    )
