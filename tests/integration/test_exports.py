"""Exports against PostgreSQL, in process: everything once, while others write, and back again bit for bit."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pytest

from cloud.processes import Service
from tenants import tenants as tenant_verbs
from tenants.actors import Actor, ActorKind
from tenants.billing import budgets
from tenants.errors import Conflict, NotFound, PermissionDenied, QuotaExceeded
from tenants.prices import Meter
from tenants.roles import Role
from tests import stage
from tests.compact import cell_of, compact, expire_lease, read_as_owner
from tests.factories import Cast, Place, batch
from tests.transfers import (
    BY,
    begin_export,
    claim,
    content,
    database_of,
    means,
    standing,
    temporary_store,
    upload,
    work,
)
from vectors import transfer_files, transfers
from vectors.cells.transaction import connect
from vectors.formats import Format
from vectors.objects.folder import Folder
from workers import exports, jobs, transfer_expiry


@pytest.fixture
def store() -> Iterator[Folder]:
    """Where the files are."""
    with temporary_store() as found:
        yield found


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of a few pages each, so that a short export has many."""
    monkeypatch.setattr(exports, "PART_BYTES", 20_000)
    monkeypatch.setattr(exports, "PAGE_ROWS", 50)


def filled(cast: Cast, database: Service) -> Place:
    """A collection with a segment, a tail in the log, changes and gaps."""
    place = cast.collection()
    place.call("add", batch(1_200))
    place.call("delete", {"ids": ["r7", "r8"]})
    compact(database, place)
    place.call(
        "update",
        {"ids": ["r5", "r900"], "documents": ["changed", None], "metadatas": [{"n": 1.0}, {"x": [1]}]},
    )
    place.call("upsert", batch(30, first=5_000))
    place.call("delete", {"ids": ["r9", "r5001"]})
    return place


def everything(place: Place) -> dict[str, Any]:
    """What a collection holds, column by column, with the bits of its embeddings."""
    body: dict[str, Any] = place.call(
        "get", {"include": ["embeddings", "documents", "metadatas", "uris"], "limit": 100_000}
    )
    body["embeddings"] = np.array(body["embeddings"], dtype=np.float32).view(np.uint32).tolist()
    return body


def lines(text: bytes) -> list[dict[str, Any]]:
    """The records of a file of JSON Lines."""
    return [orjson.loads(line) for line in text.splitlines()]


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("as_numbers", [False, True])
@pytest.mark.parametrize("is_gzip", [False, True])
@pytest.mark.parametrize("file_format", Format)
def test_an_export_imported_again_is_the_same_bit_for_bit(
    database: Service, acme: Cast, store: Folder, file_format: Format, is_gzip: bool, as_numbers: bool
) -> None:
    place, other = filled(acme, database), acme.collection()
    made = begin_export(place, file_format=file_format, is_gzip=is_gzip, as_numbers=as_numbers)
    work(database, place, store)
    text = content(place, made, store)
    done = standing(place, made)
    assert (done.rows_done, done.rows_total, done.size_bytes) == (1_226, 1_226, len(text))
    assert (done.is_exact, done.done_ratio) == (True, 1.0)
    upload(store, other, text, file_format=file_format, is_gzip=is_gzip)
    work(database, other, store)
    assert everything(other) == everything(place)


@pytest.mark.usefixtures("small_parts")
def test_a_worker_that_dies_loses_no_record_and_doubles_none(
    database: Service, acme: Cast, store: Folder
) -> None:
    place = filled(acme, database)
    made = begin_export(place, is_gzip=True)

    def die() -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        with stage.role(database, "worker"), pytest.raises(KeyboardInterrupt):
            exports.run(claim(database, place), means(store), die)
        expire_lease(database, place)
    work(database, place, store)
    found = lines(gzip.decompress(content(place, made, store)))
    assert [one["id"] for one in found] == everything(place)["ids"]


@pytest.mark.usefixtures("small_parts")
def test_writes_meanwhile_leave_every_record_that_stays_in_the_file_once(
    database: Service, acme: Cast, store: Folder
) -> None:
    place = filled(acme, database)
    made = begin_export(place)
    steps: list[int] = []

    def write() -> None:
        steps.append(1)
        number = len(steps)
        place.call("upsert", batch(20, first=9_000 + 20 * number))
        place.call("update", {"ids": ["r0", "r1100"], "documents": [f"v{number}", f"v{number}"]})
        place.call("delete", {"ids": [f"r{1_000 + number}"]})

    work(database, place, store, after_step=lambda: stage.elsewhere(write))
    done = standing(place, made)
    found = [one["id"] for one in lines(content(place, made, store))]
    assert len(found) == len(set(found))
    assert not [one for one in found if int(one[1:]) >= 9_000]
    still_there = {one for one in everything(place)["ids"] if int(one[1:]) < 9_000}
    assert still_there <= set(found)
    assert not done.is_exact


def test_an_empty_collection_makes_a_file_that_can_be_read(
    database: Service, acme: Cast, store: Folder
) -> None:
    place = acme.collection()
    texts = []
    for file_format in Format:
        made = begin_export(place, file_format=file_format, is_gzip=True)
        work(database, place, store)
        texts.append(gzip.decompress(content(place, made, store)))
    assert texts == [b"", b"id,embedding,document,uri,metadata\r\n"]


