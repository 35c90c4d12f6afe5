"""Accounts in a real browser: passwords, second factors, passkeys, e-mail, sessions, invitations."""

from __future__ import annotations

import email
import email.policy
import hashlib
import re
import secrets
import time
import uuid
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser

_PASSWORD = "correct horse battery staple"
_PERIOD_SECONDS = 30


@dataclass(frozen=True)
class Site:
    """The service under a name that passkeys accept: an address of four numbers is none."""

    service: Service
    url: str
    tenant: str

    def person(self) -> str:
        """Somebody who owns the tenant; their e-mail address."""
        who = f"person-{uuid.uuid4().hex[:8]}@example.org"
        password = {"DASHBOARD_PASSWORD": _PASSWORD}
        self.service.manage("create_user", "--tenant", self.tenant, who, environment=password)
        return who

    def link_sent_to(self, who: str, word: str) -> str:
        """The link of the newest e-mail to somebody about something."""
        folder = Path(self.service.data_dir) / "mail"
        for path in sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns, reverse=True):
            for part in path.read_bytes().split(b"-" * 79 + b"\n"):
                message = email.message_from_bytes(part, policy=email.policy.default)
                if message["To"] == who and word in str(message["Subject"]):
                    return str(re.findall(rf"^{self.url}/\S+$", str(message.get_content()), re.MULTILINE)[0])
        raise AssertionError(f"no e-mail to {who} about {word}")

    def invite(self, who: str) -> str:
        """The address of an invitation's page."""
        token = secrets.token_urlsafe(32)
        row = [uuid.uuid4(), who, hashlib.sha256(token.encode()).digest(), self.tenant]
        with psycopg.connect(self.service.environment["DATABASE_URL"]) as connection:
            connection.execute(
                "INSERT INTO tenants_invitation (invitation_id, tenant_id, email, role, digest, invited_by,"
                " created_at, expires_at) SELECT %s, tenant_id, %s, 'viewer', %s, 'owner@example.org', now(),"
                " now() + interval '7 days' FROM tenants_tenant WHERE name = %s",
                row,
            )
        return f"{self.url}/invitations/{token}"


@pytest.fixture(scope="module")
def site(service: Service) -> Site:
    """A tenant of this module's own."""
    tenant = f"accounts-{uuid.uuid4().hex[:8]}"
    service.manage("create_tenant", tenant)
    return Site(service, service.url.replace("127.0.0.1", "localhost"), tenant)


def test_an_authenticator_app_and_recovery_codes_stand_behind_the_password(
    browser: Browser, site: Site
) -> None:
    who = site.person()
    with watched(browser, site.url) as page:
        _sign_in(page, site, who)
        page.locator("details.person summary").click()
        page.get_by_role("link", name="Your account").click()
        page.get_by_role("link", name="Set up an app").click()
        _confirm(page)
        secret = page.locator("#authenticator_secret").inner_text()
        page.get_by_label("Code").fill(_code(secret))
        page.get_by_role("button", name="Switch on").click()
        expect(page.get_by_role("status").first).to_contain_text("The authenticator app is on")
        recovery_code = page.locator(".codes code").first.inner_text()

        for wrong in ("000000", "00000000"):
            _sign_out(page)
            _type_password(page, who)
            expect(page.get_by_role("heading", name="One more step")).to_be_visible()
            _type_code(page, wrong)
            expect(page.get_by_text("The code is not right.")).to_be_visible()
            _type_code(page, _code(secret) if len(wrong) == 6 else recovery_code)
            expect(page.get_by_role("heading", name="Databases", level=1)).to_be_visible()

        _sign_out(page)
        _type_password(page, who)
        _type_code(page, recovery_code)
        expect(page.get_by_text("The code is not right.")).to_be_visible()  # each works once


def test_a_passkey_signs_in_by_itself(browser: Browser, site: Site) -> None:
    who = site.person()
    with watched(browser, site.url) as page:
        _plug_in_authenticator(page)
        _sign_in(page, site, who)
        page.goto(f"{site.url}/account/2fa/")
        page.get_by_role("link", name="Add a passkey").click()
        _confirm(page)
        page.get_by_label("Name").fill("laptop")
        page.get_by_role("button", name="Add passkey").click()
        expect(page.get_by_role("status").first).to_contain_text("The passkey is added")

        _sign_out(page)
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Databases", level=1)).to_be_visible()

        _sign_out(page)
        _type_password(page, who)  # and beside a password, it is the second factor
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", name="Databases", level=1)).to_be_visible()

        page.goto(f"{site.url}/account/2fa/webauthn/")
        expect(page.get_by_role("row").filter(has_text="laptop")).to_contain_text("by itself")
        page.get_by_role("link", name="Rename laptop").click()
        _confirm(page)
        page.get_by_label("Name").fill("desk")
        page.get_by_role("button", name="Rename").click()
        page.get_by_role("link", name="Remove desk").click()
        page.get_by_role("button", name="Remove").click()
        expect(page.get_by_role("status")).to_contain_text("The passkey is removed")


