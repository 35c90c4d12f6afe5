"""The whole story of a tenant in a browser, as an owner, a developer and a viewer live it.

Invitation, account, key, load by CloudClient, browsing, playground, fork, usage, invoice, revocation.
"""

from __future__ import annotations

import email
import email.policy
import re
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import chromadb
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.conftest import USAGE_FLUSH_SECONDS
from tests.e2e.axe import violations
from tests.e2e.people import PASSWORD, Place
from tests.e2e.watching import watched

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

_DIMENSION = 8
_RECORDS_COUNT = 1_200  # over the threshold of the service, so that an index is built


@pytest.fixture(scope="module")
def place(service: Service) -> Place:
    """The tenant of the story."""
    return Place.make(service)


def test_from_an_invitation_to_a_revocation(browser: Browser, place: Place) -> None:
    who = f"grace-{uuid.uuid4().hex[:8]}@example.org"
    with watched(browser, place.service.url) as page:
        place.sign_in(page, "owner")
        _invite(page, place, who)
    with watched(browser, place.service.url) as page:
        _join(page, place, who)
        key = _create_key(page, "ingest job")
        collection = _fill(place, key, "journey")
        _browse(page, place)
        _play(page)
        _fork(page)
        assert sorted(one.name for one in place.client(key).list_collections()) == ["journey", "trial"]
        time.sleep(2 * USAGE_FLUSH_SECONDS)  # reads are counted in their process until then
        _go(page, "Usage")
        expect(page.locator("canvas").first).to_be_visible()
        _revoke(page, "ingest job")
        assert _seconds_until_refused(collection.count) < 2.0
    place.bill()
    with watched(browser, place.service.url) as page:
        place.sign_in(page, "owner")
        _go(page, "Billing")
        page.get_by_role("link", name=re.compile("invoices", re.IGNORECASE)).first.click()
        page.locator("main table a").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("Invoice")
        _go(page, "Audit log")
        for what in ("members.invite", "keys.create", "keys.revoke"):
            expect(page.get_by_role("rowheader", name=what).first).to_be_visible()


def test_a_viewer_looks_and_changes_nothing(browser: Browser, place: Place) -> None:
    with watched(browser, place.service.url) as page:
        place.sign_in(page, "viewer")
        expect(page.get_by_role("link", name="API keys")).to_have_count(0)
        page.goto(f"{place.url}/databases/{place.database}")
        for action in ("New collection", "Delete", "Fork"):
            expect(page.get_by_role("link", name=action)).to_have_count(0)
        token = {"csrfmiddlewaretoken": page.locator("[name=csrfmiddlewaretoken]").first.input_value()}
        for path in ("keys/new", f"databases/{place.database}/new-collection", "members/invite"):
            refused = page.request.post(
                f"{place.url}/{path}", form={**token, "name": "x"}, headers={"referer": place.url}
            )
            assert refused.status == 403, path
            assert "Trace id" in refused.text()


def test_the_story_needs_no_mouse(browser: Browser, service: Service) -> None:
    place = Place.make(service)
    with watched(browser, service.url) as page:
        page.goto(f"{service.url}/dashboard/sign-in?next=/dashboard/t/{place.tenant}")
        page.get_by_label("E-mail address").focus()
        page.keyboard.type(place.email("developer"))
        page.keyboard.press("Tab")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Databases", level=1)).to_be_visible()
        page.keyboard.press("g")
        page.keyboard.press("k")
        expect(page.get_by_role("heading", name="API keys", level=1)).to_be_visible()
        _press(page, page.get_by_role("link", name="Create a key").first.focus)
        expect(page.get_by_label("Name", exact=True)).to_be_visible()
        page.get_by_label("Name", exact=True).focus()
        page.keyboard.type("by hand")
        page.keyboard.press("Enter")
        key = page.locator("#secret").inner_text()
        _fill(place, key, "journey", records_count=3)
        page.keyboard.press("Control+k")
        page.keyboard.type("journey")
        expect(page.locator("#palette [role=option]").first).to_contain_text("journey")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("journey")
        _press(page, page.get_by_role("link", name="Playground").focus)
        expect(page.get_by_role("button", name="Run").first).to_be_visible()
        page.wait_for_load_state("networkidle")  # its scripts listen
        page.keyboard.press("Control+Enter")
        expect(page.locator("[data-result]").first).to_be_visible()
        page.keyboard.press("Control+k")
        page.keyboard.type("API keys")
        page.keyboard.press("Enter")  # before the list has answered: it waits for it
        expect(page.get_by_role("heading", name="API keys", level=1)).to_be_visible()
        _press(page, page.get_by_role("link", name="Revoke by hand").focus)
        expect(page.locator("dialog[open]")).to_be_visible()
        _press(page, page.get_by_role("button", name="Revoke “by hand”").focus)
        expect(page.get_by_role("status")).to_contain_text("is revoked")
        assert _seconds_until_refused(lambda: place.client(key)) < 2.0


def test_all_of_it_works_without_a_script(browser: Browser, service: Service) -> None:
    place = Place.make(service)
    with watched(browser, service.url, has_scripts=False) as page:
        place.sign_in(page)
        key = _create_key(page, "no scripts")
        collection = _fill(place, key, "journey", records_count=3)
        page.get_by_role("link", name="Done").click()
        page.get_by_role("link", name="Revoke no scripts").click()
        page.get_by_role("button", name="Revoke “no scripts”").click()
        expect(page.get_by_role("status")).to_contain_text("is revoked")
        assert _seconds_until_refused(collection.count) < 2.0


