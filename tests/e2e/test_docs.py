"""Swagger UI in a real browser: it authorises and calls, and asks nobody but this server."""

from __future__ import annotations

import uuid

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from cloud.processes import Service
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser


@pytest.mark.timeout(120)
def test_a_reader_authorises_and_tries_calls(browser: Browser, service: Service) -> None:
    tenant = f"docs-{uuid.uuid4().hex[:8]}"
    service.manage("create_tenant", tenant)
    service.manage("create_database", "--tenant", tenant, "library")
    key = service.manage("create_key", "--tenant", tenant).strip()
    with watched(browser, service.url) as page:
        page.goto(f"{service.url}/docs")
        expect(page.get_by_role("heading", name="Tessera")).to_be_visible()
        assert page.url == f"{service.url}/docs/"
        _authorise(page, key)

        heartbeat = _open(page, "heartbeat")
        heartbeat.get_by_role("button", name="Execute").click()
        expect(heartbeat.locator(".live-responses-table")).to_contain_text("nanosecond heartbeat")

        listing = _open(page, "list_collections")
        listing.get_by_placeholder("tenant").fill(tenant)
        listing.get_by_placeholder("database").fill("library")
        with page.expect_response(lambda answer: answer.url.endswith("/collections")) as answered:
            listing.get_by_role("button", name="Execute").click()
        assert (answered.value.status, answered.value.json()) == (200, [])
        assert answered.value.request.headers["x-chroma-token"] == key


@pytest.mark.timeout(120)
def test_it_fits_a_narrow_screen(browser: Browser, service: Service) -> None:
    with watched(browser, service.url, width=360) as page:
        page.goto(f"{service.url}/docs/")
        expect(page.get_by_role("heading", name="Tessera")).to_be_visible()
        assert_fits(page)
        _open(page, "collection_query")
        assert_fits(page)


@pytest.mark.timeout(120)
def test_the_control_api_is_a_click_away_and_can_be_tried(browser: Browser, service: Service) -> None:
    tenant = f"docs-{uuid.uuid4().hex[:8]}"
    service.manage("create_tenant", tenant)
    key = service.manage("create_service_account", "docs", "--tenant", tenant).strip()
    with watched(browser, service.url, width=360) as page:
        page.goto(f"{service.url}/docs/")
        page.get_by_role("link", name="Control:").click()
        expect(page.get_by_role("heading", name="Tessera control API")).to_be_visible()
        assert_fits(page)
        _authorise(page, key, scheme="ServiceAccountKey")
        listing = _open(page, "list_tenants")
        with page.expect_response(lambda answer: answer.url.endswith("/tenants")) as answered:
            listing.get_by_role("button", name="Execute").click()
        assert [one["name"] for one in answered.value.json()["items"]] == [tenant]


def _authorise(page: Page, key: str, *, scheme: str = "ApiKeyAuth") -> None:
    page.get_by_role("button", name="Authorize").first.click()
    dialog = page.locator(".modal-ux")
    one = dialog.locator(".auth-container", has_text=scheme)
    one.locator("input").fill(key)
    one.get_by_role("button", name="Apply credentials").click()
    dialog.get_by_role("button", name="Close").first.click()


def _open(page: Page, operation: str) -> Locator:
    """Unfold an operation, ready to be tried."""
    block = page.locator(f"[id$='-{operation}']")
    block.get_by_role("button").first.click()
    block.get_by_role("button", name="Try it out").click()
    return block
