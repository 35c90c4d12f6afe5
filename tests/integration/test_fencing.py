"""Workers that stall past their lease, die without a word, or leave things behind."""

from __future__ import annotations

import threading

import pytest
from django.conf import settings
from django.db import connections

from cloud.processes import Service
from tests import stage
from tests.compact import RESOURCES, cell_of, compact, expire_lease, read_as_owner, take_over
from tests.factories import Cast, Place, batch
from vectors.cells.transaction import connect
from workers import compaction, garbage, jobs
from workers.jobs import LeaseLost


class Successor:
    """A worker in a thread of its own that claims the job and waits, its copy made, for a word to go on."""

    def __init__(self, database: Service, place: Place) -> None:
        self.has_copied, self.may_go_on = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._work, args=(database, place))
        self._thread.start()

    def _work(self, database: Service, place: Place) -> None:
        with stage.role(database, "worker"):
            job = jobs.claim(cell_of(place), lease_seconds=60)
            assert job is not None
            prefix = settings.ROLE_PREFIX
            compaction.compact(
                job,
                role_prefix=prefix,
                resources=RESOURCES,
                lease_seconds=60,
                after_phase=self._pause,
            )
            jobs.finish(job)
        connections.close_all()

    def _pause(self, phase: str) -> None:
        if phase == "building the graph":
            self.has_copied.set()
            assert self.may_go_on.wait(30)

    def finish(self) -> None:
        """Let it go on, and wait until it is done."""
        self.may_go_on.set()
        self._thread.join()


def test_it_fences_off_a_purge_whose_worker_stalled(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(100))
    successors: list[Successor] = []

    def stall(phase: str) -> None:
        if phase != "purging":
            return
        stage.elsewhere(lambda: place.call("add", batch(50, first=100)))
        stage.elsewhere(lambda: expire_lease(database, place))
        successors.append(Successor(database, place))
        assert successors[0].has_copied.wait(30)
        stage.elsewhere(lambda: place.call("update", {"ids": ["r120"], "documents": ["changed"]}))
        stage.elsewhere(lambda: place.call("delete", {"ids": ["r121"]}))

    with pytest.raises(LeaseLost):
        compact(database, place, stall)
    successors[0].finish()
    assert place.ids() == [f"r{number}" for number in range(150) if number != 121]
    assert place.call("get", {"ids": ["r120"]})["documents"] == ["changed"]


def test_it_collects_a_sealed_segment_that_never_came_to_its_swap(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(50))

    def die(phase: str) -> None:
        if phase == "swapping":
            stage.elsewhere(lambda: take_over(database, place))

    with pytest.raises(LeaseLost):
        compact(database, place, die)
    assert acme.wire.delete(f"{acme.place}/collections/{place.name}").status == 200
    with stage.role(database, "worker"):
        cell = cell_of(place)
        connect().execute(f"UPDATE {cell}.job SET state = 'done' WHERE state = 'running'".encode())
        garbage.collect(cell, role_prefix=settings.ROLE_PREFIX, retire_after_seconds=0)
    left = f"SELECT segment_id FROM {cell}.segment WHERE collection_id = '{place.collection_id}'"
    assert read_as_owner(database, acme.tenant_id, left) == []


def test_it_parks_work_that_let_its_workers_die(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(5))
    cell = cell_of(place)
    with stage.role(database, "worker"):
        jobs.enqueue(cell, tenant_id=acme.tenant_id, collection_id=place.collection_id, kind="compact")
    for _ in range(jobs.MAX_DEATHS):
        take_over(database, place)
    expire_lease(database, place)
    with stage.role(database, "worker"):
        assert jobs.claim(cell, lease_seconds=60) is None
        jobs.park_deadly(cell)
        assert jobs.drive_again(cell, place.collection_id)
    assert compact(database, place).rows == 5
