"""The audit log: every action is in it, refused ones too; it cannot be changed, and a change is noticed."""

from __future__ import annotations

import orjson
import pytest
from django.db import DatabaseError, connection

from cloud.processes import Service
from cloud.servers.errors import ServerError
from tenants import audit
from tenants.roles import Action, Role, may
from tests import stage
from tests.control.caller import Office


def test_what_was_done_and_what_was_refused_is_written_down(acme: Office) -> None:
    made = acme.owner.post(f"{acme.path}/service-accounts", {"name": "deploy", "role": "viewer"})
    acme[Role.VIEWER].post(f"{acme.path}/service-accounts", {"name": "more", "role": "viewer"})
    refused, done = acme.owner.get(f"{acme.path}/audit?limit=2").body["items"]
    assert done["subject_id"] == made.body["service_account_id"]
    assert (done["outcome"], done["actor_label"]) == ("done", acme.owner.user and acme.owner.user.email)
    assert (refused["outcome"], refused["actor_kind"]) == ("refused", "service_account")
    assert refused["action"] == done["action"] == "service_accounts.manage"
    assert done["address"] == "127.0.0.1"
    assert len(done["trace_id"]) == 32


def test_pages_verify_and_export_agree(acme: Office) -> None:
    for number in range(7):
        acme.owner.post(f"{acme.path}/service-accounts", {"name": f"a{number}", "role": "viewer"})
    page = acme.owner.get(f"{acme.path}/audit?limit=3").body
    pages = page["items"]
    while page["next"]:
        page = acme.owner.get(f"{acme.path}/audit?limit=3&after={page['next']}").body
        pages += page["items"]
    exported = [orjson.loads(line) for line in acme.owner.get(f"{acme.path}/audit/export").body.splitlines()]
    assert exported == pages[::-1]
    assert [entry["sequence"] for entry in exported] == list(range(1, len(exported) + 1))
    verdict = acme.owner.get(f"{acme.path}/audit/verify").body
    assert verdict == {"entry_count": len(exported), "head": exported[-1]["hash"], "broken_at": None}


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("part", ["", "/verify", "/export"])
def test_the_role_decides(acme: Office, role: Role, part: str) -> None:
    assert acme[role].get(f"{acme.path}/audit{part}").status == (200 if may(role, Action.VIEW_AUDIT) else 403)


@pytest.mark.parametrize("part", ["", "/verify", "/export"])
def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, part: str) -> None:
    assert globex.owner.get(f"{acme.path}/audit{part}").status == 404


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "after=x", "after=%00"])
def test_malformed_pages_are_refused(acme: Office, query: str) -> None:
    answer = acme.owner.get(f"{acme.path}/audit?{query}")
    assert answer.status == 400
    assert query.partition("=")[0] in answer.body["message"]


def test_nobody_changes_an_entry(acme: Office, database: Service) -> None:
    for role in ("web", "owner"):
        for change in ("UPDATE tenants_auditentry SET action = 'x'", "DELETE FROM tenants_auditentry"):
            with (
                stage.role(database, role),
                pytest.raises(DatabaseError, match=r"append-only|permission denied"),
                connection.cursor() as cursor,
            ):
                cursor.execute(change)


def test_a_change_below_the_trigger_is_noticed(acme: Office, database: Service) -> None:
    for number in range(5):
        acme.owner.post(f"{acme.path}/service-accounts", {"name": f"a{number}", "role": "viewer"})
    before = audit.verify(acme.tenant_id)
    with stage.role(database, "owner"), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tenants_auditentry DISABLE TRIGGER append_only")
        cursor.execute(
            "UPDATE tenants_auditentry SET subject_label = 'other' WHERE tenant_id = %s AND sequence = 3",
            [acme.tenant_id],
        )
        cursor.execute("ALTER TABLE tenants_auditentry ENABLE TRIGGER append_only")
    after = audit.verify(acme.tenant_id)
    assert before.broken_at is None
    assert (after.broken_at, after.entry_count) == (3, 2)


def test_commands_verify_and_export(acme: Office, database: Service) -> None:
    acme.owner.post(f"{acme.path}/service-accounts", {"name": "deploy", "role": "viewer"})
    head = acme.owner.get(f"{acme.path}/audit/verify").body["head"]
    assert head in database.manage("verify_audit", "--tenant", acme.name)
    exported = database.manage("export_audit", "--tenant", acme.name).splitlines()
    assert orjson.loads(exported[-1])["hash"] == head
    with stage.role(database, "owner"), connection.cursor() as cursor:
        cursor.execute("UPDATE tenants_audithead SET sequence = 99 WHERE tenant_id = %s", [acme.tenant_id])
    with pytest.raises(ServerError, match="1 of 1 chains are broken"):
        database.manage("verify_audit", "--tenant", acme.name)
