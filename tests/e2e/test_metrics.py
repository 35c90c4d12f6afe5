"""The metrics page in a browser: real traffic by the published client shows up, with charts and filters."""

from __future__ import annotations

import time
import uuid

import pytest
from chromadb.errors import ChromaError
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.conftest import USAGE_FLUSH_SECONDS
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser

_QUERIES = 6


@pytest.fixture(scope="module")
def place(service: Service) -> Place:
    """A tenant that was used: writes, queries, and some that were refused."""
    made = Place.make(service)
    collection = made.client(made.key()).create_collection("papers")
    collection.add(ids=["a", "b"], embeddings=[[1.0, 0.0], [0.0, 1.0]], documents=["one", "two"])
    for _ in range(_QUERIES - 1):
        collection.query(query_embeddings=[[1.0, 0.0]], n_results=1)
    with pytest.raises(ChromaError):
        collection.query(query_embeddings=[[1.0, 0.0, 0.0]], n_results=1)
    return made


def open_metrics(page: Page, place: Place, query: str = "") -> None:
    """Go there, and again until every web process has told what it counted."""
    deadline = time.monotonic() + USAGE_FLUSH_SECONDS + 30
    counted = page.get_by_role("row", name="query").get_by_role("cell").first
    while time.monotonic() < deadline:
        page.goto(f"{place.url}/metrics{query}")
        if counted.count() and counted.inner_text().strip() == str(_QUERIES):
            return
        time.sleep(1)
    pytest.fail("not all requests were told")


def test_traffic_of_the_client_is_shown(browser: Browser, service: Service, place: Place) -> None:
    with watched(browser, service.url) as page:
        place.sign_in(page, "viewer")
        page.get_by_role("link", name="Metrics").first.click()
        open_metrics(page, place, "?range=1h")
        row = page.get_by_role("row", name="query")
        expect(row.get_by_role("cell").nth(0)).to_have_text(str(_QUERIES))
        expect(row.get_by_role("cell").nth(1)).to_have_text("16.67 %")
        expect(page.get_by_role("link", name="papers")).to_be_visible()
        assert page.locator("[data-plot] canvas").count() == 4
        page.get_by_role("link", name="query", exact=True).click()
        expect(page).to_have_url(f"{place.url}/metrics?range=1h&operation=query")
        expect(page.get_by_label("Operation", exact=True)).to_have_value("query")
        expect(page.get_by_role("link", name="add", exact=True)).to_have_count(0)


def test_a_gap_stands_where_nothing_happened(browser: Browser, service: Service, place: Place) -> None:
    with watched(browser, service.url) as page:
        place.sign_in(page)
        open_metrics(page, place, "?range=1h")
        chart = page.locator("figure", has=page.get_by_text("Latency of answers"))
        chart.get_by_text("Table", exact=True).click()
        cells = chart.locator("[data-twin] tbody tr").first.locator("td")
        expect(cells).to_have_text(["–", "–", "–", "–"])
        expect(chart.locator("[data-twin] td:not([data-value=''])").first).to_be_visible()


def test_ranges_and_filters_work_by_the_keyboard_and_without_a_script(
    browser: Browser, service: Service, place: Place
) -> None:
    with watched(browser, service.url, has_scripts=False) as page:
        place.sign_in(page)
        open_metrics(page, place)
        page.get_by_role("link", name="7 days").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")
        page.get_by_label("Operation", exact=True).select_option("add")
        page.get_by_role("button", name="Show").press("Enter")
        assert "range=7d" in page.url
        assert "operation=add" in page.url
        expect(page.get_by_role("row", name="add").first).to_be_visible()
        expect(page.get_by_role("table", name="Latency of answers")).to_be_visible()


def test_a_time_of_ones_own_stands_in_the_address(browser: Browser, service: Service, place: Place) -> None:
    with watched(browser, service.url) as page:
        place.sign_in(page)
        page.goto(f"{place.url}/metrics")
        page.get_by_label("From (UTC)").fill("2026-01-02T10:00")
        page.get_by_label("To (UTC)").fill("2026-01-03T10:00")
        page.get_by_role("button", name="Show").click()
        assert "from=2026-01-02T10%3A00&to=2026-01-03T10%3A00" in page.url
        expect(page.get_by_role("heading", name="No requests in this time")).to_be_visible()
        expect(page.get_by_label("From (UTC)")).to_have_value("2026-01-02T10:00")


def test_it_fits_a_narrow_screen(browser: Browser, service: Service, place: Place) -> None:
    for theme in ("light", "dark"):
        with watched(browser, service.url, width=360, theme=theme) as page:
            place.sign_in(page)
            open_metrics(page, place, "?range=6h")
            page.locator("[data-plot] canvas").first.wait_for()
            assert_fits(page)


def test_a_payload_in_the_address_stays_inert(browser: Browser, service: Service, place: Place) -> None:
    mark = uuid.uuid4().hex
    payload = f"%3Cimg%20src%3Dx%20onerror%3D%22document.title%3D'{mark}'%22%3E"
    allowed = {"Failed to load resource: the server responded with a status of 422 (Unprocessable Entity)"}
    with browser.new_context() as context:
        page = context.new_page()
        trouble: list[str] = []
        page.on("console", lambda message: trouble.append(message.text) if message.type == "error" else None)
        place.sign_in(page)
        for name in ("from", "to", "database", "operation", "range"):
            page.goto(f"{place.url}/metrics?{name}={payload}")
            assert mark not in page.title()
            assert page.locator("img[src='x']").count() == 0
    assert set(trouble) <= allowed
