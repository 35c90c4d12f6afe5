"""The pages of imports and exports, in process: forms, what each role is offered, refusals, outsiders."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cloud.processes import Service
from tenants import databases, tenants
from tenants.roles import Role
from tests import stage
from tests.dashboard.cast import Cast
from tests.transfers import BY, claim_of, means, temporary_place
from vectors import transfers, usage
from vectors.formats import Format
from vectors.objects import Place, open_store
from workers import exports, ingestion

LINES = b'{"id": "<script>alert(1)</script>", "embedding": [1, 2]}\n{"id": "", "embedding": [1, 2]}\n'


@pytest.fixture(autouse=True)
def store() -> Iterator[Place]:
    """Where the files are, for pages and worker."""
    with temporary_place() as place:
        yield place


@pytest.fixture
def own(database: Service) -> Cast:
    """A tenant of the test's own."""
    del database
    return Cast.make()


def path(cast: Cast, *more: str) -> str:
    """Of the page of imports and exports, and what is below it."""
    parts = cast.parts
    collection = f"/dashboard/t/{cast.tenant_name}/databases/library/collections/{parts['collection_id']}"
    return "/".join([collection, *(more or ("imports",))])


def sent(cast: Cast, role: Role, name: str = "books.jsonl", **more: str) -> tuple[int, str]:
    """A file sent as a browser without a script does; the status, and where it led or what it said."""
    file = SimpleUploadedFile(name, LINES, content_type="application/octet-stream")
    form = {"file": file, "file_format": "", "operation": "upsert", **more}
    answer = cast.browser(role).post(path(cast, "imports", "new"), form)
    return answer.status_code, answer.headers.get("Location", "") or answer.content.decode()


def work(service: Service, cast: Cast, place: Place) -> None:
    """Do all that waits, as workers do."""
    with stage.role(service, "worker"):
        has = means(open_store(place))
        for cell in usage.cells():
            while job := claim_of(cell, cast.tenant_id):
                (ingestion if job.kind == "import" else exports).run(job, has)


def test_a_file_that_a_form_brings_is_imported_and_its_errors_are_told(
    database: Service, own: Cast, store: Place
) -> None:
    status, address = sent(own, Role.DEVELOPER, name="<b>books</b>.jsonl")
    assert (status, address.startswith(path(own, "imports"))) == (302, True)
    waiting = own.browser(Role.DEVELOPER).get(address).content.decode()
    assert "Waiting for a worker" in waiting
    assert "data-polls" in waiting
    work(database, own, store)
    page = own.browser(Role.DEVELOPER).get(address).content.decode()
    assert "Done with errors" in page
    assert "Empty ID" in page
    assert "data-polls" not in page
    assert "<b>" not in page
    saved = own.browser(Role.DEVELOPER).get(f"{address}/errors.csv")
    assert saved.content.splitlines()[1].startswith(b'2,id,"Empty ID')


def test_an_export_is_begun_watched_and_fetched(database: Service, own: Cast, store: Place) -> None:
    browser = own.browser(Role.OWNER)
    form = {"file_format": "csv", "embeddings": "numbers"}
    address = browser.post(path(own, "exports", "new"), form)["Location"]
    assert browser.get(f"{address}/file")["Location"] == address  # nothing to fetch yet
    work(database, own, store)
    page = browser.get(address).content.decode()
    assert "this is the collection at log offset" in page
    file = browser.get(f"{address}/file")
    assert file.getvalue().splitlines()[0] == b"id,embedding,document,uri,year,metadata"
    assert browser.get(path(own)).content.decode().count("books.csv") >= 1
    assert (
        "books.csv"
        in browser.get(f"/dashboard/t/{own.tenant_name}/databases/library/imports").content.decode()
    )


def test_cancelling_says_what_stays_and_resuming_goes_on(own: Cast) -> None:
    browser = own.browser(Role.DEVELOPER)
    _, address = sent(own, Role.DEVELOPER)
    asked = browser.get(f"{address}/cancel", headers={"HX-Request": "true"}).content.decode()
    assert "The records that it wrote stay" in asked
    assert "<html" not in asked
    assert browser.post(f"{address}/cancel")["Location"] == address
    assert "Cancelled" in browser.get(address).content.decode()
    assert browser.post(f"{address}/cancel").status_code == 400
    browser.post(f"{address}/resume")
    assert "Waiting for a worker" in browser.get(address).content.decode()


def test_what_cannot_be_imported_is_said_at_its_field(own: Cast) -> None:
    assert sent(own, Role.OWNER, name="books.xlsx")[0] == 422
    assert "Choose a format" in sent(own, Role.OWNER, name="books.xlsx")[1]
    status, text = sent(own, Role.OWNER, name="books.xlsx", file_format="jsonl")
    assert (status, "/imports/" in text) == (302, True)
    answer = own.browser(Role.OWNER).post(path(own, "imports", "new"), {"operation": "upsert"})
    assert (answer.status_code, b"This field is required" in answer.content) == (422, True)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.DEVELOPER])
def test_a_role_is_offered_what_it_may_do_and_refused_the_rest(own: Cast, role: Role) -> None:
    is_offered = role is Role.DEVELOPER
    page = own.browser(role).get(path(own)).content.decode()
    assert ("Import the file" in page, "Export the collection" in page) == (is_offered, is_offered)
    assert (sent(own, role)[0] == 403) is not is_offered
    form = {"file_format": "jsonl", "embeddings": "base64"}
    assert (own.browser(role).post(path(own, "exports", "new"), form).status_code == 403) is not is_offered


def test_a_form_of_another_site_is_refused_before_its_file_is_kept(own: Cast, store: Place) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = own.browser(Role.OWNER).cookies
    file = SimpleUploadedFile("books.jsonl", LINES)
    answer = strict.post(path(own, "imports", "new"), {"file": file, "operation": "upsert"})
    assert answer.status_code == 403
    assert list(store.folder.rglob("*")) == []


def test_an_outsider_finds_no_page_and_leaves_no_file(own: Cast, store: Place) -> None:
    _, address = sent(own, Role.OWNER)
    assert own.outsider.client.get(address).status_code == 404
    assert own.outsider.client.post(f"{address}/cancel").status_code == 404
    before = list(store.folder.rglob("*"))
    file = SimpleUploadedFile("books.jsonl", LINES)
    answer = own.outsider.client.post(path(own, "imports", "new"), {"file": file, "operation": "upsert"})
    assert answer.status_code == 404
    assert list(store.folder.rglob("*")) == before


def test_the_list_is_paged_by_the_last_that_was_shown(own: Cast) -> None:
    place = databases.get(own.tenant_id, "library")
    limits = tenants.limits_of(tenants.get(own.tenant_id))
    for _ in range(24):
        made = transfers.begin_export(
            BY,
            place,
            own.parts["collection_id"],  # type: ignore[arg-type]
            file_format=Format.JSONL,
            is_gzip=False,
            as_numbers=False,
            limits=limits,
        )
        transfers.cancel(BY, place, made.transfer_id)
    browser = own.browser(Role.OWNER)
    first = browser.get(path(own)).content.decode()
    assert first.count('<span class="name">books.jsonl') == 20
    cursor = first.split("?after=")[1].split('"')[0]
    assert (
        browser.get(f"{path(own)}?after={cursor}").content.decode().count('<span class="name">books.jsonl')
        == 5
    )
    assert browser.get(f"{path(own)}?after=WzFd").status_code == 400