def test_a_passkey_that_is_refused_is_said_on_the_page(browser: Browser, site: Site) -> None:
    with watched(browser, site.url) as page:
        _plug_in_authenticator(page)  # with nothing on it
        page.goto(f"{site.url}/account/login/")
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("alert")).to_contain_text("The passkey was not used")


def test_a_forgotten_password_is_set_anew_by_e_mail(browser: Browser, site: Site) -> None:
    who = site.person()
    with watched(browser, site.url) as page:
        page.goto(f"{site.url}/dashboard/")
        page.get_by_role("link", name="Forgot your password?").click()
        page.get_by_label("E-mail address").fill(who)
        page.get_by_role("button", name="Send me a link").click()
        expect(page.get_by_role("heading", name="Look into your mailbox")).to_be_visible()
        page.goto(site.link_sent_to(who, "Reset"))
        for label in ("New password", "New password again"):
            page.get_by_label(label, exact=True).fill("another long password")
        page.get_by_role("button", name="Set password").click()
        page.get_by_role("link", name="Sign in").click()
        _type_password(page, who, "another long password")
        expect(page.get_by_role("heading", name="Databases", level=1)).to_be_visible()


def test_a_session_is_ended_from_another_one(browser: Browser, site: Site) -> None:
    who = site.person()
    with watched(browser, site.url) as here, watched(browser, site.url) as there:
        _sign_in(there, site, who)
        _sign_in(here, site, who)
        here.goto(f"{site.url}/account/sessions/")
        rows = here.locator("tbody").get_by_role("row")
        expect(rows).to_have_count(2)
        here.get_by_role("button", name=re.compile("^End this session")).click()
        expect(here.get_by_role("status")).to_contain_text("The session has ended")
        expect(rows).to_have_count(1)
        there.reload()
        expect(there.get_by_role("heading", name="Sign in")).to_be_visible()


@pytest.mark.parametrize("has_scripts", [True, False])
def test_the_invited_make_an_account_and_are_in(browser: Browser, site: Site, has_scripts: bool) -> None:
    who = f"invited-{uuid.uuid4().hex[:8]}@example.org"
    with watched(browser, site.url, has_scripts=has_scripts) as page:
        page.goto(f"{site.url}/account/login/")
        expect(page.get_by_role("link", name="Create an account")).to_have_count(0)
        page.goto(site.invite(who))
        expect(page.get_by_role("heading", name=f"Join {site.tenant}")).to_be_visible()
        page.get_by_role("link", name="Create an account").click()
        expect(page.get_by_label("E-mail address")).to_have_value(who)
        page.get_by_label("Password").fill(_PASSWORD)
        page.get_by_role("button", name="Create account").click()
        expect(page.get_by_role("heading", name="Databases", level=1)).to_be_visible()
        expect(page.locator("details.tenants summary")).to_contain_text(site.tenant)


def test_no_page_of_the_account_scrolls_sideways(browser: Browser, site: Site) -> None:
    who = site.person()
    with watched(browser, site.url, width=360) as page:
        for path in ("login/", "password/reset/", "password/reset/done/", "signup/"):
            page.goto(f"{site.url}/account/{path}")
            assert_fits(page)
        page.goto(site.invite(f"{'long' * 12}@example.org"))
        assert_fits(page)
        _sign_in(page, site, who)
        page.goto(f"{site.url}/account/2fa/totp/activate/")
        assert_fits(page)
        _confirm(page)
        expect(page.locator("#authenticator_secret")).to_be_visible()
        assert_fits(page)
        for path in ("email/", "password/change/", "2fa/", "2fa/webauthn/add/", "2fa/webauthn/", "sessions/"):
            page.goto(f"{site.url}/account/{path}")
            assert_fits(page)


def _sign_in(page: Page, site: Site, who: str) -> None:
    page.goto(f"{site.url}/dashboard/")
    _type_password(page, who)
    expect(page.get_by_role("heading", name="Databases", level=1)).to_be_visible()


def _type_password(page: Page, who: str, password: str = _PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(who)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def _type_code(page: Page, code: str) -> None:
    page.get_by_label("Code").fill(code)
    page.get_by_role("button", name="Sign in").click()


def _confirm(page: Page) -> None:
    expect(page.get_by_role("heading", name="Confirm that it is you")).to_be_visible()
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_role("button", name="Confirm").click()


def _sign_out(page: Page) -> None:
    page.locator("details.person summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def _code(secret: str) -> str:
    """What the app shows, and for long enough to type it."""
    left_seconds = _PERIOD_SECONDS - time.time() % _PERIOD_SECONDS
    if left_seconds < 5:
        time.sleep(left_seconds)
    return str(format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time())))))


def _plug_in_authenticator(page: Page) -> None:
    """A fingerprint reader that always agrees."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": options})
