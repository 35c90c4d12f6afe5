"""Forks share segments: whoever merges, deletes or purges, the others keep every record."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connections

from cloud.processes import Service
from tenants import audit, databases
from tenants.actors import SYSTEM
from tenants.errors import InvalidArgument
from tenants.quotas import Limits
from tests import stage
from tests.binned import BY, keep_for, purge, scrub
from tests.compact import cell_of, compact, expire_lease, read_as_owner, resume
from tests.factories import Cast, Place, batch
from tests.forked import drop, filled, fork, size
from tests.raw_files import fragments, marker, relations_with, write_out
from vectors import forks, losses, recount, recycle_bin
from vectors.errors import CollectionNotFound
from vectors.segments.database import Database
from vectors.segments.swap import leave

EVERYTHING = {"include": ["documents", "metadatas", "embeddings", "uris"]}


def everything(place: Place) -> Any:
    """All that can be read, and the nearest of something."""
    return place.call("get", EVERYTHING), place.nearest([0.5] * 8, 20)


def segments(database: Service, place: Place) -> set[Any]:
    """The segments of a collection's manifest."""
    rows = read_as_owner(
        database,
        place.cast.tenant_id,
        f"SELECT segment_id FROM {cell_of(place)}.manifest WHERE collection_id = '{place.collection_id}'",
    )
    return {row[0] for row in rows}


def tables(database: Service, place: Place) -> set[Any]:
    """The segments of a tenant whose tables exist, by their state."""
    return set(
        read_as_owner(
            database,
            place.cast.tenant_id,
            f"SELECT segment_id, state FROM {cell_of(place)}.segment "
            f"WHERE tenant_id = '{place.cast.tenant_id}'",
        )
    )


def count(database: Service, place: Place, table: str) -> Any:
    """How many rows of a table are the collection's."""
    query = f"SELECT count(*) FROM {cell_of(place)}.{table} WHERE collection_id = '{place.collection_id}'"
    return read_as_owner(database, place.cast.tenant_id, query)[0][0]


def test_a_fork_shares_segments_and_copies_what_is_live(database: Service, acme: Cast) -> None:
    source = filled(database, acme)
    copy = fork(source)
    assert segments(database, copy) == segments(database, source) != set()
    assert count(database, copy, "record_log") == 10
    assert count(database, copy, "tombstone") == count(database, source, "tombstone") == 7
    assert everything(copy) == everything(source)


def test_a_merge_of_one_keeps_the_segment_of_the_other(database: Service, acme: Cast) -> None:
    source = filled(database, acme)
    copy = fork(source)
    before, shared = everything(source), segments(database, source)
    source.call("add", batch(80, first=100))
    assert compact(database, source).merged_segments == 1
    assert segments(database, source).isdisjoint(shared)
    assert count(database, source, "tombstone") == 0
    purge(database)
    assert segments(database, copy) == shared
    assert {(one, "sealed") for one in shared} <= tables(database, copy)
    assert everything(copy) == before
    copy.call("add", batch(80, first=200))
    assert compact(database, copy).merged_segments == 1
    purge(database)
    left = {one for one, _ in tables(database, copy)}
    assert left == segments(database, copy) | segments(database, source)
    assert (source.count(), copy.count()) == (len(before[0]["ids"]) + 80,) * 2


