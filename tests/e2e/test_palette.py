"""The palette and the keys in a browser: by keyboard alone, off while somebody types, and off for good."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.e2e.axe import violations
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser
PAYLOAD = "<img src=x onerror='window.ran = 1'>"


@pytest.fixture(scope="module")
def shelf(service: Service) -> Place:
    """A tenant with a few collections, and a key whose name is a script."""
    place = Place.make(service)
    client = place.client(place.key())
    for name in ("invoices", "invoice-lines", "old-invoices"):
        client.create_collection(name, embedding_function=None)
    place.key(PAYLOAD)
    return place


def chosen(page: Page) -> str:
    """The option that the field says is chosen."""
    text: str = page.evaluate(
        "document.getElementById(document.getElementById('palette-text')"
        ".getAttribute('aria-activedescendant'))?.querySelector('.name').textContent ?? ''"
    )
    return text


@pytest.mark.timeout(120)
def test_the_palette_jumps_by_keyboard_alone(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url) as page:
        shelf.sign_in(page)
        page.keyboard.press("Control+k")
        field = page.get_by_role("combobox", name="What to find")
        expect(field).to_be_focused()
        expect(page.get_by_role("option", name="API keys")).to_be_visible()
        page.keyboard.type("invoice")
        options = page.locator("#palette [role=option]")
        expect(options).to_have_count(3)
        assert options.locator(".name").all_inner_texts() == ["invoice-lines", "invoices", "old-invoices"]
        assert chosen(page) == "invoice-lines"
        page.keyboard.press("ArrowDown")
        assert chosen(page) == "invoices"
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowUp")
        assert chosen(page) == "old-invoices"
        expect(field).to_be_focused()
        assert violations(page) == []
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text("old-invoices")


@pytest.mark.timeout(120)
def test_the_palette_gives_the_focus_back(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url) as page:
        shelf.sign_in(page)
        button = page.get_by_role("button", name="Find…")
        button.click()
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("#palette")).to_be_hidden()
        expect(button).to_be_focused()
        page.keyboard.press("?")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
        page.keyboard.press("Meta+k")
        expect(page.locator("#palette")).to_be_visible()
        page.keyboard.press("Meta+k")
        expect(page.locator("#palette")).to_be_hidden()


@pytest.mark.timeout(120)
def test_what_is_found_is_shown_and_never_run(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url) as page:
        shelf.sign_in(page)
        page.keyboard.press("Control+k")
        page.keyboard.type("<img src=x")
        expect(page.get_by_role("option", name=PAYLOAD)).to_be_visible()
        page.locator("#palette-text").fill(PAYLOAD * 2)
        expect(page.get_by_text("Nothing has this in its name.")).to_be_visible()
        assert page.evaluate("window.ran") is None


@pytest.mark.timeout(120)
def test_keys_lead_to_pages_and_to_the_search(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url) as page:
        shelf.sign_in(page)
        page.keyboard.press("g")
        page.keyboard.press("k")
        page.wait_for_url(re.compile("/keys$"))
        page.keyboard.press("g")
        page.keyboard.press("d")
        page.wait_for_url(re.compile("/databases$"))
        page.keyboard.press("/")
        expect(page.get_by_label("Name contains")).to_be_focused()
        page.keyboard.type("g?k/")
        expect(page.get_by_label("Name contains")).to_have_value("g?k/")
        page.locator("h1").click()
        page.keyboard.press("?")
        shown = page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(shown).to_contain_text("API keys")
        page.keyboard.press("g")
        page.keyboard.press("k")
        expect(shown).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
        expect(shown).to_be_hidden()


@pytest.mark.timeout(120)
def test_keys_can_be_turned_off(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url) as page:
        shelf.sign_in(page)
        page.locator("details.person summary").click()
        page.get_by_role("checkbox", name="Keyboard shortcuts").uncheck()
        page.reload()
        page.locator("h1").click()
        page.keyboard.press("?")
        page.keyboard.press("g")
        page.keyboard.press("k")
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_hidden()
        expect(page.get_by_role("heading", level=1)).to_have_text("Databases")
        page.locator("details.person summary").click()
        expect(page.get_by_role("checkbox", name="Keyboard shortcuts")).not_to_be_checked()
        page.get_by_role("button", name="Show them").click()
        expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


@pytest.mark.timeout(120)
def test_the_palette_fits_a_narrow_screen(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url, width=360) as page:
        shelf.sign_in(page)
        page.get_by_role("button", name="Find…").click()
        page.keyboard.type("invoice")
        expect(page.locator("#palette [role=option]")).to_have_count(3)
        assert_fits(page)
        page.locator("#palette [role=option]").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("invoice-lines")
