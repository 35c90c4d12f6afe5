"""Which rows of request metrics tell of a stretch of time: minutes, quarters, hours or days. [pure]

    since                                                                              until
      ├ minutes ┤─ quarters ─┤── hours ──┤═══ days ═══┤── hours ──┤─ quarters ─┤ minutes ┤

Quarters of an hour are rolled up once they are over, hours once their quarters are, days once their hours.
So what is not rolled up yet is read from the finer rows, nothing twice and nothing late.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tenants.errors import InvalidArgument

MINUTE_SECONDS, QUARTER_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 900, 3_600, 86_400
KEPT = {
    MINUTE_SECONDS: timedelta(hours=48),
    QUARTER_SECONDS: timedelta(days=8),
    HOUR_SECONDS: timedelta(days=35),
    DAY_SECONDS: timedelta(days=400),
}
MAX_POINTS = 1_500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Piece(NamedTuple):
    """Rows of one resolution, from `since` (inclusive) to `until` (exclusive)."""

    resolution_seconds: int
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Marks:
    """How far the rolling up is: rows of each kind are whole before its mark."""

    quarter: datetime
    hour: datetime
    day: datetime


def floor(at: datetime, seconds: int) -> datetime:
    """The last moment at or before this one that is a multiple of so many seconds, in UTC."""
    since_epoch = (at - _EPOCH) // timedelta(seconds=1)
    return _EPOCH + timedelta(seconds=since_epoch - since_epoch % seconds)


def ceil(at: datetime, seconds: int) -> datetime:
    """The first such moment at or after this one."""
    below = floor(at, seconds)
    return below if below == at else below + timedelta(seconds=seconds)


def kept_from(at: datetime, now: datetime) -> int:
    """The finest resolution that still has rows of this moment, in seconds; else that of days."""
    return next((one for one, kept in KEPT.items() if at >= now - kept), DAY_SECONDS)


def widen(since: datetime, until: datetime, now: datetime) -> tuple[datetime, datetime]:
    """The range as it can be told: each end is moved outwards to what is still kept of its time.

    Raises:  InvalidArgument for no time at all, or one before everything that is kept
    """
    if since >= until:
        raise InvalidArgument("since: expected a moment before until")
    if since < now - KEPT[DAY_SECONDS]:
        raise InvalidArgument(f"since: metrics are kept for {KEPT[DAY_SECONDS].days} days")
    return floor(since, kept_from(since, now)), ceil(until, kept_from(until, now))


def coarsest_of(step_seconds: int) -> int:
    """The largest resolution that steps of so many seconds can be made of."""
    return max(one for one in KEPT if step_seconds % one == 0)


def check_step(since: datetime, until: datetime, step_seconds: int, now: datetime) -> None:
    """A series can be told in steps of so many seconds.

    Raises:  InvalidArgument, which says what can be asked for
    """
    whole = next((one for one in (DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS) if step_seconds >= one), 0)
    if whole == 0 or step_seconds % whole:
        raise InvalidArgument(
            f"step_seconds: expected whole minutes, from an hour on whole hours, from a day on whole days, "
            f"got {step_seconds}"
        )
    unit = coarsest_of(step_seconds)
    if kept_from(since, now) > unit:
        hours = KEPT[unit] // timedelta(hours=1)
        raise InvalidArgument(f"step_seconds: steps of {step_seconds} s are kept for {hours} hours")
    count = -((since - until) // timedelta(seconds=step_seconds))
    if count > MAX_POINTS:
        raise InvalidArgument(f"step_seconds: expected at most {MAX_POINTS} steps in this time, got {count}")


# What people count in; a step is the shortest of these that gives a range at most so many points.
_STEPS_SECONDS = (60, 300, 900, 1_800, 3_600, 3 * 3_600, 86_400, 7 * 86_400)
_COMFORTABLE_POINTS = 125


def default_step(since: datetime, until: datetime, now: datetime) -> int:
    """The seconds of a step that suits a range: fine enough to see something, and still kept."""
    kept = kept_from(since, now)
    for step in _STEPS_SECONDS:
        if step >= kept and (until - since) <= timedelta(seconds=step * _COMFORTABLE_POINTS):
            return step
    return _STEPS_SECONDS[-1]


def pieces(since: datetime, until: datetime, marks: Marks, *, coarsest_seconds: int) -> list[Piece]:
    """The rows that together tell of the range, each moment of it once.

    since, until:      on whole minutes
    coarsest_seconds:  the largest resolution that may be used
    """
    if since >= until:
        return []
    if coarsest_seconds == MINUTE_SECONDS:
        return [Piece(MINUTE_SECONDS, since, until)]
    mark = {DAY_SECONDS: marks.day, HOUR_SECONDS: marks.hour, QUARTER_SECONDS: marks.quarter}[
        coarsest_seconds
    ]
    first, last = ceil(since, coarsest_seconds), min(floor(until, coarsest_seconds), mark)
    finer = max(one for one in KEPT if one < coarsest_seconds)
    if first >= last:
        return pieces(since, until, marks, coarsest_seconds=finer)
    return [
        *pieces(since, first, marks, coarsest_seconds=finer),
        Piece(coarsest_seconds, first, last),
        *pieces(last, until, marks, coarsest_seconds=finer),
    ]
