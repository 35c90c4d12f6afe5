"""Metrics of requests from the wire to the reports: counted once, rolled up exactly, kept for their time."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import ProgrammingError, connection

from cloud.api import admission, authentication, request_metrics
from cloud.processes import Service
from tenants import metric_ranges, request_counts, tenants
from tenants import request_metrics as reports
from tenants.actors import Actor, ActorKind, command
from tenants.errors import InvalidArgument, PermissionDenied
from tenants.models import MetricClock
from tenants.request_counts import UNKNOWN, Counted, Outcome, Sums
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests import stage
from tests.factories import Cast, Wire, batch
from workers import metrics

BY = command("tests")
MINUTE = timedelta(minutes=1)


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def sums(cast: Cast, since: timedelta = timedelta(hours=1), **only: Any) -> dict[str, dict[str, int]]:
    """Requests by operation and outcome, from so long ago until now."""
    request_metrics.process.flush()
    found = reports.summary(BY, cast.tenant_id, since=now() - since, until=now() + MINUTE, **only)
    return {
        one.operation: {outcome.value: count for outcome, count in one.requests.items()}
        for one in found.operations
    }


def tell(cast: Cast, at: datetime, count: int, *, flush_id: uuid.UUID | None = None, **other: Any) -> bool:
    """Let a process tell of gets of 1 ms in a minute."""
    key = Counted(cast.tenant_id, UNKNOWN, uuid.UUID(int=7), "get", "ok", int(at.timestamp()) // 60)
    rows = request_counts.rows_of({key._replace(**other): Sums(count / 1000, {16: count})})
    return request_counts.note(flush_id or uuid.uuid4(), rows)


@pytest.fixture
def clock(database: Service) -> Iterator[None]:
    """The marks of the rolling up as they are now, again when the test is over."""
    before = MetricClock.objects.get()
    yield
    with stage.role(database, "owner"):
        MetricClock.objects.update(
            quarter_mark=before.quarter_mark, hour_mark=before.hour_mark, day_mark=before.day_mark
        )


def set_clock(database: Service, hour: datetime, day: datetime) -> None:
    """Let everything from these moments on wait to be rolled up."""
    with stage.role(database, "owner"):
        MetricClock.objects.update(
            quarter_mark=metric_ranges.floor(hour, 900),
            hour_mark=metric_ranges.floor(hour, 3_600),
            day_mark=metric_ranges.floor(day, 86_400),
        )


def roll_up(database: Service, at: datetime) -> int:
    """As the worker does."""
    with stage.role(database, "worker"):
        return metrics.roll_up(now=at)


def test_requests_are_counted_by_operation_and_outcome(acme: Cast, globex: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(3))
    place.call("get", {})
    place.count()
    assert acme.wire.post(f"{place.path}/get", {"limit": -1}).status >= 400
    assert acme.wire.post(f"{place.path}/query", b"{").status >= 400
    found = sums(acme)
    assert found == {
        "catalogue": {"ok": 1},
        "add": {"ok": 1},
        "get": {"ok": 1, "client_error": 1},
        "count": {"ok": 1},
        "query": {"client_error": 1},
    }
    assert sums(globex) == {}


def test_a_request_belongs_to_its_database_and_collection(acme: Cast) -> None:
    place = acme.collection()
    place.count()
    database_id = next(iter(reports.requests_by_database(BY, acme.tenant_id, since=now() - MINUTE)), None)
    assert database_id is None  # nothing is told before a flush
    request_metrics.process.flush()
    ((database_id, requests),) = reports.requests_by_database(
        BY, acme.tenant_id, since=now() - MINUTE
    ).items()
    assert requests == 2
    assert sums(acme, database_id=database_id)["count"] == {"ok": 1}
    assert sums(acme, database_id=uuid.uuid4()) == {}
    (top,) = reports.top_collections(BY, acme.tenant_id, since=now() - MINUTE, until=now() + MINUTE)
    assert (top.collection_id, top.database_id, top.requests, top.errors) == (
        place.collection_id,
        database_id,
        1,
        0,
    )
    assert 0 < top.seconds < 5


def test_a_request_that_finds_no_collection_is_the_tenants_still(acme: Cast) -> None:
    assert acme.wire.get(f"{acme.place}/collections/{uuid.uuid4()}/count").status == 404
    assert acme.wire.get(f"/tenants/{acme.name}/databases/elsewhere").status == 404
    assert sums(acme, database_id=UNKNOWN) == {
        "count": {"client_error": 1},
        "catalogue": {"client_error": 1},
    }


def test_a_refused_key_is_nobodys_and_a_limited_one_its_tenants(acme: Cast) -> None:
    before = {(one.operation, one.outcome): one.requests for one in request_counts.totals()}
    assert Wire("ck-no-such-key").get(f"{acme.place}/collections").status == 401
    with tenant_transaction(acme.tenant_id):
        tenant = tenants.get(acme.tenant_id)
        tenant.quota_overrides = {"requests_per_minute_count": 1}
        tenant.save()
    authentication.forget_all()
    admission.forget()
    statuses = [acme.wire.get(f"{acme.place}/collections_count").status for _ in range(3)]
    assert statuses.count(429) >= 1
    assert sums(acme)["catalogue"]["limited"] == statuses.count(429)
    after = {(one.operation, one.outcome): one.requests for one in request_counts.totals()}
    assert after["other", "client_error"] == before.get(("other", "client_error"), 0) + 1


def test_latencies_are_those_of_answers(acme: Cast) -> None:
    at = now()
    keys = {"tenant_id": acme.tenant_id, "database_id": UNKNOWN, "collection_id": UNKNOWN}
    minute = int(at.timestamp()) // 60
    rows = request_counts.rows_of(
        {
            Counted(**keys, operation="get", outcome="ok", minute=minute): Sums(9.9, {16: 99, 80: 1}),
            Counted(**keys, operation="get", outcome="limited", minute=minute): Sums(5, {0: 5}),
        }
    )
    request_counts.note(uuid.uuid4(), rows)
    found = reports.summary(BY, acme.tenant_id, since=at - MINUTE, until=at + MINUTE)
    (get,) = found.operations
    assert (get.total, get.errors, round(get.error_ratio, 3)) == (105, 5, round(5 / 105, 3))
    assert get.latencies.p50 == get.latencies.p99 == pytest.approx(0.001, rel=0.05)
    assert found.total.latencies == get.latencies


def test_told_twice_counts_once(acme: Cast) -> None:
    flush_id = uuid.uuid4()
    assert tell(acme, now(), 5, flush_id=flush_id)
    assert not tell(acme, now(), 5, flush_id=flush_id)
    assert tell(acme, now(), 5)
    assert sums(acme) == {"get": {"ok": 10}}


def test_an_id_that_is_no_tenant_is_passed_over(acme: Cast) -> None:
    assert tell(acme, now(), 5, tenant_id=uuid.uuid4())
    assert sums(acme) == {}


@pytest.mark.usefixtures("clock")
def test_rolling_up_changes_no_sum(database: Service, acme: Cast) -> None:
    start = now() - timedelta(hours=40)
    set_clock(database, start, start)
    for hours in range(0, 40, 3):
        tell(acme, start + timedelta(hours=hours, minutes=7), hours + 1, operation="get")
        tell(acme, start + timedelta(hours=hours, minutes=9), 1, operation="query", outcome="limited")
    week = timedelta(days=7)
    before = [sums(acme, since) for since in (timedelta(hours=3), timedelta(hours=30), week)]
    top = reports.top_collections(BY, acme.tenant_id, since=start, until=now())
    assert roll_up(database, now()) >= 39
    after = [sums(acme, since) for since in (timedelta(hours=3), timedelta(hours=30), week)]
    assert after == before
    assert reports.top_collections(BY, acme.tenant_id, since=start, until=now()) == top
    assert roll_up(database, now()) == 0


@pytest.mark.usefixtures("clock")
def test_a_roll_up_that_was_cut_off_is_done_again(database: Service, acme: Cast) -> None:
    start = now() - timedelta(hours=5)
    set_clock(database, start, start)
    tell(acme, start, 4)
    with stage.role(database, "worker"), connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT tenants_roll_up_requests(now())")
        cursor.execute("ROLLBACK")  # what a connection does whose process is killed
    assert sums(acme, timedelta(hours=6)) == {"get": {"ok": 4}}
    roll_up(database, now())
    assert sums(acme, timedelta(hours=6)) == {"get": {"ok": 4}}


@pytest.mark.usefixtures("clock")
def test_of_an_hour_that_is_over_the_busiest_collections_stay(database: Service, acme: Cast) -> None:
    start = metric_ranges.floor(now() - timedelta(hours=5), 3_600)
    set_clock(database, start, start)
    for part in range(4):  # as flushes tell them: each has at most 100
        minute = int(start.timestamp()) // 60
        counted = {
            Counted(acme.tenant_id, UNKNOWN, uuid.UUID(int=number + 1), "get", "ok", minute): Sums(
                0.1, {16: number + 1}
            )
            for number in range(part * 100, part * 100 + 100)
        }
        request_counts.note(uuid.uuid4(), request_counts.rows_of(counted))
    span: dict[str, Any] = {"since": start, "until": now(), "limit_count": 1_000}
    assert len(reports.top_collections(BY, acme.tenant_id, **span)) == 400
    roll_up(database, now())
    kept = reports.top_collections(BY, acme.tenant_id, **span)
    assert (len(kept), kept[0].requests, kept[-1].requests) == (100, 400, 301)


@pytest.mark.usefixtures("clock")
def test_what_is_told_too_late_is_entered_into_what_is_open(database: Service, acme: Cast) -> None:
    start = now() - timedelta(hours=5)
    set_clock(database, now(), now())
    tell(acme, start, 4)
    tell(acme, start + MINUTE, 3)
    assert sums(acme, timedelta(hours=1)) == {"get": {"ok": 7}}


@pytest.mark.usefixtures("clock")
def test_minutes_are_forgotten_after_two_days_once_they_are_rolled_up(database: Service, acme: Cast) -> None:
    old = now() - timedelta(hours=60)
    set_clock(database, old, old)
    tell(acme, old, 4)
    roll_up(database, now())
    with tenant_transaction(acme.tenant_id), connection.cursor() as cursor:
        cursor.execute("SELECT resolution_seconds, sum(requests)::int FROM tenants_requestmetric GROUP BY 1")
        kept = dict(cursor.fetchall())
    assert kept == {900: 4, 3_600: 4, 86_400: 4}
    assert sums(acme, timedelta(hours=61)) == {"get": {"ok": 4}}


def test_a_series_has_every_step_and_no_latency_where_nothing_happened(acme: Cast) -> None:
    until = metric_ranges.ceil(now(), 60)
    tell(acme, until - 10 * MINUTE, 3)
    tell(acme, until - 4 * MINUTE, 2, outcome="server_error")
    found = reports.series(BY, acme.tenant_id, since=until - 15 * MINUTE, until=until, step_seconds=60)
    assert len(found.points) == 15
    busy = {point.at: dict(point.requests) for point in found.points if point.total}
    assert busy == {until - 10 * MINUTE: {Outcome.OK: 3}, until - 4 * MINUTE: {Outcome.SERVER_ERROR: 2}}
    timed = [point.at for point in found.points if point.latencies.p50 is not None]
    assert timed == [until - 10 * MINUTE]
    assert [point.by_operation for point in found.points if point.total] == [{"get": 3}, {"get": 2}]


def test_a_collection_has_a_series_by_the_hour(acme: Cast) -> None:
    tell(acme, now(), 3)
    tell(acme, now(), 9, collection_id=uuid.UUID(int=8))
    only: dict[str, Any] = {
        "since": now() - timedelta(hours=3),
        "until": now(),
        "collection_id": uuid.UUID(int=7),
    }
    found = reports.series(BY, acme.tenant_id, step_seconds=3_600, **only)
    assert [point.total for point in found.points][-1] == 3
    with pytest.raises(InvalidArgument, match="by the hour"):
        reports.series(BY, acme.tenant_id, step_seconds=60, **only)


def test_an_unknown_operation_and_a_role_without_the_action_are_refused(acme: Cast) -> None:
    span: dict[str, Any] = {"since": now() - MINUTE, "until": now()}
    with pytest.raises(InvalidArgument, match="operation"):
        reports.summary(BY, acme.tenant_id, **span, operation="drop")
    billing = Actor(ActorKind.USER, uuid.uuid4(), "who pays", role=Role.BILLING)
    for ask in (reports.summary, reports.top_collections):
        with pytest.raises(PermissionDenied):
            ask(billing, acme.tenant_id, **span)
    with pytest.raises(PermissionDenied):
        reports.requests_by_database(billing, acme.tenant_id, since=now() - MINUTE)


def test_row_level_security_hides_another_tenants_rows(acme: Cast, globex: Cast) -> None:
    tell(acme, now(), 4)
    for tenant_id, seen in ((acme.tenant_id, True), (globex.tenant_id, False)):
        with tenant_transaction(tenant_id), connection.cursor() as cursor:
            for table in ("tenants_requestmetric", "tenants_collectionrequestmetric"):
                cursor.execute(f"SELECT count(*) > 0 FROM {table} WHERE tenant_id = %s", [acme.tenant_id])
                assert cursor.fetchone() == (seen,), table


@pytest.mark.parametrize(
    "table", ["requestmetric", "collectionrequestmetric", "requesttotal", "metricclock", "metricflush"]
)
def test_the_web_writes_only_through_the_function(acme: Cast, table: str) -> None:
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        tenant_transaction(acme.tenant_id),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"DELETE FROM tenants_{table}")
