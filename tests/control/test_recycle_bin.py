"""The recycle bin over the control API: works, role too low, outsider, malformed; for each route."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

import pytest
from django.conf import settings

from tenants import databases
from tenants.models import Database
from tenants.quotas import Limits
from tenants.roles import Action, Role, may
from tests.binned import BY, keep_for
from tests.control.caller import Caller, Office
from tests.factories import Answer
from vectors import collections, configuration

COLLECTIONS, DATABASES = "collections", "databases"
KINDS = [COLLECTIONS, DATABASES]
ACTIONS = {
    (COLLECTIONS, "list"): Action.VIEW_COLLECTIONS,
    (COLLECTIONS, "restore"): Action.RESTORE_COLLECTION,
    (COLLECTIONS, "purge"): Action.DELETE_COLLECTION,
    (DATABASES, "list"): Action.VIEW_DATABASES,
    (DATABASES, "restore"): Action.RESTORE_DATABASE,
    (DATABASES, "purge"): Action.DELETE_DATABASE,
}


@dataclass(frozen=True)
class Bin:
    """The bin of a tenant as somebody sees it, of collections or of databases."""

    office: Office
    kind: str

    @property
    def path(self) -> str:
        """Of the list."""
        return f"{self.office.path}/recycle-bin/{self.kind}"

    @property
    def id_name(self) -> str:
        """The member that identifies an item."""
        return "collection_id" if self.kind == COLLECTIONS else "database_id"

    def call(self, caller: Caller, verb: str, row_id: object = "", body: object = None) -> Answer:
        """List, restore or purge."""
        if verb == "list":
            return caller.get(self.path)
        if verb == "purge":
            return caller.delete(f"{self.path}/{row_id}")
        return caller.post(f"{self.path}/{row_id}/restore", {} if body is None else body)

    def names(self) -> list[str]:
        """What the owner finds in it."""
        return [one["name"] for one in self.call(self.office.owner, "list").body["items"]]


def database(office: Office, name: str) -> Database:
    """A database of the tenant, made if it is missing."""
    if name not in [one.name for one in databases.list_databases(office.tenant_id)]:
        databases.create(office.tenant_id, name, limits=Limits(), cell_count=settings.CELL_COUNT)
    return databases.get(office.tenant_id, name)


def deleted(bin_: Bin, name: str) -> str:
    """Make something of this name and delete it; its id."""
    if bin_.kind == DATABASES:
        row = database(bin_.office, name)
        collections.delete_database(bin_.office.tenant_id, name, by=BY)
        return str(row.database_id)
    place = database(bin_.office, "main")
    made = collections.create(
        place,
        name,
        metadata=None,
        configuration=configuration.create(hnsw=None, spann=None, embedding_function=None, metadata=None),
        schema=None,
        get_or_create=False,
        limits=Limits(),
    )
    collections.delete(place, name, by=BY)
    return str(made.collection_id)


@pytest.fixture(params=KINDS)
def bin_(request: pytest.FixtureRequest, acme: Office) -> Bin:
    """Of collections, then of databases."""
    return Bin(acme, str(request.param))


def test_it_lists_restores_and_purges(bin_: Bin) -> None:
    owner = bin_.office.owner
    first, second, third = (deleted(bin_, name) for name in ("first", "second", "third"))
    items = bin_.call(owner, "list").body["items"]
    assert [one[bin_.id_name] for one in items] == [third, second, first]
    assert {one["deleted_by"] for one in items} == {"manage.py tests"}
    assert all(one["deleted_at"] < one["purge_at"] for one in items)
    restored = bin_.call(owner, "restore", first)
    assert (restored.status, restored.body["name"], restored.body[bin_.id_name]) == (200, "first", first)
    renamed = bin_.call(owner, "restore", second, {"new_name": "second-again"})
    assert (renamed.status, renamed.body["name"]) == (200, "second-again")
    assert bin_.call(owner, "purge", third).status == 200
    assert bin_.names() == []
    for verb in ("restore", "purge"):
        assert {bin_.call(owner, verb, gone).status for gone in (first, second, third)} == {404}
    written = owner.get(f"{bin_.office.path}/audit?limit=3").body["items"]
    assert [one["action"].partition(".")[2] for one in written] == ["delete", "restore", "restore"]
    assert [one["subject_id"] for one in written] == [third, second, first]


def test_it_says_when_the_name_was_taken_meanwhile(bin_: Bin) -> None:
    row_id = deleted(bin_, "taken")
    again = deleted(bin_, "taken")
    assert bin_.call(bin_.office.owner, "restore", again).status == 200
    refused = bin_.call(bin_.office.owner, "restore", row_id)
    assert refused.status == 409
    assert "taken" in refused.body["message"]
    assert bin_.names() == ["taken"]


def test_it_pages(bin_: Bin) -> None:
    wanted = [deleted(bin_, f"number{number}") for number in range(5)][::-1]
    found, after = [], ""
    while True:
        page = bin_.office.owner.get(f"{bin_.path}?limit=2{after}").body
        found += [one[bin_.id_name] for one in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert found == wanted


def test_what_is_over_is_not_listed_and_does_not_come_back(bin_: Bin) -> None:
    keep_for(bin_.office.tenant_id, 0)
    row_id = deleted(bin_, "gone")
    assert bin_.names() == []
    assert bin_.call(bin_.office.owner, "restore", row_id).status == 404


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(bin_: Bin, role: Role) -> None:
    row_id = deleted(bin_, "docs")
    for verb in ("list", "restore", "purge"):
        if verb == "purge" and not bin_.names():
            row_id = deleted(bin_, "more")
        is_allowed = may(role, ACTIONS[bin_.kind, verb])
        before = bin_.names()
        assert bin_.call(bin_.office[role], verb, row_id).status == (200 if is_allowed else 403)
        assert bin_.names() == ([] if is_allowed and verb != "list" else before)


def test_an_outsider_finds_nothing(bin_: Bin, globex: Office, nobody: Caller) -> None:
    row_id = deleted(bin_, "docs")
    theirs = Bin(globex, bin_.kind)
    for verb in ("list", "restore", "purge"):
        assert bin_.call(globex.owner, verb, row_id).status == 404
        assert bin_.call(nobody, verb, row_id).status == 401
    for verb in ("restore", "purge"):
        strange, missing = (theirs.call(globex.owner, verb, one) for one in (row_id, uuid.uuid4()))
        assert strange.status == missing.status == 404
    assert (theirs.names(), bin_.names()) == ([], ["docs"])


MALFORMED = [
    (b"{", 400, "JSON"),
    ({"new_name": 3}, 422, "new_name"),
    ({"new_name": ""}, 400, "name"),
    ({"new_name": "a b"}, 400, "name"),
    ({"new_name": "x" * 129}, 422, "Name"),
    ({"name": "docs"}, 422, "name"),
]


def test_malformed_bodies_are_named(bin_: Bin) -> None:
    row_id = deleted(bin_, "docs")
    for body, status, named in MALFORMED:
        answer = bin_.call(bin_.office.owner, "restore", row_id, body)
        assert (answer.status, named in answer.body["message"]) == (status, True), body
    assert bin_.names() == ["docs"]


def test_ids_that_are_none_are_not_found(bin_: Bin) -> None:
    for verb in ("restore", "purge"):
        for row_id in ("x", "%00", uuid.UUID(int=0)):
            assert bin_.call(bin_.office.owner, verb, row_id).status == 404


def test_malformed_pages_are_refused(bin_: Bin) -> None:
    places = ["x", "%00", "12", f"{'9' * 18}-{'0' * 32}"]
    for query in ["limit=0", "limit=201", "limit=x", *(f"after={place}" for place in places)]:
        answer = bin_.office.owner.get(f"{bin_.path}?{query}")
        assert answer.status == 400
        assert query.partition("=")[0] in answer.body["message"]
