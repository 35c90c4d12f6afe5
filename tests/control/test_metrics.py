"""Metrics: works, role too low, outsider, malformed; and the operator's page."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import Client, override_settings

from cloud.api import request_metrics
from tenants import databases, keys
from tenants.quotas import Limits
from tenants.roles import Action, Role, may
from tests.control.caller import BY, Caller, Office
from tests.factories import Cast, Place, Wire, batch


def place(office: Office, name: str = "main") -> Place:
    """A collection of the tenant, in a database of this name."""
    database = databases.create(office.tenant_id, name, limits=Limits(), cell_count=settings.CELL_COUNT)
    wire = Wire(keys.issue(BY, office.tenant_id, pepper=settings.KEY_PEPPER).secret)
    return Cast(office.tenant_id, office.name, database.name, wire, wire).collection()


def used(office: Office) -> Place:
    """A collection after an add, two gets, and a get that was refused."""
    made = place(office)
    made.call("add", batch(3))
    made.call("get", {})
    made.call("get", {})
    made.cast.wire.post(f"{made.path}/get", {"where": {"n": {"$no": 1}}})
    request_metrics.process.flush()
    return made


def test_it_shows_requests_errors_and_latencies(acme: Office) -> None:
    made = used(acme)
    found = acme.owner.get(f"{acme.path}/metrics").body
    by_name = {one["operation"]: one for one in found["operations"]}
    assert (by_name["get"]["requests"], by_name["get"]["ok"], by_name["get"]["client_error"]) == (3, 2, 1)
    assert 0 < by_name["get"]["latency_ms"]["p50"] <= by_name["get"]["latency_ms"]["p99"] < 60_000
    assert found["total"]["requests"] == 5  # the one that made the collection too
    (top,) = found["collections"]
    assert (top["collection_id"], top["requests"], top["errors"]) == (str(made.collection_id), 4, 1)
    assert (found["step_seconds"], len(found["items"])) in ((60, 60), (60, 61))
    assert sum(step["ok"] + step["client_error"] for step in found["items"]) == 5
    idle = [step["latency_ms"]["p50"] for step in found["items"] if not step["operations"]]
    assert set(idle) == {None}


def test_it_filters_by_database_and_operation(acme: Office) -> None:
    used(acme)
    place(acme, "other").count()
    request_metrics.process.flush()
    for query, requests in (("database=other", 2), ("operation=get", 3), ("database=other&operation=get", 0)):
        assert acme.owner.get(f"{acme.path}/metrics?{query}").body["total"]["requests"] == requests, query


def test_the_range_and_the_step_are_the_callers(acme: Office) -> None:
    used(acme)
    until = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    since = until - timedelta(days=2)
    span = f"since={since:%Y-%m-%dT%H:%M:%SZ}&until={until:%Y-%m-%dT%H:%M:%SZ}"
    found = acme.owner.get(f"{acme.path}/metrics?{span}&step=3600").body
    assert (found["step_seconds"], len(found["items"])) == (3_600, 48)
    assert found["items"][-1]["ok"] == 4


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    assert acme[role].get(f"{acme.path}/metrics").status == (200 if may(role, Action.VIEW_METRICS) else 403)


def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, nobody: Caller) -> None:
    answer = globex.owner.get(f"{acme.path}/metrics")
    missing = globex.owner.get("/tenants/no-such-tenant/metrics")
    assert answer.status == missing.status == 404
    assert answer.body["message"].replace(acme.name, "no-such-tenant") == missing.body["message"]
    assert nobody.get(f"{acme.path}/metrics").status == 401


@pytest.mark.parametrize(
    ("query", "status", "named"),
    [
        ("since=yesterday", 400, "since"),
        ("since=2026-03-01T00:00:00", 400, "since"),
        ("until=2026-03-01", 400, "until"),
        ("since=1999-01-01T00:00:00Z", 400, "kept"),
        ("since=2999-01-01T00:00:00Z", 400, "since"),
        ("step=61", 400, "step_seconds"),
        ("step=-1", 400, "step_seconds"),
        ("step=many", 400, "step"),
        ("operation=drop", 400, "operation"),
        ("operation=%00", 400, "operation"),
        ("database=no-such", 404, "no-such"),
        ("colour=red", 400, "colour"),
    ],
)
def test_malformed_queries_are_named(acme: Office, query: str, status: int, named: str) -> None:
    answer = acme.owner.get(f"{acme.path}/metrics?{query}")
    assert answer.status == status, answer
    assert named in answer.body["message"]


def test_the_operators_page_is_for_who_bears_its_token(acme: Office) -> None:
    client = Client()
    assert client.get("/metrics").status_code == 404
    with override_settings(METRICS_TOKEN="a long token"):
        assert client.get("/metrics").status_code == 401
        assert client.get("/metrics", headers={"authorization": "Bearer wrong"}).status_code == 401
        answer = client.get("/metrics", headers={"authorization": "Bearer a long token"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")


def test_the_operators_page_counts_and_names_nobody(acme: Office) -> None:
    made = used(acme)
    with override_settings(METRICS_TOKEN="t"):
        text = Client().get("/metrics", headers={"authorization": "Bearer t"}).content.decode()
    assert acme.name not in text
    assert str(made.collection_id) not in text
    line = r'^tessera_request_duration_seconds_bucket\{operation="add",outcome="ok",le="(.+)"\} (\d+)$'
    steps = re.findall(line, text, flags=re.MULTILINE)
    counts = [int(count) for _, count in steps]
    assert counts == sorted(counts)
    assert steps[0][0] == "0.00025"
    total = re.search(r'^tessera_requests_total\{operation="add",outcome="ok"\} (\d+)$', text, re.MULTILINE)
    assert total is not None
    assert steps[-1] == ("+Inf", total[1])
    assert str(uuid.UUID(int=0)) not in text
