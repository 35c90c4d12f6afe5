"""Collections and databases by hand: create, fork, rename, delete, restore, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cloud.processes import Service
from tests.e2e.axe import violations
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser


@pytest.fixture
def place(service: Service) -> Place:
    """A tenant with an empty database."""
    return Place.make(service)


@pytest.fixture
def page(browser: Browser, service: Service, place: Place) -> Iterator[Page]:
    """The database's page, as a developer sees it."""
    with watched(browser, service.url, may_mistype=True) as page:
        place.sign_in(page, "developer")
        page.goto(f"{place.url}/databases/{place.database}")
        yield page


def dialog(page: Page) -> Locator:
    """The open dialog."""
    found = page.locator("dialog[open]")
    expect(found).to_be_visible()
    return found


def said(page: Page, words: str) -> None:
    """The page says what was done."""
    expect(page.get_by_role("status").filter(has_text=words)).to_be_visible()


def make(page: Page, name: str) -> None:
    """Create a collection through the dialog."""
    page.get_by_role("link", name="New collection").click()
    dialog(page).get_by_label("Name", exact=True).fill(name)
    dialog(page).get_by_role("button", name="Create collection").click()
    said(page, f"Collection “{name}” is ready")


def test_a_collection_lives_through_everything(page: Page, place: Place) -> None:
    make(page, "articles")
    expect(page.get_by_role("heading", level=1, name="articles")).to_be_visible()
    client = place.client(place.key())
    client.get_collection("articles").add(ids=["a", "b"], embeddings=[[1.0, 0.0], [0.0, 1.0]])

    page.get_by_role("link", name="Fork").click()
    expect(dialog(page)).to_contain_text("the same 2 records")
    dialog(page).get_by_label("Name of the fork").fill("experiment")
    dialog(page).get_by_role("button", name="Fork collection").click()
    said(page, "“experiment” is a fork of “articles”")
    client.get_collection("experiment").delete(ids=["a"])
    assert client.get_collection("articles").count() == 2

    page.get_by_role("link", name="Rename").click()
    dialog(page).get_by_label("New name").fill("trial")
    dialog(page).get_by_role("button", name="Rename collection").click()
    said(page, "is called “trial” now")
    assert sorted(one.name for one in client.list_collections()) == ["articles", "trial"]

    page.locator(".head").get_by_role("link", name="Delete").click()
    expect(dialog(page)).to_contain_text("1 record (")
    expect(dialog(page)).to_contain_text("1 other collection of its tree of forks keeps every record")
    dialog(page).get_by_role("button", name="Delete collection").click()
    said(page, "“trial” is deleted. It can be restored from the recycle bin.")
    assert [one.name for one in client.list_collections()] == ["articles"]

    page.goto(f"{place.url}/recycle-bin")
    page.get_by_role("link", name="Restore trial").click()
    dialog(page).get_by_role("button", name="Restore").click()
    said(page, "“trial” is back with every record")
    assert client.get_collection("trial").get()["ids"] == ["b"]


def test_what_is_wrong_is_said_in_the_dialog_and_mended_there(page: Page) -> None:
    make(page, "articles")
    page.go_back()
    page.get_by_role("link", name="New collection").click()
    asked = dialog(page)
    asked.get_by_label("Name", exact=True).fill("articles")
    asked.get_by_text("Index and metadata").click()
    asked.get_by_label("Metadata (JSON)").fill("{")
    asked.get_by_role("button", name="Create collection").click()
    expect(asked.get_by_text("This is no JSON")).to_be_visible()
    expect(asked.get_by_label("Metadata (JSON)")).to_have_value("{")
    asked.get_by_label("Metadata (JSON)").fill('{"a": 1}')
    asked.get_by_role("button", name="Create collection").click()
    expect(asked.get_by_role("alert")).to_contain_text("already exists")
    assert violations(page) == []
    asked.get_by_label("Name", exact=True).fill("papers")
    asked.get_by_role("button", name="Create collection").click()
    said(page, "Collection “papers” is ready")


def test_every_dialog_can_be_read_by_everybody(page: Page, place: Place) -> None:
    make(page, "articles")
    for name in ("Fork", "Rename", "Delete"):
        page.locator(".head").get_by_role("link", name=name).click()
        assert violations(page) == [], name
        dialog(page).get_by_text("API", exact=True).click()
        expect(dialog(page).get_by_text("curl -sS")).to_be_visible()
        page.keyboard.press("Escape")
        expect(page.locator("dialog[open]")).to_have_count(0)
    page.goto(f"{place.url}/databases/{place.database}")
    page.get_by_role("link", name="Delete the database").click()
    assert violations(page) == []
    page.get_by_role("link", name="Keep it").click()
    expect(page.locator("dialog[open]")).to_have_count(0)


