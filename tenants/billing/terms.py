"""Which terms were in force when: from a tenant's plans and its plans' revisions to spans of a month. [pure]

plan A ────────────┐                       a day's fee is that of the terms at its end
plan B             └──────┬─────────       (midnight UTC); meters are cut at the moment itself
B, dearer                 └─────────
spans  [    A     )[  B  )[   B'   )
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from tenants.billing.months import DAY
from tenants.prices import Meter, Prices


@dataclass(frozen=True)
class Terms:
    """What a plan asks for; the defaults are those of a tenant without one."""

    plan: str = ""
    currency: str = "USD"
    prices: Prices = field(default_factory=Prices)
    monthly_fee_nano: int = 0


@dataclass(frozen=True)
class Span:
    """A part of a month under the same terms: from `since`, before `until`.

    fee_days:  days of the month whose fee is by these terms
    """

    since: datetime
    until: datetime
    fee_days: int
    terms: Terms


class Assigned(NamedTuple):
    """A tenant's plan from a moment on; None: no plan."""

    at: datetime
    plan_id: int | None


class Revised(NamedTuple):
    """A plan's terms from a moment on."""

    at: datetime
    terms: Terms


def spans(
    assigned: Sequence[Assigned],
    revised: Mapping[int, Sequence[Revised]],
    *,
    since: datetime,
    until: datetime,
    fee_until: datetime | None = None,
) -> list[Span]:
    """The spans from `since`, before `until`, in order, each as long as it can be; all in one currency.

    fee_until:  up to when days are paid for, when that is not `until`: the end of a day that has begun
    Ties:       of two changes at one moment the later in the list
    """
    changes = {one.at for one in assigned} | {one.at for many in revised.values() for one in many}
    cuts = [since, *sorted(at for at in changes if since < at < until), until]
    found: list[Span] = []
    for begin, end in pairwise(cuts):
        terms = _in_force(assigned, revised, begin)
        if found and found[-1].terms == terms:
            found[-1] = replace(found[-1], until=end)
        else:
            found.append(Span(begin, end, 0, terms))
    paid_until = [one.until for one in found[:-1]] + [fee_until or until]
    ends = [(end - since) // DAY for end in paid_until]
    counted = zip(found, [0, *ends[:-1]], ends, strict=True)
    return _in_one_currency([replace(one, fee_days=end - begin) for one, begin, end in counted])


def _in_force(
    assigned: Sequence[Assigned], revised: Mapping[int, Sequence[Revised]], moment: datetime
) -> Terms:
    plans = [one.plan_id for one in assigned if one.at <= moment]
    if not plans or plans[-1] is None:
        return Terms()
    known = revised[plans[-1]]
    return ([one.terms for one in known if one.at <= moment] or [known[0].terms])[-1]


def _in_one_currency(found: list[Span]) -> list[Span]:
    """A bill has one currency, that at its end; a span in another takes the first terms of that currency."""
    terms = found[-1].terms
    settled: list[Span] = []
    for one in reversed(found):
        if one.terms.currency == terms.currency:
            terms = one.terms
        settled.append(replace(one, terms=terms))
    return settled[::-1]


def as_json(span: Span) -> dict[str, Any]:
    """A span as it is kept with an invoice."""
    terms = span.terms
    return {
        "since": span.since.isoformat(),
        "until": span.until.isoformat(),
        "fee_days": span.fee_days,
        "plan": terms.plan,
        "currency": terms.currency,
        "prices": {meter.value: getattr(terms.prices, meter.value) for meter in Meter},
        "monthly_fee_nano": terms.monthly_fee_nano,
    }


def from_json(kept: Mapping[str, Any]) -> Span:
    """The span that was kept."""
    prices = Prices.from_plan(kept["prices"])
    terms = Terms(kept["plan"], kept["currency"], prices, kept["monthly_fee_nano"])
    since, until = datetime.fromisoformat(kept["since"]), datetime.fromisoformat(kept["until"])
    return Span(since, until, kept["fee_days"], terms)
