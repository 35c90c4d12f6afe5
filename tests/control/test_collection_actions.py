"""Collections over the control API: create, rename, fork, delete; role too low, outsider, malformed."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tenants import audit
from tenants.billing import budgets
from tenants.roles import Action, Role, may
from tests.binned import BY
from tests.control.caller import Caller, Office, api_key
from tests.factories import batch


@pytest.fixture
def path(acme: Office) -> str:
    """Of the collections of a database."""
    assert acme.owner.post(f"{acme.path}/databases", {"name": "main"}).status == 201
    return f"{acme.path}/databases/main/collections"


def made(caller: Caller, path: str, name: str = "docs", **more: object) -> Any:
    """Create a collection; what was answered."""
    answer = caller.post(path, {"name": name, **more})
    assert answer.status == 201, answer
    return answer.body


def test_one_is_made_as_asked(acme: Office, path: str) -> None:
    asked: dict[str, Any] = {
        "space": "cosine",
        "ef_search": 50,
        "max_neighbors": 24,
        "metadata": {"topic": "birds", "n": 2},
    }
    body = made(acme[Role.DEVELOPER], path, **asked)
    empty = {"dimension": None, "record_count": 0, "logical_bytes": 0, "database_name": "main"}
    assert body == {
        **asked,
        **empty,
        "collection_id": body["collection_id"],
        "name": "docs",
        "ef_construction": 100,
    }
    wire = api_key(acme.tenant_id, acme.owner)
    shown = wire.get(f"/tenants/{acme.name}/databases/main/collections/docs").body
    assert (shown["id"], shown["metadata"]) == (body["collection_id"], asked["metadata"])
    assert shown["configuration_json"]["hnsw"]["space"] == "cosine"
    assert acme.owner.post(path, {"name": "docs"}).status == 409


def test_it_is_renamed_forked_and_deleted(acme: Office, path: str) -> None:
    wire = api_key(acme.tenant_id, acme.owner)
    one = f"{path}/{made(acme.owner, path)['collection_id']}"
    record = f"/tenants/{acme.name}/databases/main/collections/{one.rpartition('/')[2]}"
    assert wire.post(f"{record}/add", batch(5)).status == 201
    renamed = acme.owner.patch(one, {"new_name": "papers"})
    assert (renamed.status, renamed.body["name"]) == (200, "papers")
    forked = acme.owner.post(f"{one}/fork", {"new_name": "copy"})
    assert (forked.status, forked.body["record_count"], forked.body["dimension"]) == (201, 5, 8)
    assert forked.body["collection_id"] != renamed.body["collection_id"]
    assert acme.owner.delete(one).status == 200
    assert acme.owner.delete(one).status == 404
    listed = wire.get(f"/tenants/{acme.name}/databases/main/collections").body
    assert [each["name"] for each in listed] == ["copy"]


def test_everything_is_written_down_with_who_did_it(acme: Office, path: str) -> None:
    first = made(acme.owner, path)
    one = f"{path}/{first['collection_id']}"
    acme.owner.patch(one, {"new_name": "papers"})
    forked = acme.owner.post(f"{one}/fork", {"new_name": "copy"}).body
    acme.owner.delete(one)
    entries = list(reversed(audit.read(acme.tenant_id, limit_count=4)))
    assert [(each.action, each.subject_label) for each in entries] == [
        ("collections.create", "main/docs"),
        ("collections.manage", "main/papers"),
        ("collections.fork", "main/copy"),
        ("collections.delete", "main/papers"),
    ]
    assert {each.actor_kind for each in entries} == {"user"}
    ids = [first["collection_id"]] * 2 + [forked["collection_id"], first["collection_id"]]
    assert [each.subject_id for each in entries] == ids
    assert entries[1].details == {"old_name": "docs", "metadata": False, "configuration": False}
    assert entries[2].details == {"source": "papers", "source_id": first["collection_id"]}
    assert audit.verify(acme.tenant_id).broken_at is None


def test_a_key_makes_collections_without_an_entry_and_forks_with_one(acme: Office, path: str) -> None:
    wire = api_key(acme.tenant_id, acme.owner)
    place = path.removeprefix("/api/control/v1")
    before = len(audit.read(acme.tenant_id, limit_count=50))
    first = wire.post(place, {"name": "docs"}).body
    assert wire.send("PUT", f"{place}/{first['id']}", {"new_name": "papers"}).status == 200
    assert len(audit.read(acme.tenant_id, limit_count=50)) == before
    assert wire.post(f"{place}/{first['id']}/fork", {"new_name": "copy"}).status == 200
    (entry,) = audit.read(acme.tenant_id, limit_count=1)
    assert (entry.action, entry.actor_kind, entry.subject_label) == (
        "collections.fork",
        "api_key",
        "main/copy",
    )


def test_a_fork_of_a_person_keeps_to_the_spend_cap(acme: Office, path: str) -> None:
    one = f"{path}/{made(acme.owner, path)['collection_id']}"
    budgets.set_cap(BY, acme.tenant_id, 30_000_000)
    assert acme.owner.post(f"{one}/fork", {"new_name": "first"}).status == 201
    refused = acme.owner.post(f"{one}/fork", {"new_name": "second"})
    assert refused.status == 422
    assert refused.body["message"].startswith("Billing limit exceeded")
    wire = api_key(acme.tenant_id, acme.owner)
    place = f"/tenants/{acme.name}/databases/main/collections"
    refused = wire.post(f"{place}/{one.rpartition('/')[2]}/fork", {"new_name": "third"})
    assert (refused.status, wire.get(f"{place}_count").body) == (422, 2)


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, path: str, role: Role) -> None:
    one = f"{path}/{made(acme.owner, path)['collection_id']}"
    caller = acme[role]
    for answer, action, status in (
        (caller.post(path, {"name": "mine"}), Action.CREATE_COLLECTION, 201),
        (caller.patch(one, {"new_name": "renamed"}), Action.MANAGE_COLLECTIONS, 200),
        (caller.post(f"{one}/fork", {"new_name": "copy"}), Action.FORK_COLLECTION, 201),
        (caller.delete(one), Action.DELETE_COLLECTION, 200),
    ):
        assert answer.status == (status if may(role, action) else 403)


def test_an_outsider_reaches_nothing(acme: Office, globex: Office, path: str) -> None:
    one = made(acme.owner, path)["collection_id"]
    assert globex.owner.post(f"{globex.path}/databases", {"name": "main"}).status == 201
    for place in (path, f"{globex.path}/databases/main/collections"):
        for method, route, body in (
            ("PATCH", f"{place}/{one}", {"new_name": "stolen"}),
            ("POST", f"{place}/{one}/fork", {"new_name": "stolen"}),
            ("DELETE", f"{place}/{one}", None),
        ):
            assert globex.owner.send(method, route, body).status == 404
    assert globex.owner.post(path, {"name": "theirs"}).status == 404
    wire = api_key(acme.tenant_id, acme.owner)
    listed = wire.get(f"/tenants/{acme.name}/databases/main/collections").body
    assert [each["name"] for each in listed] == ["docs"]


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 422, "name"),
        ({"name": "a"}, 400, "name"),
        ({"name": "x" * 129}, 422, "Name size"),
        ({"name": "docs", "space": "hamming"}, 422, "space"),
        ({"name": "docs", "ef_search": -1}, 422, "ef_search"),
        ({"name": "docs", "metadata": {}}, 400, "metadata"),
        ({"name": "docs", "metadata": {"#a": 1}}, 400, "#"),
        ({"name": "docs", "metadata": {"a": None}}, 422, "null"),
        ({"name": "docs", "metadata": {"a": {"b": 1}}}, 422, "object"),
        ({"name": "docs", "dimension": 3}, 422, "dimension"),
    ],
)
def test_malformed_bodies_are_named(acme: Office, path: str, body: object, status: int, named: str) -> None:
    answer = acme.owner.post(path, body)
    assert (answer.status, named in answer.body["message"]) == (status, True), answer


def test_bad_names_and_places_are_refused(acme: Office, path: str) -> None:
    one = f"{path}/{made(acme.owner, path)['collection_id']}"
    for name in ("a", "with space", "a..b", "10.0.0.1"):
        assert acme.owner.patch(one, {"new_name": name}).status == 400
        assert acme.owner.post(f"{one}/fork", {"new_name": name}).status == 400
    assert acme.owner.post(f"{one}/fork", {"new_name": "docs"}).status == 409
    for nothing in (uuid.uuid4(), "docs", "%00"):
        assert acme.owner.patch(f"{path}/{nothing}", {"new_name": "other"}).status == 404
        assert acme.owner.post(f"{path}/{nothing}/fork", {"new_name": "other"}).status == 404
        assert acme.owner.delete(f"{path}/{nothing}").status == 404
    assert acme.owner.post(path.replace("main", "none"), {"name": "docs"}).status == 404
