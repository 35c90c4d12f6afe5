"""After a purge no byte of a collection is in PostgreSQL's files: looked for in the files themselves."""

from __future__ import annotations

import logging
import random
import struct
import time
from typing import Any

import psycopg
import pytest
from django.conf import settings

from cloud.processes import Service
from cloud.servers.errors import ServerError
from tenants.scope import tenant_transaction
from tests import stage
from tests.binned import BY, keep_for, purge, scrub
from tests.compact import cell_of, compact, read_as_owner
from tests.factories import Cast, Place, batch
from tests.raw_files import fragments, marker, relations_with, superuser, write_out
from vectors import erasure, recycle_bin
from vectors.models import Collection
from workers import recycle, tasks

EVERYTHING = {"include": ["documents", "metadatas", "embeddings", "uris"]}
PARTITION = (
    "SELECT r FROM generate_series(0, 7) AS r "
    "WHERE satisfies_hash_partition('{cell}.record_log'::regclass, 8, r, '{collection_id}'::uuid)"
)


def partition_of(database: Service, place: Place) -> str:
    """The table that the collection's log is in."""
    cell = cell_of(place)
    query = PARTITION.format(cell=cell, collection_id=place.collection_id)
    ((number,),) = read_as_owner(database, place.cast.tenant_id, query)
    return f"{cell}.record_log_{number}"


def neighbour_of(database: Service, place: Place) -> Place:
    """Another collection, whose log is in the same table."""
    while True:
        found = place.cast.collection()
        if partition_of(database, found) == partition_of(database, place):
            return found


def marked(secret: str, numbers: range, *, seed: int = 0) -> dict[str, Any]:
    """Records with the secret in each part, and documents short, long, and long beyond compression."""
    source = random.Random(seed)
    noise = "".join(source.choice("abcdefghijklmnopqrstuvwxyz0123456789") for _ in range(12_000))
    texts = [f"short {secret}", f"{'all the same ' * 900}{secret}", noise[:9_000] + secret + noise[9_000:]]
    return {
        "ids": [f"{secret}-{number}" for number in numbers],
        "embeddings": [[source.gauss(0, 1) for _ in range(8)] for _ in numbers],
        "documents": [f"{number} {texts[number % 3]}" for number in numbers],
        "metadatas": [{secret: number, "tag": f"{secret}-{number % 4}"} for number in numbers],
        "uris": [f"file:///{secret}/{number}" for number in numbers],
    }


def vector_bytes(records: dict[str, Any]) -> list[bytes]:
    """Three coordinates of a few vectors, as they are stored."""
    return [struct.pack("<3f", *vector[2:5]) for vector in records["embeddings"][::25]]


@pytest.mark.timeout(180)
def test_nothing_is_left_after_a_purge(database: Service, acme: Cast) -> None:
    secret, name = marker(), marker()
    place = acme.collection(name=name)
    described = {"new_metadata": {"secret": secret}}
    assert acme.wire.send("PUT", place.path, described).status == 200
    neighbour = neighbour_of(database, place)
    neighbour.call("add", batch(40))
    first, second = marked(secret, range(90)), marked(secret, range(90, 150), seed=1)
    place.call("add", first)
    place.call("update", {"ids": first["ids"][:5], "documents": [f"changed {secret}"] * 5})
    compact(database, place)  # its rows leave the log, and their bytes stay in its pages
    place.call("add", second)
    place.call("delete", {"ids": [*first["ids"][10:20], *second["ids"][:10]]})
    place.call("upsert", marked(secret, range(100, 110), seed=2))
    before, beside = place.call("get", EVERYTHING), neighbour.call("get", EVERYTHING)

    assert acme.wire.delete(f"{acme.place}/collections/{name}").status == 200
    recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id)
    assert place.call("get", EVERYTHING) == before
    compact(database, place)
    assert place.call("get", EVERYTHING) == before
    place.call("add", marked(secret, range(150, 180), seed=3))

    cell, partition = cell_of(place), partition_of(database, place)
    with superuser(database) as connection:
        sampled = f"{partition}, {cell}.collection_state, {cell}.segment, vectors_collection"
        connection.execute(f"ANALYZE {sampled}".encode())
    write_out(database)
    needles = [*fragments(secret), *vector_bytes(first), *vector_bytes(second)]
    found = relations_with(database, needles)
    tables = {partition, f"{cell}.collection_state", "vectors_collection", "pg_statistic"}
    assert tables <= found
    assert any(one.startswith(f"{cell}.segment_") for one in found)
    assert "vectors_collection" in relations_with(database, fragments(name))

    keep_for(acme.tenant_id, 1)
    assert acme.wire.delete(f"{acme.place}/collections/{name}").status == 200
    time.sleep(1.1)
    purge(database)
    assert partition in scrub(database)
    write_out(database)
    assert relations_with(database, needles) == set()
    assert relations_with(database, fragments(name)) <= {"tenants_auditentry"}
    assert neighbour.call("get", EVERYTHING) == beside
    compact(database, neighbour)
    assert neighbour.call("get", EVERYTHING) == beside


