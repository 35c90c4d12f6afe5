"""What narrows a key, on the wire: networks, collections, verbs, a rate, a suspension, a forced filter."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from cloud.api.authentication import forget_all
from tenants import databases
from tenants.identity import Verb
from tenants.key_scopes import TEMPLATES, Template
from tenants.models import Database, Tenant
from tenants.quotas import Limits
from tenants.scope import tenant_transaction
from tests.factories import Answer, Cast, Place, Wire, batch, issue, make_tenant
from tests.wire.helpers import MISSING, PLAIN, assert_error, assert_forbidden
from tests.wire.test_outsider import RECORD_ROUTES

QUERY = {"query_embeddings": [[0.0] * 8]}
SEARCH = {"searches": [{"rank": {"$knn": {"query": [0.0] * 8}}}]}
BODIES: dict[str, Any] = {
    "get": {},
    "delete": {"ids": ["r0"]},
    "query": QUERY,
    "search": SEARCH,
    "fork": {"new_name": "copy"},
}


def key(cast: Cast, **scopes: Any) -> Wire:
    """A client with a key of the tenant."""
    return Wire(issue(cast.tenant_id, **scopes).secret)


def database_of(cast: Cast) -> Database:
    """The tenant's."""
    return databases.get(cast.tenant_id, cast.database)


def one_collection(place: Place) -> Wire:
    """A client whose key is for this collection alone."""
    return key(
        place.cast,
        template=Template.ONE_COLLECTION,
        collection_ids=frozenset({place.collection_id}),
        database_ids=frozenset({database_of(place.cast).pk}),
    )


# --- networks -----------------------------------------------------------------------------------------


def identity_from(wire: Wire, address: str, forwarded: str | None = None) -> int:
    """The status of a request that comes from there."""
    headers = {"x-chroma-token": wire.key or ""}
    if forwarded is not None:
        headers["x-forwarded-for"] = forwarded
    answer = Client(REMOTE_ADDR=address).get("/api/v2/auth/identity", headers=headers)
    return answer.status_code


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("10.1.2.3", 200),
        ("::ffff:10.1.2.3", 200),
        ("2001:db8::7", 200),
        ("11.0.0.1", 403),
        ("::ffff:11.0.0.1", 403),
        ("2001:db9::7", 403),
        ("", 403),
        ("unix:", 403),
    ],
)
def test_a_key_works_from_its_networks_only(shelf: Place, address: str, status: int) -> None:
    wire = key(shelf.cast, allowed_networks=("10.0.0.0/8", "2001:db8::/32"))
    assert identity_from(wire, address) == status


def test_the_refusal_names_the_address(shelf: Place) -> None:
    wire = key(shelf.cast, allowed_networks=("10.0.0.0/8",))
    for answer in (wire.get("/auth/identity"), wire.get(f"{shelf.path}/count"), wire.get(shelf.cast.place)):
        assert_error(answer, 403, PLAIN, "Permission denied. This key may not be used from 127.0.0.1.")


@pytest.mark.parametrize(
    ("address", "forwarded", "status"),
    [
        ("192.0.2.1", "10.1.2.3", 200),
        ("192.0.2.1", "10.1.2.3, 192.0.2.9", 200),
        ("192.0.2.1", "10.1.2.3:4711", 200),
        ("192.0.2.1", "10.1.2.3, 203.0.113.9", 403),  # who wrote the first one, nobody knows
        ("192.0.2.1", "nonsense", 403),
        ("192.0.2.1", None, 403),
        ("203.0.113.9", "10.1.2.3", 403),  # no proxy of ours
        ("10.1.2.3", "203.0.113.9", 200),
    ],
)
def test_only_trusted_proxies_are_believed(
    shelf: Place, monkeypatch: pytest.MonkeyPatch, address: str, forwarded: str | None, status: int
) -> None:
    monkeypatch.setattr(settings, "TRUSTED_PROXIES", ("192.0.2.0/24",))
    wire = key(shelf.cast, allowed_networks=("10.0.0.0/8",))
    assert identity_from(wire, address, forwarded) == status


