"""The pages of one collection in a real browser: looked through, searched, changed, deleted, compacted."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from typing import Any

import chromadb
import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser

_PAYLOAD = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>\"'"


@dataclass(frozen=True)
class Library:
    """A tenant with its client."""

    place: Place
    client: chromadb.ClientAPI

    def fill(self, count: int = 40) -> tuple[chromadb.Collection, str]:
        """A collection of books, and the address of its first page."""
        made = self.client.create_collection(f"books-{uuid.uuid4().hex[:6]}")
        numbers = range(count)
        made.add(
            ids=[f"book-{number}" for number in numbers],
            embeddings=[[float(number), 1.0] for number in numbers],
            documents=[f"The story of number {number}" for number in numbers],
            metadatas=[
                {"year": 1980 + number, "kind": "novel", "rare": number % 2 == 0} for number in numbers
            ],
        )
        return made, self.address(made)

    def address(self, collection: chromadb.Collection) -> str:
        """Of a collection's first page."""
        return f"{self.place.url}/databases/{self.place.database}/collections/{collection.id}"


@pytest.fixture(scope="module")
def library(service: Service) -> Library:
    """The tenant of these tests."""
    place = Place.make(service)
    service.manage("set_quota", "--tenant", place.tenant, "metadata_key_bytes=300", "id_bytes=300")
    return Library(place, place.client(place.key()))


def rows(page: Page) -> Any:
    """The records on the page."""
    return page.get_by_role("table").get_by_role("rowheader")


@pytest.mark.timeout(300)
def test_a_person_searches_filters_edits_and_deletes(browser: Browser, library: Library) -> None:
    collection, address = library.fill()
    with watched(browser, library.place.service.url) as page:
        library.place.sign_in(page)
        page.goto(address)
        expect(rows(page)).to_have_count(25)
        page.get_by_role("link", name="Next").click()
        expect(rows(page)).to_have_count(15)
        page.get_by_role("link", name="Previous").click()
        expect(rows(page)).to_have_count(25)

        page.get_by_text("Filter by metadata").click()
        page.get_by_role("combobox", name="Key").fill("year")
        page.get_by_label("Condition").select_option("≥")
        page.get_by_label("Value").fill("2010")
        page.get_by_role("button", name="Add filter").click()
        expect(rows(page)).to_have_count(10)
        page.get_by_label("Search in").select_option("Regex")
        page.get_by_label("Search for").fill("number 3[12]$")
        page.get_by_role("button", name="Search").click()
        expect(rows(page)).to_have_text(["book-31", "book-32"])

        page.get_by_role("link", name="book-31", exact=True).click()
        page.locator("fieldset").filter(has_text="year").get_by_label("Value").fill("1900")
        page.get_by_role("button", name="Save metadata").click()
        expect(page.get_by_role("status")).to_contain_text("Changed year")
        assert collection.get(ids=["book-31"])["metadatas"] == [
            {"year": 1900, "kind": "novel", "rare": False}
        ]

        page.get_by_role("link", name="Similar records").click()
        expect(rows(page).first).to_have_text(re.compile("book-3[02]"))

        page.goto(address)
        page.get_by_label("Choose book-3", exact=True).check()
        page.get_by_label("Choose book-4", exact=True).check()
        page.get_by_role("button", name="Delete chosen (2)…").click()
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("Delete 2 records?")
        expect(dialog).to_contain_text("cannot be undone")
        dialog.get_by_role("button", name="Delete 2 records").click()
        expect(page.get_by_role("status")).to_contain_text("2 records deleted")
        assert collection.count() == 38


@pytest.mark.timeout(300)
def test_a_compaction_is_asked_for_and_followed_to_its_end(browser: Browser, library: Library) -> None:
    _, address = library.fill(10)
    with watched(browser, library.place.service.url) as page:
        library.place.sign_in(page)
        page.goto(f"{address}/indexing")
        page.get_by_role("button", name="Compact now").click()
        # Without a reload: the page asks by itself until the segment is in place.
        expect(page.get_by_role("region", name="Segments").get_by_role("row")).to_have_count(
            2, timeout=60_000
        )
        expect(page.get_by_role("region", name="History")).to_contain_text("done", timeout=60_000)
        expect(page.get_by_role("button", name="Compact now")).to_be_disabled(timeout=60_000)
        page.reload()
        expect(page.get_by_role("region", name="History")).to_contain_text("6 steps")
        page.goto(f"{address}/schema")
        expect(page.get_by_role("row").filter(has_text="year")).to_contain_text("ranges 1 of 1")


@pytest.mark.timeout(300)
def test_nothing_that_is_stored_runs(browser: Browser, library: Library) -> None:
    made = library.client.create_collection(f"inert-{uuid.uuid4().hex[:6]}")
    made.add(
        ids=[_PAYLOAD],
        embeddings=[[1.0, 2.0]],
        documents=[_PAYLOAD],
        uris=["javascript:window.ran=1"],
        metadatas=[{_PAYLOAD: _PAYLOAD, "list": [_PAYLOAD]}],
    )
    with watched(browser, library.place.service.url) as page:
        library.place.sign_in(page)
        page.goto(library.address(made))
        expect(rows(page)).to_have_text([re.compile(re.escape(_PAYLOAD[:40]))])
        page.get_by_label("Search for").fill(_PAYLOAD)
        page.get_by_role("button", name="Search").click()
        expect(rows(page)).to_have_count(1)
        rows(page).get_by_role("link").first.click()
        expect(page.get_by_role("region", name="Text of the document")).to_have_text(_PAYLOAD)
        assert page.locator('a[href^="javascript:"]').count() == 0
        page.get_by_role("button", name="Delete…").click()
        expect(page.get_by_role("dialog")).to_contain_text("Delete 1 record?")
        page.goto(f"{library.address(made)}/schema")
        expect(page.get_by_role("rowheader").first).to_be_visible()
        assert page.evaluate("window.ran") is None


@pytest.mark.timeout(300)
def test_it_works_without_a_script_on_a_narrow_screen(browser: Browser, library: Library) -> None:
    collection, address = library.fill(30)
    with watched(browser, library.place.service.url, width=360, has_scripts=False) as page:
        library.place.sign_in(page)
        page.goto(address)
        page.get_by_label("Choose book-7", exact=True).check()
        page.get_by_role("button", name="Delete chosen").click()
        page.get_by_role("button", name="Delete 1 record").click()
        expect(page.get_by_role("status")).to_contain_text("1 record deleted")
        assert collection.count() == 29
        page.goto(f"{address}/record/book-8")
        page.locator("fieldset").filter(has_text="kind").get_by_label("Remove").check()
        page.get_by_role("button", name="Save metadata").click()
        expect(page.get_by_role("status")).to_contain_text("Changed kind")
    with watched(browser, library.place.service.url, width=360) as page:
        library.place.sign_in(page)
        for path in ("", "?like=book-9", "?in=regex&q=number", "/record/book-9", "/indexing", "/schema"):
            page.goto(address + path)
            assert_fits(page)


def test_a_viewer_is_offered_no_change(browser: Browser, library: Library) -> None:
    _, address = library.fill(5)
    with watched(browser, library.place.service.url) as page:
        library.place.sign_in(page, "viewer")
        for path in ("", "/record/book-1", "/indexing"):
            page.goto(address + path)
            expect(page.get_by_role("button", name=re.compile("Delete|Save|Compact"))).to_have_count(0)
