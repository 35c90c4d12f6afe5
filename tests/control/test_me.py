"""One's own account over the API: who one is, one's sessions, and no service account's."""

from __future__ import annotations

import pytest
from allauth.mfa.totp.internal.auth import TOTP

from tenants.roles import Role
from tests.control.caller import Caller, Office, person

PATHS = [("GET", "/me"), ("GET", "/me/sessions"), ("DELETE", "/me/sessions/1")]


def test_it_says_who_one_is(acme: Office) -> None:
    user = acme.owner.user
    assert user is not None
    body = acme.owner.get("/me").body
    place = {"tenant_id": str(acme.tenant_id), "name": acme.name, "role": "owner"}
    assert body == {
        "user_id": str(user.user_id),
        "email": user.email,
        "is_email_verified": True,
        "second_factors": [],
        "tenants": [place],
    }
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    assert acme.owner.get("/me").body["second_factors"] == ["totp"]


def test_sessions_are_listed_and_ended(acme: Office) -> None:
    here, user = acme.owner, acme.owner.user
    assert user is not None
    there = Caller(user=user)
    there.client.force_login(user)
    assert there.get("/me").status == 200
    items = here.get("/me/sessions").body["items"]
    assert [one["is_current"] for one in items] == [True, False]
    assert {one["address"] for one in items} == {"127.0.0.1"}
    assert str(here.client.session.session_key) not in str(items)
    other = items[1]["session_id"]
    assert here.delete(f"/me/sessions/{other}").status == 200
    assert there.get("/me").status == 401
    assert here.delete(f"/me/sessions/{other}").status == 404
    assert len(here.get("/me/sessions").body["items"]) == 1


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("role", [role for role in Role if role is not Role.OWNER])
def test_a_service_account_is_no_person(acme: Office, role: Role, method: str, path: str) -> None:
    answer = acme[role].send(method, path)
    assert answer.status == 403
    assert "service account" in answer.body["message"]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_nobody_is_asked_to_sign_in(nobody: Caller, method: str, path: str) -> None:
    assert nobody.send(method, path).status == 401


def test_somebody_elses_session_is_like_one_that_does_not_exist(acme: Office, globex: Office) -> None:
    theirs = acme.owner.get("/me/sessions").body["items"][0]["session_id"]
    refused, missing = (globex.owner.delete(f"/me/sessions/{one}") for one in (theirs, 999_999_999))
    assert refused.status == missing.status == 404
    assert refused.body["message"].replace(str(theirs), "#") == missing.body["message"].replace(
        "999999999", "#"
    )
    assert acme.owner.get("/me").status == 200


@pytest.mark.parametrize("session_id", ["x", "-1", "1.5", "٣", "9" * 30, "%00"])
def test_malformed_sessions_are_not_found(session_id: str, acme: Office) -> None:
    assert acme.owner.delete(f"/me/sessions/{session_id}").status == 404


def test_who_is_switched_off_is_nobody_at_once(acme: Office) -> None:
    caller = person(acme.tenant_id, Role.ADMIN)
    assert caller.user is not None
    assert caller.get("/me").status == 200
    caller.user.is_active = False
    caller.user.save()
    assert caller.get("/me").status == 401
