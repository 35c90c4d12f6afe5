"""Imports and exports over the control API: works, role too low, outsider, malformed, broken uploads."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.test import override_settings

from cloud.processes import Service
from tenants import audit, databases
from tenants import tenants as tenant_verbs
from tenants.quotas import Limits
from tenants.roles import Action, Role, may
from tests import stage
from tests.control.caller import Caller, Office, api_key
from tests.factories import Answer, Wire
from tests.transfers import claim_of, means, temporary_place
from vectors.objects import Place, open_store
from workers import exports, ingestion

LINES = b'{"id": "a", "embedding": [1, 2], "document": "one"}\n{"id": "b", "embedding": [3, 4]}\n'


@pytest.fixture(autouse=True)
def store() -> Iterator[Place]:
    """Where the files are, for API and worker."""
    with temporary_place() as place:
        yield place


class Library:
    """A database `main` with a collection, and what is sent to it."""

    def __init__(self, office: Office) -> None:
        self.office = office
        row = databases.create(office.tenant_id, "main", limits=Limits(), cell_count=settings.CELL_COUNT)
        self.cell = row.cell
        self.wire: Wire = api_key(office.tenant_id, office.owner)
        made = self.wire.post(f"{office.path}/databases/main/collections", {"name": "books"})
        self.collection_id = made.body["id"]
        self.path = f"{office.path}/databases/main"
        self.collection = f"{self.path}/collections/{self.collection_id}"

    def send(
        self, method: str, path: str, body: bytes = b"", *, kind: str = "application/x-ndjson"
    ) -> Answer:
        """Send a file as the owner, who signed in."""
        client = self.office.owner.client
        response = client.generic(method, f"/api/control/v1{path}", body, content_type=kind)
        raw = response.getvalue()
        is_json = response.headers.get("Content-Type", "") == "application/json"
        return Answer(response.status_code, orjson.loads(raw) if is_json else raw, dict(response.headers))

    def ids(self) -> list[str]:
        """What the collection holds."""
        path = f"{self.office.path}/databases/main/collections/{self.collection_id}/get"
        found: list[str] = self.wire.post(path, {"include": []}).body["ids"]
        return found

    def standing(self, transfer_id: str) -> dict[str, Any]:
        """How it stands now."""
        found: dict[str, Any] = self.office.owner.get(f"{self.path}/transfers/{transfer_id}").body
        return found


@pytest.fixture
def library(acme: Office) -> Library:
    """A collection of acme's."""
    return Library(acme)


def work(service: Service, library: Library, place: Place) -> None:
    """Do what waits in the cell, as a worker does."""
    with stage.role(service, "worker"):
        has = means(open_store(place))
        while job := claim_of(library.cell, library.office.tenant_id):
            (ingestion if job.kind == "import" else exports).run(job, has)


def test_a_file_is_imported_and_the_collection_exported(
    database: Service, library: Library, store: Place
) -> None:
    made = library.send("POST", f"{library.collection}/imports?file_name=books.jsonl", LINES)
    assert (made.status, made.body["state"], made.body["size_bytes"]) == (201, "queued", len(LINES))
    work(database, library, store)
    done = library.standing(made.body["id"])
    assert (done["state"], done["rows_done"], done["done_ratio"]) == ("done", 2, 1.0)
    assert library.ids() == ["a", "b"]
    asked = library.office.owner.post(
        f"{library.collection}/exports", {"format": "jsonl", "embeddings": "numbers"}
    )
    assert (asked.status, asked.body["kind"]) == (201, "export")
    path = f"{library.path}/transfers/{asked.body['id']}/content"
    assert library.office.owner.get(path).status == 400
    work(database, library, store)
    file = library.office.owner.get(path)
    assert file.headers["Content-Type"] == "application/x-ndjson"
    assert file.headers["Content-Disposition"] == 'attachment; filename="books.jsonl"'
    assert int(file.headers["Content-Length"]) == len(file.body)
    assert [orjson.loads(line)["embedding"] for line in file.body.splitlines()] == [[1.0, 2.0], [3.0, 4.0]]
    entries = [
        (one.action, one.details.get("did", "begin"))
        for one in audit.read(library.office.tenant_id, limit_count=3)
    ]
    assert entries == [
        ("records.export", "download"),
        ("records.export", "begin"),
        ("records.import", "begin"),
    ]


