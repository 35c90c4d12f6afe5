"""What somebody else wrote is shown and never run: scripts in every field, and in every address."""

from __future__ import annotations

from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page

from cloud.processes import Service
from tests.dashboard.pages import ADDRESSES
from tests.e2e.made import make_the_rest
from tests.e2e.people import Place
from tests.e2e.watching import watched

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

_PAYLOAD = "\"'><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>"
# What a page may take from its address; each page gets all of them.
_PARAMETERS = ("q", "text", "after", "database", "sort", "key", "op", "value", "range", "id", "show", "page")


@pytest.fixture(scope="module")
def place(service: Service) -> Place:
    """A tenant in which everything that takes free text holds the payload."""
    made = Place.make(service)
    service.manage(
        "set_quota", "--tenant", made.tenant, "metadata_key_bytes=200", "id_bytes=400", "name_bytes=400"
    )
    return made


@pytest.fixture(scope="module")
def parts(browser: Browser, service: Service, place: Place) -> dict[str, object]:
    """The parts of every page's path."""
    key = place.key(_PAYLOAD)
    collection = place.client(key).create_collection("inert", metadata={"note": _PAYLOAD, _PAYLOAD: "x"})
    collection.add(
        ids=[_PAYLOAD],
        documents=[_PAYLOAD],
        uris=[_PAYLOAD],
        metadatas=[{_PAYLOAD: _PAYLOAD}],
        embeddings=[[1.0, 2.0, 3.0]],
    )
    path = f"/databases/{place.database}/collections/{collection.id}"
    address = f"{service.url}/api/v2/tenants/{place.tenant}{path}"
    headers = {"x-chroma-token": key, "user-agent": _PAYLOAD}
    assert httpx.post(f"{address}/fork", json={"new_name": _PAYLOAD}, headers=headers).status_code == 200
    with watched(browser, service.url) as page:
        place.sign_in(page)
        made = make_the_rest(page, place, collection.id, text=_PAYLOAD)
    return {
        "tenant_name": place.tenant,
        "database_name": place.database,
        "collection_id": collection.id,
        "record_id": _PAYLOAD,
        **made,
    }


def test_no_page_runs_what_is_stored_or_stands_in_its_address(
    browser: Browser, place: Place, parts: dict[str, object]
) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        place.sign_in(page)
        for address in ADDRESSES:
            url = f"{place.service.url}{address.path(parts)}"
            for query in ("", "?" + urlencode(dict.fromkeys(_PARAMETERS, _PAYLOAD))):
                head = page.request.get(url + query, max_redirects=0)
                assert head.status < 500, (address.name, query, head.status)
                is_page = "text/html" in head.headers.get("content-type", "")
                if is_page and head.status not in (302, 405):
                    page.goto(url + query)
                    assert not _has_run(page), (address.name, query)


def _has_run(page: Page) -> bool:
    """Whether the payload ran, or became an element that only its markup can have made."""
    ran: bool = page.evaluate("window.ran === 1 || document.querySelector('img[onerror]') !== null")
    return ran
