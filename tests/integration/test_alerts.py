"""Alerts of a tenant, from real jobs, caps, quotas and keys; to whom the role shows them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from cloud import alerts
from cloud.processes import Service
from tenants import flags, suspension, tenants
from tenants.actors import Actor, ActorKind, command
from tenants.billing import budgets, months
from tenants.models import Budget
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests import stage
from tests.compact import cell_of, compact
from tests.factories import Cast, Place, batch, issue
from vectors.cells.transaction import connect
from workers import jobs
from workers.alerting import Alert, Kind, Page, Severity

BY = command("tests")


def member(role: Role) -> Actor:
    """Somebody in this role."""
    return Actor(ActorKind.USER, uuid.uuid4(), f"{role.value}@example.com", role=role)


def found(cast: Cast, by: Actor = BY) -> dict[Kind, Alert]:
    """The tenant's alerts; of a kind, the last."""
    return {one.kind: one for one in alerts.of_tenant(by, cast.tenant_id)}


def run(database: Service, place: Place, statement: str) -> None:
    """As the worker, on the jobs or the state of a collection."""
    with stage.role(database, "worker"):
        text = f"UPDATE {cell_of(place)}.{statement} WHERE collection_id = %s"
        connect().execute(text.encode(), [place.collection_id])


def park(database: Service, place: Place, cause: str) -> None:
    """Let the collection's compaction fail for good."""
    with stage.role(database, "worker"):
        cell = cell_of(place)
        jobs.enqueue(cell, tenant_id=place.cast.tenant_id, collection_id=place.collection_id, kind="compact")
        for _ in range(jobs.MAX_ATTEMPTS):
            job = jobs.claim(cell, lease_seconds=60)
            assert job is not None
            jobs.fail(job, cause)


def test_a_fresh_tenant_has_no_alert(acme: Cast) -> None:
    assert alerts.of_tenant(BY, acme.tenant_id) == []


def test_a_parked_job_is_told_with_its_cause(database: Service, acme: Cast, globex: Cast) -> None:
    place = acme.collection(name="papers")
    place.call("add", batch(30))
    park(database, place, "RuntimeError: <b>no room</b>")
    alert = found(acme)[Kind.JOB_PARKED]
    assert (alert.severity, alert.target.page) == (Severity.CRITICAL, Page.INDEXING)
    assert (alert.target.database, alert.target.collection) == ("main", "papers")
    assert "RuntimeError: <b>no room</b>" in alert.text
    assert alerts.of_tenant(BY, globex.tenant_id) == []
    (backlog,) = alerts.backlogs(BY, acme.tenant_id).values()
    assert (backlog.unindexed_rows, backlog.parked_count) == (30, 1)


def test_the_lag_is_that_of_the_work_that_waits(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(30))
    with stage.role(database, "worker"):
        jobs.enqueue(
            cell_of(place), tenant_id=acme.tenant_id, collection_id=place.collection_id, kind="compact"
        )
    (backlog,) = alerts.backlogs(BY, acme.tenant_id).values()
    assert 0.0 <= backlog.lag_seconds < 60
    run(database, place, "collection_state SET log_since = now() - interval '3 hours'")
    run(database, place, "job SET created_at = now() - interval '2 hours'")
    alert = found(acme)[Kind.INDEXING_LAG]
    assert alert.severity is Severity.CRITICAL
    assert "2 hours behind: 30 records are searched without an index" in alert.text
    run(database, place, "job SET state = 'done'")
    assert found(acme) == {}


def test_without_a_sweep_the_oldest_write_tells_the_lag(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(30))
    run(database, place, "collection_state SET log_since = now() - interval '1 day'")
    assert found(acme) == {}  # below every threshold it stays in the log, by policy
    with override_settings(COMPACT_AFTER_ROWS=30):
        assert "23 hours behind" in found(acme)[Kind.INDEXING_LAG].text


def test_a_swap_says_since_when_the_rest_of_the_log_waits(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(100))
    run(database, place, "collection_state SET log_since = now() - interval '1 day'")

    def write(phase: str) -> None:
        if phase == "swapping":
            stage.elsewhere(lambda: place.call("add", batch(50, first=100)))

    compact(database, place, write)
    with override_settings(COMPACT_AFTER_ROWS=50):
        (backlog,) = alerts.backlogs(BY, acme.tenant_id).values()
    assert (backlog.unindexed_rows, backlog.lag_seconds) == (50, 0.0)


def test_a_cap_that_is_nearly_used_is_told_to_who_pays(acme: Cast) -> None:
    budgets.set_cap(BY, acme.tenant_id, 10 * 10**9)
    with tenant_transaction(acme.tenant_id):
        month = months.month_of(datetime.now(UTC))
        Budget.objects.create(tenant_id=acme.tenant_id, month=month, reserved_nano=9 * 10**9)
    assert "90 % of this month's spend cap of USD 10.00" in found(acme)[Kind.SPEND_CAP_NEAR].text
    assert Kind.SPEND_CAP_NEAR in found(acme, member(Role.BILLING))
    assert found(acme, member(Role.DEVELOPER)) == {}
    budgets.set_cap(BY, acme.tenant_id, 9 * 10**9)
    assert Kind.SPEND_CAP_REACHED in found(acme)


def test_a_quota_that_is_nearly_used_is_told(acme: Cast) -> None:
    with tenant_transaction(acme.tenant_id):
        tenant = tenants.get(acme.tenant_id)
        tenant.quota_overrides = {"databases_count": 1}
        tenant.save()
    alert = found(acme, member(Role.VIEWER))[Kind.QUOTA_REACHED]
    assert "1 of 1 are used; more is refused." in alert.text


def test_keys_that_end_soon_are_told_to_who_sees_keys(acme: Cast) -> None:
    issue(acme.tenant_id, expires_at=datetime.now(UTC) + timedelta(days=3, minutes=1))
    issue(acme.tenant_id, expires_at=datetime.now(UTC) + timedelta(days=8))
    assert "The API key key expires in 3 days." in found(acme)[Kind.KEYS_EXPIRE].text
    assert Kind.KEYS_EXPIRE in found(acme, member(Role.DEVELOPER))
    assert found(acme, member(Role.VIEWER)) == {}


def test_a_suspended_tenant_and_maintenance_are_told(database: Service, acme: Cast) -> None:
    suspension.suspend(BY, acme.tenant_id, "The invoice of May is open.")
    assert "The invoice of May is open." in found(acme)[Kind.SUSPENDED].text
    with stage.role(database, "owner"):
        flags.turn_for(BY, flags.MAINTENANCE, acme.tenant_id, is_on=True)
    assert Kind.MAINTENANCE in found(acme, member(Role.VIEWER))


def test_the_statements_do_not_grow_with_the_collections(acme: Cast) -> None:
    with CaptureQueriesContext(connection) as before:
        alerts.of_tenant(BY, acme.tenant_id)
    for _ in range(5):
        acme.collection().call("add", batch(3))
    with CaptureQueriesContext(connection) as after:
        alerts.of_tenant(BY, acme.tenant_id)
    # One more: the names of databases with something unindexed. Those of cells go past Django's cursors.
    assert len(after) <= len(before) + 1 <= 40
