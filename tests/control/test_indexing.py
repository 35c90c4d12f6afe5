"""A collection's index over the control API: look, compact now, retry; and what an attempt leaves behind."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.db import connection

from cloud.processes import Service
from tenants import databases
from tenants.quotas import Limits
from tenants.roles import Action, Role, may
from tests import stage
from tests.compact import cell_of, compact, expire_lease, resume
from tests.control.caller import Office, api_key
from tests.factories import Cast, Place, batch
from vectors.cells.transaction import connect
from workers import garbage, jobs


@pytest.fixture
def place(database: Service, acme: Office) -> Iterator[Place]:
    """A collection with records in its log; no job of it is left behind for another test to find."""
    databases.create(acme.tenant_id, "main", limits=Limits(), cell_count=settings.CELL_COUNT)
    wire = api_key(acme.tenant_id, acme.owner)
    made = Cast(acme.tenant_id, acme.name, "main", wire, wire).collection()
    made.call("add", batch(40))
    yield made
    with stage.role(database, "worker"):
        connect().execute(
            f"DELETE FROM {cell_of(made)}.job WHERE collection_id = %s".encode(), [made.collection_id]
        )


def path_of(place: Place) -> str:
    """Of the collection, below the API's prefix."""
    return f"/tenants/{place.cast.name}/databases/main/collections/{place.collection_id}"


def fail(database: Service, place: Place, *, cause: str, times: int = 1) -> None:
    """Let the collection's job fail."""
    with stage.role(database, "worker"):
        for _ in range(times):
            job = jobs.claim(cell_of(place), lease_seconds=60)
            assert job is not None
            jobs.renew(job, lease_seconds=60, phase="copying")
            jobs.fail(job, cause)


def test_it_is_compacted_on_demand(database: Service, acme: Office, place: Place) -> None:
    path = path_of(place)
    asked = acme.owner.post(f"{path}/compact")
    assert (asked.status, asked.body) == (202, {"is_new": True})
    assert acme.owner.post(f"{path}/compact").body == {"is_new": False}
    assert acme.owner.get(f"{path}/indexing").body["job"]["state"] == "queued"
    resume(database, place)
    shown = acme.owner.get(f"{path}/indexing").body
    assert (shown["job"], shown["record_count"], shown["log_head"]) == (None, 40, 40)
    (segment,) = shown["segments"]
    assert (segment["rows"], segment["dead_rows"], segment["disk_bytes"] > 8_192) == (40, 0, True)
    refused = acme.owner.post(f"{path}/compact")
    assert refused.status == 400
    assert "nothing to compact" in refused.body["message"]


def test_both_are_written_down(database: Service, acme: Office, place: Place) -> None:
    path = path_of(place)
    acme.owner.post(f"{path}/compact")
    fail(database, place, cause="disk full", times=3)
    assert acme.owner.post(f"{path}/retry").status == 202
    retried, asked = acme.owner.get(f"{acme.path}/audit?limit=2").body["items"]
    assert [one["action"] for one in (asked, retried)] == ["collections.compact", "collections.retry"]
    for entry in (asked, retried):
        assert entry["subject_id"] == str(place.collection_id)
        assert entry["subject_label"] == f"main/{place.name}"


def test_an_attempt_leaves_its_phases_and_what_it_did(database: Service, acme: Office, place: Place) -> None:
    acme.owner.post(f"{path_of(place)}/compact")
    resume(database, place)
    (attempt,) = acme.owner.get(f"{path_of(place)}/indexing").body["history"]
    assert (attempt["outcome"], attempt["kind"], attempt["attempt"]) == ("done", "compact", 1)
    names = [one["name"] for one in attempt["phases"]]
    assert names == ["starting", "copying", "building the graph", "indexing", "swapping", "purging"]
    lengths = [one["seconds"] for one in attempt["phases"]]
    assert sum(lengths) == pytest.approx(attempt["seconds"], abs=0.01)
    assert all(length >= 0 for length in lengths)