def test_an_upload_goes_on_where_it_broke_off(database: Service, library: Library, store: Place) -> None:
    packed = gzip.compress(LINES)
    query = f"file_name=books.jsonl.gz&size_bytes={len(packed)}"
    made = library.send("POST", f"{library.collection}/imports?{query}")
    assert (made.status, made.body["state"], made.body["gzip"]) == (201, "uploading", True)
    path = f"{library.path}/transfers/{made.body['id']}/content"
    kind = "application/octet-stream"
    first = library.send("PUT", f"{path}?offset=0", packed[:10], kind=kind)
    assert (first.status, first.body["state"], first.body["stored_bytes"]) == (200, "uploading", 10)
    wrong = library.send("PUT", f"{path}?offset=7", packed[7:], kind=kind)
    assert (wrong.status, "goes on at byte 10" in wrong.body["message"]) == (400, True)
    long = library.send("PUT", f"{path}?offset=10", packed[10:] + b"x", kind=kind)
    assert long.status == 413
    last = library.send("PUT", f"{path}?offset=10", packed[10:], kind=kind)
    assert last.body["state"] == "queued"
    assert library.send("PUT", f"{path}?offset=0", packed, kind=kind).status == 400
    work(database, library, store)
    assert library.ids() == ["a", "b"]


def test_rows_that_failed_are_listed_and_saved(database: Service, library: Library, store: Place) -> None:
    text = b'id,embedding\n=cmd,"[1,2]"\n,"[1,2]"\nc,[1]\n'
    made = library.send("POST", f"{library.collection}/imports", text, kind="text/csv")
    work(database, library, store)
    path = f"{library.path}/transfers/{made.body['id']}"
    listed = library.office.owner.get(f"{path}/errors").body
    assert listed["count"] == 2
    assert [(one["line"], one["field"]) for one in listed["items"]] == [(3, "id"), (4, "embedding")]
    saved = library.office.owner.get(f"{path}/errors.csv")
    assert saved.body.splitlines()[0] == b"line,field,message"
    assert len(saved.body.splitlines()) == 3


def test_one_is_cancelled_resumed_and_restarted(database: Service, library: Library, store: Place) -> None:
    made = library.send("POST", f"{library.collection}/imports", LINES)
    path = f"{library.path}/transfers/{made.body['id']}"
    owner = library.office.owner
    assert owner.post(f"{path}/restart").status == 400
    assert owner.post(f"{path}/cancel").body["state"] == "cancelled"
    work(database, library, store)
    assert library.ids() == []
    assert owner.post(f"{path}/resume").body["state"] == "queued"
    work(database, library, store)
    assert owner.post(f"{path}/cancel").status == 400
    assert owner.post(f"{path}/restart").body["rows_done"] == 0
    work(database, library, store)
    assert library.standing(made.body["id"])["rows_done"] == 2


