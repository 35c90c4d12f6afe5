"""The roll-up: sums and tail are the ledger, late transactions come in later, and reports read it fast."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import transaction

from cloud.processes import Service
from cloud.servers.errors import ServerError
from tenants.prices import Meter, Prices
from tests import stage
from tests.compact import cell_of, read_as_owner
from tests.factories import Cast, Place, batch
from vectors import rollup, usage
from vectors.cells.transaction import connect
from vectors.usage import By, ReadEntry

HOUR = timedelta(hours=1)
START = datetime(2026, 3, 31, 22, tzinfo=UTC)
KEY = uuid.UUID(int=7)


def write(place: Place, *quantities: int, at: datetime = START, key_id: uuid.UUID | None = KEY) -> None:
    """Reads of a collection, an hour each."""
    entries = [
        ReadEntry(
            database_id=uuid.UUID(int=1),
            collection_id=place.collection_id,
            key_id=key_id,
            meter=Meter.BYTES_RETURNED,
            operation="get",
            at=at + number * HOUR,
            quantity=quantity,
            requests=1,
        )
        for number, quantity in enumerate(quantities)
    ]
    usage.append_reads(cell_of(place), place.cast.tenant_id, entries, flush_id=uuid.uuid4())


def roll(database: Service, place: Place, *, anew: bool = False) -> int:
    """Roll up the collection's cell as the worker does; how many rows."""
    with stage.role(database, "worker"):
        return rollup.roll_up(cell_of(place), anew=anew)


def returned(place: Place, *, since: datetime = START, until: datetime = START + 48 * HOUR) -> int:
    """Bytes returned by the roll-up; and the ledger says the same."""
    tenant_id = place.cast.tenant_id
    found = usage.rolled_totals(tenant_id, since=since, until=until)
    assert found == usage.meter_totals(tenant_id, since=since, until=until)
    assert list(rollup.differences(cell_of(place), tenant_id)) == []
    return found[Meter.BYTES_RETURNED]


