"""Ledgers: a flush counts once, storage is sampled once an hour, reports add up."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.api import metering
from cloud.processes import Service
from tenants.errors import InvalidArgument
from tenants.prices import Meter, Prices, cost_nano
from tests import stage
from tests.compact import cell_of, read_as_owner
from tests.factories import Cast, Place, batch
from vectors import usage
from vectors.cells import schema
from vectors.cells.transaction import connect
from vectors.usage import By, ReadEntry
from workers.metering import sample_storage

HOUR = timedelta(hours=1)
START = datetime(2026, 3, 31, 22, tzinfo=UTC)


def entry(place: Place, *, at: datetime, quantity: int, meter: Meter = Meter.BYTES_RETURNED) -> ReadEntry:
    """Two reads of a collection."""
    return ReadEntry(
        database_id=uuid.UUID(int=1),
        collection_id=place.collection_id,
        key_id=None,
        meter=meter,
        operation="get",
        at=at,
        quantity=quantity,
        requests=2,
    )


def stored(database: Service, place: Place) -> list[tuple[Any, ...]]:
    """The hours for which a collection's storage is in the ledger."""
    return read_as_owner(
        database,
        place.cast.tenant_id,
        f"SELECT at, quantity, requests FROM {cell_of(place)}.usage_ledger WHERE operation = 'store' "
        f"AND collection_id = '{place.collection_id}' ORDER BY at",
    )


def sample(database: Service, cell: str, *, hours: int) -> datetime:
    """Let so many hours pass in a cell, and sample; the last of them."""
    with stage.role(database, "worker"):
        row = connect().execute(f"SELECT sampled_to FROM {cell}.usage_clock".encode()).fetchone()
        assert row is not None
        now: datetime = (
            max(row[0], datetime.now(UTC).replace(minute=0, second=0, microsecond=0)) + hours * HOUR
        )
        sample_storage([cell], now=now + timedelta(minutes=17))
        assert sample_storage([cell], now=now + timedelta(minutes=59)) == 0
    return now.astimezone(UTC)


def test_a_flush_that_is_sent_twice_counts_once(database: Service, acme: Cast) -> None:
    place, flush_id = acme.collection(), uuid.uuid4()
    entries = [entry(place, at=START, quantity=5), entry(place, at=START + HOUR, quantity=7)]
    for _ in range(2):
        usage.append_reads(cell_of(place), acme.tenant_id, entries, flush_id=flush_id)
    usage.append_reads(cell_of(place), acme.tenant_id, entries[:1], flush_id=uuid.uuid4())
    totals = usage.meter_totals(acme.tenant_id, since=START, until=START + 2 * HOUR)
    assert totals == dict.fromkeys(Meter, 0) | {Meter.BYTES_RETURNED: 17}


def test_totals_begin_inclusive_and_end_exclusive(acme: Cast) -> None:
    place = acme.collection()
    entries = [entry(place, at=START + number * HOUR, quantity=10**number) for number in range(4)]
    usage.append_reads(cell_of(place), acme.tenant_id, entries, flush_id=uuid.uuid4())
    found = usage.meter_totals(acme.tenant_id, since=START + HOUR, until=START + 3 * HOUR)
    assert found[Meter.BYTES_RETURNED] == 110


def test_nobody_sees_or_writes_another_tenants_usage(acme: Cast, globex: Cast) -> None:
    place = acme.collection()
    usage.append_reads(
        cell_of(place), acme.tenant_id, [entry(place, at=START, quantity=5)], flush_id=uuid.uuid4()
    )
    assert usage.meter_totals(globex.tenant_id, since=START, until=START + HOUR)[Meter.BYTES_RETURNED] == 0


def test_storage_is_sampled_once_an_hour_and_caught_up(database: Service, acme: Cast) -> None:
    cell = cell_of(acme.collection())
    sample(database, cell, hours=0)  # an hour that has begun since another test sampled
    full, empty, dropped = acme.collection(), acme.collection(), acme.collection()
    for place in (full, dropped):
        place.call("add", batch(3))
    assert acme.wire.delete(f"{acme.place}/collections/{dropped.name}").status == 200
    size = stored_bytes(database, full)
    first = sample(database, cell, hours=1)
    last = sample(database, cell, hours=5)
    hours = [first + number * HOUR for number in range(6)]
    assert hours[-1] == last
    assert stored(database, full) == [(hour, size, 0) for hour in hours]
    assert stored(database, empty) == stored(database, dropped) == []


