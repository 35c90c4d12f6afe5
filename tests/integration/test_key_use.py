"""Keys over time: when they were used, what was refused to them, peppers that follow one another, leaks."""

from __future__ import annotations

import io
import multiprocessing
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from cloud.api import key_use
from cloud.api.authentication import forget_all
from cloud.api.key_use import Notebook, notebook
from cloud.processes import Service
from tenants import audit, key_authentication, secret_text, service_accounts
from tenants.actors import command
from tenants.errors import Unauthenticated
from tenants.key_scopes import Template
from tenants.models import ApiKey, ServiceAccountKey
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests import stage
from tests.factories import Cast, Wire, batch, issue

OLD, NEW = "old pepper " * 4, "new pepper " * 4


@pytest.fixture(autouse=True)
def fresh(database: Service) -> Iterator[None]:
    """No notes and no identities from before, nor left behind."""
    key_use.forget()
    forget_all()
    yield
    key_use.forget()
    forget_all()


def stored(cast: Cast, key_id: UUID) -> ApiKey:
    """The key's row."""
    with tenant_transaction(cast.tenant_id):
        return ApiKey.objects.get(key_id=key_id)


def refusals(cast: Cast) -> list[Any]:
    """What the tenant's audit log has of refusals, oldest first."""
    return [one for one in audit.walk(cast.tenant_id) if one.outcome == "refused"]


# --- last use -----------------------------------------------------------------------------------------


def test_the_last_use_is_written_down_for_all_tenants_at_once(acme: Cast, globex: Cast) -> None:
    keys = [(cast, issue(cast.tenant_id)) for cast in (acme, globex)]
    before = datetime.now(UTC)
    for _, issued in keys:
        client = Client(REMOTE_ADDR="203.0.113.9")
        headers = {"x-chroma-token": issued.secret, "user-agent": "Chroma\x07 Client " + "x" * 400}
        assert client.get("/api/v2/auth/identity", headers=headers).status_code == 200
    assert stored(acme, keys[0][1].key_id).last_used_at is None
    notebook().flush()
    for cast, issued in keys:
        row = stored(cast, issued.key_id)
        assert row.last_used_at is not None
        assert before - timedelta(seconds=1) < row.last_used_at <= datetime.now(UTC)
        assert row.last_used_address == "203.0.113.9"
        assert row.last_used_client == ("Chroma Client " + "x" * 400)[:256]


def test_an_older_use_does_not_replace_a_newer_one(acme: Cast) -> None:
    issued, now = issue(acme.tenant_id), datetime.now(UTC)
    for at, client in ((now, "newer"), (now - timedelta(seconds=5), "older")):
        use = key_authentication.Use(issued.key_id, at, None, client)
        key_authentication.note_uses([use], pepper=settings.KEY_PEPPERS[0])
    assert stored(acme, issued.key_id).last_used_client == "newer"


def test_a_locked_row_keeps_nobody_waiting(acme: Cast) -> None:
    issued, other = issue(acme.tenant_id), issue(acme.tenant_id)
    uses = [key_authentication.Use(one.key_id, datetime.now(UTC), None, "x") for one in (issued, other)]
    with tenant_transaction(acme.tenant_id):
        ApiKey.objects.select_for_update().get(key_id=issued.key_id)
        stage.elsewhere(lambda: key_authentication.note_uses(uses, pepper=settings.KEY_PEPPERS[0]))
    assert stored(acme, issued.key_id).last_used_at is None
    assert stored(acme, other.key_id).last_used_at is not None


def test_a_clean_stop_writes_the_rest_and_the_thread_does_it_meanwhile(acme: Cast) -> None:
    first, second = issue(acme.tenant_id), issue(acme.tenant_id)
    notes = Notebook(flush_seconds=0.01)
    notes.used(first.key_id, None, "the thread")
    deadline = datetime.now(UTC) + timedelta(seconds=20)
    while stored(acme, first.key_id).last_used_at is None:
        assert datetime.now(UTC) < deadline
    slow = Notebook(flush_seconds=3_600)
    slow.used(second.key_id, None, "the stop")
    slow.close()
    notes.close()
    assert stored(acme, second.key_id).last_used_client == "the stop"


