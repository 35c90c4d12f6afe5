"""What was used as charts and figures.

A value is a gap, never a zero, before the tenant was made, and of storage where none was sampled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cloud.billing import wording
from cloud.dashboard.charts import Chart, Series
from cloud.dashboard.forms.usage import HOUR, Time
from tenants.billing.money import NANO
from tenants.prices import Meter, Prices, cost_nano
from vectors.usage import By, Report

_TONES = {meter: str(place + 1) for place, meter in enumerate(Meter)}
_TITLES = {
    Meter.BYTES_WRITTEN: "Written",
    Meter.BYTE_HOURS_STORED: "Stored, on average",
    Meter.BYTES_SCANNED: "Queried",
    Meter.BYTES_RETURNED: "Returned",
    Meter.FORKS: "Forks",
}


@dataclass(frozen=True)
class Figure:
    """A number at a glance: what, how much, and what it costs."""

    label: str
    amount: str
    cost: str = ""


def figures(report: Report, currency: str) -> list[Figure]:
    """The sums of a report: its cost, its requests, and each meter that was used."""
    found = [
        Figure("Cost", wording.cost(report.cost_nano, currency)),
        Figure("Requests", f"{report.requests:,}"),
    ]
    for meter, (quantity, cost) in report.totals.items():
        if quantity or meter is not Meter.FORKS:
            found.append(
                Figure(
                    wording.meter(meter.value),
                    wording.used(meter.value, quantity),
                    wording.cost(cost, currency),
                )
            )
    return found


def charts(
    report: Report, time: Time, *, now: datetime, begun: datetime | None, prices: Prices, currency: str
) -> list[Chart]:
    """One of what it cost, and one of each meter that was used."""
    times = time.times(now)
    used = _by_time(report, time.step)
    cost = _cost(used, times, begun, time.step, prices, currency)
    meters = [meter for meter in Meter if report.totals[meter][0]]
    step = int(time.step.total_seconds())
    found = [Chart("cost", "Cost", currency, "stack", times, cost, step)] if meters else []
    for meter in meters:
        values: list[float | None] = []
        texts: list[str] = []
        for at in times:
            amount = _amount(used, meter, at, begun, time.step, now)
            values.append(amount)
            texts.append("–" if amount is None else wording.used(_SHOWN.get(meter, meter.value), int(amount)))
        series = Series(_TITLES[meter], values, _TONES[meter], texts)
        unit = "" if meter is Meter.FORKS else "bytes"
        found.append(Chart(meter.value, _TITLES[meter], unit, "bars", times, [series], step))
    return found


# An average of bytes that are held is bytes.
_SHOWN = {Meter.BYTE_HOURS_STORED: Meter.BYTES_WRITTEN.value}
_Used = Mapping[tuple[str, Meter], int]


def _by_time(report: Report, step: timedelta) -> _Used:
    dimension = By.HOUR if step == HOUR else By.DAY
    return {(row.dimensions[dimension], row.meter): row.quantity for row in report.rows}


def _name(at: datetime, step: timedelta) -> str:
    return at.strftime("%Y-%m-%dT%H:00:00Z" if step == HOUR else "%Y-%m-%d")


def _is_before(at: datetime, begun: datetime | None, step: timedelta) -> bool:
    return begun is not None and at + step <= begun


def _amount(
    used: _Used, meter: Meter, at: datetime, begun: datetime | None, step: timedelta, now: datetime
) -> float | None:
    if meter is not Meter.BYTE_HOURS_STORED:
        amount = used.get((_name(at, step), meter))
        return None if amount is None and _is_before(at, begun, step) else amount or 0
    held = used.get((_name(at, step), meter))
    if held is None:
        return None
    hours = min(step, now - at) // HOUR + (1 if now - at < step else 0)
    return held / max(1, min(hours, step // HOUR))


def _cost(
    used: _Used,
    times: Sequence[datetime],
    begun: datetime | None,
    step: timedelta,
    prices: Prices,
    currency: str,
) -> list[Series]:
    found = []
    for meter in Meter:
        if not any(name == meter for _, name in used):
            continue
        values: list[float | None] = []
        texts: list[str] = []
        for at in times:
            quantity = used.get((_name(at, step), meter))
            if quantity is None and _is_before(at, begun, step):
                values.append(None)
                texts.append("–")
                continue
            nano = cost_nano(meter, quantity or 0, prices)
            values.append(nano / NANO)
            texts.append(wording.cost(nano, currency))
        found.append(Series(wording.meter(meter.value), values, _TONES[meter], texts))
    return found
