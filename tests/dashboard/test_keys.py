"""The pages of API keys, in process: what forms make, what they refuse, who may."""

from __future__ import annotations

import json
import re
import uuid

import pytest
from django.http import HttpResponse
from django.test import Client

from cloud.processes import Service
from tenants import keys
from tenants.models import ApiKey
from tenants.roles import Role
from tests.control.caller import BY
from tests.dashboard.cast import Cast
from tests.factories import Wire

_FORM = {"name": "ingest job", "template": "full", "reach": "all", "expires": "90"}


@pytest.fixture
def tenant(database: Service) -> Cast:
    """A tenant of the test's own."""
    del database
    return Cast.make()


def _send(browser: Client, cast: Cast, path: str, **fields: object) -> HttpResponse:
    return browser.post(f"/dashboard/t/{cast.tenant_name}/keys{path}", fields)  # type: ignore[return-value]


def _secret(answer: HttpResponse) -> str:
    found = re.search(r'<code id="secret">(ck-[^<]+)</code>', answer.content.decode())
    assert found, answer.content.decode()
    return found.group(1)


def _newest(cast: Cast) -> ApiKey:
    return keys.list_keys(BY, cast.tenant_id)[0]


def test_a_key_is_shown_once_and_works(tenant: Cast) -> None:
    browser = tenant.browser(Role.DEVELOPER)
    answer = _send(browser, tenant, "/new", **_FORM)
    secret = _secret(answer)
    assert f"CHROMA_API_KEY={secret}" in answer.content.decode()
    assert Wire(secret).get("/auth/identity").body["tenant"] == tenant.tenant_name
    listed = browser.get(f"/dashboard/t/{tenant.tenant_name}/keys").content.decode()
    assert secret not in listed
    assert secret[:9] in listed


def test_every_limit_of_the_form_is_the_keys(tenant: Cast) -> None:
    answer = _send(
        tenant.browser(Role.OWNER),
        tenant,
        "/new",
        **_FORM
        | {
            "template": "custom",
            "verbs": ["collection:get", "collection:query"],
            "collections": "library/books",
            "networks": "203.0.113.0/24\n2001:db8::/32",
            "where": '{"kind": "novel"}',
            "requests_per_minute_count": "60",
            "expires": "never",
        },
    )
    _secret(answer)
    key = _newest(tenant)
    assert key.verbs == ["collection:get", "collection:query"]
    assert key.collection_ids == [tenant.parts["collection_id"]]
    assert [one.name for one in key.databases.all()] == ["library"]
    assert key.allowed_networks == ["203.0.113.0/24", "2001:db8::/32"]
    assert json.loads(key.forced_where or "") == {"kind": "novel"}
    assert (key.requests_per_minute_count, key.expires_at) == (60, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": ""}, "This field is required"),
        ({"template": "everything"}, "Select a valid choice"),
        ({"template": "one_collection"}, "Name the one collection"),
        ({"template": "custom"}, "Choose at least one."),
        ({"reach": "only"}, "Choose at least one database."),
        ({"collections": "library/none"}, "there is no collection"),
        ({"collections": "books"}, "expected database/collection"),
        ({"networks": "everywhere"}, "expected CIDR notation"),
        ({"where": "{"}, "expected JSON"),
        ({"where": '{"#id": "a"}'}, "expected conditions on metadata only"),
        ({"requests_per_minute_count": "0"}, "greater than or equal to 1"),
        ({"expires": "until"}, "Choose the day"),
        ({"expires": "until", "expires_on": "2001-01-01"}, "expected a time to come"),
    ],
)
def test_the_form_names_what_does_not_fit_and_makes_nothing(
    tenant: Cast, change: dict[str, str], words: str
) -> None:
    before = _newest(tenant).key_id
    answer = _send(tenant.browser(Role.OWNER), tenant, "/new", **_FORM | change)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert _newest(tenant).key_id == before


def test_a_viewer_neither_sees_nor_makes_keys(tenant: Cast) -> None:
    browser = tenant.browser(Role.VIEWER)
    assert browser.get(f"/dashboard/t/{tenant.tenant_name}/keys").status_code == 403
    assert _send(browser, tenant, "/new", **_FORM).status_code == 403


def test_a_change_is_kept_and_a_longer_life_refused(tenant: Cast) -> None:
    key_id = tenant.parts["key_id"]
    browser = tenant.browser(Role.OWNER)
    changed = _send(browser, tenant, f"/{key_id}", name="renamed", networks="10.0.0.0/8")
    assert changed.status_code == 302
    assert (_newest(tenant).name, _newest(tenant).allowed_networks) == ("renamed", ["10.0.0.0/8"])
    _send(browser, tenant, f"/{key_id}", name="renamed", expires_on="2040-01-01")
    longer = _send(browser, tenant, f"/{key_id}", name="renamed", expires_on="2050-01-01")
    assert longer.status_code == 422
    assert "only shortened" in longer.content.decode() or "at most ten years" in longer.content.decode()


def test_a_rotation_shows_the_successor_and_ends_the_old_key(tenant: Cast) -> None:
    key_id = tenant.parts["key_id"]
    browser = tenant.browser(Role.OWNER)
    new = _secret(_send(browser, tenant, f"/{key_id}/rotate", overlap_seconds="0"))
    assert Wire(new).get("/auth/identity").status == 200
    page = browser.get(f"/dashboard/t/{tenant.tenant_name}/keys/{key_id}").content.decode()
    assert "its successor" in page
    again = _send(browser, tenant, f"/{key_id}/rotate", overlap_seconds="0")
    assert again.status_code in (404, 422)


def test_another_tenants_key_is_not_found(tenant: Cast) -> None:
    other = Cast.make()
    browser = tenant.browser(Role.OWNER)
    for path in ("", "/rotate", "/revoke"):
        theirs = browser.get(f"/dashboard/t/{tenant.tenant_name}/keys/{other.parts['key_id']}{path}")
        missing = browser.get(f"/dashboard/t/{tenant.tenant_name}/keys/{uuid.uuid4()}{path}")
        assert theirs.status_code == missing.status_code == 404
    assert _send(browser, tenant, f"/{other.parts['key_id']}/revoke").status_code == 404


def test_a_long_list_is_cut_and_goes_on(tenant: Cast) -> None:
    secrets = [
        _secret(_send(tenant.browser(Role.OWNER), tenant, "/new", **_FORM | {"name": f"key {number}"}))
        for number in range(51)
    ]
    browser = tenant.browser(Role.OWNER)
    first = browser.get(f"/dashboard/t/{tenant.tenant_name}/keys").content.decode()
    link = re.search(r'rel="next" href="(\?after=[^"]+)"', first)
    assert link
    second = browser.get(f"/dashboard/t/{tenant.tenant_name}/keys{link.group(1)}").content.decode()
    shown = [secret for secret in secrets if (secret[:9] in first) != (secret[:9] in second)]
    assert len(shown) == 51


def test_a_cursor_that_is_none_is_refused_in_words(tenant: Cast) -> None:
    browser = tenant.browser(Role.OWNER)
    for cursor in ("nonsense", "e30", "WzFd", "WyJhIiwgImIiXQ"):
        answer = browser.get(f"/dashboard/t/{tenant.tenant_name}/keys?after={cursor}")
        assert answer.status_code == 400
        assert "cursor" in answer.content.decode()