def _in_child(answers: Any) -> None:
    answers.put((os.getpid(), len(notebook()._uses), notebook()._thread is None))


def test_a_forked_child_begins_anew(acme: Cast) -> None:
    assert acme.wire.get("/auth/identity").status == 200
    assert notebook()._uses
    context = multiprocessing.get_context("fork")
    answers: Any = context.SimpleQueue()
    child = context.Process(target=_in_child, args=(answers,))
    child.start()
    child_id, uses_count, has_no_thread = answers.get()
    child.join()
    assert child_id != os.getpid()
    assert (uses_count, has_no_thread) == (0, True)


def test_a_database_that_is_away_costs_the_notes_and_nothing_else(
    acme: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    notes = Notebook(has_thread=False)
    notes.used(issue(acme.tenant_id).key_id, "not an address", "x")  # PostgreSQL refuses it
    notes.flush()
    assert "not written down" in caplog.text
    issued = issue(acme.tenant_id)
    notes.used(issued.key_id, None, "x")
    notes.flush()
    assert stored(acme, issued.key_id).last_used_at is not None


# --- refusals -----------------------------------------------------------------------------------------


def test_what_was_refused_to_a_key_is_in_its_tenants_log(acme: Cast) -> None:
    place, other = acme.collection(), acme.collection()
    issued = issue(acme.tenant_id, template=Template.READ_ONLY)
    for _ in range(3):
        assert Wire(issued.secret).post(f"{place.path}/add", batch(1)).status == 403
    assert Wire(issued.secret).post(f"{acme.place}/collections", {"name": "another"}).status == 403
    here = issue(acme.tenant_id, allowed_networks=("10.0.0.0/8",))
    assert Wire(here.secret).get(f"{place.path}/count").status == 403
    mine = issue(acme.tenant_id, collection_ids=frozenset({place.collection_id}))
    assert Wire(mine.secret).get(f"{other.path}/count").status == 404
    forced = issue(acme.tenant_id, forced_where='{"owner":"a"}')
    assert Wire(forced.secret).post(f"{place.path}/add", batch(1)).status == 403
    assert refusals(acme) == []
    notebook().flush()
    found = {(one.action, one.details["reason"]): one for one in refusals(acme)}
    assert set(found) == {
        ("collection:add", "verb"),
        ("db:create_collection", "verb"),
        ("key.use", "network"),
        ("collection:count", "collection"),
        ("collection:add", "forced filter"),
    }
    added = found["collection:add", "verb"]
    assert (added.actor_kind, added.actor_id, added.details["count"]) == ("api_key", issued.key_id, 3)
    assert added.subject_label == f"/api/v2{place.path}/add"
    assert added.address == "127.0.0.1"
    assert issued.secret not in str([vars(one) for one in found.values()])
    assert audit.verify(acme.tenant_id).broken_at is None


def test_an_outsiders_refusal_is_in_the_outsiders_log(acme: Cast, globex: Cast) -> None:
    assert globex.wire.get(acme.place).status == 403
    notebook().flush()
    assert refusals(acme) == []
    assert [one.details["reason"] for one in refusals(globex)] == ["place"]


# --- peppers ------------------------------------------------------------------------------------------


def test_a_key_moves_to_the_first_pepper_when_it_is_used(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "KEY_PEPPER", OLD)
    monkeypatch.setattr(settings, "KEY_PEPPERS", [OLD])
    issued = issue(acme.tenant_id)
    monkeypatch.setattr(settings, "KEY_PEPPER", NEW)
    monkeypatch.setattr(settings, "KEY_PEPPERS", [NEW, OLD])
    for _ in range(2):
        assert Wire(issued.secret).get("/auth/identity").status == 200
        forget_all()
        row = stored(acme, issued.key_id)
        assert bytes(row.digest) == secret_text.digest(issued.secret, pepper=NEW)
        assert row.pepper_id == secret_text.pepper_id(NEW)
    monkeypatch.setattr(settings, "KEY_PEPPERS", [NEW])
    assert Wire(issued.secret).get("/auth/identity").status == 200
    forget_all()
    with pytest.raises(Unauthenticated):
        key_authentication.authenticate(issued.secret, peppers=[OLD], may_operate=False)


def test_a_service_accounts_key_moves_too(acme: Cast) -> None:
    made = service_accounts.create(command("tests"), acme.tenant_id, "deploy", Role.VIEWER, pepper=OLD)
    for peppers in ([OLD], [NEW, OLD], [NEW]):
        assert service_accounts.authenticate(made.secret, peppers=peppers).label == "deploy"
    with pytest.raises(Unauthenticated):
        service_accounts.authenticate(made.secret, peppers=[OLD])


def test_a_key_from_before_peppers_had_names_gets_one(acme: Cast) -> None:
    issued = issue(acme.tenant_id)
    with tenant_transaction(acme.tenant_id):
        ApiKey.objects.filter(key_id=issued.key_id).update(pepper_id="")
    Wire(issued.secret).get("/auth/identity")
    notebook().flush()
    assert stored(acme, issued.key_id).pepper_id == secret_text.pepper_id(settings.KEY_PEPPERS[0])


def test_the_peppers_command_counts_what_is_left(
    acme: Cast, database: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = f"pepper of this test {acme.tenant_id}"
    service_accounts.create(command("tests"), acme.tenant_id, "deploy", Role.VIEWER, pepper=only)
    monkeypatch.setattr(settings, "KEY_PEPPERS", [only])
    issue(acme.tenant_id), issue(acme.tenant_id)
    monkeypatch.setattr(settings, "KEY_PEPPERS", [NEW + "unused", only])
    monkeypatch.setattr(settings, "DATABASE_URL", "set")
    output = io.StringIO()
    with stage.role(database, "owner"):
        call_command("peppers", stdout=output)
    rows = {line.split()[0]: line.split()[1:] for line in output.getvalue().splitlines()}
    assert rows[secret_text.pepper_id(NEW + "unused")] == ["0", "0", "KEY_PEPPER"]
    assert rows[secret_text.pepper_id(only)] == ["2", "1", "KEY_PEPPERS_BEFORE"]
    assert only not in output.getvalue()


# --- leaks --------------------------------------------------------------------------------------------


def test_the_check_finds_keys_without_a_database_and_never_prints_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATABASE_URL", "")
    secrets = [secret_text.generate("ck-"), secret_text.generate("sa-")]
    path = tmp_path / "leak.env"
    path.write_bytes(b"\xff\xfe\n" + "\n".join(f"KEY={one}" for one in secrets).encode())
    for source in (str(path), "\n".join(secrets)):
        output = io.StringIO()
        with pytest.raises(CommandError, match="2 found"):
            call_command("check_key", source, stdout=output)
        assert secrets[0][:9] in output.getvalue()
        assert not any(one in output.getvalue() for one in secrets)
    output = io.StringIO()
    call_command("check_key", "nothing to see", stdout=output)
    assert output.getvalue() == "No key found.\n"


def test_the_check_revokes_what_is_live(
    acme: Cast, database: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "DATABASE_URL", "set")
    issued = issue(acme.tenant_id)
    account = service_accounts.create(
        command("tests"), acme.tenant_id, "deploy", Role.VIEWER, pepper=settings.KEY_PEPPERS[0]
    )
    monkeypatch.setattr("sys.stdin", io.StringIO(f"a {issued.secret}\nb {account.secret}\n"))
    output = io.StringIO()
    with stage.role(database, "owner"):
        call_command("check_key", "--revoke", stdout=output)
    assert output.getvalue().count(": revoked") == 2
    assert Wire(issued.secret).get("/auth/identity").status == 401
    with pytest.raises(Unauthenticated):
        service_accounts.authenticate(account.secret, peppers=settings.KEY_PEPPERS)
    with tenant_transaction(acme.tenant_id):
        assert ServiceAccountKey.objects.get(service_account_id=account.service_account_id).revoked_at
    actions = [one.action for one in audit.walk(acme.tenant_id)]
    assert actions[-2:] == ["keys.revoke", "service_accounts.manage"]
    output = io.StringIO()
    with stage.role(database, "owner"):
        call_command("check_key", issued.secret, "--revoke", stdout=output)
    assert "not live here" in output.getvalue()
