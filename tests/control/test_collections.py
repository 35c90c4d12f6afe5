"""Lists of collections over the control API: sorted, filtered, by page; roles, outsiders, refusals."""

from __future__ import annotations

import pytest

from tenants.roles import Action, Role, may
from tests.control.caller import Caller, Office, api_key
from tests.factories import batch


@pytest.fixture
def path(acme: Office) -> str:
    """Of the collections of a database with three: one with records, two without."""
    wire = api_key(acme.tenant_id, acme.owner)
    assert wire.post(f"{acme.path}/databases", {"name": "main"}).status == 200
    for name in ("docs", "Images", "archive"):
        made = wire.post(f"{acme.path}/databases/main/collections", {"name": name})
        if name == "Images":
            place = f"{acme.path}/databases/main/collections/{made.body['id']}/add"
            assert wire.post(place, batch(3)).status == 201
    return f"{acme.path}/databases/main/collections"


def names(acme: Office, path: str) -> list[str]:
    """Of the page at a path."""
    answer = acme.owner.get(path)
    assert answer.status == 200, answer.body
    return [one["name"] for one in answer.body["items"]]


def test_they_are_sorted_filtered_and_paged(acme: Office, path: str) -> None:
    assert names(acme, path) == ["archive", "docs", "Images"]
    assert names(acme, f"{path}?sort=records&order=desc&limit=1") == ["Images"]
    assert names(acme, f"{path}?sort=created&order=desc") == ["archive", "Images", "docs"]
    assert names(acme, f"{path}?name=IMA&sort=size") == ["Images"]
    assert sorted(names(acme, f"{path}?state=empty&sort=last_write")) == ["archive", "docs"]
    first = acme.owner.get(f"{path}?limit=2").body
    rest = acme.owner.get(f"{path}?limit=2&after={first['next']}").body
    assert [one["name"] for one in first["items"] + rest["items"]] == ["archive", "docs", "Images"]
    assert rest["next"] is None


def test_one_is_told_as_it_stands(acme: Office, path: str) -> None:
    empty, full = (acme.owner.get(f"{path}?name={name}").body["items"][0] for name in ("docs", "images"))
    assert (empty["record_count"], empty["last_write_at"], empty["indexed_ratio"]) == (0, None, 1.0)
    assert (full["record_count"], full["dimension"], full["space"]) == (3, 8, "l2")
    assert (full["unindexed_count"], full["indexed_ratio"], full["job_state"]) == (3, 0.0, "")
    assert full["logical_bytes"] > 0
    assert full["last_write_at"] is not None


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, path: str, role: Role) -> None:
    assert acme[role].get(path).status == (200 if may(role, Action.VIEW_COLLECTIONS) else 403)


def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, nobody: Caller, path: str) -> None:
    answer = globex.owner.get(path)
    missing = globex.owner.get(path.replace(acme.name, "no-such-tenant"))
    assert answer.status == missing.status == 404
    assert answer.body["message"].replace(acme.name, "no-such-tenant") == missing.body["message"]
    assert globex.owner.get(path.replace(acme.path, globex.path)).status == 404
    assert nobody.get(path).status == 401


@pytest.mark.parametrize(
    "query",
    [
        "sort=colour",
        "order=up",
        "state=broken",
        "limit=0",
        "limit=201",
        "limit=x",
        "after=nonsense",
        "after=%00",
        "after=",
        "name=" + "x" * 129,
        "colour=red",
    ],
)
def test_what_does_not_fit_is_refused(acme: Office, path: str, query: str) -> None:
    assert acme.owner.get(f"{path}?{query}").status == 400
    next_by_name = acme.owner.get(f"{path}?limit=1").body["next"]
    assert acme.owner.get(f"{path}?sort=records&after={next_by_name}").status == 400


def test_a_missing_database_is_not_found(acme: Office) -> None:
    for name in ("no-such", "%00", "%3Cscript%3E"):
        assert acme.owner.get(f"{acme.path}/databases/{name}/collections").status == 404
