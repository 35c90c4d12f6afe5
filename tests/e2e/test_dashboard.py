"""The dashboard in a real browser, against a real service.

Each page of a test is watched: an error on its console or a request to any other host fails the test.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings
from playwright.sync_api import Browser, Page, expect

from cloud.processes import Service
from tests.e2e.watching import assert_fits, watched

pytestmark = pytest.mark.browser

_PASSWORD = "correct horse battery staple"
_PAYLOAD = "<script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
_DIMENSION = 8
_RECORDS_COUNT = 1_200  # over the threshold of the service, so that an index is built


@dataclass(frozen=True)
class Home:
    """A tenant with a database, and a person who owns it."""

    url: str
    tenant: str
    database: str
    email: str

    @property
    def dashboard(self) -> str:
        """Where the tenant's pages begin."""
        return f"{self.url}/dashboard/t/{self.tenant}"

    def client(self, key: str) -> chromadb.ClientAPI:
        """The published client with this key."""
        return chromadb.CloudClient(
            tenant=self.tenant,
            database=self.database,
            api_key=key,
            settings=Settings(anonymized_telemetry=False),
            cloud_host="127.0.0.1",
            cloud_port=urlsplit(self.url).port,
            enable_ssl=False,
        )


@pytest.fixture(scope="module")
def home(service: Service) -> Home:
    """A tenant of this module's own."""
    return _make_home(service)


