"""Databases over the control API: works, role too low, outsider, malformed; and what is written down."""

from __future__ import annotations

import uuid

import pytest

from tenants import audit
from tenants.roles import Action, Role, may
from tests.control.caller import Caller, Office, api_key


def test_one_is_made_listed_and_deleted(acme: Office, operator: Caller) -> None:
    path = f"{acme.path}/databases"
    made = [acme.owner.post(path, {"name": name}) for name in ("two", "one", "three")]
    assert [one.status for one in made] == [201, 201, 201]
    assert acme.owner.post(path, {"name": "one"}).status == 409
    first = acme.owner.get(f"{path}?limit=2").body
    rest = acme.owner.get(f"{path}?limit=2&after={first['next']}").body
    assert [one["name"] for one in first["items"] + rest["items"]] == ["one", "three", "two"]
    assert rest["next"] is None
    assert {one["cell"] for one in first["items"]} == {made[0].body["cell"]} == {None}
    assert all(one["cell"].startswith("cell_") for one in operator.get(path).body["items"])
    assert acme.owner.delete(f"{path}/one").status == 200
    assert acme.owner.delete(f"{path}/one").status == 404
    deleted, *created = acme.owner.get(f"{acme.path}/audit?limit=4").body["items"]
    assert (deleted["action"], deleted["subject_label"]) == ("databases.delete", "one")
    assert deleted["subject_id"] == made[1].body["database_id"]
    assert [one["subject_label"] for one in created] == ["three", "one", "two"]


def test_a_key_of_the_data_plane_is_written_down_too(acme: Office) -> None:
    wire = api_key(acme.tenant_id, acme.owner)
    assert wire.post(f"{acme.path}/databases", {"name": "main"}).status == 200
    assert wire.delete(f"{acme.path}/databases/main").status == 200
    assert wire.delete(f"{acme.path}/databases/main").status == 404
    deleted, created, *_ = audit.read(acme.tenant_id, limit_count=3)
    assert [one.action for one in (created, deleted)] == ["databases.create", "databases.delete"]
    for entry in (created, deleted):
        assert (entry.actor_kind, entry.subject_label, entry.address) == ("api_key", "main", "127.0.0.1")
        assert str(wire.key) not in str(vars(entry))


def test_the_plan_bounds_how_many(acme: Office) -> None:
    path = f"{acme.path}/databases"
    answers = [acme.owner.post(path, {"name": f"database{number}"}).status for number in range(11)]
    assert answers == [201] * 10 + [422]


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    path = f"{acme.path}/databases"
    assert acme[role].get(path).status == (200 if may(role, Action.VIEW_DATABASES) else 403)
    made = acme[role].post(path, {"name": "main"})
    assert made.status == (201 if may(role, Action.CREATE_DATABASE) else 403)
    gone = acme[role].delete(f"{path}/{uuid.uuid4()}")
    assert gone.status == (404 if may(role, Action.DELETE_DATABASE) else 403)


def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, nobody: Caller) -> None:
    path = f"{acme.path}/databases"
    acme.owner.post(path, {"name": "main"})
    for method, place, body in (
        ("GET", path, None),
        ("POST", path, {"name": "theirs"}),
        ("DELETE", f"{path}/main", None),
    ):
        answer = globex.owner.send(method, place, body)
        missing = globex.owner.send(method, place.replace(acme.name, "no-such-tenant"), body)
        assert answer.status == missing.status == 404
        assert answer.body["message"].replace(acme.name, "no-such-tenant") == missing.body["message"]
        assert nobody.send(method, place, body).status == 401
    assert [one["name"] for one in acme.owner.get(path).body["items"]] == ["main"]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 422, "name"),
        ({"name": 1}, 422, "name"),
        ({"name": "a"}, 400, "name"),
        ({"name": "x" * 129}, 422, "Name size"),
        ({"name": "main", "cell": "cell_000"}, 422, "cell"),
        (b"{", 400, "JSON"),
    ],
)
def test_malformed_bodies_are_named(acme: Office, body: object, status: int, named: str) -> None:
    answer = acme.owner.post(f"{acme.path}/databases", body)
    assert answer.status == status
    assert named in answer.body["message"]
    assert acme.owner.get(f"{acme.path}/databases").body["items"] == []


def test_malformed_pages_and_names_are_refused(acme: Office) -> None:
    for query in ("limit=0", "after=%00", "limit=x"):
        assert acme.owner.get(f"{acme.path}/databases?{query}").status == 400
    assert acme.owner.delete(f"{acme.path}/databases/%00").status == 404
