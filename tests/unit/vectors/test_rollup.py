"""Where a report is read: the cheapest table that has it, the rest of an hour from the ledger."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from vectors import rollup

NOW = datetime(2026, 3, 17, 14, 25, tzinfo=UTC)
MONTH, DAY, HOUR = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=1), timedelta(hours=1)


def tables(wanted: set[str], grain: str, since: datetime, until: datetime) -> list[tuple[str, str, str]]:
    """The parts in short: the table, from and to."""
    found = rollup.parts(wanted, grain, since=since, until=until, now=NOW)
    assert found[0].since == since
    assert all(one.until == other.since for one, other in pairwise(found))
    assert found[-1].until >= until
    return [
        (one.source.table if one.source else "ledger", f"{one.since:%d.%H:%M}", f"{one.until:%d.%H:%M}")
        for one in found
    ]


@pytest.mark.parametrize(
    ("wanted", "grain", "table"),
    [
        (set(), "month", "usage_database_day"),
        ({"collection", "meter"}, "month", "usage_collection_month"),
        ({"key"}, "month", "usage_database_day"),
        (set(), "day", "usage_database_day"),
        (set(), "hour", "usage_database_hour"),
        ({"collection"}, "day", "usage_hour"),
        ({"collection", "key"}, "month", "usage_hour"),
    ],
)
def test_a_month_is_read_from_the_cheapest_table_that_has_it(
    wanted: set[str], grain: str, table: str
) -> None:
    assert [one[0] for one in tables(wanted, grain, MONTH, MONTH + 31 * DAY)] == [table]


def test_up_to_now_is_up_to_the_end_of_what_runs() -> None:
    assert tables({"collection"}, "month", MONTH, NOW) == [("usage_collection_month", "01.00:00", "01.00:00")]
    assert tables(set(), "day", MONTH + DAY, NOW) == [("usage_database_day", "02.00:00", "18.00:00")]
    assert tables(set(), "hour", MONTH, NOW - timedelta(seconds=5)) == [
        ("usage_database_hour", "01.00:00", "17.15:00")
    ]


def test_cut_hours_are_read_from_the_ledger() -> None:
    since, until = MONTH + timedelta(minutes=30), MONTH + DAY + timedelta(minutes=45)
    assert tables(set(), "month", since, until) == [
        ("ledger", "01.00:30", "01.01:00"),
        ("usage_database_hour", "01.01:00", "02.00:00"),
        ("ledger", "02.00:00", "02.00:45"),
    ]
    assert tables(set(), "day", since, since + timedelta(minutes=10)) == [("ledger", "01.00:30", "01.00:40")]
    assert tables(set(), "day", MONTH, MONTH + HOUR) == [("usage_database_hour", "01.00:00", "01.01:00")]
