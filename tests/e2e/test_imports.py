"""A file goes in and comes out through the real browser: in pieces, watched, its errors read, fetched."""

from __future__ import annotations

import gzip
from pathlib import Path

import orjson
import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched
from tests.factories import vectors

pytestmark = pytest.mark.browser

RECORDS, DIMENSION = 12_000, 128  # about 18 MB: more than two pieces


@pytest.fixture(scope="module")
def place(service: Service) -> Place:
    """A tenant with an empty collection `books`."""
    made = Place.make(service)
    made.client(made.key()).create_collection("books", embedding_function=None)
    return made


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Many records, and one row that is none."""
    path = tmp_path / "books.jsonl"
    with path.open("wb") as target:
        for number, row in enumerate(vectors(RECORDS, DIMENSION)):
            target.write(orjson.dumps({"id": f"r{number}", "embedding": row.tolist()}) + b"\n")
        target.write(b'{"id": "<img src=x onerror=alert(1)>"}\n')
    return path


def open_imports(page: Page, place: Place) -> None:
    """By the collection's tab."""
    page.goto(f"{place.url}/databases/{place.database}")
    page.get_by_role("link", name="books").first.click()
    page.get_by_role("link", name="Import and export").click()
    expect(page.get_by_role("heading", name="Import a file")).to_be_visible()


@pytest.mark.timeout(300)
def test_a_file_goes_up_in_pieces_and_is_watched_until_it_is_in(
    browser: Browser, service: Service, place: Place, file: Path
) -> None:
    with watched(browser, service.url) as page:
        place.sign_in(page, "developer")
        open_imports(page, place)
        pieces: list[str] = []
        page.on("request", lambda one: pieces.append(one.url) if one.method == "PUT" else None)
        page.get_by_label("File", exact=True).set_input_files(file)
        page.get_by_role("button", name="Import the file").click()
        expect(page.get_by_role("heading", name="Import of books.jsonl")).to_be_visible(timeout=60_000)
        assert len(pieces) == -(-file.stat().st_size // (8 * 1024 * 1024)) >= 2
        expect(page.get_by_text("Done with errors")).to_be_visible(timeout=120_000)
        expect(page.get_by_text("12,000", exact=True)).to_be_visible()
        row = page.get_by_role("row").filter(has_text="12,001")
        expect(row).to_contain_text("embedding")
        page.reload()
        expect(page.get_by_text("Done with errors")).to_be_visible()
    assert place.client(place.key("count")).get_collection("books").count() == RECORDS


@pytest.mark.timeout(300)
def test_an_upload_that_breaks_off_goes_on_with_the_same_file(
    browser: Browser, service: Service, place: Place, file: Path
) -> None:
    with watched(browser, service.url) as page:
        place.sign_in(page, "developer")
        open_imports(page, place)
        page.get_by_label("File", exact=True).set_input_files(file)
        with page.expect_response(lambda one: one.request.method == "PUT" and one.status == 200):
            page.get_by_role("button", name="Import the file").click()
        page.goto(f"{page.url.split('?')[0]}")  # the page is left while pieces are missing
        page.get_by_role("link", name="books.jsonl").first.click()
        expect(page.get_by_text("Uploading", exact=True)).to_be_visible()
        page.get_by_label("The same file").set_input_files(file)
        page.get_by_role("button", name="Go on").click()
        expect(page.get_by_text("Done with errors")).to_be_visible(timeout=120_000)


@pytest.mark.timeout(300)
def test_a_collection_is_exported_and_fetched_on_a_narrow_screen(
    browser: Browser, service: Service, place: Place
) -> None:
    with watched(browser, service.url, width=360) as page:
        place.sign_in(page, "developer")
        page.goto(f"{place.url}/databases/{place.database}")
        page.get_by_role("link", name="books").first.click()
        page.get_by_role("link", name="Import and export").click()
        assert_fits(page)
        page.get_by_role("button", name="Export the collection").click()
        link = page.get_by_role("link", name="Download")
        expect(link).to_be_visible(timeout=120_000)
        assert_fits(page)
        with page.expect_download() as fetched:
            link.click()
        assert fetched.value.suggested_filename == "books.jsonl.gz"
        lines = gzip.decompress(fetched.value.path().read_bytes()).splitlines()
        assert len(lines) == place.client(place.key("fetch")).get_collection("books").count()


@pytest.mark.timeout(300)
def test_the_form_works_without_a_script(
    browser: Browser, service: Service, place: Place, tmp_path: Path
) -> None:
    small = tmp_path / "more.csv"
    small.write_text('id,embedding,kind\nx,"' + str([0.5] * DIMENSION) + '",novel\n')
    with watched(browser, service.url, has_scripts=False) as page:
        place.sign_in(page, "developer")
        open_imports(page, place)
        page.get_by_label("File", exact=True).set_input_files(small)
        page.get_by_role("button", name="Import the file").click()
        expect(page.get_by_role("heading", name="Import of more.csv")).to_be_visible()
        for _ in range(60):
            if page.get_by_text("Done", exact=True).is_visible():
                break
            page.wait_for_timeout(500)
            page.reload()
        expect(page.get_by_text("Every row was read.")).to_be_visible()