def test_an_export_is_billed_once_as_what_it_returned(database: Service, acme: Cast, store: Folder) -> None:
    place = filled(acme, database)
    made = begin_export(place, is_gzip=True)
    work(database, place, store)
    text = gzip.decompress(content(place, made, store))
    query = (
        f"SELECT meter, sum(quantity), min(key_id::text) FROM {cell_of(place)}.usage_ledger "
        f"WHERE operation = 'export' AND collection_id = '{place.collection_id}' GROUP BY meter"
    )
    assert read_as_owner(database, acme.tenant_id, query) == [(Meter.BYTES_RETURNED, len(text), None)]


def test_the_spend_cap_stops_transfers_and_raising_it_lets_them_go_on(
    database: Service, acme: Cast, store: Folder
) -> None:
    place = acme.collection()
    place.call("add", batch(100))
    budgets.set_cap(BY, acme.tenant_id, 1)
    made = begin_export(place)
    with pytest.raises(QuotaExceeded, match="Billing limit exceeded"):
        work(database, place, store)
    expire_lease(database, place)
    with stage.role(database, "worker"):
        jobs.stop(claim(database, place), "the cap")
    assert standing(place, made).state == "stopped"
    budgets.set_cap(BY, acme.tenant_id, None)
    transfers.resume(BY, database_of(place), made.transfer_id)
    work(database, place, store)
    assert len(lines(content(place, made, store))) == 100


def test_only_who_may_read_records_takes_them_along(database: Service, acme: Cast, store: Folder) -> None:
    place = acme.collection()
    made = begin_export(place)
    viewer = Actor(ActorKind.USER, None, "viewer", role=Role.VIEWER)
    with pytest.raises(PermissionDenied):
        transfers.open_export(viewer, database_of(place), made.transfer_id, store)
    with pytest.raises(Conflict, match="queued"):
        transfers.open_export(BY, database_of(place), made.transfer_id, store)
    work(database, place, store)


def test_a_file_is_kept_for_its_time_and_what_tells_of_it_for_longer(
    database: Service, acme: Cast, store: Folder
) -> None:
    place = filled(acme, database)
    made = begin_export(place)
    work(database, place, store)
    cell = cell_of(place)
    file = transfers.file_of(database_of(place), standing(place, made))

    def sweep(seconds_ago: int) -> None:
        with stage.role(database, "worker"):
            change = f"UPDATE {cell}.transfer SET expires_at = now() - make_interval(secs => {seconds_ago})"
            connect().execute(f"{change} WHERE transfer_id = '{made.transfer_id}'".encode())
            transfer_expiry.sweep(cell, store, role_prefix=stage.ROLE_PREFIX)

    sweep(-3600)
    assert transfer_files.parts(file) != []
    sweep(1)
    assert transfer_files.parts(file) == []
    assert not (store.folder / file.prefix).exists()
    with pytest.raises(NotFound, match="kept no longer"):
        transfers.open_export(BY, database_of(place), made.transfer_id, store)
    again = transfers.restart(BY, database_of(place), made.transfer_id)
    work(database, place, store)
    assert len(lines(content(place, again, store))) == 1_226
    sweep(1)
    sweep(transfer_expiry.KEEP_ROWS_SECONDS + 1)
    with pytest.raises(NotFound):
        standing(place, made)


def test_files_of_a_collection_that_is_gone_for_good_go_with_it(
    database: Service, acme: Cast, store: Folder
) -> None:
    place = acme.collection()
    place.call("add", batch(3))
    made = begin_export(place)
    work(database, place, store)
    file = transfers.file_of(database_of(place), standing(place, made))
    place.cast.wire.delete(f"{place.cast.place}/collections/{place.name}")
    cell = cell_of(place)
    with stage.role(database, "worker"):
        transfer_expiry.sweep(cell, store, role_prefix=stage.ROLE_PREFIX)
        assert (store.folder / file.prefix).exists()  # it may still be restored
        forgotten = f"UPDATE {cell}.collection_state SET is_restorable = false WHERE collection_id = %s"
        connect().execute(forgotten.encode(), [place.collection_id])
        transfer_expiry.sweep(cell, store, role_prefix=stage.ROLE_PREFIX)
    assert not (store.folder / file.prefix).exists()
    assert [
        one
        for one in transfers.page(BY, database_of(place), limit_count=9)
        if one.collection_id == place.collection_id
    ] == []


def test_tenants_do_not_see_each_others(database: Service, acme: Cast, globex: Cast, store: Folder) -> None:
    place, theirs = acme.collection(), globex.collection()
    made = begin_export(place)
    with pytest.raises(NotFound):
        transfers.get(BY, database_of(theirs), made.transfer_id)
    assert transfers.page(BY, database_of(theirs), limit_count=9) == []
    tables = ("transfer", "transfer_part", "transfer_error")
    work(database, place, store)
    for table in tables:
        with stage.role(database, "web"), connect().transaction():
            connect().execute(f"SET LOCAL app.tenant_id = '{globex.tenant_id}'".encode())
            assert connect().execute(
                f"SELECT count(*) FROM {cell_of(place)}.{table}".encode()
            ).fetchone() == (0,)
    tenant_verbs.get(globex.tenant_id)