def test_the_list_is_paged_the_newest_first(library: Library) -> None:
    tenant_verbs.override_limits(library.office.tenant_id, {"unfinished_transfers_count": 9})
    owner = library.office.owner
    made = [owner.post(f"{library.collection}/exports", {}).body["id"] for _ in range(5)]
    path = f"{library.path}/transfers"
    first = owner.get(f"{path}?limit=3").body
    rest = owner.get(f"{path}?limit=3&after={first['next']}").body
    assert [one["id"] for one in first["items"] + rest["items"]] == made[::-1]
    assert rest["next"] is None
    assert owner.get(f"{path}?collection_id={uuid.uuid4()}").body["items"] == []
    for one in made:
        owner.post(f"{path}/{one}/cancel")


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(library: Library, role: Role) -> None:
    caller = library.office[role]
    made = library.send("POST", f"{library.collection}/imports", LINES).body["id"]
    one = f"{library.path}/transfers/{made}"
    asked: list[tuple[str, str, object, Action, int]] = [
        ("GET", f"{library.path}/transfers", None, Action.VIEW_COLLECTIONS, 200),
        ("GET", one, None, Action.VIEW_COLLECTIONS, 200),
        ("GET", f"{one}/errors", None, Action.VIEW_RECORDS, 200),
        ("POST", f"{library.collection}/exports", {}, Action.EXPORT_RECORDS, 201),
        ("POST", f"{library.collection}/imports?format=csv&size_bytes=9", None, Action.IMPORT_RECORDS, 201),
        ("GET", f"{one}/content", None, Action.EXPORT_RECORDS, 400),
        ("POST", f"{one}/cancel", None, Action.IMPORT_RECORDS, 200),
    ]
    answers = [caller.send(method, path, body).status for method, path, body, *_ in asked]
    assert answers == [status if may(role, action) else 403 for *_, action, status in asked]
    for left in library.office.owner.get(f"{library.path}/transfers").body["items"]:
        library.office.owner.post(f"{library.path}/transfers/{left['id']}/cancel")


def test_an_outsider_finds_nothing(library: Library, globex: Office, nobody: Caller) -> None:
    made = library.send("POST", f"{library.collection}/imports", LINES).body["id"]
    theirs = Library(globex)
    for path in (f"{library.path}/transfers/{made}", f"{theirs.path}/transfers/{made}"):
        assert globex.owner.get(path).status == 404
        assert globex.owner.post(f"{path}/cancel").status == 404
        assert nobody.get(path).status == 401
    assert (
        theirs.send("POST", f"{theirs.path}/collections/{library.collection_id}/imports", LINES).status == 404
    )
    library.office.owner.post(f"{library.path}/transfers/{made}/cancel")


@pytest.mark.parametrize(
    ("query", "kind", "body", "status", "named"),
    [
        ("", "application/octet-stream", LINES, 415, "JSON Lines"),
        ("?format=xml", "text/csv", LINES, 400, "format"),
        ("?operation=delete", "text/csv", LINES, 400, "operation"),
        ("?format=csv", "", b"", 400, "size_bytes"),
        ("?format=csv&size_bytes=0", "", b"", 400, "size_bytes"),
        ("?format=csv&size_bytes=2000000000", "", b"", 422, "Import size (bytes)"),
        ("?format=csv&size_bytes=99999999999999", "", b"", 413, "at most"),
        ("?surplus=1", "text/csv", LINES, 400, "surplus"),
    ],
)
def test_malformed_imports_are_named_and_leave_nothing(
    library: Library, query: str, kind: str, body: bytes, status: int, named: str
) -> None:
    answer = library.send("POST", f"{library.collection}/imports{query}", body, kind=kind)
    assert (answer.status, named in answer.body["message"]) == (status, True), answer
    assert library.office.owner.get(f"{library.path}/transfers").body["items"] == []


def test_only_addresses_that_take_files_are_sent_large_bodies(library: Library) -> None:
    large = b"x" * (1024 * 1024 + 1)
    made = library.send("POST", f"{library.collection}/imports?format=jsonl", large)
    assert made.status == 201
    library.office.owner.post(f"{library.path}/transfers/{made.body['id']}/cancel")
    assert library.send("POST", f"{library.collection}/exports", large).status == 413
    form = "multipart/form-data; boundary=x"
    assert library.send("POST", f"{library.collection}/imports", large, kind=form).status == 413
    with override_settings(MAX_IMPORT_BYTES=1024 * 1024):
        assert library.send("POST", f"{library.collection}/imports?format=jsonl", large).status == 413
