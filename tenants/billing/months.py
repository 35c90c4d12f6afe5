"""Months of UTC: their bounds, their names. [pure]"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tenants.errors import InvalidArgument

DAY = timedelta(days=1)


def month_of(at: datetime) -> date:
    """The first day of the month that a moment is in."""
    utc = at.astimezone(UTC)
    return date(utc.year, utc.month, 1)


def following(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def start_of(day: date) -> datetime:
    """The moment at which a day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def bounds(month: date) -> tuple[datetime, datetime]:
    """When a month begins, and when the next one does."""
    return start_of(month), start_of(following(month))


def days_in(month: date) -> int:
    """How many days a month has."""
    return (following(month) - month).days


def parse(text: str) -> date:
    """A month as people write it.

    Raises:  InvalidArgument
    """
    try:
        return datetime.strptime(text, "%Y-%m").replace(tzinfo=UTC).date()
    except ValueError as error:
        raise InvalidArgument(f"month: expected YYYY-MM, got {text[:20]!r}") from error


def shown(month: date) -> str:
    """A month as people read it."""
    return f"{month:%Y-%m}"
