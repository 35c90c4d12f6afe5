"""The operator's commands for people: the same verbs, over `manage.py`."""

from __future__ import annotations

import pytest

from cloud.processes import Service
from cloud.servers.errors import ServerError
from tenants import invitations
from tests.control.caller import Office, api_key, person


def test_an_operator_invites_changes_and_removes(acme: Office, database: Service) -> None:
    guest = person()
    assert guest.user is not None
    email = guest.user.email
    elsewhere = {"PUBLIC_URL": "https://vectors.example.com/"}
    link = database.manage(
        "invite", "--tenant", acme.name, "--role", "viewer", "--print-only", email, environment=elsewhere
    ).strip()
    start, _, token = link.rpartition("/")
    assert start == "https://vectors.example.com/invitations"
    invitations.accept(token, guest.user)
    assert guest.get(acme.path).body["role"] == "viewer"
    key = api_key(acme.tenant_id, guest)

    database.manage("set_role", "--tenant", acme.name, email.upper(), "developer")
    assert guest.get(acme.path).body["role"] == "developer"

    said = database.manage("remove_member", "--tenant", acme.name, email)
    assert said.strip() == f"{email} is removed; 1 API keys of theirs are revoked"
    assert guest.get(acme.path).status == 404
    assert key.get("/auth/identity").status == 401

    entries = acme.owner.get(f"{acme.path}/audit?limit=5").body["items"]
    commands = [one["actor_label"] for one in entries if one["actor_kind"] == "command"]
    assert commands[:3] == ["manage.py remove_member", "manage.py set_role", "manage.py invite"]


def test_a_command_says_in_a_sentence_what_is_wrong(acme: Office, database: Service) -> None:
    assert acme.owner.user is not None
    email = acme.owner.user.email
    for arguments, said in (
        (("set_role", "--tenant", acme.name, "nobody@example.com", "viewer"), "not found"),
        (("remove_member", "--tenant", acme.name, email), "last owner"),
        (("invite", "--tenant", "no-such-tenant", "a@example.com"), "not found"),
    ):
        with pytest.raises(ServerError, match=said):
            database.manage(*arguments)
