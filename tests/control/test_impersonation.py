"""An operator who acts as a member: where, as whom, what not, and that all of it is written down."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest
from django.test import override_settings

from cloud.processes import Service
from tenants import impersonation, members, tenants
from tenants.actors import Actor, ActorKind
from tenants.audit import INSTALLATION
from tenants.errors import PermissionDenied
from tenants.models import User
from tenants.roles import WITHHELD_FROM_IMPERSONATORS, Action, Role
from tenants.scope import tenant_transaction
from tests.control.caller import Caller, Office
from tests.control.console import Desk, last_entry, operator_desk

BANNER = "is acting as"


@pytest.fixture
def desk(database: Service) -> Desk:
    """An operator who signed in."""
    del database
    return operator_desk()


def owner_of(office: Office) -> User:
    """The person who owns it."""
    assert office.owner.user is not None
    return office.owner.user


def act(desk: Desk, user: User, reason: str = "ticket 12") -> int:
    """Begin to act as somebody; the status of the answer."""
    body = {"user_pk": str(user.pk), "next": "/dashboard/", "reason": reason}
    status: int = desk.post("impersonation/acquire/", body).status_code
    return status


def forbid(office: Office) -> None:
    """The tenant lets no operator act as its members."""
    with tenant_transaction(office.tenant_id):
        tenant = tenants.get(office.tenant_id)
        tenant.allows_impersonation = False
        tenant.save()


def test_all_that_is_done_meanwhile_bears_the_operators_name(desk: Desk, acme: Office) -> None:
    person = owner_of(acme)
    assert BANNER not in desk.client.get("/dashboard/sign-in", follow=True).content.decode()
    assert act(desk, person) == 302
    page = desk.client.get(f"/dashboard/t/{acme.name}/databases")
    assert (page.status_code, BANNER in page.content.decode()) == (200, True)
    assert desk.user.email in page.content.decode()
    caller = Caller(user=person, client=desk.client)
    made = caller.post(f"{acme.path}/quota-requests", {"limit": "id_bytes", "wanted": 200, "reason": "x"})
    assert made.status == 201, made
    done = last_entry(acme.tenant_id)
    assert (done.action, done.actor_label, done.impersonator) == (
        "quotas.request",
        person.email,
        desk.user.email,
    )
    assert desk.post("impersonation/release/").status_code == 302
    for chain in (acme.tenant_id, INSTALLATION):
        end = last_entry(chain)
        told = (end.action, end.actor_label, end.subject_label, end.impersonator)
        assert told == ("impersonation.end", desk.user.email, person.email, "")
    actions = [one["action"] for one in acme.owner.get(f"{acme.path}/audit").body["items"]]
    assert actions[:3] == ["impersonation.end", "quotas.request", "impersonation.begin"]
    begin = acme.owner.get(f"{acme.path}/audit").body["items"][2]
    assert (begin["actor_label"], begin["details"]) == (desk.user.email, {"reason": "ticket 12"})
    assert desk.get("").status_code == 200  # the operator is back
    assert BANNER not in desk.get("").content.decode()


def test_signing_out_ends_it_too(desk: Desk, acme: Office) -> None:
    assert act(desk, owner_of(acme)) == 302
    assert desk.client.post("/dashboard/sign-out").status_code == 302
    assert last_entry(acme.tenant_id).action == "impersonation.end"
    assert desk.get("").status_code == 302


def test_a_tenant_that_does_not_allow_it_is_not_entered(desk: Desk, acme: Office, globex: Office) -> None:
    person = owner_of(acme)
    members.join(globex.tenant_id, person.user_id, Role.VIEWER)
    forbid(acme)
    before = last_entry(acme.tenant_id).sequence
    assert act(desk, person) == 302
    caller = Caller(user=person, client=desk.client)
    assert [one["name"] for one in caller.get("/tenants").body["items"]] == [globex.name]
    assert caller.get(acme.path).status == 404
    assert desk.client.get(f"/dashboard/t/{acme.name}/databases").status_code == 404
    assert caller.get(globex.path).status == 200
    assert last_entry(acme.tenant_id).sequence == before  # it does not concern them
    assert acme.owner.get(acme.path).status == 200  # the person themselves goes everywhere
    forbid(globex)
    assert caller.get(globex.path).status == 404
    assert caller.get("/tenants").body["items"] == []


def test_nobody_acts_as_an_operator_as_nobody_or_without_leave(
    desk: Desk, acme: Office, globex: Office
) -> None:
    person = owner_of(acme)
    other = operator_desk()
    stranger = members.create_user(f"alone-{uuid.uuid4().hex[:8]}@example.com", "a long password")
    forbid(globex)
    for user in (other.user, stranger, owner_of(globex)):
        assert act(desk, user) == 403
        page = desk.get(f"tenants/user/{user.pk}/act/").content.decode()
        assert "impersonation/acquire" not in page
    assert "impersonation/acquire" in desk.get(f"tenants/user/{person.pk}/act/").content.decode()
    customer = Desk(owner_of(globex), globex.owner.client)
    assert act(customer, person) == 403
    with override_settings(OPERATORS_NEED_SECOND_FACTOR=True):
        assert act(desk, person) == 403
    assert act(desk, person) == 302
    assert act(desk, owner_of(globex)) == 403  # not from one person on to the next
    assert desk.get("").status_code == 403  # nor back into the console


def test_the_persons_own_account_and_keys_secrets_stay_shut(desk: Desk, acme: Office) -> None:
    assert act(desk, owner_of(acme)) == 302
    for path in ("/accounts/2fa/recovery-codes/", "/dashboard/account", "/account/password", "/admin/"):
        assert desk.client.get(path).status_code == 403
        assert desk.client.post(path).status_code == 403
    assert Caller(client=desk.client).post("/tenants", {"name": "a new one"}).status == 403
    keys = f"/dashboard/t/{acme.name}/keys"
    assert desk.client.get(keys).status_code == 200
    assert desk.client.post(f"{keys}/new", {"name": "mine", "expires": "never"}).status_code == 403
    assert desk.client.post("/dashboard/tenants/new", {"name": "a new one"}).status_code == 403
    caller = Caller(user=owner_of(acme), client=desk.client)
    refused = caller.post(f"{acme.path}/service-accounts", {"name": "mine", "role": "admin"})
    assert refused.status == 403
    assert "while an operator acts as a member" in refused.body["message"]
    note = last_entry(acme.tenant_id)
    assert (note.outcome, note.impersonator) == ("refused", desk.user.email)


@pytest.mark.parametrize("action", Action)
def test_what_is_withheld_is_withheld_from_every_role(action: Action) -> None:
    owner = Actor(ActorKind.USER, uuid.uuid4(), "owner", role=Role.OWNER)
    owner.require(action)
    acting = replace(owner, impersonator="operator")
    assert acting.may(action) == (action not in WITHHELD_FROM_IMPERSONATORS)
    if action in WITHHELD_FROM_IMPERSONATORS:
        with pytest.raises(PermissionDenied, match="while an operator acts"):
            acting.require(action)


def test_who_acts_is_forgotten_with_the_request() -> None:
    with impersonation.acting_as_member("operator"):
        assert impersonation.acting() == "operator"
    assert impersonation.acting() == ""