@contextmanager
def another(place: Place) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A connection of its own with an open transaction of the tenant."""
    parts = connect().info
    with psycopg.connect(
        host=parts.host, port=parts.port, user=parts.user, password=parts.password, dbname=parts.dbname
    ) as other:
        other.execute(f"SET LOCAL app.tenant_id = '{place.cast.tenant_id}'".encode())
        yield other


def insert(other: psycopg.Connection[tuple[object, ...]], place: Place, quantity: int) -> None:
    """A row of the ledger within an open transaction."""
    other.execute(
        f"INSERT INTO {cell_of(place)}.usage_ledger (tenant_id, database_id, collection_id, meter, operation,"
        f" quantity, at) VALUES (%s, %s, %s, 'bytes_returned', 'get', %s, %s)".encode(),
        [place.cast.tenant_id, uuid.UUID(int=1), place.collection_id, quantity, START],
    )


def test_each_row_is_added_once(database: Service, acme: Cast) -> None:
    place = acme.collection()
    write(place, 5, 7)
    assert returned(place) == 12
    assert roll(database, place) >= 2
    assert returned(place) == 12
    write(place, 100)
    assert returned(place) == 112
    for _ in range(2):
        roll(database, place)
        assert returned(place) == 112


def test_a_transaction_that_commits_late_is_added_later(database: Service, acme: Cast) -> None:
    place = acme.collection()
    with another(place) as late:
        insert(late, place, 1_000)  # its number is lower than those of the rows that follow
        write(place, 5)
        roll(database, place)
        assert returned(place) == 5
        late.commit()
    assert returned(place) == 1_005
    assert roll(database, place) >= 1
    assert returned(place) == 1_005


def test_a_transaction_that_runs_for_hours_holds_up_nothing(database: Service, acme: Cast) -> None:
    place = acme.collection()
    with another(place) as long:
        insert(long, place, 1)
        for quantity in (10, 100):
            write(place, quantity)
            assert roll(database, place) >= 1
        long.rollback()
    roll(database, place)
    assert returned(place) == 110


def test_a_roll_up_that_crashes_has_added_nothing(database: Service, acme: Cast) -> None:
    place = acme.collection()
    write(place, 5)
    with stage.role(database, "worker"), suppress(RuntimeError), transaction.atomic():
        assert rollup.roll_up(cell_of(place)) >= 1
        raise RuntimeError
    assert returned(place) == 5
    assert roll(database, place) >= 1
    assert returned(place) == 5


def test_sums_can_be_made_anew(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(4))
    write(place, 5, 6)
    roll(database, place)
    again = roll(database, place, anew=True)
    assert again >= 3
    assert roll(database, place, anew=True) >= again
    assert returned(place) == 11


def test_after_a_restore_nothing_counts_as_rolled_up_until_it_is(database: Service, acme: Cast) -> None:
    place = acme.collection()
    write(place, 5)
    roll(database, place)
    with stage.role(database, "owner"):  # as a dump of another cluster brings it along
        connect().execute(
            f"UPDATE {cell_of(place)}.usage_rollup"
            " SET system_identifier = 1, rolled_to = '9000000:9000000:'".encode()
        )
    write(place, 50)
    assert returned(place) == 55
    assert roll(database, place) >= 2
    assert returned(place) == 55


def test_rows_with_numbers_of_transactions_to_come_stay_in_the_tail(database: Service, acme: Cast) -> None:
    place = acme.collection()
    with stage.role(database, "owner"), connect().transaction():
        connect().execute(f"SET LOCAL app.tenant_id = '{acme.tenant_id}'".encode())
        connect().execute(
            f"INSERT INTO {cell_of(place)}.usage_ledger (tenant_id, database_id, collection_id, meter,"
            " operation, quantity, at, transaction_id)"
            " VALUES (%s, %s, %s, 'bytes_returned', 'get', 8, %s, '9000000000')".encode(),
            [acme.tenant_id, uuid.UUID(int=1), place.collection_id, START],
        )
    for _ in range(2):
        roll(database, place)
        assert returned(place) == 8


def test_a_report_cut_within_an_hour_reads_its_ends_from_the_ledger(database: Service, acme: Cast) -> None:
    place = acme.collection()
    for minutes in (10, 50, 70, 130, 170):
        write(place, minutes, at=START + timedelta(minutes=minutes))
    roll(database, place)
    since, until = START + timedelta(minutes=30), START + timedelta(minutes=150)
    assert returned(place, since=since, until=until) == 50 + 70 + 130
    assert returned(place, since=START + timedelta(minutes=55), until=START + timedelta(minutes=58)) == 0


@pytest.mark.parametrize("is_rolled", [True, False])
def test_a_report_is_limited_to_what_was_asked_for(database: Service, acme: Cast, is_rolled: bool) -> None:
    place, other = acme.collection(), acme.collection()
    write(place, 1, 2, 4)
    write(other, 8, key_id=None)
    if is_rolled:
        roll(database, place)

    def ask(by: By, **only: uuid.UUID | str) -> dict[str, int]:
        report = usage.report(
            acme.tenant_id,
            since=START,
            until=START + 30 * HOUR,
            by=[by],
            prices=Prices(),
            only={By(name): value for name, value in only.items()},
        )
        return {row.dimensions[by]: row.quantity for row in report.rows}

    assert ask(By.DAY) == {"2026-03-31": 11, "2026-04-01": 4}
    assert ask(By.DAY, collection=place.collection_id) == {"2026-03-31": 3, "2026-04-01": 4}
    assert ask(By.KEY) == {"": 8, str(KEY): 7}
    assert ask(By.HOUR, key=KEY) == {
        "2026-03-31T22:00:00Z": 1,
        "2026-03-31T23:00:00Z": 2,
        "2026-04-01T00:00:00Z": 4,
    }
    assert ask(By.COLLECTION, key=KEY, meter=Meter.BYTES_RETURNED) == {str(place.collection_id): 7}
    assert ask(By.DAY, meter=Meter.FORKS) == ask(By.DAY, database=uuid.uuid4()) == {}


def test_nobody_sees_another_tenants_sums(database: Service, acme: Cast, globex: Cast) -> None:
    place = acme.collection()
    write(place, 5)
    roll(database, place)
    assert usage.rolled_totals(globex.tenant_id, since=START, until=START + HOUR)[Meter.BYTES_RETURNED] == 0
    for source in rollup.SOURCES:
        hidden = connect().execute(f"SELECT count(*) FROM {cell_of(place)}.{source.table}".encode())
        assert hidden.fetchone() == (0,)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connect().execute(f"DELETE FROM {cell_of(place)}.{source.table}".encode())


@pytest.mark.parametrize("source", rollup.SOURCES)
@pytest.mark.parametrize("change", ["SET quantity = quantity + 1", "SET ledger_rows = ledger_rows - 1"])
def test_a_recount_finds_a_wrong_sum(
    database: Service, acme: Cast, source: rollup.Source, change: str
) -> None:
    place = acme.collection()
    write(place, 5)
    roll(database, place)
    tenant_id, cell = acme.tenant_id, cell_of(place)
    read_as_owner(
        database,
        tenant_id,
        f"UPDATE {cell}.{source.table} {change} WHERE tenant_id = '{tenant_id}' RETURNING 1",
    )
    assert list(rollup.differences(cell, tenant_id)) == [(source.table, 1)]
    roll(database, place, anew=True)
    assert list(rollup.differences(cell, tenant_id)) == []


def test_the_commands_find_a_wrong_sum_and_make_the_sums_anew(database: Service, acme: Cast) -> None:
    place = acme.collection()
    write(place, 5)
    assert "rows of the ledgers rolled up" in database.manage("roll_up_usage")
    forged = f"UPDATE {cell_of(place)}.usage_database_day SET quantity = 6"
    read_as_owner(database, acme.tenant_id, f"{forged} WHERE tenant_id = '{acme.tenant_id}' RETURNING 1")
    with pytest.raises(ServerError, match="1 differences in the ledger"):
        database.manage("recount", "--tenant", acme.name)
    database.manage("roll_up_usage", "--anew")
    assert "no difference" in database.manage("recount", "--tenant", acme.name)