# --- suspension and rate ------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["unpaid since May", ""])
def test_a_suspended_tenant_is_told_why(acme: Cast, reason: str) -> None:
    place = acme.collection()
    with tenant_transaction(acme.tenant_id):
        Tenant.objects.filter(tenant_id=acme.tenant_id).update(
            suspended_at=datetime.now(UTC), suspension_reason=reason
        )
    forget_all()
    for answer in (acme.wire.get("/auth/identity"), acme.wire.post(f"{place.path}/get", {})):
        assert_error(answer, 403, PLAIN, "Permission denied. The tenant is suspended")
        assert reason in answer.body["message"]


def test_a_keys_own_rate_leaves_the_tenants_other_keys_alone(acme: Cast) -> None:
    wire = key(acme, requests_per_minute_count=3)
    statuses = [wire.get(acme.place).status for _ in range(12)]  # a minute may end in between
    assert statuses[:3] == [200] * 3
    assert 429 in statuses[3:7]
    refused = next(one for one in (wire.get(acme.place) for _ in range(20)) if one.status == 429)
    assert refused.body["error"] == "RateLimitError"
    assert int(refused.headers["Retry-After"]) >= 1
    assert '"key";q=3;w=60' in refused.headers["RateLimit-Policy"]
    answer = acme.wire.get(acme.place)
    assert (answer.status, '"key"' in answer.headers["RateLimit-Policy"]) == (200, False)


# --- verbs --------------------------------------------------------------------------------------------


def statuses_of(wire: Wire, place: Place) -> dict[Verb, int]:
    """What each verb of records and collections answers to a key."""
    sent = {
        verb: wire.post(f"{place.path}/{verb.value.partition(':')[2]}", body).status
        for verb, body in (
            (Verb.ADD, batch(2)),
            (Verb.UPDATE, batch(2)),
            (Verb.UPSERT, batch(2)),
            (Verb.DELETE, {"ids": ["nobody"]}),
            (Verb.GET, {}),
            (Verb.QUERY, QUERY),
            (Verb.SEARCH, SEARCH),
        )
    }
    name = f"c-{uuid.uuid4().hex[:8]}"
    return sent | {
        Verb.COUNT: wire.get(f"{place.path}/count").status,
        Verb.GET_COLLECTION: wire.get(f"{place.cast.place}/collections/{place.name}").status,
        Verb.LIST_COLLECTIONS: wire.get(f"{place.cast.place}/collections").status,
        Verb.CREATE_COLLECTION: wire.post(f"{place.cast.place}/collections", {"name": name}).status,
        Verb.UPDATE_COLLECTION: wire.send("PUT", place.path, {"new_metadata": {"a": 1}}).status,
        Verb.CREATE_DATABASE: wire.post(f"/tenants/{place.cast.name}/databases", {"name": name}).status,
        Verb.GET_TENANT: wire.get(f"/tenants/{place.cast.name}").status,
    }


@pytest.mark.parametrize("template", [Template.FULL, Template.READ_ONLY, Template.INGEST_ONLY])
def test_a_template_gives_its_verbs_and_no_others(acme: Cast, template: Template) -> None:
    place = acme.collection()
    place.call("add", batch(3))
    for verb, status in statuses_of(key(acme, template=template), place).items():
        assert (status == 403) is (verb not in TEMPLATES[template]), (verb, status)
        assert status in (200, 201, 403), (verb, status)


# --- one collection -----------------------------------------------------------------------------------


