"""Spans, rating and recounting: exact, additive, monotone, deterministic."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tenants.billing import months, rating, terms
from tenants.billing.rating import FEE, Left, Metered
from tenants.billing.recount import invoice_differences
from tenants.billing.terms import Assigned, Revised, Span, Terms
from tenants.prices import GIB, Meter, Prices

MONTH = date(2026, 4, 1)
SINCE, UNTIL = months.bounds(MONTH)
DEFAULT = Span(SINCE, UNTIL, 30, Terms())
totals = st.dictionaries(st.sampled_from(Meter), st.integers(0, 2**60))
prices = st.builds(Prices, **{meter.value: st.integers(0, 10**12) for meter in Meter})


def cost(metered: dict[Meter, int], span: Span = DEFAULT) -> int:
    """Of one span, without credits."""
    return rating.rate([Metered(span, metered)], (), days_count=30).total_nano


def test_it_states_each_meter_and_the_fee_once() -> None:
    span = Span(SINCE, UNTIL, 30, Terms("pro", "EUR", Prices(bytes_written=7), 20_000_000_000))
    bill = rating.rate([Metered(span, {Meter.BYTES_WRITTEN: 3 * GIB, Meter.FORKS: 2})], (), days_count=30)
    shown = [(line.meter, line.quantity, line.unit, line.price_nano, line.cost_nano) for line in bill.lines]
    assert shown == [
        (FEE, 30, "30 days", 20_000_000_000, 20_000_000_000),
        ("bytes_written", 3 * GIB, "GiB", 7, 21),
        ("forks", 2, "1", 30_000_000, 60_000_000),
    ]
    assert (bill.currency, bill.subtotal_nano, bill.total_nano) == ("EUR", 20_060_000_021, 20_060_000_021)


@given(totals, totals, prices)
def test_it_adds_up_but_for_the_rounding_of_each_line(
    one: dict[Meter, int], other: dict[Meter, int], asked: Prices
) -> None:
    span = Span(SINCE, UNTIL, 30, Terms(prices=asked))
    both = {meter: one.get(meter, 0) + other.get(meter, 0) for meter in Meter}
    assert abs(cost(both, span) - cost(one, span) - cost(other, span)) <= len(Meter)
    assert cost(both, span) >= max(cost(one, span), cost(other, span))
    assert rating.metered_cost_nano([Metered(span, both)]) == cost(both, span)


@given(totals)
def test_it_says_the_same_twice_whatever_the_order(metered: dict[Meter, int]) -> None:
    backwards = dict(reversed(metered.items()))
    bills = [rating.rate([Metered(DEFAULT, one)], (), days_count=30) for one in (metered, backwards)]
    assert bills[0] == bills[1]


@given(totals, st.lists(st.integers(0, 10**18), max_size=5))
def test_it_uses_credits_in_their_order_and_never_more_than_is_due(
    metered: dict[Meter, int], left: list[int]
) -> None:
    credit = [Left(uuid.UUID(int=number), nano) for number, nano in enumerate(left)]
    bill = rating.rate([Metered(DEFAULT, metered)], credit, days_count=30)
    assert bill.total_nano == bill.subtotal_nano - bill.credits_nano >= 0
    assert bill.credits_nano == min(bill.subtotal_nano, sum(left)) == sum(nano for _, nano in bill.credits)
    used = dict(bill.credits)
    partly = [one for one in credit if 0 < used.get(one.credit_id, 0) < one.left_nano]
    assert len(partly) <= 1
    untouched = [one for one in credit if one.left_nano and one.credit_id not in used]
    assert not untouched or bill.total_nano == 0


@given(st.integers(0, 10**15), st.lists(st.integers(0, 29), max_size=4), st.sampled_from([28, 29, 30, 31]))
def test_the_parts_of_a_fee_are_the_fee_but_for_rounding(fee: int, cuts: list[int], days: int) -> None:
    edges = sorted({0, days, *(min(cut, days) for cut in cuts)})
    parts = [rating.fee_nano(fee, end - begin, days) for begin, end in pairwise(edges)]
    assert abs(sum(parts) - fee) <= len(parts)
    assert rating.fee_nano(fee, days, days) == fee


def test_it_rates_each_part_of_a_month_with_what_was_asked_then() -> None:
    moved, dearer = SINCE + timedelta(days=10, hours=5), SINCE + timedelta(days=20)
    basic, pro = Terms("basic", monthly_fee_nano=300), Terms("pro", monthly_fee_nano=900)
    raised = Terms("pro", prices=Prices(forks=1), monthly_fee_nano=900)
    assigned = [Assigned(SINCE - timedelta(days=90), 1), Assigned(moved, 2)]
    early = SINCE - timedelta(days=99)
    revised = {1: [Revised(early, basic)], 2: [Revised(early, pro), Revised(dearer, raised)]}
    found = terms.spans(assigned, revised, since=SINCE, until=UNTIL)
    assert found == [
        Span(SINCE, moved, 10, basic),
        Span(moved, dearer, 10, pro),
        Span(dearer, UNTIL, 10, raised),
    ]
    metered = [Metered(span, {Meter.FORKS: 1}) for span in found]
    bill = rating.rate(metered, (), days_count=30)
    assert [line.cost_nano for line in bill.lines] == [100, 30_000_000, 300, 30_000_000, 300, 1]


def test_a_plan_that_changes_nothing_makes_no_span() -> None:
    assigned = [Assigned(SINCE, None), Assigned(SINCE + timedelta(days=3), 1)]
    revised = {1: [Revised(SINCE, Terms())]}
    assert terms.spans(assigned, revised, since=SINCE, until=UNTIL) == [DEFAULT]


def test_a_month_is_billed_in_one_currency() -> None:
    euro = Terms("euro", "EUR")
    assigned = [Assigned(SINCE, None), Assigned(SINCE + timedelta(days=3), 1)]
    found = terms.spans(assigned, {1: [Revised(SINCE, euro)]}, since=SINCE, until=UNTIL)
    assert {span.terms for span in found} == {euro}


@given(st.lists(st.tuples(st.integers(0, 31 * 86_400), st.sampled_from([None, 1, 2])), max_size=6))
def test_spans_cover_the_month_without_gaps(changes: list[tuple[int, int | None]]) -> None:
    assigned = [Assigned(SINCE + timedelta(seconds=at), plan) for at, plan in sorted(changes, key=str)]
    assigned.sort(key=lambda one: one.at)
    revised = {plan: [Revised(SINCE, Terms(str(plan), monthly_fee_nano=plan))] for plan in (1, 2)}
    found = terms.spans(assigned, revised, since=SINCE, until=UNTIL)
    assert [span.since for span in found] == [SINCE, *(span.until for span in found[:-1])]
    assert (found[-1].until, sum(span.fee_days for span in found)) == (UNTIL, 30)
    assert [terms.from_json(terms.as_json(span)) for span in found] == found


PAYER = uuid.UUID(int=1)


@dataclass
class Kept:
    """An invoice as the ledger made it."""

    number: str = "2026-000001"
    tenant_id: uuid.UUID = PAYER
    currency: str = "USD"
    lines: list[dict[str, Any]] = field(default_factory=list)
    spans: list[dict[str, Any]] = field(default_factory=list)
    subtotal_nano: int = 0
    credits_nano: int = 5
    total_nano: int = 0


LEDGER = {Meter.BYTES_WRITTEN: GIB, Meter.BYTES_SCANNED: 17}


def ledger(tenant_id: uuid.UUID, *, since: datetime, until: datetime) -> dict[Meter, int]:
    """What the meters of the month counted."""
    assert (tenant_id, since, until) == (PAYER, SINCE, UNTIL)
    return LEDGER


def kept() -> Kept:
    """Right to the unit."""
    bill = rating.rate([Metered(DEFAULT, LEDGER)], (), days_count=30)
    lines = [rating.as_json(line) for line in bill.lines]
    total = bill.subtotal_nano - 5
    return Kept(
        lines=lines, spans=[terms.as_json(DEFAULT)], subtotal_nano=bill.subtotal_nano, total_nano=total
    )


def test_a_recount_finds_nothing_in_a_right_invoice() -> None:
    assert invoice_differences(kept(), ledger, days_count=30) == []


def test_a_recount_finds_each_unit_that_differs() -> None:
    wrong = kept()
    wrong.lines[0]["quantity"] += 1
    del wrong.lines[1]
    wrong.subtotal_nano += 1
    found = "\n".join(invoice_differences(wrong, ledger, days_count=30))
    assert "bytes_written" in found
    assert f"quantity invoiced {GIB + 1}, recounted {GIB}" in found
    assert "bytes_scanned" in found
    assert "subtotal: invoiced" in found
    assert "is not subtotal minus credits" in found


def test_months_follow_each_other() -> None:
    assert months.following(date(2026, 12, 1)) == date(2027, 1, 1)
    assert months.days_in(date(2028, 2, 1)) == 29
    assert months.month_of(datetime(2026, 5, 1, 0, 30, tzinfo=UTC).astimezone()) == date(2026, 5, 1)