@pytest.mark.timeout(300)
def test_a_key_made_in_the_dashboard_works_until_it_is_revoked_there(browser: Browser, home: Home) -> None:
    with watched(browser, home.url) as page:
        _sign_in(page, home)
        key = _create_key(page, "ingest job")
        collection = _fill(home, key, "journey")
        assert collection.query(query_embeddings=[[1.0] * _DIMENSION], n_results=3)["ids"][0]

        page.get_by_role("link", name="Databases", exact=True).first.click()
        page.get_by_role("link", name=home.database, exact=True).click()
        row = page.get_by_role("row").filter(has_text="journey")
        expect(row).to_contain_text("1,200")
        row.get_by_role("link", name="journey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("journey")
        expect(page.get_by_role("region", name="Records").get_by_role("row")).to_have_count(21)
        expect(page.get_by_text("document 19", exact=True)).to_be_visible()
        # Without a reload: the page asks by itself until the index is complete.
        expect(page.locator("#indexing .badge")).to_have_text("Indexed", timeout=120_000)
        expect(page.locator("#indexing progress")).to_have_attribute("value", "100")

        page.get_by_role("link", name="API keys").click()
        page.get_by_role("link", name="Revoke ingest job").click()
        page.get_by_role("dialog").get_by_role("button", name="Revoke “ingest job”").click()
        expect(page.get_by_role("status")).to_contain_text("is revoked")
        assert _seconds_until_refused(collection.count) < 2.0

        page.locator("details.person summary").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        page.goto(f"{home.dashboard}/keys")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_what_a_tenant_stores_is_shown_and_never_run(browser: Browser, home: Home, service: Service) -> None:
    service.manage("set_quota", "--tenant", home.tenant, "metadata_key_bytes=200")
    key = service.manage("create_key", "--tenant", home.tenant, "--name", _PAYLOAD).strip()
    collection = home.client(key).create_collection("inert", metadata={"note": _PAYLOAD})
    collection.add(
        ids=[_PAYLOAD], documents=[_PAYLOAD], metadatas=[{_PAYLOAD: _PAYLOAD}], embeddings=[[1.0, 2.0, 3.0]]
    )
    with watched(browser, home.url) as page:
        _sign_in(page, home)
        page.goto(f"{home.dashboard}/databases/{home.database}")
        page.get_by_role("link", name="inert").click()
        expect(page.get_by_role("region", name="Records").get_by_role("rowheader")).to_have_text(_PAYLOAD)
        assert page.evaluate("window.ran") is None
        page.goto(f"{home.dashboard}/keys")
        page.get_by_role("link", name=f"Revoke {_PAYLOAD}").click()
        expect(page.get_by_role("dialog")).to_contain_text(_PAYLOAD)
        assert page.evaluate("window.ran") is None


def test_no_page_scrolls_sideways_on_a_narrow_screen(browser: Browser, home: Home, service: Service) -> None:
    key = service.manage("create_key", "--tenant", home.tenant, "--name", "n" * 128).strip()
    collection = home.client(key).create_collection("c" * 120)
    collection.add(
        ids=["i" * 120], documents=["d" * 900], metadatas=[{"m" * 30: "v" * 200}], embeddings=[[1.0]]
    )
    address = f"{home.dashboard}/databases/{home.database}/collections/{collection.id}"
    with watched(browser, home.url, width=360) as page:
        page.goto(f"{home.url}/dashboard/sign-in")
        assert_fits(page)
        _sign_in(page, home)
        for path in ("/databases", f"/databases/{home.database}", "/keys"):
            page.goto(home.dashboard + path)
            assert_fits(page)
        page.goto(address)
        assert_fits(page)
        page.goto(f"{home.dashboard}/keys")
        _create_key(page, "narrow")
        assert_fits(page)
        page.get_by_role("link", name="Revoke narrow").click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert_fits(page)


def test_it_all_works_without_a_script(browser: Browser, home: Home) -> None:
    with watched(browser, home.url, has_scripts=False) as page:
        _sign_in(page, home)
        page.get_by_role("link", name="API keys").click()
        key = _create_key(page, "no scripts")
        collection = home.client(key).create_collection("no-scripts")
        page.get_by_role("link", name="Done").click()
        page.get_by_role("link", name="Revoke no scripts").click()
        page.get_by_role("button", name="Revoke “no scripts”").click()
        expect(page.get_by_role("status")).to_contain_text("is revoked")
        assert _seconds_until_refused(collection.count) < 2.0


def test_the_theme_is_switched_at_once_and_kept(browser: Browser, home: Home) -> None:
    with watched(browser, home.url) as page:
        _sign_in(page, home)
        page.locator("details.person summary").click()
        page.get_by_role("button", name="Dark").click()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        page.reload()
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_another_tenant_looks_like_one_that_does_not_exist(
    browser: Browser, home: Home, service: Service
) -> None:
    other = _make_home(service)
    with watched(browser, home.url) as page:
        _sign_in(page, home)
        for path in ("/databases", f"/databases/{other.database}", "/keys"):
            theirs = page.request.get(f"{other.dashboard}{path}")
            unknown = page.request.get(f"{home.url}/dashboard/t/nobody-at-all{path}")
            assert (theirs.status, theirs.text()) == (404, unknown.text())


def test_billing_sees_no_records_and_cannot_make_keys(browser: Browser, home: Home, service: Service) -> None:
    key = service.manage("create_key", "--tenant", home.tenant).strip()
    collection = home.client(key).create_collection("private")
    collection.add(ids=["secret-id"], documents=["secret document"], embeddings=[[1.0]])
    accountant = replace(home, email=_join(service, home.tenant, role="billing"))
    with watched(browser, home.url) as page:
        _sign_in(page, accountant)
        page.goto(f"{home.dashboard}/databases/{home.database}/collections/{collection.id}")
        expect(page.get_by_text("Your role in this tenant does not include")).to_be_visible()
        assert "secret" not in page.content()
        page.goto(f"{home.dashboard}/keys")
        expect(page.get_by_role("heading", name="Active keys")).to_be_visible()
        expect(page.get_by_role("button", name="Create key")).to_have_count(0)
        fields: dict[str, str | float | bool] = {
            "csrfmiddlewaretoken": _token(page),
            "name": "x",
            "reach": "all",
        }
        assert page.request.post(f"{home.dashboard}/keys", form=fields).status == 403


def _make_home(service: Service) -> Home:
    tenant = f"dashboard-{uuid.uuid4().hex[:8]}"
    service.manage("create_tenant", tenant)
    service.manage("create_database", "--tenant", tenant, "library")
    return Home(service.url, tenant, "library", _join(service, tenant, role="owner"))


def _join(service: Service, tenant: str, *, role: str) -> str:
    email = f"{role}-{uuid.uuid4().hex[:8]}@example.org"
    password = {"DASHBOARD_PASSWORD": _PASSWORD}
    service.manage("create_user", "--tenant", tenant, "--role", role, email, environment=password)
    return email


def _token(page: Page) -> str:
    return page.locator("[name=csrfmiddlewaretoken]").first.input_value()


def _sign_in(page: Page, home: Home) -> None:
    page.goto(f"{home.url}/dashboard/")
    page.get_by_label("E-mail address").fill(home.email)
    page.get_by_label("Password").fill(_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.locator("details.person summary")).to_be_visible()


def _create_key(page: Page, name: str) -> str:
    """Create a key for one database in the form, and read it where it is shown once."""
    if not page.url.endswith("/keys"):
        page.get_by_role("link", name="API keys").click()
    page.get_by_label("Name").fill(name)
    page.get_by_text("Only these", exact=True).click()
    page.get_by_label("library").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("heading", name=f"Key “{name}” is ready")).to_be_focused()
    key = page.locator("#secret").inner_text()
    expect(page.locator("#created-snippet")).to_contain_text(f'api_key="{key}"')
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text(key[:9])
    return key


def _fill(home: Home, key: str, name: str) -> chromadb.Collection:
    """A collection with enough records for an index."""
    collection = home.client(key).create_collection(name)
    embeddings = np.random.default_rng(3).random((_RECORDS_COUNT, _DIMENSION), dtype=np.float32)
    for first in range(0, _RECORDS_COUNT, 300):
        numbers = range(first, first + 300)
        collection.add(
            ids=[f"id-{number}" for number in numbers],
            documents=[f"document {number}" for number in numbers],
            metadatas=[{"number": number} for number in numbers],
            embeddings=embeddings[first : first + 300],
        )
    return collection


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
