"""From what was metered to a bill. [pure]

Units:   quantities in the meter's own unit; money in nano-units of the bill's currency
Rounding: each line once, to the nearest nano-unit, half up; sums of lines are exact
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

from tenants.billing.terms import Span
from tenants.prices import GIB, PRICED_PER, TIB, Meter, cost_nano

FEE = "monthly_fee"
_UNITS = {1: "1", GIB: "GiB", TIB: "TiB"}
_HOURS = {Meter.BYTE_HOURS_STORED: "GiB·h"}


class Totals(Protocol):
    """Who knows the ledger: `vectors.usage.meter_totals`."""

    def __call__(self, tenant_id: UUID, /, *, since: datetime, until: datetime) -> Mapping[Meter, int]:
        """What each meter counted from `since`, before `until`."""


class Metered(NamedTuple):
    """A span with what was metered in it."""

    span: Span
    totals: Mapping[Meter, int]


class Left(NamedTuple):
    """What a credit still has."""

    credit_id: UUID
    left_nano: int


@dataclass(frozen=True)
class Line:
    """A line of a bill.

    meter:  a Meter's value, or FEE, whose quantity is days
    unit:   what `price_nano` is for; of a fee the whole month, in days
    """

    meter: str
    quantity: int
    unit: str
    price_nano: int
    cost_nano: int
    plan: str
    since: str
    until: str


@dataclass(frozen=True)
class Bill:
    """What a month costs.

    credits:  what is taken of each credit, in the order in which they are used up
    """

    currency: str
    lines: tuple[Line, ...]
    subtotal_nano: int
    credits: tuple[tuple[UUID, int], ...]
    credits_nano: int
    total_nano: int

    @property
    def is_empty(self) -> bool:
        """Whether nothing was used and no fee is due."""
        return not self.lines


def rate(metered: Sequence[Metered], credit: Sequence[Left], *, days_count: int) -> Bill:
    """The bill of spans in order.

    credit:      in the order in which it is used up
    days_count:  of the month, which a monthly fee is for
    """
    lines = tuple(line for one in metered for line in _lines(one, days_count))
    subtotal = sum(line.cost_nano for line in lines)
    due, used = subtotal, []
    for one in credit:
        taken = min(one.left_nano, due)
        if taken > 0:
            used.append((one.credit_id, taken))
            due -= taken
    return Bill(metered[-1].span.terms.currency, lines, subtotal, tuple(used), subtotal - due, due)


def metered_cost_nano(metered: Sequence[Metered]) -> int:
    """What the meters cost, without fees: what a spend cap is compared with."""
    return sum(
        cost_nano(meter, quantity, span.terms.prices)
        for span, totals in metered
        for meter, quantity in totals.items()
    )


def fee_nano(monthly_fee_nano: int, fee_days: int, days_count: int) -> int:
    """The part of a monthly fee that so many days are."""
    return (2 * monthly_fee_nano * fee_days + days_count) // (2 * days_count)


def _lines(metered: Metered, days_count: int) -> list[Line]:
    span, terms = metered.span, metered.span.terms
    times = (terms.plan, span.since.isoformat(), span.until.isoformat())
    lines = []
    if terms.monthly_fee_nano and span.fee_days:
        cost = fee_nano(terms.monthly_fee_nano, span.fee_days, days_count)
        unit = f"{days_count} days"
        lines.append(Line(FEE, span.fee_days, unit, terms.monthly_fee_nano, cost, *times))
    for meter in Meter:
        quantity = metered.totals.get(meter, 0)
        if quantity:
            unit = _HOURS.get(meter) or _UNITS[PRICED_PER[meter]]
            price = getattr(terms.prices, meter.value)
            cost = cost_nano(meter, quantity, terms.prices)
            lines.append(Line(meter.value, quantity, unit, price, cost, *times))
    return lines


def as_json(line: Line) -> dict[str, Any]:
    """A line as it is kept with an invoice."""
    return asdict(line)
