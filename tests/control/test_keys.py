"""API keys over the control API: works, role too low, outsider, malformed; rotation, and the limits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from cloud.api import authentication
from cloud.processes import Service
from tenants import databases, keys
from tenants.models import ApiKey
from tenants.quotas import Limits
from tenants.roles import Action, Role, may
from tenants.scope import tenant_transaction
from tests.control.caller import BY, Caller, Office, office
from tests.factories import Answer, Wire, issue

FAR = "2029-01-01T00:00:00Z"


def create(office: Office, **body: object) -> dict[str, Any]:
    """A key, made by the tenant's owner."""
    made = office.owner.post(f"{office.path}/keys", {"name": "ingest job", **body})
    assert made.status == 201, made
    found: dict[str, Any] = made.body
    return found


def identity(secret: str) -> Answer:
    """What the data plane says of a key."""
    return Wire(secret).get("/auth/identity")


@pytest.fixture(scope="module")
def still(database: Service) -> Office:
    """A tenant for the tests that change nothing, with one key."""
    del database
    made = office("still")
    create(made, name="the only one")
    return made


def days_until(moment: str) -> float:
    """From now."""
    return (datetime.fromisoformat(moment) - datetime.now(UTC)) / timedelta(days=1)


def test_a_key_is_made_used_changed_and_revoked(acme: Office) -> None:
    made = create(acme, template="read_only", allowed_networks=["10.0.0.0/8", "127.0.0.1"])
    path, key = f"{acme.path}/keys/{made['key']['key_id']}", made["key"]
    assert (key["display_prefix"], key["last_used_at"]) == (made["secret"][:9], None)
    assert key["created_by"] == (acme.owner.user and acme.owner.user.email)
    assert key["allowed_networks"] == ["10.0.0.0/8", "127.0.0.1/32"]
    assert 89.9 < days_until(key["expires_at"]) <= 90
    assert identity(made["secret"]).body["user_id"] == key["key_id"]
    changed = acme.owner.patch(
        path, {"name": "other", "requests_per_minute_count": 5, "allowed_networks": []}
    )
    assert changed.body == {**key, "name": "other", "requests_per_minute_count": 5, "allowed_networks": []}
    assert (
        acme.owner.patch(path, {"requests_per_minute_count": None}).body["requests_per_minute_count"] is None
    )
    assert acme.owner.get(path).body["name"] == "other"
    assert acme.owner.delete(path).status == 200
    assert identity(made["secret"]).status == 401
    assert acme.owner.get(path).body["revoked_at"] is not None
    assert acme.owner.delete(path).status == acme.owner.patch(path, {"name": "x"}).status == 404
    assert made["secret"] not in str(acme.owner.get(f"{acme.path}/audit").body)
    actions = [entry["action"] for entry in acme.owner.get(f"{acme.path}/audit").body["items"]]
    assert actions[:4] == ["keys.revoke", "keys.update", "keys.update", "keys.create"]


def test_pages_of_keys_leave_none_out(acme: Office) -> None:
    made = [create(acme, name=f"key {number}")["key"]["key_id"] for number in range(5)]
    acme.owner.delete(f"{acme.path}/keys/{made[1]}")
    for query, expected in (("", made[:1] + made[2:]), ("&include_revoked=true", made)):
        found, after = [], ""
        while True:
            page = acme.owner.get(f"{acme.path}/keys?limit=2{query}{after}").body
            found += [one["key_id"] for one in page["items"]]
            if page["next"] is None:
                break
            after = f"&after={page['next']}"
        assert found == expected[::-1]


def test_templates_say_what_they_give(acme: Office) -> None:
    found = {one["name"]: one["verbs"] for one in acme.owner.get(f"{acme.path}/key-templates").body["items"]}
    assert found.keys() == {"full", "read_only", "ingest_only", "one_collection"}
    assert "collection:add" in found["ingest_only"]
    assert not {"collection:get", "collection:query", "collection:delete"} & set(found["ingest_only"])
    assert create(acme, template="ingest_only")["key"]["verbs"] == found["ingest_only"]
    assert create(acme, verbs=["collection:get"])["key"]["verbs"] == ["collection:get"]


def test_a_rotated_key_hands_its_scopes_on(acme: Office) -> None:
    made = create(
        acme, template="read_only", where={"owner": "a"}, allowed_networks=["127.0.0.0/8"], expires_at=FAR
    )
    path = f"{acme.path}/keys/{made['key']['key_id']}"
    rotated = acme.owner.post(f"{path}/rotate", {"overlap_seconds": 3600})
    assert rotated.status == 201, rotated
    old, new = acme.owner.get(path).body, rotated.body["key"]
    same = ("name", "verbs", "where", "allowed_networks", "requests_per_minute_count", "collection_ids")
    assert {name: new[name] for name in same} == {name: made["key"][name] for name in same}
    assert abs(days_until(new["expires_at"]) - days_until(FAR)) < 0.1
    assert old["replaced_by"] == new["key_id"]
    assert 0 < days_until(old["expires_at"]) <= 1 / 24
    assert identity(made["secret"]).status == identity(rotated.body["secret"]).status == 200
    again = acme.owner.post(f"{path}/rotate", {})
    assert (again.status, new["key_id"] in again.body["message"]) == (409, True)
    acme.owner.delete(path)
    assert (identity(made["secret"]).status, identity(rotated.body["secret"]).status) == (401, 200)


