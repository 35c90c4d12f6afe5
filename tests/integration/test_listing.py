"""Lists of collections and databases: each order and filter, page by page, and how long they take."""

from __future__ import annotations

import re
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cloud.processes import Service
from tenants import databases, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import InvalidArgument, PermissionDenied
from tenants.models import Database
from tenants.roles import Role
from tests import crowd
from tests.compact import compact, read_as_owner
from tests.factories import Cast, batch
from vectors import database_listing, finder, listing
from vectors.cells.transaction import connect
from vectors.listing import Asked, ListedCollection, Sort, State

VIEWER = Actor(ActorKind.USER, uuid.uuid4(), "viewer@example.com", role=Role.VIEWER)
OWNER = Actor(ActorKind.USER, uuid.uuid4(), "owner@example.com", role=Role.OWNER)
BILLING = Actor(ActorKind.USER, uuid.uuid4(), "billing@example.com", role=Role.BILLING)
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def shelf(database: Service) -> Iterator[Database]:
    """A database of 230 collections, none like its neighbours."""
    tenant = tenants.create(f"shelf-{uuid.uuid4().hex[:10]}")
    made = crowd.found(tenant.tenant_id, 2)
    crowd.settle(database, made, 230)
    yield made[0]
    crowd.clear(database, made)


def every_page(shelf: Database, asked: dict[str, Any], *, limit_count: int = 37) -> list[ListedCollection]:
    """All rows of a list, read page by page."""
    rows: list[ListedCollection] = []
    after: str | None = None
    while True:
        page = listing.page(VIEWER, shelf, Asked(**asked, after=after), limit_count=limit_count)
        rows += page.rows
        if page.next is None:
            return rows
        assert len(page.rows) == limit_count
        after = page.next


KEYS: dict[Sort, Callable[[ListedCollection], Any]] = {
    Sort.NAME: lambda row: row.name.lower(),
    Sort.CREATED: lambda row: row.created_at,
    Sort.RECORDS: lambda row: row.record_count,
    Sort.SIZE: lambda row: row.logical_bytes,
    Sort.LAST_WRITE: lambda row: row.last_write_at or _NEVER,
    Sort.UNINDEXED: lambda row: row.unindexed_count,
}


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize("is_descending", [False, True])
def test_each_order_has_every_row_once(shelf: Database, sort: Sort, is_descending: bool) -> None:
    rows = every_page(shelf, {"sort": sort, "is_descending": is_descending})
    assert len({row.collection_id for row in rows}) == len(rows) == 230
    keys = [(KEYS[sort](row), row.collection_id) for row in rows]
    assert keys == sorted(keys, reverse=is_descending)


@pytest.mark.parametrize("sort", [Sort.NAME, Sort.RECORDS])
@pytest.mark.parametrize("text", ["", "IMAGES", "-1"])
@pytest.mark.parametrize("state", [None, *State])
def test_filters_leave_what_they_say(shelf: Database, sort: Sort, text: str, state: State | None) -> None:
    passes: dict[State | None, Callable[[ListedCollection], bool]] = {
        None: lambda _: True,
        State.PARKED: lambda row: row.job_state == "parked",
        State.INDEXING: lambda row: row.job_state == "running",
        State.EMPTY: lambda row: row.record_count == 0,
    }
    everything = every_page(shelf, {"sort": sort})
    expected = [row for row in everything if text.lower() in row.name.lower() and passes[state](row)]
    assert every_page(shelf, {"sort": sort, "text": text, "state": state}, limit_count=2) == expected
    assert expected


def test_it_counts_up_to_a_bound(shelf: Database) -> None:
    assert listing.count(VIEWER, shelf, at_most=1_000) == 230
    assert listing.count(VIEWER, shelf, at_most=200) == 200
    assert listing.count(VIEWER, shelf, text="docs", at_most=1_000) == 115
    assert listing.count(VIEWER, shelf, text="%", at_most=1_000) == 0


@pytest.mark.parametrize("text", ["%", "_", "\\", "\x00", "'", "<script>", "é"])
def test_a_text_is_looked_for_as_it_is(shelf: Database, text: str) -> None:
    for sort in (Sort.NAME, Sort.SIZE):
        assert listing.page(VIEWER, shelf, Asked(sort=sort, text=text), limit_count=5).rows == []


def test_what_does_not_fit_is_refused(shelf: Database) -> None:
    by_name = listing.page(VIEWER, shelf, Asked(), limit_count=1).next
    for asked in (
        Asked(after="nonsense"),
        Asked(after=by_name, sort=Sort.CREATED),
        Asked(after=by_name, sort=Sort.RECORDS),
        Asked(text="x" * 129),
    ):
        with pytest.raises(InvalidArgument):
            listing.page(VIEWER, shelf, asked, limit_count=1)
    with pytest.raises(PermissionDenied):
        listing.page(BILLING, shelf, Asked(), limit_count=1)
    with pytest.raises(PermissionDenied):
        listing.count(BILLING, shelf, at_most=1)


def test_a_cursor_may_be_of_a_row_that_is_gone(acme: Cast) -> None:
    for name in ("one", "two", "three"):
        acme.collection(name=name)
    found = databases.get(acme.tenant_id, acme.database)
    page = listing.page(VIEWER, found, Asked(), limit_count=1)
    assert acme.wire.delete(f"{acme.place}/collections/{page.rows[0].name}").status == 200
    rest = listing.page(VIEWER, found, Asked(after=page.next), limit_count=5)
    assert [row.name for row in rest.rows] == ["three", "two"]


