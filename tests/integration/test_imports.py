"""Imports against PostgreSQL, in process: what is written, what is set aside, what a dead worker leaves."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import Any

import numpy as np
import orjson
import pytest

from cloud.processes import Service
from tenants import tenants as tenant_verbs
from tenants.errors import Conflict, QuotaExceeded, ServiceError, TooLarge
from tests import stage
from tests.compact import cell_of, expire_lease, read_as_owner
from tests.factories import Cast, Place, vectors
from tests.transfers import (
    BY,
    MOST_BYTES,
    claim,
    database_of,
    json_lines,
    means,
    standing,
    temporary_store,
    upload,
    work,
)
from vectors import transfers
from vectors.formats import Format, RowError
from vectors.objects.folder import Folder
from vectors.transfer import Transfer, Upload
from vectors.types import Operation
from workers import ingestion, jobs
from workers.jobs import LeaseLost


@pytest.fixture
def store() -> Iterator[Folder]:
    """Where the files are."""
    with temporary_store() as found:
        yield found


@pytest.fixture
def place(acme: Cast) -> Place:
    """An empty collection."""
    return acme.collection()


def records(count: int, *, first: int = 0) -> list[dict[str, Any]]:
    """Records r<first>…, with everything that a record may have."""
    matrix = vectors(count, seed=first)
    return [
        {
            "id": f"r{number}",
            "embedding": matrix[number - first].tolist(),
            "document": f"document {number}",
            "metadata": {"n": number, "half": number / 2, "tags": ["a", f"t{number % 5}"]},
            "uri": f"file:///{number}",
        }
        for number in range(first, first + count)
    ]


def stored(place: Place) -> list[dict[str, Any]]:
    """Everything that a collection holds, over the wire, in order of insertion."""
    body = place.call("get", {"include": ["embeddings", "documents", "metadatas", "uris"], "limit": 100_000})
    embeddings = np.array(body["embeddings"], dtype=np.float32).tolist()  # as `records` has them
    columns = zip(body["ids"], embeddings, body["documents"], body["metadatas"], body["uris"], strict=True)
    names = ("id", "embedding", "document", "metadata", "uri")
    return [dict(zip(names, row, strict=True)) for row in columns]


def errors(place: Place, transfer: Transfer) -> list[RowError]:
    """The rows that were set aside."""
    return transfers.errors(BY, database_of(place), transfer)


@pytest.mark.parametrize("is_gzip", [False, True])
def test_a_file_becomes_records(database: Service, place: Place, store: Folder, is_gzip: bool) -> None:
    given = records(1_234)
    text = json_lines(given)
    made = upload(store, place, gzip.compress(text) if is_gzip else text, is_gzip=is_gzip)
    assert (made.state, made.stored_bytes) == ("queued", made.size_bytes)
    assert work(database, place, store) == 1
    assert stored(place) == given
    done = standing(place, made)
    assert (done.state, done.rows_done, done.rows_failed, done.done_ratio) == ("done", 1_234, 0, 1.0)
    assert done.finished_at is not None


def test_csv_becomes_records_with_types(database: Service, place: Place, store: Folder) -> None:
    text = b'id,embedding,document,n,ok\r\na,"[1,2]",hi,3,true\r\nb,"[3,4]","two\nlines",,\r\n'
    upload(store, place, text, file_format=Format.CSV)
    work(database, place, store)
    assert [(one["id"], one["document"], one["metadata"]) for one in stored(place)] == [
        ("a", "hi", {"n": 3, "ok": True}),
        ("b", "two\nlines", None),
    ]


def test_rows_that_break_a_rule_are_set_aside_and_told(
    database: Service, globex: Cast, store: Folder
) -> None:
    place = globex.collection()
    tenant_verbs.override_limits(globex.tenant_id, {"document_bytes": 20, "metadata_keys_count": 2})
    good = records(3)
    for one in good:
        one["metadata"] = {"n": 1}
    wrong = [
        {**good[0], "id": ""},
        {**good[0], "embedding": [1.0]},
        {**good[0], "document": "x" * 21},
        {**good[0], "metadata": {"a": 1, "b": 2, "c": 3}},
        {**good[0], "metadata": {"#a": 1}},
        {**good[0], "embedding": []},
        {**good[0], "embedding": [1e300] * 8},
    ]
    text = json_lines(good[:1]) + b"\nnonsense\n" + json_lines(wrong) + json_lines(good[1:])
    made = upload(store, place, text)
    work(database, place, store)
    assert stored(place) == good
    done = standing(place, made)
    assert (done.rows_done, done.rows_failed) == (3, 8)
    told = errors(place, made)
    assert [one.line for one in told] == list(range(3, 11))
    fields = ["", "id", "embedding", "document", "metadata", "metadata", "embedding", "embedding"]
    assert [one.field for one in told] == fields
    assert "Document size (bytes)" in told[3].message


def test_many_bad_rows_are_counted_and_the_first_hundred_kept(
    database: Service, place: Place, store: Folder
) -> None:
    made = upload(store, place, b"nonsense\n" * 1_100 + json_lines(records(1)))
    work(database, place, store)
    done = standing(place, made)
    assert (done.rows_done, done.rows_failed) == (1, 1_100)
    assert [one.line for one in errors(place, made)] == list(range(1, 101))


def test_a_file_of_nothing_but_errors_stops(database: Service, place: Place, store: Folder) -> None:
    made = upload(store, place, b"nonsense\n" * 30_000)
    with pytest.raises(ServiceError, match="More than 10,000 rows"):
        work(database, place, store)
    assert standing(place, made).rows_failed < 11_000


def test_slices_take_turns_and_go_on_at_their_place(database: Service, place: Place, store: Folder) -> None:
    given = records(2_600)
    upload(store, place, gzip.compress(json_lines(given)), is_gzip=True)
    assert work(database, place, store, slice_seconds=0.0) >= 2
    assert stored(place) == given


@pytest.mark.parametrize("file_format", Format)
def test_a_worker_that_dies_between_batches_has_written_each_once(
    database: Service, place: Place, store: Folder, file_format: Format
) -> None:
    given = records(1_700)
    text = json_lines(given)
    if file_format is Format.CSV:
        lines = [f'{one["id"]},"{one["embedding"]}",{one["document"]}' for one in given]
        text = "\n".join(["id,embedding,document", *lines]).encode()
    upload(store, place, text, file_format=file_format)

    def die() -> None:
        raise KeyboardInterrupt

    for _ in range(3):
        with stage.role(database, "worker"), pytest.raises(KeyboardInterrupt):
            ingestion.run(claim(database, place), means(store), die)
        expire_lease(database, place)
    work(database, place, store)
    assert [one["id"] for one in stored(place)] == [one["id"] for one in given]
    query = f"SELECT sum(images), count(*) FROM {cell_of(place)}.usage_ledger "
    query += f"WHERE operation = 'import' AND collection_id = '{place.collection_id}'"
    assert read_as_owner(database, place.cast.tenant_id, query) == [(1_700, 4)]


def test_a_worker_that_stalled_writes_nothing_any_more(
    database: Service, place: Place, store: Folder
) -> None:
    upload(store, place, json_lines(records(1_600)))

    def stall() -> None:
        stage.elsewhere(lambda: expire_lease(database, place))
        stage.elsewhere(take_over)

    def take_over() -> None:
        with stage.role(database, "worker"):
            claim(database, place)

    with stage.role(database, "worker"), pytest.raises(LeaseLost):
        ingestion.run(claim(database, place), means(store), stall)
    assert place.count() == 500
    expire_lease(database, place)
    work(database, place, store)
    assert place.count() == 1_600


def test_a_cancelled_import_stops_at_its_place_and_can_be_resumed(
    database: Service, place: Place, store: Folder
) -> None:
    made = upload(store, place, json_lines(records(1_600)))
    key = (database_of(place), made.transfer_id)

    def cancel() -> None:
        stage.elsewhere(lambda: transfers.cancel(BY, *key))

    with pytest.raises(LeaseLost):
        work(database, place, store, after_step=cancel)
    assert (standing(place, made).state, place.count()) == ("cancelled", 500)
    with pytest.raises(Conflict, match="is cancelled; there is nothing to cancel"):
        transfers.cancel(BY, *key)
    assert transfers.resume(BY, *key).state == "queued"
    work(database, place, store)
    assert (standing(place, made).rows_done, place.count()) == (1_600, 1_600)
    with pytest.raises(Conflict):
        transfers.resume(BY, *key)


def test_a_restart_reads_the_file_anew(database: Service, place: Place, store: Folder) -> None:
    given = records(10)
    made = upload(store, place, b"nonsense\n" + json_lines(given))
    work(database, place, store)
    place.call("delete", {"ids": ["r3"]})
    again = transfers.restart(BY, database_of(place), made.transfer_id)
    assert (again.state, again.rows_done, again.rows_failed) == ("queued", 0, 0)
    assert errors(place, made) == []
    work(database, place, store)
    assert sorted(one["id"] for one in stored(place)) == sorted(one["id"] for one in given)
    assert len(errors(place, made)) == 1


def test_add_leaves_records_that_exist_alone(database: Service, place: Place, store: Folder) -> None:
    place.call("add", {"ids": ["r1"], "embeddings": [[0.5] * 8], "documents": ["before"]})
    upload(store, place, json_lines(records(3)), operation=Operation.ADD)
    work(database, place, store)
    assert {one["id"]: one["document"] for one in stored(place)}["r1"] == "before"
    assert place.count() == 3


def test_a_collection_past_its_quota_stops_the_import_with_its_place(
    database: Service, globex: Cast, store: Folder
) -> None:
    place = globex.collection()
    tenant_verbs.override_limits(globex.tenant_id, {"collection_records_count": 700})
    made = upload(store, place, json_lines(records(900)))
    with pytest.raises(QuotaExceeded, match="Collection size"):
        work(database, place, store)
    assert (place.count(), standing(place, made).rows_done) == (500, 500)
    tenant_verbs.override_limits(globex.tenant_id, {"collection_records_count": 1_000})
    expire_lease(database, place)
    work(database, place, store)
    assert place.count() == 900


def test_how_many_and_how_large_is_bounded(place: Place, store: Folder) -> None:
    database = database_of(place)
    limits = tenant_verbs.limits_of(tenant_verbs.get(place.cast.tenant_id))

    def begin(size_bytes: int, most_bytes: int = MOST_BYTES) -> Transfer:
        wanted = Upload("a.jsonl", Format.JSONL, is_gzip=False, size_bytes=size_bytes)
        return transfers.begin_import(
            BY, database, place.collection_id, wanted, limits=limits, most_bytes=most_bytes
        )

    with pytest.raises(TooLarge):
        begin(11, most_bytes=10)
    with pytest.raises(QuotaExceeded, match="Import size"):
        begin(limits.import_bytes + 1, most_bytes=2**40)
    made = [begin(10) for _ in range(limits.unfinished_transfers_count)]
    with pytest.raises(QuotaExceeded, match="unfinished imports and exports"):
        begin(10)
    for one in made:
        transfers.cancel(BY, database, one.transfer_id)


def test_a_collection_that_is_deleted_ends_its_import(database: Service, place: Place, store: Folder) -> None:
    upload(store, place, json_lines(records(5)))
    place.cast.wire.delete(f"{place.cast.place}/collections/{place.name}")
    with pytest.raises(ServiceError, match="does not exist"):
        work(database, place, store)
    with stage.role(database, "worker"):
        job = jobs.claim_transfer(cell_of(place), lease_seconds=60)
        assert job is None
    expire_lease(database, place)
    with stage.role(database, "worker"):
        jobs.stop(claim(database, place), "gone")


def test_what_an_import_writes_is_searched_and_compacted_like_any_write(
    database: Service, place: Place, store: Folder
) -> None:
    given = records(800)
    upload(store, place, json_lines(given))
    work(database, place, store)
    assert place.nearest(given[123]["embedding"], 1) == ["r123"]
    assert orjson.dumps(place.ids(where={"n": {"$lt": 3}})) == b'["r0","r1","r2"]'