def test_a_key_of_one_collection_knows_no_other(acme: Cast) -> None:
    mine, other = acme.collection(), acme.collection()
    for place in (mine, other):
        place.call("add", batch(5))
    wire = one_collection(mine)
    assert [one["id"] for one in wire.get(f"{acme.place}/collections").body] == [str(mine.collection_id)]
    assert wire.get(f"{acme.place}/collections_count").body == 1
    assert wire.get(f"{mine.path}/count").body == 5
    assert wire.post(f"{mine.path}/upsert", batch(2)).status == 200
    nobodys = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    for route in RECORD_ROUTES:
        sent = {**batch(2), **BODIES.get(route, {})} if route not in BODIES else BODIES[route]
        answer = wire.post(f"{other.path}/{route}", sent)
        never = wire.post(f"{acme.place}/collections/{nobodys}/{route}", sent)
        assert_error(answer, 404, MISSING, f"Collection [{other.collection_id}] does not exist.")
        assert answer.body["message"].replace(str(other.collection_id), nobodys) == never.body["message"]
    for method, path, body in (
        ("GET", f"{acme.place}/collections/{other.name}", None),
        ("GET", f"{acme.place}/collections/by-id/{other.collection_id}", None),
        ("PUT", other.path, {"new_name": "stolen"}),
        ("DELETE", f"{acme.place}/collections/{other.name}", None),
    ):
        assert wire.send(method, path, body).status == 404, (method, path)
    assert other.count() == 5
    assert wire.delete(f"{acme.place}/collections/{mine.name}").status == 200


def test_a_key_of_one_collection_makes_none(acme: Cast) -> None:
    mine, other = acme.collection(), acme.collection()
    wire = one_collection(mine)
    path = f"{acme.place}/collections"
    got = wire.post(path, {"name": mine.name, "get_or_create": True})
    assert (got.status, got.body["id"]) == (200, str(mine.collection_id))
    for body in (
        {"name": "another"},
        {"name": mine.name},
        {"name": "another", "get_or_create": True},
        {"name": other.name, "get_or_create": True},
    ):
        assert_forbidden(wire.post(path, body))
    assert_forbidden(wire.post(f"/tenants/{acme.name}/databases", {"name": "another"}))
    assert_forbidden(wire.delete(acme.place))
    assert_forbidden(wire.send("PATCH", f"/tenants/{acme.name}", {"resource_name": "another"}))
    assert len(acme.wire.get(path).body) == 2


def test_a_key_of_one_collection_enters_no_other_database(acme: Cast) -> None:
    mine = acme.collection()
    databases.create(acme.tenant_id, "second", limits=Limits(), cell_count=settings.CELL_COUNT)
    wire = one_collection(mine)
    assert [one["name"] for one in wire.get(f"/tenants/{acme.name}/databases").body] == ["main"]
    assert_forbidden(wire.get(f"/tenants/{acme.name}/databases/second/collections"))


# --- a forced filter ----------------------------------------------------------------------------------


@pytest.fixture
def mixed(acme: Cast) -> Place:
    """Two records of each of three owners."""
    place = acme.collection()
    owners = ["a", "a", "b", "b", "c", "c"]
    body = batch(6) | {"metadatas": [{"owner": owner, "n": n} for n, owner in enumerate(owners)]}
    place.call("add", body)
    return place


def filtered(cast: Cast, **more: Any) -> Wire:
    """A client whose key is for owner a."""
    return key(cast, forced_where='{"owner":"a"}', **more)


def test_a_forced_filter_is_not_counted_against_the_quota(acme: Cast) -> None:
    place = make_tenant("narrow", MappingProxyType({"where_predicates_count": 1})).collection()
    body = batch(4) | {"metadatas": [{"owner": "a", "n": n} for n in range(4)]}
    place.call("add", body)
    wire = filtered(place.cast)
    assert wire.post(f"{place.path}/get", {"where": {"n": {"$gte": 2}}}).body["ids"] == ["r2", "r3"]
    assert wire.post(f"{place.path}/get", {"where": {"$and": [{"n": 1}, {"n": 2}]}}).status == 422


def refused(answer: Answer, record_id: str) -> None:
    """403, naming the record."""
    assert_error(answer, 403, PLAIN, f"Permission denied. The record with id '{record_id}' ")


