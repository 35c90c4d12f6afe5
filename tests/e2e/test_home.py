"""The team's home and a database's page in a browser: first steps, and lists that change in place."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.e2e.axe import violations
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser
PAYLOAD = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"


@pytest.fixture(scope="module")
def shelf(service: Service) -> Place:
    """A tenant with 60 collections in one database, and an empty one beside it."""
    place = Place.make(service)
    service.manage("create_database", "--tenant", place.tenant, "empty")
    client = place.client(place.key())
    for number in range(60):
        made = client.create_collection(f"shelf-{number:02d}", embedding_function=None)
        if number % 20 == 0:
            made.add(ids=[f"r{one}" for one in range(number + 1)], embeddings=[[1.0, 0.0]] * (number + 1))
    return place


def names(page: Page) -> list[str]:
    """What is in the list."""
    return page.locator("#list tbody th").all_inner_texts()


@pytest.mark.timeout(180)
def test_somebody_new_is_led_to_a_collection(browser: Browser, service: Service) -> None:
    place = Place.make(service)
    with watched(browser, service.url) as page:
        place.sign_in(page)
        steps = page.get_by_role("region", name="First steps")
        expect(steps).to_contain_text("0 of 3 done")
        page.evaluate("document.querySelector('.rail').scrollIntoView()")
        assert violations(page) == []
        place.key("first")
        page.reload()
        expect(steps).to_contain_text("1 of 3 done")
        steps.get_by_role("button", name="Load the sample").click()
        expect(page.get_by_role("status").first).to_contain_text("2,000 records of the sample")
        expect(page.get_by_role("heading", level=1)).to_contain_text("debian-packages")
        page.goto(f"{place.url}/databases")
        expect(page.get_by_role("region", name="First steps")).to_have_count(0)
        expect(page.locator("#list tbody tr")).to_contain_text("2,000")


@pytest.mark.timeout(120)
def test_a_list_changes_in_place_and_the_address_with_it(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url) as page:
        shelf.sign_in(page)
        page.goto(f"{shelf.url}/databases/{shelf.database}")
        assert names(page)[0] == "shelf-00"
        page.get_by_role("link", name="Next page").click()
        page.wait_for_url(re.compile(r"\?after="))
        assert names(page)[0] == "shelf-50"
        page.get_by_role("link", name="Records").click()
        page.wait_for_url(re.compile(r"\?sort=records&order=desc$"))
        assert names(page)[:3] == ["shelf-40", "shelf-20", "shelf-00"]
        expect(page.get_by_role("columnheader", name="Records")).to_have_attribute("aria-sort", "descending")
        page.get_by_label("Name contains").fill("-0")
        page.wait_for_url(re.compile("q=-0"))
        expect(page.locator("#list tbody tr")).to_have_count(10)
        page.get_by_label("State").select_option("empty")
        page.wait_for_url(re.compile("state=empty"))
        expect(page.locator("#list tbody tr")).to_have_count(9)
        page.reload()
        expect(page.locator("#list tbody tr")).to_have_count(9)
        expect(page.get_by_label("Name contains")).to_have_value("-0")
        page.get_by_label("Name contains").fill(PAYLOAD)
        expect(page.get_by_role("heading", name="No collection matches")).to_be_visible()
        assert page.evaluate("window.ran") is None
        page.get_by_role("link", name="Show all collections").click()
        expect(page.locator("#list tbody tr")).to_have_count(50)
        expect(page.get_by_label("Name contains")).to_have_value("")
        page.go_back()
        expect(page.get_by_role("heading", name="No collection matches")).to_be_visible()


@pytest.mark.timeout(120)
def test_a_list_works_without_a_script(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url, has_scripts=False) as page:
        shelf.sign_in(page)
        expect(page.locator("#list tbody tr")).to_have_count(2)
        page.goto(f"{shelf.url}/databases/{shelf.database}")
        page.get_by_role("link", name="Next page").click()
        assert names(page)[0] == "shelf-50"
        page.get_by_label("Name contains").fill("SHELF-2")
        page.get_by_role("button", name="Show", exact=True).click()
        assert names(page) == [f"shelf-{number}" for number in range(20, 30)]
        page.get_by_role("link", name="Size").click()
        assert names(page)[0] == "shelf-20"


@pytest.mark.timeout(180)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_lists_are_for_everybody(browser: Browser, shelf: Place, theme: str) -> None:
    found = []
    for width in (1280, 360):
        with watched(browser, shelf.service.url, width=width, theme=theme) as page:
            shelf.sign_in(page)
            for path in ("", f"/{shelf.database}", f"/{shelf.database}?q=none", "/empty"):
                page.goto(f"{shelf.url}/databases{path}")
                page.wait_for_load_state("networkidle")
                assert_fits(page)
                found += [f"{width} {path}: {one}" for one in violations(page)]
    assert found == []


@pytest.mark.timeout(120)
def test_an_empty_database_teaches_its_first_lines(browser: Browser, shelf: Place) -> None:
    with watched(browser, shelf.service.url) as page:
        shelf.sign_in(page)
        page.goto(f"{shelf.url}/databases/empty")
        expect(page.get_by_role("heading", name="No collections yet")).to_be_visible()
        expect(page.locator("#connect-snippet")).to_contain_text("client.create_collection")
        expect(page.get_by_role("button", name="Load the sample")).to_be_visible()
