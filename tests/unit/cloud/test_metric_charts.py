"""Charts of metrics: gaps for what is unknown, few colours, three digits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cloud.dashboard import metric_charts
from tenants.request_counts import OPERATIONS, Outcome
from tenants.request_metrics import Latencies, Point, Series

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def series(*points: Point) -> Series:
    """Steps of a minute."""
    return Series(NOON, NOON + timedelta(minutes=len(points)), 60, points)


IDLE = Point(NOON, {}, {}, Latencies())
BUSY = Point(
    NOON + timedelta(minutes=1),
    {Outcome.OK: 9, Outcome.LIMITED: 1},
    {name: number for number, name in enumerate(OPERATIONS, start=1)},
    Latencies(0.001, 0.002, 0.004_567, 1.5),
)


def test_an_idle_step_has_zero_requests_and_no_latency() -> None:
    requests, errors, latency, operations = metric_charts.of(series(IDLE, BUSY), ["get"])
    assert [one.values for one in requests.series] == [[0, 9], [0, 0], [0, 1], [0, 0]]
    assert [one.label for one in errors.series] == ["Refused (4xx)", "Over the rate (429)", "Failed (5xx)"]
    assert [one.values for one in latency.series] == [[None, 1.0], [None, 2.0], [None, 4.57], [None, 1500.0]]
    assert [chart.kind for chart in (requests, errors, latency, operations)] == [
        "stack",
        "stack",
        "line",
        "stack",
    ]


def test_many_operations_are_five_and_the_others() -> None:
    chart = metric_charts.of(series(BUSY), list(OPERATIONS))[3]
    assert [one.label for one in chart.series] == [*OPERATIONS[:5], metric_charts.OTHERS]
    assert sum(one.values[0] or 0 for one in chart.series) == sum(BUSY.by_operation.values())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0.000_241, "0.241 ms"),
        (0.05, "50 ms"),
        (0.123_4, "123 ms"),
        (1.5, "1.5 s"),
        (130.7, "131 s"),
    ],
)
def test_a_time_is_told_in_three_digits(seconds: float | None, words: str) -> None:
    assert metric_charts.in_words(seconds) == words
