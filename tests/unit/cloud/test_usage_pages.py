"""What pages of usage and billing say: times, amounts, charts with gaps."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from cloud.billing import wording
from cloud.dashboard import usage_figures
from cloud.dashboard.forms.usage import RANGES, time_of
from tenants.billing import money
from tenants.errors import InvalidArgument
from tenants.prices import GIB, Meter, Prices, cost_nano
from vectors.usage import By, Report, UsageRow

NOW = datetime(2026, 3, 3, 14, 25, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "since", "until", "count"),
    [
        ("24h", "2026-03-02 15:00", "2026-03-03 15:00", 24),
        ("7d", "2026-02-25 00:00", "2026-03-04 00:00", 7),
        ("30d", "2026-02-02 00:00", "2026-03-04 00:00", 30),
        ("90d", "2025-12-04 00:00", "2026-03-04 00:00", 90),
        ("month", "2026-03-01 00:00", "2026-03-04 00:00", 3),
        ("last-month", "2026-02-01 00:00", "2026-03-01 00:00", 28),
        ("days", "2026-03-02 00:00", "2026-03-10 00:00", 2),
    ],
)
def test_a_range_is_whole_hours_or_days_up_to_now(name: str, since: str, until: str, count: int) -> None:
    time = time_of(name, NOW, date(2026, 3, 2), date(2026, 3, 9))
    assert (f"{time.since:%Y-%m-%d %H:%M}", f"{time.until:%Y-%m-%d %H:%M}") == (since, until)
    assert len(time.times(NOW)) == count
    assert name in RANGES


@pytest.mark.parametrize(
    ("text", "nano"),
    [
        ("25", 25 * 10**9),
        ("1,250.5", 1_250_500_000_000),
        ("0.000000001", 1),
        (".5", 5 * 10**8),
        ("USD 3", 3 * 10**9),
    ],
)
def test_an_amount_is_read_as_people_type_it(text: str, nano: int) -> None:
    assert money.parse(text, "USD") == nano


@pytest.mark.parametrize("text", ["", ".", "-1", "1e3", "ten", "0.0000000001", "٣", "1" * 11, "1.2.3"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="expected an amount"):
        money.parse(text, "USD")


@pytest.mark.parametrize(
    ("nano", "currency", "said"),
    [
        (0, "USD", "USD 0.00"),
        (1, "USD", "under USD 0.01"),
        (5_000_000, "USD", "USD 0.01"),
        (18 * 10**9, "EUR", "EUR 18.00"),
        (10**8, "JPY", "under JPY 1"),
    ],
)
def test_a_small_cost_is_not_nothing(nano: int, currency: str, said: str) -> None:
    assert wording.cost(nano, currency) == said


def test_quantities_are_in_the_largest_unit_above_one() -> None:
    assert wording.used("bytes_written", 3 * GIB // 2) == "1.5\N{NO-BREAK SPACE}GiB"
    assert wording.used("byte_hours_stored", 512) == "512\N{NO-BREAK SPACE}B·h"
    assert wording.used("bytes_scanned", 200 * 2**40) == "200\N{NO-BREAK SPACE}TiB"
    assert wording.used("forks", 1_234) == "1,234"


def report(**used: dict[str, int]) -> Report:
    """Rows by day: meter to day to quantity."""
    rows = [
        UsageRow({By.DAY: day}, Meter(meter), quantity, 1, 0)
        for meter, days in used.items()
        for day, quantity in days.items()
    ]
    sums = {meter: sum(row.quantity for row in rows if row.meter is meter) for meter in Meter}
    return Report(rows, {meter: (total, 0) for meter, total in sums.items()}, 0, len(rows))


def test_a_gap_is_not_a_zero() -> None:
    time = time_of("7d", NOW)
    begun = datetime(2026, 2, 28, 9, tzinfo=UTC)
    found = report(
        bytes_written={"2026-03-01": GIB}, byte_hours_stored={"2026-03-01": 24 * GIB, "2026-03-03": 15 * GIB}
    )
    charts = usage_figures.charts(found, time, now=NOW, begun=begun, prices=Prices(), currency="USD")
    cost, written, stored = charts
    assert list(written.series[0].values) == [None, None, None, 0, GIB, 0, 0]
    assert list(stored.series[0].values) == [None, None, None, None, GIB, None, GIB]
    assert [series.label for series in cost.series] == ["Written", "Stored"]
    price = cost_nano(Meter.BYTES_WRITTEN, GIB, Prices()) / money.NANO
    assert list(cost.series[0].values) == [None, None, None, 0, price, 0, 0]
    assert cost.series[0].texts[4] == "USD 2.50"


def test_without_use_there_is_no_chart() -> None:
    assert (
        usage_figures.charts(
            report(), time_of("month", NOW), now=NOW, begun=None, prices=Prices(), currency="USD"
        )
        == []
    )
