"""Which alerts follow from which facts."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from workers import alerting
from workers.alerting import Backlog, Budgeted, ExpiringKey, Facts, Kind, Page, Parked, QuotaUse, Severity

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
MAIN = uuid.UUID(int=1)
CAP = 10 * 10**9


def kinds(**facts: Any) -> list[tuple[Kind, Severity]]:
    """What is decided from these facts and nothing else."""
    return [(one.kind, one.severity) for one in alerting.decide(Facts(now=NOW, **facts))]


def keys(*after: timedelta) -> dict[str, Any]:
    """Keys that expire so long from now."""
    listed = [ExpiringKey(f"key {number}", NOW + one) for number, one in enumerate(after)]
    return {"expiring_keys": listed, "expiring_count": len(listed)}


def test_nothing_wrong_is_no_alert() -> None:
    assert kinds() == []


@pytest.mark.parametrize(
    ("lag_seconds", "expected"),
    [
        (0.0, []),
        (899.0, []),
        (900.0, [(Kind.INDEXING_LAG, Severity.WARNING)]),
        (3_600.0, [(Kind.INDEXING_LAG, Severity.CRITICAL)]),
    ],
)
def test_lag_is_told_from_a_quarter_of_an_hour_on(lag_seconds: float, expected: list[Any]) -> None:
    assert kinds(backlogs=[Backlog(MAIN, 5_000, lag_seconds, 0)]) == expected


@pytest.mark.parametrize(
    ("reserved_nano", "expected"),
    [
        (CAP * 8 // 10 - 1, []),
        (CAP * 8 // 10, [(Kind.SPEND_CAP_NEAR, Severity.WARNING)]),
        (CAP - 1, [(Kind.SPEND_CAP_NEAR, Severity.WARNING)]),
        (CAP, [(Kind.SPEND_CAP_REACHED, Severity.CRITICAL)]),
    ],
)
def test_a_spend_cap_is_told_from_four_fifths_on(reserved_nano: int, expected: list[Any]) -> None:
    assert kinds(budget=Budgeted(CAP, reserved_nano, "USD")) == expected


def test_a_cap_of_nothing_is_reached_at_once() -> None:
    assert kinds(budget=Budgeted(0, 0, "USD")) == [(Kind.SPEND_CAP_REACHED, Severity.CRITICAL)]


@pytest.mark.parametrize(
    ("current", "expected"),
    [
        (7, []),
        (8, [(Kind.QUOTA_NEAR, Severity.WARNING)]),
        (10, [(Kind.QUOTA_REACHED, Severity.CRITICAL)]),
        (11, [(Kind.QUOTA_REACHED, Severity.CRITICAL)]),
    ],
)
def test_a_quota_is_told_from_four_fifths_on(current: int, expected: list[Any]) -> None:
    assert kinds(quotas=[QuotaUse("Number of databases", current, 10)]) == expected


@pytest.mark.parametrize(
    ("after", "severity"),
    [(timedelta(hours=24), Severity.WARNING), (timedelta(hours=25), Severity.NOTICE)],
)
def test_a_key_that_ends_is_told(after: timedelta, severity: Severity) -> None:
    assert kinds(**keys(after)) == [(Kind.KEYS_EXPIRE, severity)]


def test_many_keys_are_one_alert_that_names_the_first() -> None:
    (alert,) = alerting.decide(Facts(now=NOW, **keys(timedelta(hours=30), timedelta(days=6))))
    assert "2 API keys expire within 7 days, the first (key 0) in 1 day." in alert.text
    assert alert.target.page is Page.KEYS


def test_a_parked_job_says_its_cause_and_where_to_go() -> None:
    parked = Parked(MAIN, uuid.uuid4(), "papers", "compact", "out of memory", 3)
    (alert,) = alerting.decide(Facts(now=NOW, parked=[parked], database_names={MAIN: "main"}))
    assert alert.severity is Severity.CRITICAL
    assert "papers is parked after 3 attempts" in alert.text
    assert "out of memory" in alert.text
    assert (alert.target.page, alert.target.database, alert.target.collection) == (
        Page.INDEXING,
        "main",
        "papers",
    )


def test_the_most_urgent_comes_first_and_no_kind_floods() -> None:
    found = kinds(
        suspension="Unpaid.",
        is_in_maintenance=True,
        unverified="new@example.com",
        backlogs=[Backlog(uuid.UUID(int=number), 1, 1_000.0 + number, 0) for number in range(9)],
        **keys(timedelta(days=2)),
    )
    assert found == [
        (Kind.SUSPENDED, Severity.CRITICAL),
        (Kind.MAINTENANCE, Severity.WARNING),
        *[(Kind.INDEXING_LAG, Severity.WARNING)] * 5,
        (Kind.KEYS_EXPIRE, Severity.NOTICE),
        (Kind.ADDRESS_UNVERIFIED, Severity.NOTICE),
    ]