def test_without_overlap_the_old_key_ends_at_once(acme: Office) -> None:
    made = create(acme, expires_at=None)
    path = f"{acme.path}/keys/{made['key']['key_id']}"
    rotated = acme.owner.post(f"{path}/rotate", {"overlap_seconds": 0}).body
    assert rotated["key"]["expires_at"] is None
    assert (identity(made["secret"]).status, identity(rotated["secret"]).status) == (401, 200)
    assert acme.owner.post(f"{path}/rotate", {}).status == 404  # it has expired


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    caller, path = acme[role], f"{acme.path}/keys"
    key = create(acme)["key"]["key_id"]
    view, make = may(role, Action.VIEW_KEYS), may(role, Action.CREATE_KEY)
    for place in (path, f"{path}/{key}", f"{acme.path}/key-templates"):
        assert caller.get(place).status == (200 if view else 403)
    assert caller.post(path, {"name": "x"}).status == (201 if make else 403)
    assert caller.patch(f"{path}/{key}", {"name": "y"}).status == (200 if make else 403)
    rotates, revokes = may(role, Action.ROTATE_KEY), may(role, Action.REVOKE_KEY)
    assert caller.post(f"{path}/{key}/rotate", {}).status == (201 if rotates else 403)
    assert caller.delete(f"{path}/{key}").status == (200 if revokes else 403)


def test_an_outsider_finds_nothing(acme: Office, globex: Office, nobody: Caller) -> None:
    key = create(acme)["key"]["key_id"]
    for base, caller in ((acme.path, globex.owner), (globex.path, globex.owner)):
        one = f"{base}/keys/{key}"
        assert caller.get(one).status == caller.patch(one, {"name": "x"}).status == 404
        assert caller.post(f"{one}/rotate", {}).status == caller.delete(one).status == 404
    assert globex.owner.get(f"{acme.path}/keys").status == 404
    assert globex.owner.post(f"{acme.path}/keys", {"name": "x"}).status == 404
    assert globex.owner.get(f"{acme.path}/key-templates").status == 404
    assert nobody.get(f"{acme.path}/keys").status == 401
    assert acme.owner.get(f"{acme.path}/keys/{key}").body["revoked_at"] is None


