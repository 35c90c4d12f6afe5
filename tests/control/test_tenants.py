"""Tenants: who makes, changes and deletes one, and what a suspended one refuses."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.test import override_settings

import cloud.api.control.urls  # noqa: F401 (registers the routes)
from cloud.api.control.routes import ROUTES
from tenants import audit, databases, invitations, members, tenants
from tenants.errors import NotFound, PermissionDenied
from tenants.models import Tenant
from tenants.quotas import Limits
from tenants.roles import Action, Role, may
from tenants.scope import tenant_transaction
from tests.control.caller import BY, Caller, Office, account, actor_of, api_key, id_of, person

CHANGING = [one for one in ROUTES if one.method != "GET" and "tenant" in one.path_parameters]
REASON = "The invoice of May is unpaid."


def a_name() -> str:
    """A name that no tenant has."""
    return f"fresh-{uuid.uuid4().hex[:10]}"


def suspend(tenant_id: uuid.UUID, reason: str = REASON) -> None:
    """As an operator does."""
    with tenant_transaction(tenant_id):
        rows = Tenant.objects.filter(tenant_id=tenant_id)
        rows.update(suspended_at=datetime.now(UTC), suspension_reason=reason)


def test_a_person_makes_a_tenant_and_owns_it(nobody: Caller) -> None:
    caller, name = person(), a_name()
    made = caller.post("/tenants", {"name": name})
    assert (made.status, made.body["role"]) == (201, "owner")
    assert caller.get(f"/tenants/{name}").body == made.body
    assert [one["name"] for one in caller.get("/tenants").body["items"]] == [name]
    assert caller.post("/tenants", {"name": name}).status == 409
    assert nobody.post("/tenants", {"name": a_name()}).status == 401


def test_operators_alone_make_tenants_where_it_is_set_so(acme: Office, operator: Caller) -> None:
    with override_settings(TENANT_CREATION="operators"):
        refused = acme.owner.post("/tenants", {"name": a_name()})
        made = operator.post("/tenants", {"name": a_name()})
    assert (refused.status, made.status) == (403, 201)
    assert "operator" in refused.body["message"]
    assert made.body["role"] is None


def test_a_service_account_makes_no_tenant(acme: Office) -> None:
    assert acme[Role.ADMIN].post("/tenants", {"name": a_name()}).status == 403


def test_a_person_owns_twenty_tenants_at_most(acme: Office) -> None:
    by = actor_of(acme.owner, Role.OWNER)
    for _ in range(19):
        tenants.create(a_name(), by=by)
    refused = acme.owner.post("/tenants", {"name": a_name()})
    assert refused.status == 422
    assert "20" in refused.body["message"]
    members.join(acme.tenant_id, id_of(person()), Role.OWNER)
    assert acme.owner.send("POST", f"{acme.path}/leave").status == 200
    assert acme.owner.post("/tenants", {"name": a_name()}).status == 201


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [({}, 422, "name"), ({"name": "ab"}, 400, "name"), ({"name": 1}, 422, "name")],
)
def test_a_malformed_tenant_is_named(acme: Office, body: object, status: int, named: str) -> None:
    answer = acme.owner.post("/tenants", body)
    assert answer.status == status
    assert named in answer.body["message"]


def test_a_setting_is_changed_and_written_down(acme: Office) -> None:
    assert acme.owner.get(acme.path).body["allows_impersonation"] is True
    changed = acme.owner.patch(acme.path, {"allows_impersonation": False})
    assert (changed.status, changed.body["allows_impersonation"]) == (200, False)
    assert acme.owner.patch(acme.path, {}).body == changed.body
    entries = acme.owner.get(f"{acme.path}/audit").body["items"]
    assert [one["details"] for one in entries if one["action"] == "tenant.update"] == [
        {"allows_impersonation": False}
    ]


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    caller = acme[role]
    assert caller.get(acme.path).status == 200
    changed = caller.patch(acme.path, {"allows_impersonation": False})
    assert changed.status == (200 if may(role, Action.UPDATE_TENANT) else 403)
    deleted = caller.send("DELETE", acme.path, {"name": acme.name})
    assert deleted.status == (200 if may(role, Action.DELETE_TENANT) else 403)


def test_an_outsider_changes_and_deletes_nothing(acme: Office, globex: Office, nobody: Caller) -> None:
    for method, body in (("PATCH", {"allows_impersonation": False}), ("DELETE", {"name": acme.name})):
        assert globex.owner.send(method, acme.path, body).status == 404
        assert globex.owner.send(method, "/tenants/no-such-tenant", body).status == 404
        assert nobody.send(method, acme.path, body).status == 401
    assert acme.owner.get(acme.path).body["allows_impersonation"] is True


@pytest.mark.parametrize(
    ("method", "body", "status", "named"),
    [
        ("PATCH", {"allows_impersonation": 1}, 422, "allows_impersonation"),
        ("PATCH", {"name": "other"}, 422, "name"),
        ("DELETE", {"name": "other"}, 400, "name"),
        ("DELETE", {}, 422, "name"),
        ("DELETE", b"", 400, "JSON"),
    ],
)
def test_malformed_changes_are_named(
    acme: Office, method: str, body: object, status: int, named: str
) -> None:
    answer = acme.owner.send(method, acme.path, body)
    assert answer.status == status
    assert named in answer.body["message"]
    assert acme.owner.get(acme.path).status == 200


def test_a_tenant_with_databases_is_not_deleted(acme: Office) -> None:
    assert acme.owner.post(f"{acme.path}/databases", {"name": "main"}).status == 201
    refused = acme.owner.send("DELETE", acme.path, {"name": acme.name})
    assert refused.status == 400
    assert "1 databases" in refused.body["message"]
    assert acme.owner.delete(f"{acme.path}/databases/main").status == 200
    assert acme.owner.send("DELETE", acme.path, {"name": acme.name}).status == 200


def test_everything_ends_with_a_deleted_tenant_but_its_audit_log(acme: Office, operator: Caller) -> None:
    key = api_key(acme.tenant_id, acme.owner)
    sent = invitations.invite(BY, acme.tenant_id, "a@example.com", Role.VIEWER)
    assert key.get("/auth/identity").status == 200
    assert acme.owner.send("DELETE", acme.path, {"name": acme.name}).status == 200
    assert acme.owner.get(acme.path).status == 404
    assert acme.owner.get("/tenants").body["items"] == []
    assert acme[Role.ADMIN].get(acme.path).status == 401
    assert operator.get(acme.path).status == 404
    assert key.get("/auth/identity").status == 401
    assert invitations.look_up(sent.token) is None
    assert acme.owner.post("/tenants", {"name": acme.name}).status == 409
    (last,) = audit.read(acme.tenant_id, limit_count=1)
    assert last.action == "tenant.delete"
    assert last.details == {"keys": 1, "service_accounts": 4, "members": 1}
    assert audit.verify(acme.tenant_id).broken_at is None


def test_nothing_is_made_in_a_deleted_tenant(acme: Office) -> None:
    tenants.delete(BY, acme.tenant_id, name=acme.name)
    acts: list[Callable[[], object]] = [
        lambda: databases.create(acme.tenant_id, "main", limits=Limits(), cell_count=settings.CELL_COUNT),
        lambda: invitations.invite(BY, acme.tenant_id, "a@example.com", Role.VIEWER),
        lambda: account(acme.tenant_id, Role.VIEWER),
        lambda: tenants.delete(BY, acme.tenant_id, name=acme.name),
    ]
    for act in acts:
        with pytest.raises(NotFound):
            act()


def test_a_former_owner_deletes_nothing(acme: Office) -> None:
    former = person(acme.tenant_id, Role.VIEWER)
    with pytest.raises(PermissionDenied):
        tenants.delete(actor_of(former, Role.OWNER), acme.tenant_id, name=acme.name)


def test_a_suspended_tenant_refuses_every_change(acme: Office) -> None:
    suspend(acme.tenant_id)
    done = []
    for route in CHANGING:
        names = {name: str(uuid.uuid4()) for name in route.path_parameters}
        path = route.path.format(**{**names, "tenant": acme.name})
        for caller in (acme.owner, acme[Role.ADMIN]):
            answer = caller.send(route.method, path, {})
            if answer.status != 403:
                done.append((route.name, answer))
    assert len(CHANGING) > 10
    assert done == []


def test_members_of_a_suspended_tenant_look_and_are_told_why(acme: Office, operator: Caller) -> None:
    suspend(acme.tenant_id)
    path, body = f"{acme.path}/databases", {"name": "main"}
    for caller in (acme.owner, acme[Role.DEVELOPER]):
        assert caller.get(path).status == 200
        refused = caller.post(path, body)
        assert refused.status == 403
        assert REASON in refused.body["message"]
    shown = acme.owner.get(acme.path).body
    assert (shown["suspension_reason"], shown["suspended_at"] is None) == (REASON, False)
    (entry, *_) = acme.owner.get(f"{acme.path}/audit").body["items"]
    assert (entry["outcome"], entry["action"]) == ("refused", "databases.create")
    assert operator.post(path, body).status == 201


def test_a_suspension_needs_no_reason(acme: Office) -> None:
    suspend(acme.tenant_id, "")
    refused = acme.owner.patch(acme.path, {"allows_impersonation": False})
    assert (refused.status, refused.body["message"]) == (403, "This tenant is suspended.")
