"""`GET /auth/identity`, and what a key is worth (contract, sections 3.1 and 3.2)."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from cloud.api.authentication import forget_all
from tenants import keys, secret_text
from tenants.actors import command
from tenants.models import ApiKey
from tenants.scope import tenant_transaction
from tests.factories import Cast, Place, Wire, issue
from tests.wire.helpers import MISSING, PLAIN, assert_error, limited


def test_it_names_a_key_of_all_databases(acme: Cast) -> None:
    for key in (acme.wire, acme.read_only):
        answer = key.get("/auth/identity")
        assert answer.status == 200
        assert answer.body == {
            "user_id": str(uuid.UUID(answer.body["user_id"])),
            "tenant": acme.name,
            "databases": ["*"],
        }


def test_it_names_the_databases_of_a_limited_key(acme: Cast) -> None:
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "second"})
    assert limited(acme, "second").get("/auth/identity").body["databases"] == ["second"]
    assert sorted(limited(acme, "second", "main").get("/auth/identity").body["databases"]) == [
        "main",
        "second",
    ]


def test_it_leaves_a_key_nothing_when_its_databases_are_gone(acme: Cast) -> None:
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "second"})
    key = limited(acme, "second")
    acme.wire.delete(f"/tenants/{acme.name}/databases/second")
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "second"})
    assert key.get("/auth/identity").body["databases"] == []
    assert key.get(f"/tenants/{acme.name}/databases/second").status == 403
    assert key.get(f"/tenants/{acme.name}/databases").body == []


WELL_FORMED_BUT_UNKNOWN = secret_text.generate("ck-")


@pytest.mark.parametrize(
    "key",
    [
        None,
        "",
        "x",
        "ck-",
        "ck-" + "0" * 48,
        pytest.param(WELL_FORMED_BUT_UNKNOWN, id="unknown"),
        pytest.param(WELL_FORMED_BUT_UNKNOWN.upper(), id="unknown-in-capitals"),
        "é",
        "x" * 5_000,
    ],
)
def test_it_refuses_what_is_no_key(shelf: Place, key: str | None) -> None:
    for answer in (
        Wire(key).get("/auth/identity"),
        Wire(key).get(f"/tenants/{shelf.cast.name}"),
        Wire(key).get(f"{shelf.path}/count"),
        Wire(key).post(f"{shelf.path}/get", {}),
        Wire(key).get(f"{shelf.cast.place}/collections/by-id/{uuid.uuid4()}"),
    ):
        assert_error(answer, 401, PLAIN, "Permission denied.")


def test_it_names_the_defect_of_a_client_that_sends_none(acme: Cast) -> None:
    answer = Wire("None").get("/auth/identity")
    assert_error(answer, 401, PLAIN, "Permission denied.")
    assert "api_key=" in answer.body["message"]


def test_it_refuses_an_expired_key(acme: Cast) -> None:
    issued = issue(acme.tenant_id)
    with tenant_transaction(acme.tenant_id):
        past = datetime.now(UTC) - timedelta(seconds=1)
        ApiKey.objects.filter(key_id=issued.key_id).update(expires_at=past)
    assert_error(Wire(issued.secret).get("/auth/identity"), 401, PLAIN, "Permission denied.")


def test_it_serves_a_key_that_expires_later(acme: Cast) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    issued = issue(acme.tenant_id, expires_at=later)
    assert Wire(issued.secret).get("/auth/identity").status == 200


def test_it_refuses_a_revoked_key(acme: Cast) -> None:
    issued = issue(acme.tenant_id)
    assert Wire(issued.secret).get("/auth/identity").status == 200
    keys.revoke(command("tests"), acme.tenant_id, issued.key_id)
    forget_all()
    assert_error(Wire(issued.secret).get("/auth/identity"), 401, PLAIN, "Permission denied.")


def test_it_looks_a_collection_up_before_it_checks_the_verb(shelf: Place) -> None:
    missing = uuid.uuid4()
    path = f"{shelf.cast.place}/collections/{missing}/delete"
    answer = shelf.cast.read_only.post(path, {"ids": ["a"]})
    assert_error(answer, 404, MISSING, f"Collection [{missing}] does not exist.")


def test_it_refuses_reset_and_new_tenants_to_an_ordinary_key(shelf: Place) -> None:
    assert_error(shelf.cast.wire.post("/reset", {}), 403, PLAIN)
    assert_error(shelf.cast.wire.post("/tenants", {"name": "more"}), 403, PLAIN)
