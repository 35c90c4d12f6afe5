"""Who may make an account, and taking the place that an invitation offers."""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail
from django.test.utils import override_settings

from cloud.accounts.addresses import is_verified
from tenants import invitations, members, tenants
from tenants.models import Invitation, Tenant, User
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests.integration.accounts.browser import PASSWORD, Visitor, person, some_address


def invite(email: str, *, days: int = 7) -> tuple[Tenant, str]:
    """A tenant that invites somebody, and the token that the e-mail would carry."""
    tenant, token = tenants.create(f"host-{uuid.uuid4().hex[:8]}"), secrets.token_urlsafe(32)
    with tenant_transaction(tenant.tenant_id):
        Invitation.objects.create(
            tenant=tenant,
            email=email,
            role=Role.DEVELOPER.value,
            digest=invitations.digest(token),
            invited_by="owner@example.com",
            expires_at=datetime.now(UTC) + timedelta(days=days),
        )
    return tenant, token


def places(email: str) -> list[tuple[str, Role]]:
    """Where somebody is a member."""
    user = User.objects.get(email=email)
    return [(one.tenant_name, one.role) for one in members.memberships(user.user_id)]


@pytest.mark.parametrize(("mode", "is_open"), [("open", True), ("invitation", False), ("closed", False)])
def test_the_mode_decides_who_may_make_an_account(visitor: Visitor, mode: str, is_open: bool) -> None:
    with override_settings(SIGN_UP=mode):
        assert ("Create an account" in visitor.get("/account/login/").content.decode()) is is_open
        page = visitor.get("/account/signup/").content.decode()
        assert ("Accounts are made by invitation" in page) is not is_open
        email = some_address()
        visitor.post("/account/signup/", email=email, password1=PASSWORD)
        assert User.objects.filter(email=email).exists() is is_open


@pytest.mark.parametrize("mode", ["invitation", "open"])
def test_the_invited_sign_up_and_are_in(visitor: Visitor, outbox: list[mail.EmailMessage], mode: str) -> None:
    email = some_address()
    tenant, token = invite(email)
    with override_settings(SIGN_UP=mode):
        page = visitor.get(f"/invitations/{token}").content.decode()
        for word in (tenant.name, "Developer", "owner@example.com", email):
            assert word in page
        assert f'value="{email}"' in visitor.get("/account/signup/").content.decode()
        answer = visitor.post("/account/signup/", email=email, password1=PASSWORD)
    assert answer["Location"] == f"/dashboard/t/{tenant.name}/databases"
    assert places(email) == [(tenant.name, Role.DEVELOPER)]
    assert is_verified(User.objects.get(email=email))
    assert outbox == []  # nothing to prove: the token came by e-mail
    assert "This invitation is over" in Visitor().get(f"/invitations/{token}").content.decode()


def test_the_invited_cannot_sign_up_as_somebody_else(visitor: Visitor) -> None:
    _, token = invite(some_address())
    visitor.get(f"/invitations/{token}")
    other = some_address()
    answer = visitor.post("/account/signup/", email=other, password1=PASSWORD)
    assert "The invitation is for" in answer.content.decode()
    assert not User.objects.filter(email=other).exists()


def test_in_the_closed_mode_an_invitation_makes_no_account_and_still_gives_a_place(visitor: Visitor) -> None:
    stranger, user = some_address(), person()
    with override_settings(SIGN_UP="closed"):
        visitor.get(f"/invitations/{invite(stranger)[1]}")
        visitor.post("/account/signup/", email=stranger, password1=PASSWORD)
        assert not User.objects.filter(email=stranger).exists()
        tenant, token = invite(user.email)
        visitor.get(f"/invitations/{token}")
        assert visitor.sign_in(user.email)["Location"] == f"/dashboard/t/{tenant.name}/databases"
    assert places(user.email) == [(tenant.name, Role.DEVELOPER)]


def test_who_is_signed_in_joins_by_a_button_and_not_by_a_look(visitor: Visitor) -> None:
    user = person()
    tenant, token = invite(user.email)
    visitor.sign_in(user.email)
    assert ">Join</button>" in visitor.get(f"/invitations/{token}").content.decode()
    assert places(user.email) == []
    assert visitor.post(f"/invitations/{token}")["Location"] == f"/dashboard/t/{tenant.name}/databases"
    assert places(user.email) == [(tenant.name, Role.DEVELOPER)]


def test_another_person_gets_no_place(visitor: Visitor) -> None:
    user, invited = person(), some_address()
    _, token = invite(invited)
    visitor.get(f"/invitations/{token}")
    assert visitor.sign_in(user.email)["Location"] == "/dashboard/"
    assert "is for" in visitor.get("/account/sessions/").content.decode()
    assert visitor.post(f"/invitations/{token}").status_code == 422
    assert places(user.email) == []
    assert invitations.look_up(token) is not None


def test_an_invitation_that_is_over_opens_nothing(visitor: Visitor) -> None:
    email = some_address()
    tenant, revoked = invite(email)
    visitor.get(f"/invitations/{revoked}")
    with tenant_transaction(tenant.tenant_id):
        Invitation.objects.filter(email=email).update(revoked_at=datetime.now(UTC))
    for token in (revoked, invite(some_address(), days=-1)[1], "unknown", "x" * 4000, "nul%00"):
        assert visitor.get(f"/invitations/{token}").status_code == 404
    visitor.post("/account/signup/", email=email, password1=PASSWORD)
    assert not User.objects.filter(email=email).exists()
