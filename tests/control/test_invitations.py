"""Invitations: works, role too low, outsider, malformed; what a token opens, how often and for whom."""

from __future__ import annotations

import hashlib
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.mail import EmailMessage
from django.db import connections
from django.test import override_settings

from cloud.accounts import invitation_mail
from tenants import invitations
from tenants.errors import NotFound
from tenants.models import Invitation
from tenants.roles import Action, Role, may, may_give
from tenants.scope import tenant_transaction
from tests.control.caller import BY, Caller, Office, person
from tests.factories import Answer

pytestmark = pytest.mark.usefixtures("outbox")


def token_of(message: EmailMessage) -> str:
    """What is behind the link of an e-mail."""
    found = re.search(r"http://testserver/invitations/([\w-]{32})\n", str(message.body))
    assert found, message.body
    return found[1]


def address_of(caller: Caller) -> str:
    """Where somebody is invited."""
    assert caller.user is not None
    return caller.user.email


def invited(acme: Office, guest: Caller, role: Role = Role.DEVELOPER) -> str:
    """The token of an invitation to somebody."""
    return invitations.invite(BY, acme.tenant_id, address_of(guest), role).token


def accept(caller: Caller, token: str) -> Answer:
    """Take up an offer."""
    return caller.post("/invitations/accept", {"token": token})


def end_now(token: str, acme: Office) -> None:
    """The invitation's time is over."""
    with tenant_transaction(acme.tenant_id):
        row = Invitation.objects.filter(digest=invitations.digest(token))
        assert row.update(expires_at=datetime.now(UTC) - timedelta(seconds=1)) == 1


def test_somebody_is_invited_by_e_mail_and_joins(acme: Office, outbox: list[EmailMessage]) -> None:
    guest = person()
    path = f"{acme.path}/invitations"
    made = acme.owner.post(path, {"email": address_of(guest).upper(), "role": "developer"})
    assert (made.status, made.body["sent"]) == (201, True)
    assert made.body["invitation"]["email"] == address_of(guest)
    (message,) = outbox
    assert message.to == [address_of(guest)]
    assert acme.name in message.subject
    assert "Developer" in str(message.body)
    token = token_of(message)
    listed = acme.owner.get(path).body["items"]
    assert listed == [made.body["invitation"]]
    log = str(acme.owner.get(f"{acme.path}/audit").body)
    assert token not in str(made.body) + str(listed) + log
    joined = accept(guest, token)
    assert joined.status == 200, joined
    assert joined.body == {
        "tenant_id": str(acme.tenant_id),
        "tenant_name": acme.name,
        "role": "developer",
    }
    assert guest.get(acme.path).body["role"] == "developer"
    assert acme.owner.get(path).body["items"] == []
    entry = acme.owner.get(f"{acme.path}/audit?limit=1").body["items"][0]
    assert (entry["action"], entry["actor_label"]) == ("members.join", address_of(guest))
    assert entry["details"]["invitation"] == made.body["invitation"]["invitation_id"]


def test_a_token_is_stored_as_its_hash_only(acme: Office) -> None:
    made = invitations.invite(BY, acme.tenant_id, "a@example.com", Role.VIEWER)
    with tenant_transaction(acme.tenant_id):
        row = Invitation.objects.get(invitation_id=made.invitation_id)
    assert bytes(row.digest) == hashlib.sha256(made.token.encode()).digest() == invitations.digest(made.token)
    assert len(made.token) == 32
    assert made.token not in str(vars(row))


def test_a_token_opens_once(acme: Office) -> None:
    guest = person()
    token = invited(acme, guest)
    found = invitations.look_up(token)
    assert found is not None
    assert (found.tenant_name, found.email, found.role) == (acme.name, address_of(guest), Role.DEVELOPER)
    assert accept(guest, token).status == 200
    assert invitations.look_up(token) is None
    assert accept(guest, token).status == 404


def test_of_two_who_accept_at_once_one_does(acme: Office) -> None:
    guest = person()
    token = invited(acme, guest)

    def join(_: int) -> int:
        try:
            same = Caller(user=guest.user)
            assert guest.user is not None
            same.client.force_login(guest.user, backend="django.contrib.auth.backends.ModelBackend")
            return accept(same, token).status
        finally:
            connections.close_all()

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(join, range(3))) == [200, 404, 404]


def test_a_token_is_for_the_invited_address_only(acme: Office) -> None:
    guest, thief = person(), person()
    token = invited(acme, guest)
    refused = accept(thief, token)
    assert refused.status == 400
    assert address_of(guest) in refused.body["message"]
    assert thief.get(acme.path).status == 404
    assert accept(guest, token).status == 200


