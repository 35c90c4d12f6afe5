"""Service accounts: works, role too low, outsider, malformed; and what disabling one does."""

from __future__ import annotations

import uuid

import pytest

from tenants.roles import Action, Role, may
from tests.control.caller import Caller, Office

NEW = {"name": "deploy", "role": "developer"}


def test_one_is_made_listed_used_and_disabled(acme: Office) -> None:
    path = f"{acme.path}/service-accounts"
    made = acme.owner.post(path, NEW)
    assert made.status == 201, made
    account = Caller(secret=made.body["secret"])
    assert account.get(acme.path).body["role"] == "developer"
    listed = acme.owner.get(path).body["items"]
    assert made.body["service_account_id"] in [one["service_account_id"] for one in listed]
    assert made.body["secret"] not in str(listed)
    assert acme.owner.delete(f"{path}/{made.body['service_account_id']}").status == 200
    assert account.get(acme.path).status == 401


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    caller, path = acme[role], f"{acme.path}/service-accounts"
    assert caller.get(path).status == (200 if may(role, Action.VIEW_SERVICE_ACCOUNTS) else 403)
    made = caller.post(path, NEW)
    assert made.status == (201 if may(role, Action.MANAGE_SERVICE_ACCOUNTS) else 403)
    refused = caller.delete(f"{path}/{uuid.uuid4()}")
    assert refused.status == (404 if may(role, Action.MANAGE_SERVICE_ACCOUNTS) else 403)


def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, nobody: Caller) -> None:
    for path in (acme.path, f"{acme.path}/service-accounts"):
        answer = globex.owner.get(path)
        missing = globex.owner.get(path.replace(acme.name, "no-such-tenant"))
        assert answer.status == missing.status == 404
        assert answer.body["message"].replace(acme.name, "no-such-tenant") == missing.body["message"]
        assert nobody.get(path).status == 401


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"role": "admin"}, 422, "name"),
        ({"name": "x", "role": "king"}, 422, "role"),
        ({"name": "x", "role": "owner"}, 400, "role"),
        ({"name": "", "role": "admin"}, 400, "name"),
        ({"name": "a\x00b", "role": "admin"}, 400, "name"),
        ({"name": "x" * 129, "role": "admin"}, 400, "name"),
        ({"name": "x", "role": "admin", "colour": 1}, 422, "colour"),
        (b"{", 400, "JSON"),
    ],
)
def test_malformed_bodies_are_named(acme: Office, body: object, status: int, named: str) -> None:
    before = acme.owner.get(f"{acme.path}/service-accounts").body
    answer = acme.owner.post(f"{acme.path}/service-accounts", body)
    assert answer.status == status
    assert named in answer.body["message"]
    assert acme.owner.get(f"{acme.path}/service-accounts").body == before


def test_an_operator_enters_every_tenant(acme: Office, operator: Caller) -> None:
    assert operator.get(acme.path).status == 200
    assert operator.get("/tenants/no-such-tenant").status == 404
