"""What holds for each page of a tenant in a real browser, for each kind of role, in both themes.

No error on the console, no request to another host (`watched`), nothing that axe-core finds, nothing wider
than a narrow screen, and a first load that a slow line bears.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request, Response

from cloud.processes import Service
from tests.dashboard.pages import ADDRESSES, Address
from tests.e2e.axe import violations
from tests.e2e.people import Place
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser

_MOST_BYTES = 250 * 1024


@dataclass(frozen=True)
class Shown:
    """A tenant that has one of everything that a page can show, and the parts of every page's path."""

    place: Place
    parts: dict[str, object]

    def open(self, page: Page, address: Address) -> Response | None:
        """Go there; None where there is no page to look at: a file, or what only takes posts."""
        path = address.path(self.parts)
        head = page.request.get(f"{self.place.service.url}{path}", max_redirects=0)
        if head.status != 200 or "text/html" not in head.headers["content-type"]:
            assert head.status in (200, 302, 403, 405), (address.name, head.status)
            return None
        return page.goto(f"{self.place.service.url}{path}")


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
        made = _make_the_rest(page, place)
        api = f"{service.url}/api/control/v1/tenants/{place.tenant}"
        page.goto(f"{place.url}/billing/alerts")
        page.get_by_label("Amount in USD").fill("5")
        page.get_by_role("button", name="Create the alert").click()
        alert = page.request.get(f"{api}/billing/alerts").json()["items"][0]
    parts: dict[str, object] = {
        "tenant_name": place.tenant,
        "database_name": place.database,
        "collection_id": collection.id,
        "record_id": "a",
        "alert_id": uuid.UUID(alert["alert_id"]),
        "number": place.bill(),
        **made,
    }
    return Shown(place, parts)


def _make_the_rest(page: Page, place: Place) -> dict[str, object]:
    """What only people can make, over the control API with the session of the page."""
    path = f"{place.service.url}/api/control/v1/tenants/{place.tenant}"
    token = next(one["value"] for one in page.context.cookies() if one["name"] == "csrftoken")

    def post(below: str, body: object) -> dict[str, Any]:
        headers = {"x-csrftoken": token, "origin": place.service.url}
        answer = page.request.post(path + below, data=body, headers=headers)
        assert answer.ok, answer.text()
        found: dict[str, Any] = answer.json()
        return found

    keys = page.request.get(f"{path}/keys").json()["items"]
    members = page.request.get(f"{path}/members").json()["items"]
    invited = post("/invitations", {"email": "ada@example.com", "role": "viewer"})
    account_id = post("/service-accounts", {"name": "terraform", "role": "viewer"})["service_account_id"]
    account_keys = page.request.get(f"{path}/service-accounts/{account_id}/keys").json()["items"]
    wish = {"limit": "databases_count", "wanted": 1_000_000, "reason": "many customers"}
    return {
        "key_id": uuid.UUID(keys[0]["key_id"]),
        "user_id": uuid.UUID(members[0]["user_id"]),
        "invitation_id": uuid.UUID(invited["invitation"]["invitation_id"]),
        "service_account_id": uuid.UUID(account_id),
        "account_key_id": uuid.UUID(account_keys[0]["key_id"]),
        "limit_name": "collections_count",
        "request_id": uuid.UUID(post("/quota-requests", wish)["request_id"]),
    }


@pytest.mark.timeout(600)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("role", ["owner", "developer", "viewer"])
def test_axe_finds_nothing(browser: Browser, shown: Shown, role: str, theme: str) -> None:
    found: list[str] = []
    with watched(browser, shown.place.service.url, theme=theme) as page:
        shown.place.sign_in(page, role)
        for address in ADDRESSES:
            if shown.open(page, address):
                found += [f"{address.name}: {trouble}" for trouble in violations(page)]
    assert found == [], "\n".join(found)


@pytest.mark.timeout(300)
def test_nothing_is_wider_than_a_narrow_screen(browser: Browser, shown: Shown) -> None:
    with watched(browser, shown.place.service.url, width=360) as page:
        shown.place.sign_in(page)
        for address in ADDRESSES:
            if shown.open(page, address):
                assert_fits(page)


@pytest.mark.timeout(300)
def test_a_first_load_is_small(browser: Browser, shown: Shown) -> None:
    with watched(browser, shown.place.service.url) as page:
        shown.place.sign_in(page)
        state = page.context.storage_state()
    heavy = {}
    for address in ADDRESSES:
        with browser.new_context(storage_state=state) as context:  # an empty cache
            page = context.new_page()
            done: list[Request] = []

            def note(request: Request, to: list[Request] = done) -> None:
                to.append(request)

            page.on("requestfinished", note)
            if shown.open(page, address):
                page.wait_for_load_state("networkidle")
                size = sum(one.sizes()["responseBodySize"] for one in done)
                if size > _MOST_BYTES:
                    heavy[address.name] = size
    assert heavy == {}


@pytest.mark.timeout(300)
def test_it_can_be_read_without_scripts(browser: Browser, shown: Shown) -> None:
    with watched(browser, shown.place.service.url, has_scripts=False) as page:
        shown.place.sign_in(page)
        for address in ADDRESSES:
            if shown.open(page, address):
                assert page.locator("h1").first.is_visible(), address.name