def test_a_parked_job_says_why_and_is_retried(database: Service, acme: Office, place: Place) -> None:
    path = path_of(place)
    assert acme.owner.post(f"{path}/retry").status == 400
    acme.owner.post(f"{path}/compact")
    fail(database, place, cause="DiskFull: no space left", times=3)
    shown = acme.owner.get(f"{path}/indexing").body
    assert (shown["job"]["state"], shown["job"]["cause"]) == ("parked", "DiskFull: no space left")
    assert [one["outcome"] for one in shown["history"]] == ["parked", "failed", "failed"]
    assert [one["attempt"] for one in shown["history"]] == [3, 2, 1]
    refused = acme.owner.post(f"{path}/compact")
    assert refused.status == 400
    assert "parked" in refused.body["message"]
    assert acme.owner.post(f"{path}/retry").status == 202
    assert resume(database, place).rows == 40
    assert acme.owner.get(f"{path}/indexing").body["history"][0]["outcome"] == "done"


def test_work_whose_workers_died_is_in_the_history(database: Service, acme: Office, place: Place) -> None:
    acme.owner.post(f"{path_of(place)}/compact")
    for _ in range(jobs.MAX_DEATHS):
        with stage.role(database, "worker"):
            assert jobs.claim(cell_of(place), lease_seconds=60) is not None
        expire_lease(database, place)
    with stage.role(database, "worker"):
        jobs.park_deadly(cell_of(place))
    (attempt,) = acme.owner.get(f"{path_of(place)}/indexing").body["history"]
    assert (attempt["outcome"], attempt["attempt"]) == ("parked", jobs.MAX_DEATHS)
    assert "worker died" in attempt["cause"]


def test_the_history_keeps_the_last_attempts(
    database: Service, acme: Office, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "KEPT_ATTEMPTS", 3)
    for number in range(5):
        place.call("add", batch(1, first=100 + number))
        compact(database, place)
    history = acme.owner.get(f"{path_of(place)}/indexing").body["history"]
    assert len(history) == 3
    moments = [datetime.fromisoformat(one["finished_at"]) for one in history]
    assert moments == sorted(moments, reverse=True)
    assert (datetime.now(UTC) - moments[0]).total_seconds() < 600


def test_a_collection_that_is_gone_leaves_no_history(database: Service, acme: Office, place: Place) -> None:
    compact(database, place)
    cell = cell_of(place)
    with stage.role(database, "owner"), connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {cell}.collection_state SET dropped_at = now() - interval '1 day' "
            "WHERE collection_id = %s",
            [place.collection_id],
        )
    with stage.role(database, "worker"):
        garbage.collect(cell, role_prefix=stage.ROLE_PREFIX, retire_after_seconds=0)
    with stage.role(database, "owner"), connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM {cell}.job_history WHERE collection_id = %s", [place.collection_id]
        )
        assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, place: Place, role: Role) -> None:
    path = path_of(place)
    assert acme[role].get(f"{path}/indexing").status == (200 if may(role, Action.VIEW_COLLECTIONS) else 403)
    allowed = may(role, Action.MANAGE_COLLECTIONS)
    assert acme[role].post(f"{path}/compact").status == (202 if allowed else 403)
    assert acme[role].post(f"{path}/retry").status == (400 if allowed else 403)


def test_an_outsider_learns_nothing(acme: Office, globex: Office, place: Place) -> None:
    databases.create(globex.tenant_id, "main", limits=Limits(), cell_count=settings.CELL_COUNT)
    theirs = path_of(place)
    own = theirs.replace(acme.name, globex.name)
    missing = own.replace(str(place.collection_id), str(uuid.uuid4()))
    for method, end in (("GET", "indexing"), ("POST", "compact"), ("POST", "retry")):
        for path in (theirs, own, missing, f"{own[:-1]}x"):
            assert globex.owner.send(method, f"{path}/{end}").status == 404
    assert acme.owner.get(f"{theirs}/indexing").body["job"] is None


def test_another_databases_path_has_no_such_collection(acme: Office, place: Place) -> None:
    databases.create(acme.tenant_id, "other", limits=Limits(), cell_count=settings.CELL_COUNT)
    path = path_of(place).replace("/main/", "/other/")
    assert acme.owner.get(f"{path}/indexing").status == 404
    assert acme.owner.post(f"{path}/compact").status == 404
