"""Keys of service accounts: changing over with overlap, limits, and when they were used; changing a role."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings
from django.test import override_settings

from cloud.processes import Service
from tenants import invitations, secret_text, service_accounts
from tenants.actors import Actor, ActorKind
from tenants.models import ServiceAccount, ServiceAccountKey
from tenants.roles import Action, Role, may, may_give
from tenants.scope import tenant_transaction
from tests import stage
from tests.control.caller import BY, Caller, Office


def make(acme: Office, role: Role = Role.DEVELOPER) -> tuple[str, Caller]:
    """A service account: its path, and itself."""
    made = acme.owner.post(f"{acme.path}/service-accounts", {"name": uuid.uuid4().hex, "role": role.value})
    assert made.status == 201, made
    path = f"{acme.path}/service-accounts/{made.body['service_account_id']}"
    return path, Caller(secret=made.body["secret"])


def key_of(caller: Caller, acme: Office) -> ServiceAccountKey:
    """The row of a key."""
    assert caller.secret is not None
    with tenant_transaction(acme.tenant_id):
        digest = secret_text.digest(caller.secret, pepper=settings.KEY_PEPPERS[0])
        return ServiceAccountKey.objects.get(digest=digest)


def test_a_program_changes_over_from_one_key_to_the_next(acme: Office) -> None:
    path, old = make(acme)
    added = acme.owner.post(f"{path}/keys", {})
    assert added.status == 201
    new = Caller(secret=added.body["secret"])
    assert old.get(acme.path).status == new.get(acme.path).status == 200
    first, second = acme.owner.get(f"{path}/keys").body["items"]
    assert second["key_id"] == added.body["key_id"]
    assert second["expires_at"] == added.body["expires_at"]
    assert added.body["secret"] not in str((first, second))
    assert added.body["secret"].startswith(second["display_prefix"])
    assert acme.owner.delete(f"{path}/keys/{first['key_id']}").status == 200
    assert (old.get(acme.path).status, new.get(acme.path).status) == (401, 200)
    assert acme.owner.delete(f"{path}/keys/{first['key_id']}").status == 404
    assert [one["key_id"] for one in acme.owner.get(f"{path}/keys").body["items"]] == [second["key_id"]]
    revoked, made, *_ = acme.owner.get(f"{acme.path}/audit").body["items"]
    assert made["details"] == {"did": "add key", "key": second["key_id"], "prefix": second["display_prefix"]}
    assert revoked["details"] == {"did": "revoke key", "key": first["key_id"]}


def test_five_keys_live_at_once(acme: Office) -> None:
    path, account = make(acme)
    answers = [acme.owner.post(f"{path}/keys", {}).status for _ in range(5)]
    assert answers == [201] * 4 + [422]
    with tenant_transaction(acme.tenant_id):  # an expired one takes no place
        rows = ServiceAccountKey.objects.filter(pk=key_of(account, acme).pk)
        rows.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert account.get(acme.path).status == 401
    assert len(acme.owner.get(f"{path}/keys").body["items"]) == 4
    assert acme.owner.post(f"{path}/keys", {}).status == 201


def test_a_tenant_has_fifty_accounts(acme: Office) -> None:
    with tenant_transaction(acme.tenant_id):
        before = ServiceAccount.objects.filter(tenant_id=acme.tenant_id).count()
        ServiceAccount.objects.bulk_create(
            ServiceAccount(tenant_id=acme.tenant_id, name=f"n{number}", role="viewer")
            for number in range(49 - before)
        )
    path, _ = make(acme)
    body = {"name": "more", "role": "viewer"}
    assert acme.owner.post(f"{acme.path}/service-accounts", body).status == 422
    assert acme.owner.delete(path).status == 200
    assert acme.owner.post(f"{acme.path}/service-accounts", body).status == 201


def test_use_is_noted_once_a_minute(acme: Office) -> None:
    path, account = make(acme)
    assert key_of(account, acme).last_used_at is None
    account.get(acme.path)
    noted = key_of(account, acme).last_used_at
    account.get(acme.path)
    assert noted is not None
    assert key_of(account, acme).last_used_at == noted
    with tenant_transaction(acme.tenant_id):
        earlier = noted - timedelta(seconds=61)
        ServiceAccountKey.objects.filter(pk=key_of(account, acme).pk).update(last_used_at=earlier)
    account.get(acme.path)
    again = key_of(account, acme).last_used_at
    assert again is not None
    assert again >= noted
    shown = acme.owner.get(f"{path}/keys").body["items"][0]["last_used_at"]
    assert datetime.fromisoformat(shown) == again


def test_use_of_an_operators_key_is_noted_too(operator: Caller, database: Service) -> None:
    assert operator.secret is not None
    operator.get("/tenants")
    digest = secret_text.digest(operator.secret, pepper=settings.KEY_PEPPERS[0])
    with stage.role(database, "owner"):
        assert ServiceAccountKey.objects.get(digest=digest).last_used_at is not None


def test_a_key_moves_to_the_first_pepper_when_it_is_used(acme: Office) -> None:
    _, account = make(acme)
    account.get(acme.path)
    peppers = ["a new pepper of the tests, long enough", *settings.KEY_PEPPERS]
    with override_settings(KEY_PEPPERS=peppers):
        assert account.get(acme.path).status == 200
        row = key_of(account, acme)
        assert row.pepper_id == secret_text.pepper_id(peppers[0])
    with override_settings(KEY_PEPPERS=peppers[:1]):
        assert account.get(acme.path).status == 200
    assert account.get(acme.path).status == 401


def test_a_role_is_changed_and_in_force_at_once(acme: Office) -> None:
    path, account = make(acme, Role.VIEWER)
    assert account.get(f"{acme.path}/audit").status == 403
    changed = acme.owner.send("PATCH", path, {"role": "admin"})
    assert (changed.status, changed.body["role"]) == (200, "admin")
    assert account.get(f"{acme.path}/audit").status == 200
    entry = acme.owner.get(f"{acme.path}/audit?limit=1").body["items"][0]
    assert entry["details"] == {"did": "change role", "from": "viewer", "to": "admin"}
    assert acme.owner.send("PATCH", path, {"role": "owner"}).status == 400


@pytest.mark.parametrize("given", [role for role in Role if role is not Role.OWNER])
def test_nobody_makes_an_account_that_may_more_than_they(acme: Office, given: Role) -> None:
    path, _ = make(acme, Role.VIEWER)
    allowed = may_give(Role.ADMIN, given)
    theirs, _ = make(acme, given)
    assert acme[Role.ADMIN].post(f"{theirs}/keys", {}).status == (201 if allowed else 403)
    assert acme[Role.ADMIN].patch(path, {"role": given.value}).status == (200 if allowed else 403)
    body = {"name": "more", "role": given.value}
    made = acme[Role.ADMIN].post(f"{acme.path}/service-accounts", body)
    assert made.status == (201 if allowed else 403)


@pytest.mark.parametrize("change", ["disable", "demote"])
def test_what_an_account_offered_ends_with_its_role(acme: Office, change: str) -> None:
    path, _ = make(acme, Role.ADMIN)
    account_id = uuid.UUID(path.rpartition("/")[2])
    by = Actor(ActorKind.SERVICE_ACCOUNT, account_id, "deploy", role=Role.ADMIN)
    sent = invitations.invite(by, acme.tenant_id, "a@example.com", Role.ADMIN)
    if change == "disable":
        service_accounts.disable(BY, acme.tenant_id, account_id)
    else:
        service_accounts.change_role(BY, acme.tenant_id, account_id, Role.VIEWER)
    assert invitations.look_up(sent.token) is None


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    path, _ = make(acme)
    manages = may(role, Action.MANAGE_SERVICE_ACCOUNTS)
    listed = acme[role].get(f"{path}/keys")
    assert listed.status == (200 if may(role, Action.VIEW_SERVICE_ACCOUNTS) else 403)
    assert acme[role].post(f"{path}/keys", {}).status == (201 if manages else 403)
    assert acme[role].delete(f"{path}/keys/{uuid.uuid4()}").status == (404 if manages else 403)
    assert acme[role].patch(path, {"role": "viewer"}).status == (200 if manages else 403)


def test_an_outsider_finds_neither_tenant_nor_account(acme: Office, globex: Office, nobody: Caller) -> None:
    path, account = make(acme)
    key = f"{path}/keys/{key_of(account, acme).pk}"
    for method, place, body in (
        ("GET", f"{path}/keys", None),
        ("POST", f"{path}/keys", {}),
        ("DELETE", key, None),
        ("PATCH", path, {"role": "viewer"}),
    ):
        assert globex.owner.send(method, place, body).status == 404
        assert globex.owner.send(method, place.replace(acme.name, globex.name), body).status == 404
        assert nobody.send(method, place, body).status == 401
    assert account.get(acme.path).body["role"] == "developer"


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"expires_at": "yesterday"}, 422, "expires_at"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400, "expires_at"),
        ({"expires_at": "2999-01-01T00:00:00"}, 400, "expires_at"),
        ({"colour": 1}, 422, "colour"),
        (b"{", 400, "JSON"),
    ],
)
def test_malformed_bodies_are_named(acme: Office, body: object, status: int, named: str) -> None:
    path, _ = make(acme)
    answer = acme.owner.post(f"{path}/keys", body)
    assert answer.status == status
    assert named in answer.body["message"]
    assert len(acme.owner.get(f"{path}/keys").body["items"]) == 1
    assert acme.owner.send("PATCH", path, {"role": "king"}).status == 422