def test_a_purged_source_leaves_its_forks_whole(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    source = filled(database, acme)
    copy = fork(source)
    grandchild = fork(copy)
    grandchild.call("delete", {"ids": ["r10"]})
    before, below = everything(copy), everything(grandchild)
    drop(source)
    purge(database)
    assert count(database, source, "collection_state") == count(database, source, "manifest") == 0
    assert (everything(copy), everything(grandchild)) == (before, below)
    compact(database, copy)
    drop(copy)
    purge(database)
    assert everything(grandchild) == below
    drop(grandchild)
    purge(database)
    assert tables(database, grandchild) == set()


def test_a_deleted_source_comes_back_beside_its_forks(database: Service, acme: Cast) -> None:
    source = filled(database, acme)
    copy = fork(source)
    before = everything(source)
    drop(source)
    copy.call("add", batch(90, first=300))
    compact(database, copy)
    purge(database)
    recycle_bin.restore_collection(BY, acme.tenant_id, source.collection_id)
    assert everything(source) == before
    assert copy.count() == len(before[0]["ids"]) + 90


@pytest.mark.parametrize("phase", ["copying", "building the graph", "indexing", "swapping", "purging"])
def test_a_fork_is_whole_at_every_phase_of_a_compaction(database: Service, acme: Cast, phase: str) -> None:
    source = filled(database, acme)
    made: list[Place] = []

    def at(reached: str) -> None:
        if reached == phase:
            made.append(stage.elsewhere(lambda: fork(source)))

    before = everything(source)
    compact(database, source, at)
    purge(database)
    (copy,) = made
    assert everything(copy) == everything(source) == before
    copy.call("delete", {"ids": ["r7", "r58"]})
    compact(database, copy)
    assert source.count() == copy.count() + 2


def test_forks_beside_writers_have_a_moment_of_the_source(database: Service, acme: Cast) -> None:
    source = acme.collection()
    stop = threading.Event()

    def write() -> None:
        try:
            for number in range(1_000):
                # Both or none: every fork must have an even number of records, and the pairs whole.
                source.call("add", batch(2, first=2 * number))
                if stop.is_set():
                    return
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        copies = [fork(source) for _ in range(12)]
        stop.set()
        writing.result()
    for copy in copies:
        ids = copy.ids(limit=1_000)
        assert ids == [f"r{number}" for number in range(len(ids))]
        assert len(ids) % 2 == 0
    found = recount.recount(acme.tenant_id)
    assert [one.differences for one in found if one.differences] == []


def test_two_that_leave_a_segment_at_once_retire_it(database: Service, acme: Cast) -> None:
    source = filled(database, acme)
    copy = fork(source)
    (shared,) = segments(database, source)
    for place in (source, copy):
        place.call("add", batch(90, first=400))

    def beside(phase: str) -> None:
        if phase == "swapping":
            stage.elsewhere(lambda: compact(database, copy))

    compact(database, source, beside)
    assert (shared, "retired") in tables(database, source)
    assert source.count() == copy.count()


def test_a_fork_by_a_person_is_billed_and_written_down(acme: Cast) -> None:
    source = acme.collection()
    place = databases.get(acme.tenant_id, acme.database)
    made = forks.fork(place, source.collection_id, "by-hand", limits=Limits(), by=SYSTEM)
    (entry,) = audit.read(acme.tenant_id, limit_count=1)
    assert (entry.action, entry.subject_label) == ("collections.fork", f"{acme.database}/by-hand")
    assert entry.subject_id == str(made.collection_id)
    assert entry.details == {"source": source.name, "source_id": str(source.collection_id)}
    with pytest.raises(InvalidArgument, match="3-512"):
        forks.fork(place, source.collection_id, "a b", limits=Limits(), by=SYSTEM)


def test_a_tree_is_forgotten_with_its_last_collection(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    root = acme.collection()
    copy = fork(root)
    drop(root)
    purge(database)
    query = f"SELECT forks_count FROM {cell_of(root)}.fork_tree WHERE tenant_id = '{acme.tenant_id}'"
    assert read_as_owner(database, acme.tenant_id, query) == [(1,)]
    drop(copy)
    purge(database)
    assert read_as_owner(database, acme.tenant_id, query) == []


@pytest.mark.timeout(180)
def test_no_byte_of_a_purged_tree_is_left(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    secret, name = marker(), marker()
    source = acme.collection(name=name)
    body = batch(120) | {"documents": [f"{secret} {number}" for number in range(120)]}
    source.call("add", body)
    compact(database, source)
    source.call("update", {"ids": ["r1"], "documents": [f"again {secret}"]})
    copy = fork(source)
    drop(source)
    purge(database)
    scrub(database)
    write_out(database)
    # Its name is forgotten although a fork reads its segment, and the fork's records are all there.
    left = relations_with(database, fragments(name)) - {"tenants_auditentry", "pg_statistic"}
    assert left == set()  # the audit log, and samples of it, are to keep it
    assert copy.call("get", {"ids": ["r1"]})["documents"] == [f"again {secret}"]
    copy.call("delete", {"where": {"n": {"$gte": 0}}})
    compact(database, copy)
    drop(copy)
    purge(database)
    scrub(database)
    write_out(database)
    assert relations_with(database, fragments(secret)) == set()


def test_what_a_purged_fork_left_in_a_shared_segment_is_marked(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    secret = marker()
    source = acme.collection()
    source.call("add", batch(120) | {"documents": [f"{secret} {number}" for number in range(120)]})
    compact(database, source)
    copy = fork(source)
    drop(copy)
    purge(database)
    scrub(database)
    source.call("delete", {"where": {"n": {"$gte": 0}}})
    source.call("add", batch(50))
    compact(database, source)
    purge(database)
    assert f"{cell_of(source)}.segment" in scrub(database)
    write_out(database)
    assert f"{cell_of(source)}.segment" not in relations_with(database, fragments(secret))


def test_a_worker_that_dies_while_it_takes_a_segment_out_harms_no_fork(database: Service, acme: Cast) -> None:
    source = filled(database, acme)
    copy = fork(source)
    before = everything(copy)
    source.call("add", batch(80, first=100))

    def die(phase: str) -> None:
        if phase == "purging":
            raise RuntimeError("the worker is gone")

    with pytest.raises(RuntimeError):
        compact(database, source, die)
    purge(database)
    assert everything(copy) == before
    expire_lease(database, source)
    resume(database, source)
    assert source.count() == copy.count() + 80


def test_the_second_of_two_swaps_at_once_sees_that_the_first_has_left(database: Service, acme: Cast) -> None:
    source = filled(database, acme)
    copy = fork(source)
    (shared,) = segments(database, source)
    first_has_left, second_waits = threading.Event(), threading.Event()

    def leave_in_a_transaction(place: Place, *, is_first: bool) -> None:
        with stage.role(database, "worker"):
            worker = Database(cell_of(place), role_prefix=stage.ROLE_PREFIX)
            with worker.transaction(acme.tenant_id):
                if not is_first:
                    first_has_left.wait(10)
                    second_waits.set()
                leave(worker, place.collection_id, [shared], is_gone=False)
                if is_first:
                    first_has_left.set()
                    second_waits.wait(10)
                    time.sleep(0.3)  # the second one stands at the segment's lock by now

    with ThreadPoolExecutor(2) as pool:
        done = [
            pool.submit(leave_in_a_transaction, source, is_first=True),
            pool.submit(leave_in_a_transaction, copy, is_first=False),
        ]
        for one in done:
            one.result()
    assert tables(database, source) == {(shared, "retired")}


def test_who_deletes_is_told_what_and_how_many_forks_keep_theirs(database: Service, acme: Cast) -> None:
    source = filled(database, acme)
    copy, other = fork(source), fork(source)
    drop(other)
    place = databases.get(acme.tenant_id, acme.database)
    found = losses.of_collection(BY, place, copy.collection_id)
    assert (found.record_count, found.logical_bytes, found.forks_count) == (63, size(database, copy), 1)
    assert found.restorable_until is not None
    whole = losses.of_database(BY, place)
    assert (whole.collections_count, whole.record_count) == (2, 126)
    with pytest.raises(CollectionNotFound):
        losses.of_collection(BY, place, other.collection_id)
    keep_for(acme.tenant_id, 0)
    assert losses.of_database(BY, place).restorable_until is None