def test_the_refusal_of_a_write_names_the_record(mixed: Place) -> None:
    wire, two = filtered(mixed.cast), {"embeddings": [[1.0] * 8] * 2}
    add = {"ids": ["n1", "n2"], **two, "metadatas": [{"owner": "a"}, {"owner": "b"}]}
    refused(wire.post(f"{mixed.path}/add", add), "n2")
    refused(wire.post(f"{mixed.path}/add", add | {"metadatas": None}), "n1")
    same = {"metadatas": [{"owner": "a"}] * 2}
    refused(wire.post(f"{mixed.path}/upsert", {"ids": ["n1", "r3"], **two, **same}), "r3")
    leaves = {"ids": ["r0", "r1"], "metadatas": [{"n": 9}, {"owner": None}]}
    refused(wire.post(f"{mixed.path}/update", leaves), "r1")
    skipped = {"ids": ["r2", "r1"], "metadatas": [{"owner": "a"}, {"n": 9}]}
    assert wire.post(f"{mixed.path}/update", skipped).status == 200
    found = mixed.call("get", {"include": ["metadatas"]})
    assert [one["owner"] for one in found["metadatas"]] == ["a", "a", "b", "b", "c", "c"]
    assert [one["n"] for one in found["metadatas"]] == [0, 9, 2, 3, 4, 5]


def test_an_add_does_not_tell_which_ids_there_are(mixed: Place) -> None:
    wire = filtered(mixed.cast)
    for record_id in ("r0", "r3", "nobody"):
        body = {"ids": [record_id], "embeddings": [[1.0] * 8], "metadatas": [{"owner": "b"}]}
        refused(wire.post(f"{mixed.path}/add", body), record_id)
        body["metadatas"] = [{"owner": "a"}]
        assert wire.post(f"{mixed.path}/add", body).status == 201
    assert mixed.count() == 7


def test_a_forced_filter_counts_what_passes(mixed: Place, settle: Any) -> None:
    wire = filtered(mixed.cast)
    settle(mixed)
    indexed = mixed.cast.wire.get(f"{mixed.path}/count?read_level=index_only").body
    assert wire.get(f"{mixed.path}/count").body == 2
    assert wire.get(f"{mixed.path}/count?read_level=index_only").body == (2 if indexed else 0)


def test_a_key_with_a_forced_filter_changes_no_collection(mixed: Place) -> None:
    wire, cast = filtered(mixed.cast), mixed.cast
    for method, path, body in (
        ("PUT", mixed.path, {"new_name": "stolen"}),
        ("DELETE", f"{cast.place}/collections/{mixed.name}", None),
        ("DELETE", cast.place, None),
        ("PATCH", f"/tenants/{cast.name}", {"resource_name": "x"}),
    ):
        assert_forbidden(wire.send(method, path, body))
    assert mixed.count() == 6
    assert wire.get(f"{mixed.path}/indexing_status").status == 200


def test_a_filter_that_the_schema_cannot_ask_lets_nothing_through(acme: Cast) -> None:
    schema = {
        "defaults": {},
        "keys": {"owner": {"string": {"string_inverted_index": {"enabled": False, "config": {}}}}},
    }
    made = acme.wire.post(f"{acme.place}/collections", {"name": "unindexed", "schema": schema})
    assert made.status == 200, made
    place = Place(acme, uuid.UUID(made.body["id"]), "unindexed")
    wire = filtered(acme)
    body = {"ids": ["x"], "embeddings": [[1.0]], "metadatas": [{"owner": "a"}]}
    for route, sent in (("add", body), ("upsert", body), ("get", {}), ("delete", {"ids": ["x"]})):
        answer = wire.post(f"{place.path}/{route}", sent)
        assert (answer.status, "indexing is disabled" in answer.body["message"]) == (400, True), answer
    assert wire.get(f"{place.path}/count").status == 400
    assert place.count() == 0