def test_a_write_says_when_it_was(database: Service, acme: Cast) -> None:
    place = acme.collection(name="docs")
    found = databases.get(acme.tenant_id, acme.database)

    def row() -> ListedCollection:
        return listing.page(VIEWER, found, Asked(), limit_count=1).rows[0]

    assert (row().last_write_at, row().indexed_ratio) == (None, 1.0)
    moments: list[datetime] = []
    for verb, body in (("add", batch(4)), ("upsert", batch(2)), ("delete", {"ids": ["r0"]})):
        before = datetime.now(UTC)
        place.call(verb, body)
        moments.append(row().last_write_at or _NEVER)
        assert before <= moments[-1] <= datetime.now(UTC)
    assert (row().record_count, row().unindexed_count) == (3, 7)
    compact(database, place)
    assert (row().last_write_at, row().unindexed_count) == (moments[-1], 0)


def test_no_index_has_what_a_write_changes(database: Service, acme: Cast) -> None:
    acme.collection().call("add", batch(1))
    found = read_as_owner(
        database,
        acme.tenant_id,
        "SELECT DISTINCT a.attname FROM pg_index AS i JOIN pg_attribute AS a "
        "ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
        "WHERE i.indrelid = 'cell_000.collection_state'::regclass ORDER BY 1",
    )
    counters = {"log_head", "next_ordinal", "record_count", "logical_bytes", "log_rows", "log_bytes"}
    changed = counters | {"log_since", "last_write_at", "dimension", "metadata_keys"}
    assert {"collection_id", "database_id"} <= {name for (name,) in found}
    assert not changed & {name for (name,) in found}


@pytest.fixture(scope="module")
def full(database: Service) -> Iterator[Database]:
    """A database of 10,000 collections, beside 999 others of the tenant."""
    tenant = tenants.create(f"full-{uuid.uuid4().hex[:10]}")
    made = crowd.found(tenant.tenant_id, 1_000)
    crowd.settle(database, made[:1], 10_000)
    crowd.settle(database, made[1:], 3, prefix="small")
    yield made[0]
    crowd.clear(database, made)


def cost(act: Callable[[], object]) -> tuple[int, float]:
    """What it sends and what it takes: statements without those around the transaction, and milliseconds.

    Of the processor, here and in PostgreSQL: what else the machine does must not count.
    """
    with tempfile.TemporaryFile("w+b") as told:
        connect().pgconn.trace(told.fileno())
        act()
        connect().pgconn.untrace()
        told.seek(0)
        sent = re.findall(rb"^\S* \S*\tF\t\d+\t(?:Execute|Query)\t.*$", told.read(), re.MULTILINE)
    around = (b'"BEGIN', b'"COMMIT', b'"SET LOCAL')
    statements_count = sum(not any(word in one for word in around) for one in sent)
    times = []
    for _ in range(7):
        began = processor_seconds()
        act()
        times.append(1_000 * (processor_seconds() - began))
    return statements_count, min(times)


def processor_seconds() -> float:
    """Of this thread and of its PostgreSQL process."""
    told = Path(f"/proc/{connect().info.backend_pid}/schedstat").read_text("ascii")
    return time.thread_time() + int(told.split()[0]) / 1e9


@pytest.mark.parametrize("sort", Sort)
@pytest.mark.parametrize(
    "narrowed", [{}, {"text": "docs"}, {"state": State.EMPTY}, {"text": "-9", "state": State.PARKED}]
)
def test_ten_thousand_take_milliseconds(full: Database, sort: Sort, narrowed: dict[str, Any]) -> None:
    asked = Asked(sort=sort, is_descending=True, **narrowed)
    page = listing.page(VIEWER, full, asked, limit_count=50)
    later = replace(asked, after=page.next)
    statements_count, milliseconds = cost(lambda: listing.page(VIEWER, full, later, limit_count=50))
    assert statements_count <= 3
    assert milliseconds <= 80


@pytest.mark.parametrize("text", ["", "docs"])
def test_counting_ten_thousand_takes_milliseconds(full: Database, text: str) -> None:
    statements_count, milliseconds = cost(lambda: listing.count(VIEWER, full, text=text, at_most=20_000))
    assert statements_count == 1
    assert milliseconds <= 30


@pytest.mark.parametrize("sort", database_listing.Sort)
def test_a_thousand_databases_take_milliseconds(full: Database, sort: database_listing.Sort) -> None:
    asked = database_listing.Asked(sort=sort, is_descending=True)
    statements_count, milliseconds = cost(
        lambda: database_listing.page(VIEWER, full.tenant_id, asked, limit_count=25)
    )
    assert statements_count == 2
    assert milliseconds <= 120


@pytest.mark.parametrize("text", ["k", "kollektion-4", "docs-99", "zzz", "crowd-007", "small-1"])
def test_finding_among_ten_thousand_takes_milliseconds(full: Database, text: str) -> None:
    statements_count, milliseconds = cost(lambda: finder.find(OWNER, full.tenant_id, text, limit_count=8))
    assert statements_count == 3
    assert milliseconds <= 50


def test_a_fork_is_written_when_it_is_made(acme: Cast) -> None:
    full, empty = acme.collection(name="full"), acme.collection(name="empty")
    full.call("add", batch(2))
    before = datetime.now(UTC)
    for place in (full, empty):
        assert acme.wire.post(f"{place.path}/fork", {"new_name": f"{place.name}-fork"}).status == 200
    found = databases.get(acme.tenant_id, acme.database)
    rows = {row.name: row for row in listing.page(VIEWER, found, Asked(), limit_count=9).rows}
    assert (rows["full-fork"].last_write_at or _NEVER) >= before
    assert rows["empty-fork"].last_write_at is None