def test_the_keyboard_alone_makes_and_deletes_a_collection(page: Page) -> None:
    page.get_by_role("link", name="New collection").focus()
    page.keyboard.press("Enter")
    dialog(page).get_by_label("Name", exact=True).focus()
    page.keyboard.type("by-hand")
    page.keyboard.press("Enter")
    said(page, "Collection “by-hand” is ready")
    page.locator(".head").get_by_role("link", name="Delete").focus()
    page.keyboard.press("Enter")
    dialog(page).get_by_role("button", name="Delete collection").focus()
    page.keyboard.press("Enter")
    said(page, "“by-hand” is deleted")


def test_a_database_is_made_deleted_and_restored(page: Page, place: Place) -> None:
    page.goto(f"{place.url}/databases")
    page.get_by_role("link", name="New database").click()
    dialog(page).get_by_label("Name", exact=True).fill("archive")
    dialog(page).get_by_role("button", name="Create database").click()
    said(page, "Database “archive” is ready")
    page.get_by_role("link", name="Delete the database").click()
    dialog(page).get_by_label("Type “archive” to confirm").fill("archives")
    dialog(page).get_by_role("button", name="Delete database").click()
    expect(dialog(page).get_by_text("This is another name")).to_be_visible()
    dialog(page).get_by_label("Type “archive” to confirm").fill("archive")
    dialog(page).get_by_role("button", name="Delete database").click()
    said(page, "Database “archive” is deleted")
    page.goto(f"{place.url}/recycle-bin?kind=databases")
    page.get_by_role("link", name="Restore archive").click()
    dialog(page).get_by_role("button", name="Restore").click()
    said(page, "Database “archive” is back")


def test_it_is_purged_only_with_its_name_typed(page: Page, place: Place) -> None:
    make(page, "articles")
    page.locator(".head").get_by_role("link", name="Delete").click()
    dialog(page).get_by_role("button", name="Delete collection").click()
    said(page, "“articles” is deleted")
    page.goto(f"{place.url}/recycle-bin")
    page.get_by_role("link", name="Delete for good: articles").click()
    dialog(page).get_by_label("Type “articles” to confirm").fill("articles")
    dialog(page).get_by_role("button", name="Delete for good").click()
    said(page, "“articles” is deleted for good")
    expect(page.get_by_role("heading", name="Nothing was deleted")).to_be_visible()


def test_all_of_it_works_without_script_on_a_narrow_screen(
    browser: Browser, service: Service, place: Place
) -> None:
    with watched(browser, service.url, width=360, has_scripts=False, may_mistype=True) as page:
        place.sign_in(page, "developer")
        page.goto(f"{place.url}/databases/{place.database}")
        page.get_by_role("link", name="New collection").click()
        page.get_by_label("Name", exact=True).fill("a b")
        assert_fits(page)
        page.get_by_role("button", name="Create collection").click()
        expect(page.get_by_text("Expected a name containing 3-512 characters")).to_be_visible()
        page.get_by_label("Name", exact=True).fill("articles")
        page.get_by_role("button", name="Create collection").click()
        said(page, "Collection “articles” is ready")
        for name, button in (("Fork", "Fork collection"), ("Delete", "Delete collection")):
            page.locator(".head").get_by_role("link", name=name).click()
            expect(page.get_by_role("button", name=button)).to_be_visible()
            assert_fits(page)
            page.get_by_role("button", name=button).click()
        said(page, "“articles-fork” is deleted")
        page.goto(f"{place.url}/recycle-bin")
        assert_fits(page)
        page.get_by_role("link", name="Restore articles-fork").click()
        page.get_by_role("button", name="Restore").click()
        said(page, "“articles-fork” is back with every record")


def test_a_viewer_is_offered_none_of_it(browser: Browser, service: Service, place: Place) -> None:
    made = place.client(place.key()).create_collection("articles")
    with watched(browser, service.url) as page:
        place.sign_in(page, "viewer")
        page.goto(f"{place.url}/databases/{place.database}/collections/{made.id}")
        for name in ("Fork", "Rename", "Delete"):
            expect(page.get_by_role("link", name=name, exact=True)).to_have_count(0)
        page.goto(f"{place.url}/recycle-bin")
        expect(page.get_by_role("heading", name="Nothing was deleted")).to_be_visible()
