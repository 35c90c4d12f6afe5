"""Which rows tell of a stretch of time: each moment once, from rows that are kept and whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants import metric_ranges
from tenants.errors import InvalidArgument
from tenants.metric_ranges import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, QUARTER_SECONDS, Marks, Piece

NOW = datetime(2026, 5, 10, 14, 20, 30, tzinfo=UTC)
MARKS = Marks(
    quarter=datetime(2026, 5, 10, 14, tzinfo=UTC),
    hour=datetime(2026, 5, 10, 13, tzinfo=UTC),
    day=datetime(2026, 5, 10, tzinfo=UTC),
)
minutes = st.integers(0, 60 * 24 * 12).map(
    lambda back: metric_ranges.floor(NOW, 60) + timedelta(minutes=1 - back)
)


def at(text: str) -> datetime:
    """A moment of that month."""
    return datetime.fromisoformat(f"2026-05-{text}+00:00")


def test_a_day_is_read_from_hours_and_the_rest_from_minutes() -> None:
    found = metric_ranges.pieces(at("09T14:20"), at("10T14:20"), MARKS, coarsest_seconds=DAY_SECONDS)
    assert found == [
        Piece(MINUTE_SECONDS, at("09T14:20"), at("09T14:30")),
        Piece(QUARTER_SECONDS, at("09T14:30"), at("09T15:00")),
        Piece(HOUR_SECONDS, at("09T15:00"), at("10T13:00")),
        Piece(QUARTER_SECONDS, at("10T13:00"), at("10T14:00")),
        Piece(MINUTE_SECONDS, at("10T14:00"), at("10T14:20")),
    ]


def test_a_week_is_read_from_days_first() -> None:
    found = metric_ranges.pieces(at("03T14:00"), at("10T14:20"), MARKS, coarsest_seconds=DAY_SECONDS)
    assert [(piece.resolution_seconds, piece.since) for piece in found] == [
        (HOUR_SECONDS, at("03T14:00")),
        (DAY_SECONDS, at("04T00:00")),
        (HOUR_SECONDS, at("10T00:00")),
        (QUARTER_SECONDS, at("10T13:00")),
        (MINUTE_SECONDS, at("10T14:00")),
    ]


@given(minutes, minutes, st.sampled_from([MINUTE_SECONDS, QUARTER_SECONDS, HOUR_SECONDS, DAY_SECONDS]))
def test_every_moment_is_told_once_and_by_whole_rows(one: datetime, other: datetime, coarsest: int) -> None:
    since, until = min(one, other), max(one, other)
    found = metric_ranges.pieces(since, until, MARKS, coarsest_seconds=coarsest)
    edges = [since, *(piece.until for piece in found)]
    assert [piece.since for piece in found] == edges[:-1]
    assert edges[-1] == until
    for piece in found:
        assert piece.since < piece.until
        assert metric_ranges.floor(piece.since, piece.resolution_seconds) == piece.since
        assert metric_ranges.floor(piece.until, piece.resolution_seconds) == piece.until
        limit = {MINUTE_SECONDS: until, QUARTER_SECONDS: MARKS.quarter, HOUR_SECONDS: MARKS.hour}
        limit[DAY_SECONDS] = MARKS.day
        assert piece.until <= max(limit[piece.resolution_seconds], since)


def test_ends_whose_minutes_are_gone_move_outwards() -> None:
    week, month = NOW - timedelta(days=7, minutes=3), NOW - timedelta(days=60)
    assert metric_ranges.widen(week, NOW, NOW) == (at("03T14:15"), at("10T14:21"))
    assert metric_ranges.widen(month, week, NOW)[0] == datetime(2026, 3, 11, tzinfo=UTC)
    assert metric_ranges.widen(month, week, NOW)[1] == at("03T14:30")


@pytest.mark.parametrize(
    ("since", "until"), [(NOW, NOW), (NOW, NOW - timedelta(1)), (NOW - timedelta(401), NOW)]
)
def test_a_range_that_cannot_be_told_is_refused(since: datetime, until: datetime) -> None:
    with pytest.raises(InvalidArgument, match="since"):
        metric_ranges.widen(since, until, NOW)


@pytest.mark.parametrize(
    ("days", "step_seconds"),
    [(1, 0), (1, 59), (1, 90), (1, 5_400), (3, 300), (40, 3_600), (2, 60), (40, 90_000)],
)
def test_a_step_that_cannot_be_told_is_refused(days: int, step_seconds: int) -> None:
    with pytest.raises(InvalidArgument, match="step_seconds"):
        metric_ranges.check_step(NOW - timedelta(days=days), NOW, step_seconds, NOW)


@pytest.mark.parametrize(
    ("hours", "step_seconds"),
    [
        (1, 60),
        (6, 300),
        (24, 900),
        (48, 1_800),
        (24 * 7, 3 * 3_600),
        (24 * 30, 86_400),
        (24 * 365, 7 * 86_400),
    ],
)
def test_a_range_has_a_step_that_suits_it(hours: int, step_seconds: int) -> None:
    since = NOW - timedelta(hours=hours) + timedelta(seconds=1)
    assert metric_ranges.default_step(since, NOW, NOW) == step_seconds
    metric_ranges.check_step(since, NOW, step_seconds, NOW)