def test_the_places_of_a_key_are_the_tenants_own(acme: Office, globex: Office) -> None:
    database = databases.create(globex.tenant_id, "theirs", limits=Limits(), cell_count=settings.CELL_COUNT)
    wire = Wire(issue(globex.tenant_id).secret)
    made = wire.post(f"/tenants/{globex.name}/databases/theirs/collections", {"name": "secrets"}).body["id"]
    for body in ({"database_ids": [str(database.pk)]}, {"collection_ids": [made]}):
        assert acme.owner.post(f"{acme.path}/keys", {"name": "x", **body}).status == 404
    other = databases.create(globex.tenant_id, "other", limits=Limits(), cell_count=settings.CELL_COUNT)
    both = {"name": "x", "database_ids": [str(other.pk)], "collection_ids": [made]}
    refused = globex.owner.post(f"{globex.path}/keys", both)
    assert (refused.status, "collection_ids" in refused.body["message"]) == (400, True)
    key = create(globex, collection_ids=[made], template="one_collection")["key"]
    assert (key["collection_ids"], key["database_ids"]) == ([made], [str(database.pk)])


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({"name": ""}, 400, "name"),
        ({"name": "x" * 129}, 400, "name"),
        ({"name": "a\x00b"}, 400, "name"),
        ({"name": None}, 422, "name"),
        ({"template": "root"}, 422, "template"),
        ({"template": "one_collection"}, 400, "collection_ids"),
        ({"collection_ids": []}, 400, "collection_ids"),
        ({"collection_ids": ["x"]}, 422, "collection_ids"),
        ({"template": "read_only", "verbs": ["collection:get"]}, 400, "verbs"),
        ({"verbs": []}, 400, "verbs"),
        ({"verbs": ["system:reset"]}, 400, "verbs"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, 400, "expires_at"),
        ({"expires_at": "2099-01-01T00:00:00Z"}, 400, "expires_at"),
        ({"expires_at": "2029-01-01T00:00:00"}, 400, "expires_at"),
        ({"expires_at": "soon"}, 422, "expires_at"),
        ({"allowed_networks": ["10.0.0.1/8"]}, 400, "allowed_networks"),
        ({"allowed_networks": ["example.com"]}, 400, "allowed_networks"),
        ({"allowed_networks": [f"10.0.{one}.0/24" for one in range(33)]}, 400, "allowed_networks"),
        ({"requests_per_minute_count": 0}, 400, "requests_per_minute_count"),
        ({"requests_per_minute_count": 2**40}, 400, "requests_per_minute_count"),
        ({"where": {}}, 400, "where"),
        ({"where": {"$and": []}}, 400, "where"),
        ({"where": {"#document": {"$contains": "x"}}}, 400, "where"),
        ({"where": {"#document": {"$regex": "x"}}}, 400, "where"),
        ({"where": {"$and": [{"a": 1}, {"#id": "x"}]}}, 400, "where"),
        ({"where": {"a": {"$like": "x"}}}, 400, "where"),
        ({"where": {"a": "x" * 5000}}, 400, "where"),
        ({"where": {"$and": [{"a": number} for number in range(33)]}}, 400, "where"),
        ({"where": "a = 1"}, 422, "where"),
        ({"is_operator": True}, 422, "is_operator"),
        (b"{", 400, "JSON"),
    ],
)
def test_malformed_bodies_are_named(still: Office, body: object, status: int, named: str) -> None:
    sent = {"name": "x", **body} if isinstance(body, dict) else body
    answer = still.owner.post(f"{still.path}/keys", sent)
    assert (answer.status, named in answer.body["message"]) == (status, True), answer
    assert len(still.owner.get(f"{still.path}/keys").body["items"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "named"),
    [
        ("PATCH", "", {"expires_at": "2028-01-01T00:00:00Z"}, 400, "expires_at"),
        ("PATCH", "", {"expires_at": "2020-01-01T00:00:00Z"}, 400, "expires_at"),
        ("PATCH", "", {"expires_at": None}, 422, "expires_at"),
        ("PATCH", "", {"allowed_networks": ["x"]}, 400, "allowed_networks"),
        ("PATCH", "", {"requests_per_minute_count": -1}, 400, "requests_per_minute_count"),
        ("PATCH", "", {"where": {"a": 1}}, 422, "where"),
        ("POST", "/rotate", {"overlap_seconds": -1}, 400, "overlap_seconds"),
        ("POST", "/rotate", {"overlap_seconds": 31 * 86_400}, 400, "overlap_seconds"),
        ("POST", "/rotate", {"overlap_seconds": 10**18}, 400, "overlap_seconds"),
        ("POST", "/rotate", {"overlap": 1}, 422, "overlap"),
    ],
)
def test_malformed_changes_are_named(
    still: Office, method: str, path: str, body: object, status: int, named: str
) -> None:
    key = still.owner.get(f"{still.path}/keys").body["items"][0]
    answer = still.owner.send(method, f"{still.path}/keys/{key['key_id']}{path}", body)
    assert (answer.status, named in answer.body["message"]) == (status, True), answer
    assert still.owner.get(f"{still.path}/keys/{key['key_id']}").body == key


@pytest.mark.parametrize(
    "query", ["limit=0", "after=x", "after=1-x", "after=9999999999999999999999-", "limit=x"]
)
def test_malformed_pages_are_refused(still: Office, query: str) -> None:
    answer = still.owner.get(f"{still.path}/keys?{query}")
    assert (answer.status, query.partition("=")[0] in answer.body["message"]) == (400, True), answer


def test_a_life_is_only_shortened(acme: Office) -> None:
    key = create(acme, expires_at=None)["key"]["key_id"]
    sooner = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    assert acme.owner.patch(f"{acme.path}/keys/{key}", {"expires_at": FAR}).status == 200
    assert acme.owner.patch(f"{acme.path}/keys/{key}", {"expires_at": sooner}).status == 200
    assert acme.owner.patch(f"{acme.path}/keys/{key}", {"expires_at": FAR}).status == 400


def test_a_tenant_has_at_most_a_thousand_live_keys(acme: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "MAX_LIVE_KEYS", 3)
    monkeypatch.setattr(keys, "_MAX_LIVE_KEYS_IN_ROTATION", 4)
    made = [create(acme)["key"]["key_id"] for _ in range(3)]
    refused = acme.owner.post(f"{acme.path}/keys", {"name": "x"})
    assert (refused.status, "at most" in refused.body["message"]) == (422, True)
    assert acme.owner.post(f"{acme.path}/keys/{made[0]}/rotate", {}).status == 201
    assert acme.owner.post(f"{acme.path}/keys/{made[1]}/rotate", {}).status == 422
    for key in made[:2]:
        acme.owner.delete(f"{acme.path}/keys/{key}")
    assert acme.owner.post(f"{acme.path}/keys", {"name": "x"}).status == 201


def test_an_operators_key_is_an_operators_affair(acme: Office) -> None:
    made = keys.issue(BY, acme.tenant_id, pepper=settings.KEY_PEPPERS[0], name="operator", is_operator=True)
    assert acme.owner.post(f"{acme.path}/keys/{made.key_id}/rotate", {}).status == 403
    with tenant_transaction(acme.tenant_id):
        assert ApiKey.objects.get(key_id=made.key_id).replaced_by is None
    authentication.forget_all()
