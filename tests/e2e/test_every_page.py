"""What holds for each page of a tenant in a real browser, for each kind of role, in both themes.

No error on the console, no request to another host (`watched`), nothing that axe-core finds, nothing wider
than a narrow screen, and a first load that a slow line bears.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, Request

from cloud.processes import Service
from tenants import roles
from tenants.roles import Role
from tests.dashboard.pages import ADDRESSES, Address
from tests.e2e.axe import violations
from tests.e2e.made import make_the_rest
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser

_MOST_BYTES = 250 * 1024
_OUTSIDE = ("/account/login/", "/account/password/reset/")
_OF_THE_PERSON = (
    "/account/email/",
    "/account/password/change/",
    "/account/2fa/",
    "/account/2fa/totp/activate/",
    "/account/sessions/",
    "/dashboard/tenants/new",
)


@dataclass(frozen=True)
class Shown:
    """A tenant that has one of everything that a page can show, and the parts of every page's path."""

    place: Place
    parts: dict[str, object]

    pages: list[Address]

    def opened(self, page: Page, role: Role = Role.OWNER) -> Iterator[Address]:
        """Go to one page after the other that the role carries."""
        for address in self.pages:
            if address.action is None or roles.may(role, address.action):
                page.goto(f"{self.place.service.url}{address.path(self.parts)}")
                yield address


def _is_page(page: Page, url: str) -> bool:
    """Whether there is a page to look at, and not a file, an onward address, or what only takes posts."""
    answer = page.request.get(url, max_redirects=0)
    assert answer.status in (200, 302, 405), (url, answer.status)
    return answer.status == 200 and "text/html" in answer.headers["content-type"]


@pytest.fixture(scope="module")
def shown(browser: Browser, service: Service) -> Shown:
    """The tenant of these tests."""
    place = Place.make(service)
    key = place.key()
    collection = place.client(key).create_collection("books", metadata={"shelf": "3"})
    collection.add(
        ids=["a", "b", "c"],
        embeddings=[[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]],
        documents=["The first document", "The second document", "d" * 700],
        metadatas=[{"year": 1999, "kind": "novel"}, {"year": 2001, "rare": True}, {"k" * 30: "v" * 200}],
    )
    with watched(browser, service.url) as page:
        place.sign_in(page)
        made = make_the_rest(page, place, collection.id)
    parts: dict[str, object] = {
        "tenant_name": place.tenant,
        "database_name": place.database,
        "collection_id": collection.id,
        "record_id": "a",
        **made,
    }
    with watched(browser, service.url) as page:
        place.sign_in(page)
        pages = [one for one in ADDRESSES if _is_page(page, f"{service.url}{one.path(parts)}")]
    return Shown(place, parts, pages)


def _violations_in_both_themes(page: Page, name: str) -> list[str]:
    """What axe finds; the page is the same in the dark but for its colours."""
    page.emulate_media(color_scheme="light", reduced_motion="reduce")  # no colour between two
    found = [f"{name}: {trouble}" for trouble in violations(page)]
    page.emulate_media(color_scheme="dark")
    return found + [f"{name}, dark: {trouble}" for trouble in violations(page, colours_only=True)]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("role", [Role.OWNER, Role.DEVELOPER, Role.VIEWER])
def test_axe_finds_nothing(browser: Browser, shown: Shown, role: Role) -> None:
    found: list[str] = []
    with watched(browser, shown.place.service.url) as page:
        shown.place.sign_in(page, role.value)
        for address in shown.opened(page, role):
            found += _violations_in_both_themes(page, address.name)
    assert found == [], "\n".join(found)


@pytest.mark.timeout(300)
def test_axe_finds_nothing_outside_of_a_tenant(browser: Browser, shown: Shown) -> None:
    found: list[str] = []
    with watched(browser, shown.place.service.url) as page:
        for path in _OUTSIDE:
            page.goto(f"{shown.place.service.url}{path}")
            found += _violations_in_both_themes(page, path)
        shown.place.sign_in(page)
        for path in _OF_THE_PERSON:
            page.goto(f"{shown.place.service.url}{path}")
            found += _violations_in_both_themes(page, path)
    assert found == [], "\n".join(found)


@pytest.mark.timeout(300)
def test_nothing_is_wider_than_a_narrow_screen(browser: Browser, shown: Shown) -> None:
    with watched(browser, shown.place.service.url, width=360) as page:
        shown.place.sign_in(page)
        for _ in shown.opened(page):
            assert_fits(page)


@pytest.mark.timeout(300)
def test_a_first_load_is_small(browser: Browser, shown: Shown) -> None:
    with watched(browser, shown.place.service.url) as page:
        shown.place.sign_in(page)
        state = page.context.storage_state()
    heavy = {}
    for address in shown.pages:
        with browser.new_context(storage_state=state) as context:  # an empty cache
            page = context.new_page()
            begun, done = _requests(page)
            page.goto(f"{shown.place.service.url}{address.path(shown.parts)}")
            while len(done) < len(begun):  # what the page itself asks for once it is there
                page.wait_for_timeout(20)
            size = sum(one.sizes()["responseBodySize"] for one in done)
            if size > _MOST_BYTES:
                heavy[address.name] = size
    assert heavy == {}


@pytest.mark.timeout(300)
def test_it_can_be_read_without_scripts(browser: Browser, shown: Shown) -> None:
    with watched(browser, shown.place.service.url, has_scripts=False) as page:
        shown.place.sign_in(page)
        for address in shown.opened(page):
            assert page.locator("h1").first.is_visible(), address.name


def _requests(page: Page) -> tuple[list[Request], list[Request]]:
    """The requests that the page makes, and those of them that are over, as it goes on."""
    begun: list[Request] = []
    done: list[Request] = []

    def begin(request: Request) -> None:
        begun.append(request)

    def end(request: Request) -> None:
        done.append(request)

    page.on("request", begin)
    page.on("requestfinished", end)
    page.on("requestfailed", end)
    return begun, done
