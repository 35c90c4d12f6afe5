"""What people change in records: by the rules of the wire, in the ledger without a key, written down."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cloud.api.permissions import manifests
from cloud.processes import Service
from tenants import audit
from tenants.actors import Actor, ActorKind
from tenants.errors import InvalidArgument, NotFound, PermissionDenied, QuotaExceeded
from tenants.quotas import Limits
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests.compact import cell_of, compact
from tests.factories import Cast, Place, batch
from vectors import editing
from vectors.cells.transaction import connect
from vectors.editing import Deleted
from vectors.query import browse
from vectors.query.browse import BrowseRequest
from vectors.where import parse

OWNER = Actor(ActorKind.USER, None, "owner@example.com", role=Role.OWNER)


@pytest.fixture
def place(database: Service, acme: Cast) -> Place:
    """A segment, and a log over it."""
    made = acme.collection()
    made.call("add", batch(50))
    compact(database, made)
    made.call("add", batch(10, first=50))
    return made


def change(place: Place, record_id: str, changes: dict[str, Any], by: Actor = OWNER) -> None:
    """Edit a record's metadata."""
    manifest = manifests.get(place.cast.tenant_id, place.collection_id)
    editing.change_metadata(by, manifests, manifest, record_id, changes, Limits())


def remove(place: Place, request: BrowseRequest, *, by: Actor = OWNER, seconds: float = 30.0) -> Deleted:
    """Count, then delete what was counted."""
    manifest = manifests.get(place.cast.tenant_id, place.collection_id)
    counted = browse.count_up_to(manifests, manifest, request, most=1_000)
    return editing.delete_matching(
        by, manifests, manifest, request, up_to=counted.log_offset, most_seconds=seconds
    )


def metadata_of(place: Place, record_id: str) -> Any:
    """A record's metadata, over the wire."""
    return place.call("get", {"ids": [record_id]})["metadatas"][0]


def test_keys_are_set_and_taken_away_and_the_rest_stays(place: Place) -> None:
    change(place, "r7", {"tag": "new", "n": None, "score": 1.0, "labels": ["a", "b"]})
    changed = metadata_of(place, "r7")
    assert changed == {"even": False, "tag": "new", "score": 1.0, "labels": ["a", "b"]}
    assert isinstance(changed["score"], float)
    assert place.call("get", {"ids": ["r7"]})["documents"] == ["document number 7"]


def test_a_change_is_in_the_ledger_without_a_key_and_in_the_audit_log(place: Place) -> None:
    change(place, "r7", {"tag": "new"})
    ledger = ledger_of(place, "operation, key_id IS NULL, requests, images, quantity > 0")
    assert ledger[-1] == ("update", True, 1, 1, True)
    (entry,) = audit.read(place.cast.tenant_id, limit_count=1)
    assert (entry.action, entry.actor_label, entry.subject_id) == (
        "records.write",
        "owner@example.com",
        str(place.collection_id),
    )
    assert entry.details == {"operation": "update", "record_id": "r7", "records": 1}


def ledger_of(place: Place, columns: str) -> list[tuple[object, ...]]:
    """The ledger's rows of the collection, in order."""
    cell = cell_of(place)
    with tenant_transaction(place.cast.tenant_id):
        text = f"SELECT {columns} FROM {cell}.usage_ledger WHERE collection_id = %s ORDER BY ledger_id"
        return connect().execute(text.encode(), [place.collection_id]).fetchall()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({}, InvalidArgument),
        ({"": 1}, InvalidArgument),
        ({"$a": 1}, InvalidArgument),
        ({"a": "x\x00"}, InvalidArgument),
        ({"a": "x" * 50_000}, QuotaExceeded),
        ({"k" * 1_000: 1}, QuotaExceeded),
    ],
)
def test_the_rules_of_the_wire_hold(place: Place, changes: dict[str, Any], error: type[Exception]) -> None:
    before = metadata_of(place, "r7")
    with pytest.raises(error):
        change(place, "r7", changes)
    assert metadata_of(place, "r7") == before


def test_a_record_that_is_gone_is_not_made(place: Place) -> None:
    with pytest.raises(NotFound, match="may have been deleted"):
        change(place, "nobody", {"a": 1})
    assert place.count() == 60


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(place: Place, role: Role) -> None:
    by = replace(OWNER, role=role)
    request = BrowseRequest(limit_count=1, ids=["r1"])
    if role in (Role.OWNER, Role.ADMIN, Role.DEVELOPER):
        change(place, "r7", {"a": 1}, by)
        assert remove(place, request, by=by).records_count == 1
    else:
        with pytest.raises(PermissionDenied):
            change(place, "r7", {"a": 1}, by)
        with pytest.raises(PermissionDenied):
            remove(place, request, by=by)


def test_a_suspended_tenant_is_changed_by_nobody(place: Place) -> None:
    by = replace(OWNER, suspension="unpaid")
    with pytest.raises(PermissionDenied, match="unpaid"):
        change(place, "r7", {"a": 1}, by)
    with pytest.raises(PermissionDenied, match="unpaid"):
        remove(place, BrowseRequest(limit_count=1), by=by)


def test_what_matches_is_deleted_and_counted(place: Place) -> None:
    expected = [one for one in place.ids() if one not in place.ids(where={"even": True})]
    done = remove(place, BrowseRequest(limit_count=1, where=parse({"even": True}, None)))
    assert (done.records_count, done.is_done) == (30, True)
    assert place.ids() == expected
    (entry,) = audit.read(place.cast.tenant_id, limit_count=1)
    assert entry.details == {"operation": "delete", "records": 30}


def test_what_was_written_after_the_count_stays(place: Place) -> None:
    manifest = manifests.get(place.cast.tenant_id, place.collection_id)
    request = BrowseRequest(limit_count=1, where=parse({"even": True}, None))
    counted = browse.count_up_to(manifests, manifest, request, most=1_000)
    place.call("add", batch(4, first=100))
    place.call("update", {"ids": ["r2", "r3"], "metadatas": [{"tag": "kept"}, {"even": True}]})
    done = editing.delete_matching(
        OWNER, manifests, manifest, request, up_to=counted.log_offset, most_seconds=30
    )
    assert done.records_count == counted.records_count - 1
    assert place.ids(where={"even": True}) == ["r2", "r3", "r100", "r102"]


@pytest.mark.parametrize(
    "request_",
    [
        BrowseRequest(limit_count=1, where=parse(None, {"$regex": "number [1-3]$"})),
        BrowseRequest(limit_count=1, ids=["r1", "r2", "r3", "nobody"]),
    ],
)
def test_a_pattern_and_chosen_ids_are_deleted_alike(place: Place, request_: BrowseRequest) -> None:
    done = remove(place, request_)
    assert done.records_count == 3
    assert not {"r1", "r2", "r3"} & set(place.ids())


def test_ids_by_their_beginning_are_deleted(place: Place) -> None:
    assert remove(place, BrowseRequest(limit_count=1, id_prefix="r1")).records_count == 11
    assert not any(one.startswith("r1") for one in place.ids())


def test_a_long_deletion_stops_in_time_and_goes_on(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(editing, "BATCH_RECORDS", 20)
    first = remove(place, BrowseRequest(limit_count=1), seconds=0)
    assert (first.records_count, first.is_done) == (20, False)
    assert place.ids()[0] == "r20"
    rest = remove(place, BrowseRequest(limit_count=1))
    assert (rest.records_count, rest.is_done) == (40, True)
    assert place.count() == 0