def test_unknown_revoked_replaced_and_expired_tokens_open_nothing(acme: Office) -> None:
    guest = person()
    expired = invited(acme, guest)
    end_now(expired, acme)
    replaced, last = invited(acme, guest), invited(acme, guest)
    messages = {accept(guest, token).body["message"] for token in (expired, replaced, "x", "", "ü\x00" * 9)}
    assert len(messages) == 1
    one = acme.owner.get(f"{acme.path}/invitations").body["items"][0]["invitation_id"]
    assert acme.owner.delete(f"{acme.path}/invitations/{one}").status == 200
    assert accept(guest, last).status == 404
    assert acme.owner.delete(f"{acme.path}/invitations/{one}").status == 404
    assert guest.get(acme.path).status == 404


def test_an_expired_one_is_refused_even_when_it_was_looked_up_before(acme: Office) -> None:
    guest = person()
    token = invited(acme, guest)
    assert guest.user is not None
    end_now(token, acme)
    with pytest.raises(NotFound):
        invitations.accept(token, guest.user)


def test_sending_again_ends_the_earlier_link(acme: Office, outbox: list[EmailMessage]) -> None:
    guest = person()
    made = acme.owner.post(f"{acme.path}/invitations", {"email": address_of(guest), "role": "viewer"}).body
    first = made["invitation"]
    again = acme.owner.send("POST", f"{acme.path}/invitations/{first['invitation_id']}/resend")
    assert (again.status, again.body["sent"]) == (200, True)
    assert again.body["invitation"]["role"] == "viewer"
    earlier, later = map(token_of, outbox)
    assert accept(guest, earlier).status == 404
    assert accept(guest, later).status == 200
    gone = acme.owner.send("POST", f"{acme.path}/invitations/{first['invitation_id']}/resend")
    assert gone.status == 404


def test_a_member_is_not_invited_and_does_not_accept(acme: Office) -> None:
    member = person()
    token = invited(acme, member)
    other = invitations.invite(BY, acme.tenant_id, "b@example.com", Role.VIEWER)
    assert accept(member, token).status == 200
    body = {"email": address_of(member), "role": "viewer"}
    assert acme.owner.post(f"{acme.path}/invitations", body).status == 409
    with tenant_transaction(acme.tenant_id):  # as if the person had taken that address since
        Invitation.objects.filter(pk=other.invitation_id).update(email=address_of(member))
    assert accept(member, other.token).status == 409
    assert invitations.look_up(other.token) is not None


def test_a_service_account_accepts_nothing(acme: Office) -> None:
    assert accept(acme[Role.ADMIN], invited(acme, person())).status == 400


@pytest.mark.parametrize("given", Role)
def test_nobody_offers_what_they_do_not_have(acme: Office, given: Role) -> None:
    for role in (Role.OWNER, Role.ADMIN):
        body = {"email": f"{role.value}@example.com", "role": given.value}
        made = acme[role].post(f"{acme.path}/invitations", body)
        assert made.status == (201 if may_give(role, given) else 403)


def test_an_admin_neither_takes_back_nor_replaces_an_owners_invitation(acme: Office) -> None:
    made = invitations.invite(BY, acme.tenant_id, "new-owner@example.com", Role.OWNER)
    path, admin = f"{acme.path}/invitations", acme[Role.ADMIN]
    assert admin.delete(f"{path}/{made.invitation_id}").status == 403
    assert admin.send("POST", f"{path}/{made.invitation_id}/resend").status == 403
    assert admin.post(path, {"email": "new-owner@example.com", "role": "viewer"}).status == 403
    assert invitations.look_up(made.token) is not None


def test_there_is_an_end_to_invitations(acme: Office) -> None:
    body = {"email": "often@example.com", "role": "viewer"}
    answers = [acme.owner.post(f"{acme.path}/invitations", body).status for _ in range(6)]
    assert answers == [201] * 5 + [422]
    _fill(acme, 99, expired=False)
    refused = acme.owner.post(f"{acme.path}/invitations", {"email": "more@example.com", "role": "viewer"})
    assert refused.status == 422
    assert "100 open" in refused.body["message"]


def test_expired_ones_do_not_block_until_there_are_too_many_in_a_day(acme: Office) -> None:
    _fill(acme, 199, expired=True)
    path = f"{acme.path}/invitations"
    assert acme.owner.post(path, {"email": "one@example.com", "role": "viewer"}).status == 201
    refused = acme.owner.post(path, {"email": "two@example.com", "role": "viewer"})
    assert refused.status == 422
    assert "200 times a day" in refused.body["message"]


def _fill(acme: Office, count: int, *, expired: bool) -> None:
    ends = datetime.now(UTC) + timedelta(days=-1 if expired else 1)
    with tenant_transaction(acme.tenant_id):
        Invitation.objects.bulk_create(
            Invitation(
                tenant_id=acme.tenant_id,
                email=f"n{number}@example.com",
                role="viewer",
                digest=uuid.uuid4().bytes,
                invited_by="test",
                expires_at=ends,
            )
            for number in range(count)
        )