def test_a_rewrite_waits_for_who_may_still_see_it_and_hides_nothing(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    place = acme.collection()
    neighbour = neighbour_of(database, place)
    place.call("add", batch(30))
    neighbour.call("add", batch(30))
    partition = partition_of(database, place)
    with superuser(database) as old:
        old.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM tenants_plan")  # the snapshot; not yet a lock on the log
        assert acme.wire.delete(f"{acme.place}/collections/{place.name}").status == 200
        purge(database)
        with stage.role(database, "worker"):
            outcomes: dict[str, str] = {}
            assert not recycle.scrub(
                after_seconds=0,
                most_bytes=None,
                report=lambda one, what: outcomes.update({one.relation: what}),
            )
        assert outcomes[partition] == "early"
        seen = "SELECT count(*) FROM {} WHERE collection_id = ANY(%s)"
        ids = [place.collection_id, neighbour.collection_id]
        assert old.execute(seen.format(partition).encode(), [ids]).fetchone() == (60,)
        old.execute("COMMIT")
    assert scrub(database)[partition] == "clean"
    assert neighbour.count() == 30


def test_a_rewrite_does_not_wait_for_a_lock(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    place = acme.collection()
    place.call("add", batch(3))
    partition = partition_of(database, place)
    assert acme.wire.delete(f"{acme.place}/collections/{place.name}").status == 200
    purge(database)
    outcomes: dict[str, str] = {}
    with superuser(database) as other:
        other.execute("BEGIN")
        other.execute(f"LOCK TABLE {partition} IN ACCESS SHARE MODE".encode())
        with stage.role(database, "worker"):
            recycle.scrub(
                after_seconds=0,
                most_bytes=None,
                report=lambda one, what: outcomes.update({one.relation: what}),
            )
        other.execute("COMMIT")
    assert outcomes[partition] == "busy"
    assert scrub(database)[partition] == "clean"


def test_a_large_table_is_left_to_the_owner(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    place = acme.collection()
    partition = partition_of(database, place)
    assert acme.wire.delete(f"{acme.place}/collections/{place.name}").status == 200
    purge(database)
    outcomes: dict[str, str] = {}
    with stage.role(database, "worker"):
        recycle.scrub(
            after_seconds=0, most_bytes=0, report=lambda one, what: outcomes.update({one.relation: what})
        )
    assert outcomes[partition] == "large"
    database.manage("scrub")
    with stage.role(database, "worker"):
        assert recycle.scrub(after_seconds=0, most_bytes=None)


def test_the_worker_rewrites_only_what_is_marked(database: Service, acme: Cast) -> None:
    del acme
    with superuser(database) as connection:
        query = "SELECT pg_relation_filenode('tenants_tenant')"
        before = connection.execute(query).fetchone()
        with stage.role(database, "worker"):
            assert erasure.scrub("public.tenants_tenant") == "clean"
        assert connection.execute(query).fetchone() == before


def test_only_the_worker_asks_for_it(database: Service) -> None:
    del database
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        erasure.due_for_purge(most=1)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        erasure.scrub("public.tenants_tenant")


def test_without_the_superusers_part_it_says_what_is_missing(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    place = acme.collection()
    assert acme.wire.delete(f"{acme.place}/collections/{place.name}").status == 200
    purge(database)
    rename = "ALTER FUNCTION public.{} RENAME TO {}"
    with superuser(database) as connection:
        connection.execute(rename.format("tessera_rewrite_samples()", "renamed").encode())
        try:
            with pytest.raises(ServerError, match=r"init\.sql"):
                database.manage("scrub")
        finally:
            connection.execute(rename.format("renamed()", "tessera_rewrite_samples").encode())
    assert scrub(database)[erasure.SAMPLES] == "clean"


def test_the_beat_purges_and_scrubs(
    database: Service, acme: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from cloud.celery import app  # noqa: PLC0415 (chooses its role when it is imported first)

    monkeypatch.setattr(settings, "SCRUB_AFTER_SECONDS", 0)
    monkeypatch.setattr(settings, "RETIRE_AFTER_SECONDS", 0)
    caplog.set_level(logging.INFO, "tessera.workers")
    keep_for(acme.tenant_id, 0)
    place = acme.collection()
    partition = partition_of(database, place)
    assert acme.wire.delete(f"{acme.place}/collections/{place.name}").status == 200
    beat = [entry["task"] for entry in app.conf.beat_schedule.values()]
    wanted = [tasks.empty_recycle_bin, tasks.collect_garbage, tasks.empty_recycle_bin, tasks.scrub]
    assert {task.name for task in wanted} <= set(beat)
    with stage.role(database, "worker"):
        for task in wanted:
            task()
    with tenant_transaction(acme.tenant_id):
        assert not Collection.everything.filter(tenant_id=acme.tenant_id).exists()
    assert "purged" in caplog.text
    assert f"scrubbed {partition}" in caplog.text
