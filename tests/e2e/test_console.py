"""The operators' console in a real browser: its policy breaks nothing, and nothing is asked elsewhere."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.e2e.watching import watched

pytestmark = pytest.mark.browser

_PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Cast:
    """An operator, a tenant and the person who owns it."""

    url: str
    operator: str
    tenant: str
    owner: str


@pytest.fixture(scope="module")
def cast(service: Service) -> Cast:
    """Of this module's own."""
    number = uuid.uuid4().hex[:6]
    made = Cast(service.url, f"grace-{number}@example.com", f"acme-{number}", f"ada-{number}@example.com")
    password = {"DASHBOARD_PASSWORD": _PASSWORD}
    service.manage("create_tenant", made.tenant)
    service.manage("create_database", "--tenant", made.tenant, "library")
    service.manage("create_user", "--tenant", made.tenant, made.owner, environment=password)
    service.manage("create_operator", made.operator, environment=password)
    return made


def sign_in(page: Page, cast: Cast) -> None:
    """Enter the console."""
    page.goto(f"{cast.url}/admin/")
    page.get_by_label("E-mail address").fill(cast.operator)
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Jobs parked")).to_be_visible()


def enter(page: Page, path: str) -> None:
    """Follow an entry of the sidebar."""
    page.locator(f"a[href='/admin/{path}']").first.click()
    page.wait_for_url(f"**/admin/{path}")


@pytest.mark.timeout(120)
def test_an_operator_finds_suspends_and_serves_a_tenant(browser: Browser, cast: Cast) -> None:
    with watched(browser, cast.url) as page:
        sign_in(page, cast)
        enter(page, "tenants/tenant/")
        page.get_by_role("link", name=cast.tenant).click()
        expect(page.get_by_text(cast.owner)).to_be_visible()
        page.get_by_role("link", name="Suspension").click()
        page.get_by_label("Reason").fill("A test of the bell")
        page.get_by_role("button", name="Suspend").click()
        expect(page.get_by_text(f"{cast.tenant} is suspended.")).to_be_visible()
        expect(page.get_by_text("A test of the bell")).to_be_visible()
        page.get_by_role("link", name="Suspension").click()
        page.get_by_role("button", name="Serve").click()
        expect(page.get_by_text(f"{cast.tenant} is served again.")).to_be_visible()
        for path in ("tenants/plan/", "cells/", "jobs/", "flags/", "tenants/auditentry/"):
            enter(page, path)
        expect(page.get_by_text("tenant.restore").first).to_be_visible()


@pytest.mark.timeout(120)
def test_an_operator_acts_as_a_member_under_a_banner_until_they_stop(browser: Browser, cast: Cast) -> None:
    with watched(browser, cast.url) as page:
        sign_in(page, cast)
        enter(page, "tenants/user/")
        page.get_by_role("link", name=cast.owner).click()
        page.get_by_role("link", name="Act as").click()
        page.get_by_label("Reason").fill("Ticket 12")
        page.get_by_role("button", name=f"Act as {cast.owner}").click()
        banner = page.get_by_role("complementary", name="An operator acts")
        expect(banner).to_contain_text(f"{cast.operator} is acting as {cast.owner}")
        page.get_by_role("link", name="API keys").click()
        expect(banner).to_be_visible()
        page.get_by_role("button", name="Stop acting").click()
        expect(page.get_by_role("link", name="Jobs parked")).to_be_visible()
        enter(page, "tenants/auditentry/")
        expect(page.get_by_text("impersonation.begin").first).to_be_visible()
        page.goto(f"{cast.url}/dashboard/")
        expect(banner).to_have_count(0)