def test_pages_agree_with_the_whole(acme: Office) -> None:
    _fill(acme, 7, expired=False)
    path, found = f"{acme.path}/invitations", []
    after: str | None = ""
    while after is not None:
        page = acme.owner.get(f"{path}?limit=3" + (f"&after={after}" if after else "")).body
        found += page["items"]
        after = page["next"]
    assert found == acme.owner.get(path).body["items"]
    assert [one["email"] for one in found] == [f"n{number}@example.com" for number in range(7)]


def test_a_mail_server_that_is_away_fails_nothing(acme: Office) -> None:
    away = {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": "127.0.0.1",
        "EMAIL_PORT": 1,
    }
    with override_settings(**away):
        made = acme.owner.post(f"{acme.path}/invitations", {"email": "a@example.com", "role": "viewer"})
    assert (made.status, made.body["sent"]) == (201, False)


def test_a_link_begins_with_the_public_url_when_there_is_one(
    acme: Office, outbox: list[EmailMessage]
) -> None:
    with override_settings(PUBLIC_URL="https://vectors.example.com"):
        acme.owner.post(f"{acme.path}/invitations", {"email": "a@example.com", "role": "viewer"})
    assert "\nhttps://vectors.example.com/invitations/" in str(outbox[0].body)


def test_a_tenants_name_is_no_way_to_write_an_e_mail(acme: Office, outbox: list[EmailMessage]) -> None:
    made = invitations.invite(BY, acme.tenant_id, "a@example.com", Role.VIEWER)
    row = invitations.get(acme.tenant_id, made.invitation_id)
    name = "Free\r\nBcc: all@example.com\n" + "https://evil.example.com " * 9 + "<b>{{ link }}</b>"
    assert invitation_mail.send(row, tenant_name=name, link="https://ours.example.com/x")
    assert "\n" not in outbox[0].subject
    assert "\r" not in outbox[0].subject
    assert outbox[0].recipients() == ["a@example.com"]
    assert re.findall(r"\w+://[\w.]+", str(outbox[0].body)) == ["https://ours.example.com"]


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    caller, path = acme[role], f"{acme.path}/invitations"
    is_inviter = may(role, Action.INVITE_MEMBER)
    assert caller.get(path).status == (200 if may(role, Action.VIEW_MEMBERS) else 403)
    made = caller.post(path, {"email": "a@example.com", "role": "viewer"})
    assert made.status == (201 if is_inviter else 403)
    unknown = f"{path}/{uuid.uuid4()}"
    assert caller.delete(unknown).status == (404 if is_inviter else 403)
    assert caller.send("POST", f"{unknown}/resend").status == (404 if is_inviter else 403)


def test_an_outsider_finds_no_tenant_and_no_invitation(acme: Office, globex: Office, nobody: Caller) -> None:
    made = invitations.invite(BY, acme.tenant_id, "a@example.com", Role.VIEWER)
    tail = f"/invitations/{made.invitation_id}"
    for method, place in (
        ("GET", "/invitations"),
        ("POST", "/invitations"),
        ("DELETE", tail),
        ("POST", f"{tail}/resend"),
    ):
        body = {"email": "b@example.com", "role": "viewer"} if place == "/invitations" else None
        answer = globex.owner.send(method, acme.path + place, body)
        missing = globex.owner.send(method, "/tenants/no-such-tenant" + place, body)
        assert answer.status == missing.status == 404
        assert answer.body["message"].replace(acme.name, "no-such-tenant") == missing.body["message"]
        assert nobody.send(method, acme.path + place, body).status == 401
    assert globex.owner.delete(globex.path + tail).status == 404
    assert globex.owner.send("POST", f"{globex.path}{tail}/resend").status == 404
    assert nobody.post("/invitations/accept", {"token": made.token}).status == 401
    assert invitations.look_up(made.token) is not None


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"role": "viewer"}, 422, "email"),
        ({"email": "a@example.com"}, 422, "role"),
        ({"email": "a@example.com", "role": "king"}, 422, "role"),
        ({"email": "nobody", "role": "viewer"}, 400, "email"),
        ({"email": "a@example.com\r\nBcc: b@example.com", "role": "viewer"}, 400, "email"),
        (
            {"email": f"{'a' * 60}@{'b' * 60}.{'c' * 60}.{'d' * 60}.{'e' * 30}.com", "role": "viewer"},
            400,
            "email",
        ),
        ({"email": "a@example.com", "role": "viewer", "colour": 1}, 422, "colour"),
        (b"{", 400, "JSON"),
    ],
)
def test_malformed_bodies_are_named(
    acme: Office, outbox: list[EmailMessage], body: object, status: int, named: str
) -> None:
    answer = acme.owner.post(f"{acme.path}/invitations", body)
    assert answer.status == status
    assert named in answer.body["message"]
    assert outbox == []
    assert acme.owner.post("/invitations/accept", {"token": 1}).status == 422
