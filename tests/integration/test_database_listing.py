"""Databases with what is in them: the sums are right, in each order, whichever cell they are in."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cloud.processes import Service
from tenants import databases, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import InvalidArgument, PermissionDenied
from tenants.roles import Role
from tests import crowd
from tests.factories import Cast, batch
from vectors import database_listing, listing
from vectors.database_listing import Asked, Held, ListedDatabase, Sort, Totals

VIEWER = Actor(ActorKind.USER, uuid.uuid4(), "viewer@example.com", role=Role.VIEWER)
BILLING = Actor(ActorKind.USER, uuid.uuid4(), "billing@example.com", role=Role.BILLING)
KEYS: dict[Sort, Callable[[ListedDatabase], Any]] = {
    Sort.NAME: lambda row: row.name,
    Sort.CREATED: lambda row: row.created_at,
    Sort.RECORDS: lambda row: row.totals.record_count,
    Sort.SIZE: lambda row: row.totals.logical_bytes,
    Sort.COLLECTIONS: lambda row: row.totals.collections_count,
    Sort.UNINDEXED: lambda row: row.totals.worst_unindexed_count,
}


@pytest.fixture(scope="module")
def tenant_id(database: Service) -> Iterator[uuid.UUID]:
    """Of a tenant with 23 databases: some full, some fuller, some empty."""
    tenant = tenants.create(f"shelf-{uuid.uuid4().hex[:10]}")
    made = crowd.found(tenant.tenant_id, 23)
    crowd.settle(database, made[:9], 12)
    crowd.settle(database, made[4:7], 30, prefix="more")
    yield tenant.tenant_id
    crowd.clear(database, made)


def every_page(tenant_id: uuid.UUID, **asked: Any) -> list[ListedDatabase]:
    """All rows of a list, read page by page."""
    rows: list[ListedDatabase] = []
    after: str | None = None
    while True:
        page = database_listing.page(VIEWER, tenant_id, Asked(**asked, after=after), limit_count=5)
        rows += page.rows
        if page.next is None:
            return rows
        after = page.next


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("is_descending", [False, True])
def test_each_order_has_every_database_once(tenant_id: uuid.UUID, sort: Sort, is_descending: bool) -> None:
    rows = every_page(tenant_id, sort=sort, is_descending=is_descending)
    assert len({row.database_id for row in rows}) == len(rows) == 23
    keys = [(KEYS[sort](row), row.database_id) for row in rows]
    assert keys == sorted(keys, reverse=is_descending)
    filtered = every_page(tenant_id, sort=sort, is_descending=is_descending, text="CROWD-0001")
    assert filtered == [row for row in rows if row.name.startswith("crowd-0001")]


def test_sums_are_those_of_the_collections(tenant_id: uuid.UUID) -> None:
    for row in every_page(tenant_id):
        found = databases.get(tenant_id, row.name)
        inside = listing.page(VIEWER, found, listing.Asked(), limit_count=200).rows
        assert row.totals.collections_count == len(inside)
        assert row.totals.record_count == sum(one.record_count for one in inside)
        assert row.totals.logical_bytes == sum(one.logical_bytes for one in inside)
        assert row.totals.worst_unindexed_count == max((one.unindexed_count for one in inside), default=0)
        assert row.totals.parked_count == sum(one.job_state == "parked" for one in inside)
        assert row.totals.indexing_count == sum(one.job_state == "running" for one in inside)
        assert row.totals == database_listing.totals(VIEWER, found)


def test_what_a_tenant_has_in_all(acme: Cast, globex: Cast) -> None:
    place = acme.collection()
    globex.collection().call("add", batch(1))
    assert database_listing.held(VIEWER, acme.tenant_id) == Held(1, 1, 0, 0)
    place.call("add", batch(3))
    held = database_listing.held(VIEWER, acme.tenant_id)
    assert (held.databases_count, held.collections_count, held.record_count) == (1, 1, 3)
    assert held.logical_bytes > 0
    row = database_listing.page(VIEWER, acme.tenant_id, Asked(), limit_count=5).rows[0]
    assert (row.totals.record_count, row.totals.worst_unindexed_count) == (3, 3)
    assert row.totals.unindexed_since is not None
    assert row.totals.last_write_at is not None


def test_what_is_deleted_is_not_counted(acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(3))
    assert acme.wire.delete(f"{acme.place}/collections/{place.name}").status == 200
    row = database_listing.page(VIEWER, acme.tenant_id, Asked(), limit_count=5).rows[0]
    assert row.totals == Totals()
    assert database_listing.held(VIEWER, acme.tenant_id) == Held(1, 0, 0, 0)


def test_what_does_not_fit_is_refused(tenant_id: uuid.UUID) -> None:
    by_name = database_listing.page(VIEWER, tenant_id, Asked(), limit_count=1).next
    for asked in (
        Asked(after="nonsense"),
        Asked(after=by_name, sort=Sort.CREATED),
        Asked(after=by_name, sort=Sort.RECORDS),
        Asked(text="x" * 129),
    ):
        with pytest.raises(InvalidArgument):
            database_listing.page(VIEWER, tenant_id, asked, limit_count=1)
    with pytest.raises(PermissionDenied):
        database_listing.page(BILLING, tenant_id, Asked(), limit_count=1)
