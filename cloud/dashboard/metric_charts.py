"""The charts of the metrics page, from the steps of a series. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cloud.dashboard.charts import Chart, Series
from tenants.request_counts import Outcome
from tenants.request_metrics import Latencies, Point
from tenants.request_metrics import Series as Steps

# As many as the theme has colours for; the others are drawn as one.
_MOST_OPERATIONS = 6
OTHERS = "others"
_OUTCOMES = (
    (Outcome.OK, "Answered", "good"),
    (Outcome.CLIENT_ERROR, "Refused (4xx)", "warn"),
    (Outcome.LIMITED, "Over the rate (429)", "2"),
    (Outcome.SERVER_ERROR, "Failed (5xx)", "bad"),
)
_PERCENTILES = (("p50", "1"), ("p90", "2"), ("p95", "3"), ("p99", "4"))


def of(steps: Steps, operations: Sequence[str]) -> list[Chart]:
    """Requests by how they ended, errors, latencies, requests by operation.

    operations:  those with requests, the busiest first
    """
    points = steps.points
    return [
        _chart(steps, "requests", "Requests by outcome", "requests", "stack", _by_outcome(points, _OUTCOMES)),
        _chart(steps, "errors", "Errors", "requests", "stack", _by_outcome(points, _OUTCOMES[1:])),
        _chart(steps, "latency", "Latency of answers", "ms", "line", _latencies(points)),
        _chart(
            steps,
            "operations",
            "Requests by operation",
            "requests",
            "stack",
            _by_operation(points, operations),
        ),
    ]


def milliseconds(seconds: float | None) -> float | None:
    """With three significant digits: more are not known."""
    return None if seconds is None else float(f"{seconds * 1000:.3g}")


def in_words(seconds: float | None) -> str:
    """A time with its unit, in three significant digits; a dash for none."""
    if seconds is None:
        return "–"
    if seconds >= 1:
        return f"{float(f'{seconds:.3g}'):,g} s"
    return f"{float(f'{seconds * 1000:.3g}'):g} ms"


def _chart(steps: Steps, name: str, title: str, unit: str, kind: str, series: Sequence[Series]) -> Chart:
    times = [point.at for point in steps.points]
    return Chart(name, title, unit, kind, times, series, steps.step_seconds)


def _by_outcome(points: Sequence[Point], outcomes: Sequence[tuple[Outcome, str, str]]) -> list[Series]:
    return [
        Series(label, [point.requests.get(outcome, 0) for point in points], tone)
        for outcome, label, tone in outcomes
    ]


def _latencies(points: Sequence[Point]) -> list[Series]:
    """A step without an answer has none: a gap, and not a zero."""
    return [
        Series(name, [milliseconds(_percentile(point.latencies, name)) for point in points], tone)
        for name, tone in _PERCENTILES
    ]


def _percentile(latencies: Latencies, name: str) -> float | None:
    found: float | None = getattr(latencies, name)
    return found


def _by_operation(points: Sequence[Point], operations: Sequence[str]) -> list[Series]:
    fits = len(operations) <= _MOST_OPERATIONS
    named = list(operations if fits else operations[: _MOST_OPERATIONS - 1])
    series = [
        Series(name, [point.by_operation.get(name, 0) for point in points], str(number))
        for number, name in enumerate(named, start=1)
    ]
    if not fits:
        others = [_others(point.by_operation, named) for point in points]
        series.append(Series(OTHERS, others, str(_MOST_OPERATIONS)))
    return series


def _others(requests: Mapping[str, int], named: Sequence[str]) -> int:
    return sum(count for name, count in requests.items() if name not in named)
