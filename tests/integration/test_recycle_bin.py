"""The recycle bin: what is deleted is gone at once, comes back whole, and goes for good in its time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings
from django.db import connections

from cloud.api.permissions import manifests
from cloud.processes import Service
from tenants import audit, databases
from tenants.errors import AlreadyExists, Conflict, InvalidArgument, NotFound, QuotaExceeded
from tenants.models import Database, Tenant
from tenants.quotas import Limits
from tenants.scope import tenant_transaction
from tests import stage
from tests.binned import BY, collection_names, database_names, keep_for, purge, scrub
from tests.compact import cell_of, compact, read_as_owner
from tests.factories import Cast, Place, Wire, batch, issue
from vectors import recycle_bin
from vectors.models import Collection
from workers import recycle

LIMITS = Limits(databases_count=1_000)
EVERYTHING = {"include": ["documents", "metadatas", "embeddings", "uris"]}


def filled(database: Service, acme: Cast, name: str = "docs") -> Place:
    """A collection with a segment, a log, tombstones and changed records."""
    place = acme.collection(name=name)
    place.call("add", batch(60))
    compact(database, place)
    place.call("delete", {"ids": ["r3", "r4"]})
    place.call("upsert", batch(30, first=50))
    return place


def drop(place: Place) -> None:
    """Delete a collection over the wire."""
    assert place.cast.wire.delete(f"{place.cast.place}/collections/{place.name}").status == 200


def test_a_deleted_collection_is_gone_at_once_and_comes_back_whole(database: Service, acme: Cast) -> None:
    place = filled(database, acme)
    before, nearest = place.call("get", EVERYTHING), place.nearest([0.5] * 8)
    drop(place)
    assert collection_names(acme.tenant_id) == ["docs"]
    assert acme.wire.get(f"{acme.place}/collections").body == []
    assert acme.wire.get(f"{acme.place}/collections_count").body == 0
    for verb, body in (("get", {}), ("add", batch(1)), ("query", {"query_embeddings": [[0.0] * 8]})):
        assert acme.wire.post(f"{place.path}/{verb}", body).status == 404
    recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id)
    assert collection_names(acme.tenant_id) == []
    assert place.call("get", EVERYTHING) == before
    assert place.nearest([0.5] * 8) == nearest
    place.call("add", batch(20, first=100))
    compact(database, place)
    assert place.count() == len(before["ids"]) + 20


def test_a_process_that_slept_through_it_sees_a_restored_collection(database: Service, acme: Cast) -> None:
    place = filled(database, acme)
    ids = place.ids()
    slept = dict(manifests._kept)
    drop(place)
    assert acme.wire.post(f"{place.path}/get", {}).status == 404
    recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id)
    compact(database, place)
    manifests._kept.update(slept)
    assert place.ids() == ids


def test_the_name_is_free_at_once_and_a_restore_asks_for_another(database: Service, acme: Cast) -> None:
    place = filled(database, acme)
    drop(place)
    again = acme.collection(name="docs")
    with pytest.raises(AlreadyExists, match="docs"):
        recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id)
    assert collection_names(acme.tenant_id) == ["docs"]
    with pytest.raises(InvalidArgument):
        recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id, new_name="a b")
    recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id, new_name="docs-before")
    assert place.count() == 78
    assert again.count() == 0
    names = [one["name"] for one in acme.wire.get(f"{acme.place}/collections").body]
    assert sorted(names) == ["docs", "docs-before"]


def test_the_quota_holds_for_restoring(acme: Cast) -> None:
    place = acme.collection(name="first")
    drop(place)
    acme.collection(name="second")
    with tenant_transaction(acme.tenant_id):
        Tenant.objects.filter(tenant_id=acme.tenant_id).update(
            quota_overrides={"collections_count": 1, "databases_count": 1}
        )
    with pytest.raises(QuotaExceeded):
        recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id)
    assert acme.wire.delete(acme.place).status == 200
    (binned,) = recycle_bin.list_databases(BY, acme.tenant_id, limit_count=9)
    # In the bin it does not count; back it would.
    assert acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "other"}).status == 200
    with pytest.raises(QuotaExceeded):
        recycle_bin.restore_database(BY, acme.tenant_id, binned.database_id)


def test_a_database_takes_its_collections_along_and_brings_those_back(database: Service, acme: Cast) -> None:
    before, place = acme.collection(name="before"), filled(database, acme)
    other = filled(database, acme, "other")
    records = place.call("get", EVERYTHING)
    drop(before)
    assert acme.wire.delete(acme.place).status == 200
    assert acme.wire.get(acme.place).status == 404
    assert acme.wire.post(f"{place.path}/get", {}).status == 404
    assert database_names(acme.tenant_id) == ["main"]
    assert collection_names(acme.tenant_id) == ["before"]
    for collection_id in (before.collection_id, place.collection_id):
        with pytest.raises(InvalidArgument, match="restore it first"):
            recycle_bin.restore_collection(BY, acme.tenant_id, collection_id)
    (binned,) = recycle_bin.list_databases(BY, acme.tenant_id, limit_count=9)
    assert (binned.name, binned.collections_count, binned.deleted_by) == ("main", 2, "key")
    recycle_bin.restore_database(BY, acme.tenant_id, binned.database_id)
    assert place.call("get", EVERYTHING) == records
    assert other.count() == 78
    assert acme.wire.get(f"{acme.place}/collections_count").body == 2
    assert collection_names(acme.tenant_id) == ["before"]
    recycle_bin.restore_collection(BY, acme.tenant_id, before.collection_id)
    assert before.count() == 0


def test_a_database_comes_back_under_another_name_in_every_process(database: Service, acme: Cast) -> None:
    place = filled(database, acme)
    ids = place.ids()
    slept = dict(manifests._kept)  # of a process that was not asked meanwhile
    assert acme.wire.delete(acme.place).status == 200
    assert acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "main"}).status == 200
    (binned,) = recycle_bin.list_databases(BY, acme.tenant_id, limit_count=9)
    with pytest.raises(AlreadyExists, match="main"):
        recycle_bin.restore_database(BY, acme.tenant_id, binned.database_id)
    recycle_bin.restore_database(BY, acme.tenant_id, binned.database_id, new_name="main-before")
    manifests._kept.update(slept)
    renamed = f"/tenants/{acme.name}/databases/main-before/collections/{place.collection_id}"
    assert acme.wire.post(f"{renamed}/get", {"include": []}).body["ids"] == ids
    assert acme.wire.post(f"{place.path}/get", {}).status == 404


def test_a_key_does_not_reach_a_deleted_database(acme: Cast) -> None:
    place = databases.get(acme.tenant_id, "main")
    made = issue(acme.tenant_id, database_ids=frozenset({place.database_id}))
    limited = Wire(made.secret)
    assert acme.wire.delete(acme.place).status == 200
    assert limited.get("/auth/identity").body["databases"] == []
    assert acme.wire.get("/auth/identity").status == 200
    assert acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "main"}).status == 200
    assert limited.get(acme.place).status == 403
    assert acme.wire.delete(acme.place).status == 200
    recycle_bin.restore_database(BY, acme.tenant_id, place.database_id)
    assert Wire(made.secret).get("/auth/identity").status == 200


def test_who_deleted_and_restored_is_written_down(acme: Cast) -> None:
    place = acme.collection(name="docs")
    drop(place)
    recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id)
    drop(place)
    recycle_bin.purge_collection(BY, acme.tenant_id, place.collection_id)
    assert acme.wire.delete(acme.place).status == 200
    newest = audit.read(acme.tenant_id, limit_count=5)
    assert [(one.action, one.actor_kind, one.actor_label, one.subject_label) for one in newest] == [
        ("databases.delete", "api_key", "key", "main"),
        ("collections.delete", "command", "manage.py tests", "main/docs"),
        ("collections.delete", "api_key", "key", "main/docs"),
        ("collections.restore", "command", "manage.py tests", "main/docs"),
        ("collections.delete", "api_key", "key", "main/docs"),
    ]
    assert audit.verify(acme.tenant_id).broken_at is None


def left_of(database: Service, acme: Cast, cell: str, *places: Place) -> list[tuple[object, ...]]:
    """What the cell still has of the collections, bill apart."""
    ids = ", ".join(f"'{place.collection_id}'" for place in places)
    tables = ("collection_state", "record_log", "segment", "manifest", "tombstone", "job")
    parts = [f"SELECT '{one}' FROM {cell}.{one} WHERE collection_id IN ({ids})" for one in tables]
    return read_as_owner(database, acme.tenant_id, " UNION ".join(parts))


def test_without_a_bin_it_is_gone_for_good(database: Service, acme: Cast) -> None:
    keep_for(acme.tenant_id, 0)
    place = filled(database, acme)
    cell = cell_of(place)
    drop(place)
    assert collection_names(acme.tenant_id) == []
    with pytest.raises(NotFound):
        recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id)
    purge(database)
    assert left_of(database, acme, cell, place) == []
    with tenant_transaction(acme.tenant_id):
        assert not Collection.everything.filter(collection_id=place.collection_id).exists()
    bill = f"SELECT count(*) FROM {cell}.usage_ledger WHERE collection_id = '{place.collection_id}'"
    assert read_as_owner(database, acme.tenant_id, bill) != [(0,)]


def test_the_bin_keeps_until_its_time_whatever_garbage_is_collected(database: Service, acme: Cast) -> None:
    place = filled(database, acme)
    records = place.call("get", EVERYTHING)
    drop(place)
    keep_for(acme.tenant_id, 0)  # too late for this one: its time was fixed when it was deleted
    purge(database)
    recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id)
    assert place.call("get", EVERYTHING) == records


def test_what_is_purged_early_does_not_come_back(database: Service, acme: Cast) -> None:
    place, along = filled(database, acme), filled(database, acme, "along")
    cell = cell_of(place)
    drop(place)
    recycle_bin.purge_collection(BY, acme.tenant_id, place.collection_id)
    for verb in (recycle_bin.purge_collection, recycle_bin.restore_collection):
        with pytest.raises(NotFound):
            verb(BY, acme.tenant_id, place.collection_id)
    purge(database)
    assert left_of(database, acme, cell, place) == []
    assert along.count() == 78

    late = acme.collection(name="late")
    drop(late)
    assert acme.wire.delete(acme.place).status == 200
    (binned,) = recycle_bin.list_databases(BY, acme.tenant_id, limit_count=9)
    recycle_bin.purge_database(BY, acme.tenant_id, binned.database_id)
    assert collection_names(acme.tenant_id) == []
    with pytest.raises(NotFound):
        recycle_bin.restore_database(BY, acme.tenant_id, binned.database_id)
    purge(database)
    assert left_of(database, acme, cell, along, late) == []
    with tenant_transaction(acme.tenant_id):
        assert not Database.everything.filter(database_id=binned.database_id).exists()


class Died(Exception):
    """Stands for a worker that stops existing."""


@pytest.mark.parametrize(
    ("step", "phase"),
    [
        ("purge", "condemning"),
        ("garbage", "retiring"),
        ("garbage", "emptying"),
        ("garbage", "dropping the state"),
        ("purge", "forgetting"),
    ],
)
def test_a_purge_goes_on_after_a_worker_died(database: Service, acme: Cast, step: str, phase: str) -> None:
    place, kept = filled(database, acme), filled(database, acme, "kept")
    cell = cell_of(place)
    with tenant_transaction(acme.tenant_id):
        row = Database.objects.get(tenant_id=acme.tenant_id)
    databases.create(acme.tenant_id, "second", limits=LIMITS, cell_count=settings.CELL_COUNT)
    keep_for(acme.tenant_id, 0)
    drop(place)
    assert acme.wire.delete(f"/tenants/{acme.name}/databases/second").status == 200

    def die(begun: str) -> None:
        if begun == phase:
            raise Died

    with pytest.raises(Died):
        purge(database, **{f"dies_in_{step}": die})
    purge(database)
    assert left_of(database, acme, cell, place) == []
    with tenant_transaction(acme.tenant_id):
        assert [one.pk for one in Database.everything.filter(tenant_id=acme.tenant_id)] == [row.pk]
        assert [one.name for one in Collection.everything.filter(tenant_id=acme.tenant_id)] == ["kept"]
    assert kept.count() == 78
    assert f"{cell}.segment" in scrub(database)


def test_a_restore_and_a_purge_at_once_agree(database: Service, acme: Cast) -> None:
    for number in range(8):
        place = acme.collection(name=f"race{number}")
        place.call("add", batch(5))
        drop(place)
        restored, purged = at_once(
            lambda place=place: recycle_bin.restore_collection(BY, acme.tenant_id, place.collection_id),  # type: ignore[misc]
            lambda place=place: recycle_bin.purge_collection(BY, acme.tenant_id, place.collection_id),  # type: ignore[misc]
        )
        assert restored != purged
        with stage.role(database, "worker"):
            recycle.purge()
        assert acme.wire.get(f"{place.path}/count").status == (200 if restored else 404)


def test_a_restored_database_and_a_new_one_do_not_share_a_name(acme: Cast) -> None:
    for _ in range(8):
        assert acme.wire.delete(acme.place).status == 200
        newest = recycle_bin.list_databases(BY, acme.tenant_id, limit_count=1)[0].database_id
        restored, made = at_once(
            lambda newest=newest: recycle_bin.restore_database(BY, acme.tenant_id, newest),  # type: ignore[misc]
            lambda: databases.create(acme.tenant_id, "main", limits=LIMITS, cell_count=settings.CELL_COUNT),
        )
        assert restored != made
        assert len(acme.wire.get(f"/tenants/{acme.name}/databases").body) == 1


def test_an_outsider_brings_nothing_back(database: Service, acme: Cast, globex: Cast) -> None:
    place = filled(database, acme)
    drop(place)
    assert collection_names(globex.tenant_id) == []
    for verb in (recycle_bin.restore_collection, recycle_bin.purge_collection):
        with pytest.raises(NotFound):
            verb(BY, globex.tenant_id, place.collection_id)
    theirs = databases.get(acme.tenant_id, "main").database_id
    assert acme.wire.delete(acme.place).status == 200
    for act in (recycle_bin.restore_database, recycle_bin.purge_database):
        with pytest.raises(NotFound):
            act(BY, globex.tenant_id, theirs)
    assert collection_names(acme.tenant_id) == ["docs"]


def at_once(*acts: Callable[[], object]) -> list[bool]:
    """Which of several verbs succeeded that were called at the same time."""

    def run(act: Callable[[], object]) -> bool:
        try:
            act()
        except (AlreadyExists, NotFound, Conflict):
            return False
        else:
            return True
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))