def test_catching_up_is_bounded_to_31_days(database: Service) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    with stage.role(database, "owner"):
        connection = connect()
        with connection.transaction():
            schema.create(
                connection.cursor(), "cell_903", role_prefix=stage.ROLE_PREFIX, owner=connection.info.user
            )
        connection.execute(
            b"INSERT INTO cell_903.collection_state (collection_id, tenant_id, database_id, space,"
            b" ef_construction, max_neighbors, ef_search, logical_bytes, created_at)"
            b" SELECT id, id, id, 'l2', 100, 16, 100, 7, now() - interval '90 days'"
            b" FROM (SELECT gen_random_uuid() AS id) AS made"
        )
        connection.execute(b"UPDATE cell_903.usage_clock SET sampled_to = sampled_to - interval '60 days'")
        with stage.role(database, "worker"):
            assert sample_storage(["cell_903"], now=now) == 31 * 24
        found = connect().execute(b"SELECT min(at), max(at), sum(quantity) FROM cell_903.usage_ledger")
        row = found.fetchone()
        connect().execute(b"DROP SCHEMA cell_903 CASCADE")
    assert row == (now - (31 * 24 - 1) * HOUR, now, 7 * 31 * 24)


def stored_bytes(database: Service, place: Place) -> int:
    """Logical bytes by the collection's counters."""
    ((size,),) = read_as_owner(
        database,
        place.cast.tenant_id,
        f"SELECT logical_bytes FROM {cell_of(place)}.collection_state "
        f"WHERE collection_id = '{place.collection_id}'",
    )
    assert isinstance(size, int)
    return size


def test_a_report_adds_up_and_is_priced(acme: Cast) -> None:
    place, other = acme.collection(), acme.collection()
    entries = [
        entry(place, at=START + number * HOUR, quantity=2**30 * (number + 1), meter=meter)
        for number in range(4)
        for meter in (Meter.BYTES_RETURNED, Meter.BYTES_SCANNED)
    ]
    usage.append_reads(cell_of(place), acme.tenant_id, entries, flush_id=uuid.uuid4())
    usage.append_reads(
        cell_of(other), acme.tenant_id, [entry(other, at=START, quantity=1)], flush_id=uuid.uuid4()
    )
    prices = Prices(bytes_returned=1_000, bytes_scanned=7_000)

    def ask(*by: By) -> usage.Report:
        return usage.report(acme.tenant_id, since=START, until=START + 30 * HOUR, by=by, prices=prices)

    report = ask(By.DAY)
    returned = [row for row in report.rows if row.meter is Meter.BYTES_RETURNED]
    assert [(row.dimensions, row.quantity, row.requests) for row in returned] == [
        ({By.DAY: "2026-03-31"}, 3 * 2**30 + 1, 6),
        ({By.DAY: "2026-04-01"}, 7 * 2**30, 4),
    ]
    assert report.requests == 10
    assert report.totals[Meter.BYTES_RETURNED] == (10 * 2**30 + 1, 10_000)
    assert report.totals[Meter.BYTES_SCANNED] == (
        10 * 2**30,
        cost_nano(Meter.BYTES_SCANNED, 10 * 2**30, prices),
    )
    assert report.cost_nano == sum(cost for _, cost in report.totals.values())
    hours = [row.dimensions[By.HOUR] for row in ask(By.HOUR, By.COLLECTION).rows]
    assert hours[0] == "2026-03-31T22:00:00Z"
    by_collection = {
        row.dimensions[By.COLLECTION]: row.quantity
        for row in ask(By.COLLECTION).rows
        if row.meter is Meter.BYTES_RETURNED
    }
    assert by_collection == {str(place.collection_id): 10 * 2**30, str(other.collection_id): 1}


@pytest.mark.parametrize(("days", "by"), [(401, By.DAY), (32, By.HOUR), (0, By.DAY), (-1, By.METER)])
def test_a_report_is_bounded(acme: Cast, days: int, by: By) -> None:
    with pytest.raises(InvalidArgument, match="since"):
        usage.report(
            acme.tenant_id, since=START, until=START + timedelta(days=days), by=[by], prices=Prices()
        )


def test_every_answer_says_what_it_used(acme: Cast) -> None:
    place = acme.collection()
    written = acme.wire.post(f"{place.path}/add", batch(20))
    prices = Prices()
    units = int(written.headers["x-request-units"])
    assert units > 20 * 4 * 8
    assert int(written.headers["x-request-cost"]) == cost_nano(Meter.BYTES_WRITTEN, units, prices)
    asked = {"query_embeddings": [[0.0] * 8] * 2, "where": {"even": True}}
    read = acme.wire.post(f"{place.path}/query", asked)
    assert read.headers["x-request-units"] == "3"
    metering.process.flush()
    now = datetime.now(UTC)
    totals = usage.meter_totals(acme.tenant_id, since=now - 2 * HOUR, until=now + HOUR)
    assert totals[Meter.BYTES_SCANNED] == 3 * units
    assert int(read.headers["x-request-cost"]) == sum(
        cost_nano(meter, totals[meter], prices) for meter in (Meter.BYTES_SCANNED, Meter.BYTES_RETURNED)
    )
    for answer in (acme.wire.get(f"{place.path}/count"), acme.wire.get(f"{place.path}/indexing_status")):
        assert answer.headers["x-request-units"] == "0"
    refused = acme.wire.post(f"{place.path}/query", {"query_embeddings": [[0.0]]})
    assert refused.status == 400
    assert "x-request-units" not in refused.headers
