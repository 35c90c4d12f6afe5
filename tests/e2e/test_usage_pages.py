"""Usage, billing and an invoice in a real browser: real traffic, and an invoice made by the real command."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from cloud.processes import Service
from tests.conftest import USAGE_FLUSH_SECONDS
from tests.e2e.axe import violations
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser

_PAYLOAD = "<img src=x onerror='window.ran = 1'>"


@pytest.fixture(scope="module")
def place(service: Service) -> Place:
    """A tenant that wrote, asked, and has an invoice of the month before."""
    made = Place.make(service)
    collection = made.client(made.key(f"ingest {_PAYLOAD}")).create_collection("papers")
    collection.add(
        ids=[f"r{number}" for number in range(300)],
        embeddings=[[float(number), 1.0, 0.5] for number in range(300)],
        documents=["a document of some length " * 8] * 300,
    )
    for _ in range(5):
        collection.query(query_embeddings=[[1.0, 1.0, 1.0]], n_results=20)
    time.sleep(2 * USAGE_FLUSH_SECONDS)  # reads are counted in their process until then
    made.bill()
    return made


def test_usage_of_real_traffic_is_drawn_and_can_be_narrowed(browser: Browser, place: Place) -> None:
    with watched(browser, place.service.url) as page:
        place.sign_in(page)
        page.get_by_role("link", name="Usage").first.click()
        expect(page.get_by_role("heading", name="Usage", level=1)).to_be_visible()
        expect(page.locator("canvas").first).to_be_visible()
        page.get_by_label("Time", exact=True).select_option("24h")
        page.get_by_label("API key").select_option(index=1)
        page.get_by_role("button", name="Show").click()
        assert "range=24h" in page.url
        expect(page.get_by_role("list", name="Filters")).to_contain_text(_PAYLOAD)
        expect(page.locator("dl.tiles")).to_contain_text(re.compile(r"Requests\s*6\s*Written"))
        page.get_by_role("link", name="Take out the filter API key").click()
        page.get_by_role("link", name="Collections", exact=True).click()
        expect(page.get_by_role("row", name="papers")).to_be_visible()
        assert page.evaluate("window.ran") is None


def test_the_table_of_a_chart_can_be_read(browser: Browser, place: Place) -> None:
    with watched(browser, place.service.url, has_scripts=False) as page:
        place.sign_in(page)
        page.goto(f"{place.url}/usage?range=7d")
        written = page.locator("figure", has=page.get_by_text("Written", exact=False)).last
        expect(written.locator("table")).to_be_visible()
        assert "–" in page.locator("figure table").last.inner_text()  # before the tenant was made


def test_a_cap_and_an_alert_are_set_from_billing(browser: Browser, place: Place) -> None:
    with watched(browser, place.service.url) as page:
        place.sign_in(page)
        page.goto(f"{place.url}/billing")
        page.get_by_role("link", name="Set a cap").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_label("Stop at an amount").check()
        dialog.get_by_label("Amount per month in USD").fill("25.00")
        assert violations(page) == []
        dialog.get_by_role("button", name="Set the spend cap").click()
        expect(page.get_by_role("status").first).to_contain_text("The spend cap is USD 25.00.")
        page.get_by_role("link", name="Create an alert").click()
        dialog.get_by_label("A share of the spend cap").check()
        dialog.get_by_label("Percent of the spend cap").fill("80")
        dialog.get_by_role("button", name="Create the alert").click()
        expect(page.get_by_text("80 % of the spend cap (USD 20.00)").first).to_be_visible()
        page.keyboard.press("Escape")


def test_an_invoice_is_found_read_and_taken_along(browser: Browser, place: Place) -> None:
    with watched(browser, place.service.url) as page:
        place.sign_in(page, "billing")
        page.goto(f"{place.url}/billing")
        page.get_by_role("link", name="All invoices").first.click()
        page.get_by_role("rowheader").get_by_role("link").first.click()
        expect(page.get_by_text("USD 7.50").first).to_be_visible()
        with page.expect_download() as taken:
            page.get_by_role("link", name="PDF").click()
        assert Path(taken.value.path()).read_bytes().startswith(b"%PDF")
        page.get_by_role("link", name="Page to print").click()
        expect(page.locator("dd.due")).to_have_text("USD 7.50")


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_pages_fit_and_nothing_is_found_wrong(browser: Browser, place: Place, width: int, theme: str) -> None:
    with watched(browser, place.service.url, width=width, theme=theme) as page:
        place.sign_in(page)
        for name in (
            "usage",
            "usage?split=collection",
            "usage?split=key",
            "billing",
            "invoices",
            "billing/details",
        ):
            page.goto(f"{place.url}/{name}")
            assert_fits(page)
            assert violations(page) == [], name
        page.get_by_role("link", name="Leave them").click()
        page.goto(f"{place.url}/invoices")
        page.get_by_role("rowheader").get_by_role("link").first.click()
        assert_fits(page)
        assert violations(page) == []


def test_a_viewer_sees_usage_and_no_bill(browser: Browser, place: Place) -> None:
    with watched(browser, place.service.url) as page:
        place.sign_in(page, "viewer")
        page.goto(f"{place.url}/usage?split=key")
        expect(page.get_by_role("heading", name="Usage", level=1)).to_be_visible()
        expect(page.get_by_role("row", name="Key ").last).to_be_visible()
        assert page.get_by_role("link", name="Billing").count() == 0
        assert page.request.get(f"{place.url}/billing").status == 403
