"""What an invoice says, in the order in which it says it; how it looks is for page.py and pdf.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tenants.billing import money, months
from tenants.billing.rating import FEE
from tenants.models import Invoice

_METERS = {
    FEE: "Monthly fee",
    "bytes_written": "Written",
    "byte_hours_stored": "Stored",
    "bytes_scanned": "Queried",
    "bytes_returned": "Returned",
    "forks": "Forks",
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
    meter, plan = _METERS.get(str(line["meter"]), str(line["meter"])), str(line["plan"])
    is_fee = line["meter"] == FEE
    price, cost = (
        money.exact(int(str(line[name])), currency).partition(" ")[2] for name in ("price_nano", "cost_nano")
    )
    since, until = (datetime.fromisoformat(str(line[name])) for name in ("since", "until"))
    return Row(
        meter=f"{meter} ({plan})" if plan else meter,
        since=f"{since:%Y-%m-%d %H:%M}",
        until=f"{until:%Y-%m-%d %H:%M}",
        quantity=f"{amount} of {unit}" if is_fee else quantity(amount, unit),
        price=price if is_fee or unit == "1" else f"{price}\N{NO-BREAK SPACE}/\N{NO-BREAK SPACE}{unit}",
        cost=cost,
    )