def test_the_theme_is_switched_at_once_and_kept(browser: Browser, place: Place) -> None:
    with watched(browser, place.service.url) as page:
        place.sign_in(page)
        page.locator("details.person summary").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_a_key_is_tried_from_the_page(browser: Browser, place: Place) -> None:
    key = place.key("tried")
    with watched(browser, place.service.url) as page:
        place.sign_in(page)
        _go(page, "Connect")
        page.get_by_label("API key").fill(key)
        page.get_by_role("button", name="Test connection").click()
        expect(page.locator("#connection-steps li").nth(1)).to_contain_text("answered in")
        expect(page.locator("#connection-steps .bad")).to_have_count(0)


def _go(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def _press(page: Page, focus: Callable[[], None]) -> None:
    focus()
    page.keyboard.press("Enter")


def _invite(page: Page, place: Place, who: str) -> None:
    _go(page, "Members")
    page.get_by_role("link", name="Invite somebody").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("E-mail address").fill(who)
    dialog.get_by_label("Role").select_option("developer")
    dialog.get_by_role("button", name="Send invitation").click()
    expect(page.get_by_role("status")).to_contain_text(f"{who} is invited as developer")


def _join(page: Page, place: Place, who: str) -> None:
    page.goto(_link_sent_to(place, who))
    assert violations(page) == []
    page.get_by_role("link", name="Create an account").click()
    assert violations(page) == []
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create account").click()
    expect(page.get_by_role("heading", name="Databases", level=1)).to_be_visible()


def _link_sent_to(place: Place, who: str) -> str:
    """The invitation's link in the newest e-mail to somebody."""
    folder = Path(place.service.data_dir) / "mail"
    for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True):
        for part in path.read_bytes().split(b"-" * 79 + b"\n"):
            message = email.message_from_bytes(part, policy=email.policy.default)
            if message["To"] == who:
                found = re.search(r"^http\S+/invitations/\S+$", str(message.get_content()), re.MULTILINE)
                assert found
                return found.group(0)
    raise AssertionError(f"no e-mail to {who}")


def _create_key(page: Page, name: str) -> str:
    """Create a key in the form, and read it where it is shown once."""
    page.goto(re.sub(r"(/t/[^/]+).*", r"\1/keys", page.url))
    page.get_by_role("link", name="Create a key").first.click()
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_text("Only these", exact=True).click()
    page.get_by_label("library").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("heading", name=f"Key “{name}” is ready")).to_be_visible()
    key = page.locator("#secret").inner_text()
    expect(page.locator("#created-snippet")).to_contain_text(f'api_key="{key}"')
    return key


def _fill(place: Place, key: str, name: str, *, records_count: int = _RECORDS_COUNT) -> chromadb.Collection:
    collection = place.client(key).create_collection(name)
    embeddings = np.random.default_rng(3).random((records_count, _DIMENSION), dtype=np.float32)
    for first in range(0, records_count, 300):
        numbers = range(first, min(first + 300, records_count))
        collection.add(
            ids=[f"id-{number}" for number in numbers],
            documents=[f"document {number}" for number in numbers],
            metadatas=[{"number": number} for number in numbers],
            embeddings=embeddings[first : numbers.stop],
        )
    return collection


def _browse(page: Page, place: Place) -> None:
    page.goto(f"{place.url}/databases/{place.database}")
    row = page.get_by_role("row").filter(has_text="journey")
    expect(row).to_contain_text("1,200")
    row.get_by_role("link", name="journey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("journey")
    expect(page.get_by_text("document 19", exact=True)).to_be_visible()
    page.get_by_role("link", name="Indexing").click()
    # Without a reload: the page asks by itself until the index is complete.
    try:
        expect(page.get_by_text("Every record is in the index")).to_be_visible(timeout=120_000)
    except AssertionError as error:
        log = (Path(place.service.data_dir) / "log" / "worker.log").read_text("utf-8")
        raise AssertionError(f"not indexed; the worker said:\n{log[-4_000:]}") from error


def _play(page: Page) -> None:
    page.get_by_role("link", name="Playground").click()
    page.get_by_role("button", name="Run").first.click()
    expect(page.locator("[data-result]").first).to_be_visible()


def _fork(page: Page) -> None:
    page.get_by_role("link", name="Fork").click()
    dialog = page.locator("dialog[open]")
    dialog.get_by_label("Name of the fork").fill("trial")
    dialog.get_by_role("button", name="Fork collection").click()
    expect(page.get_by_role("status")).to_contain_text("is a fork of “journey”")


def _revoke(page: Page, name: str) -> None:
    _go(page, "API keys")
    page.get_by_role("link", name=f"Revoke {name}").click()
    page.get_by_role("dialog").get_by_role("button", name=f"Revoke “{name}”").click()
    expect(page.get_by_role("status")).to_contain_text("is revoked")


def _seconds_until_refused(ask: Callable[[], object]) -> float:
    started = time.monotonic()
    while time.monotonic() - started < 10.0:
        try:
            ask()
        except Exception as error:  # noqa: BLE001 (the client has no class of its own for a refused key)
            assert "denied" in str(error).lower(), error  # noqa: PT017
            return time.monotonic() - started
        time.sleep(0.05)
    raise AssertionError("the revoked key still works")
