"""Sums and tail are the ledger at every moment: beside late writers, and roll-ups that crash.

One snapshot is compared at a time: the ledger summed anew, and each table of sums with the tail.
"""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction

from cloud.processes import Service
from tenants.prices import Meter
from tests import stage
from tests.compact import cell_of, compact
from tests.factories import Cast, Place, make_tenant
from vectors import rollup, usage
from vectors.cells.transaction import connect

START = datetime(2026, 2, 27, 20, tzinfo=UTC)
KEYS = [None, uuid.UUID(int=7), uuid.UUID(int=8)]
WRITERS, TRANSACTIONS = 3, 25


def append(chance: random.Random, place: Place) -> int:
    """A row of the ledger in the open transaction; its quantity."""
    quantity = chance.randrange(1, 2**40)
    at = START + timedelta(minutes=chance.randrange(5 * 24 * 60))
    connect().execute(
        f"INSERT INTO {cell_of(place)}.usage_ledger (tenant_id, database_id, collection_id, key_id, meter,"
        " operation, quantity, requests, at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)".encode(),
        [
            place.cast.tenant_id,
            uuid.UUID(int=1),
            place.collection_id,
            chance.choice(KEYS),
            chance.choice(list(Meter)),
            chance.choice(("get", "query")),
            quantity,
            chance.randrange(3),
            at,
        ],
    )
    return quantity


def write(seed: int, places: list[Place]) -> int:
    """Transactions of several rows, slow ones too; some roll back, some in part. What was committed."""
    chance, committed = random.Random(seed), 0
    for _ in range(TRANSACTIONS):
        place, kept = chance.choice(places), 0
        with transaction.atomic():
            connect().execute(f"SET LOCAL app.tenant_id = '{place.cast.tenant_id}'".encode())
            for _ in range(chance.randrange(1, 5)):
                with transaction.atomic():  # a part of its own, with a number of its own
                    quantity = append(chance, place)
                    if chance.random() < 0.2:
                        transaction.set_rollback(True)
                    else:
                        kept += quantity
                time.sleep(chance.choice((0, 0, 0.003, 0.05)))
            if chance.random() < 0.2:
                transaction.set_rollback(True)
            else:
                committed += kept
        if chance.random() < 0.3:
            place.call("upsert", {"ids": [f"r{chance.randrange(9)}"], "embeddings": [[1.0, 2.0]]})
    return committed


def roll(database: Service, seed: int, cell: str, is_over: Event) -> int:
    """Roll up again and again; some are undone, some lose their connection. How many were not."""
    chance, done = random.Random(seed), 0
    with stage.role(database, "worker"):
        while not is_over.is_set():
            fate = chance.random()
            try:
                with transaction.atomic():
                    rollup.roll_up(cell, anew=fate > 0.95)
                    if fate < 0.2:
                        transaction.set_rollback(True)
                    elif fate < 0.4:
                        connect().execute(b"SELECT pg_terminate_backend(pg_backend_pid())")
                done += fate >= 0.4
            except (psycopg.Error, DatabaseError):
                connection.close()
            time.sleep(chance.random() * 0.01)
    return done


def watch(cell: str, cast: Cast, is_over: Event) -> int:
    """Compare again and again; how often."""
    count = 0
    while not is_over.is_set():
        assert list(rollup.differences(cell, cast.tenant_id)) == []
        count += 1
    return count


def apart(act: Callable[[], int]) -> int:
    """Over connections of its own."""
    try:
        return act()
    finally:
        connections.close_all()


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_and_tail_are_the_ledger_at_every_moment(database: Service, seed: int) -> None:
    cast = make_tenant("rolled")
    places = [cast.collection() for _ in range(3)]
    cell, is_over = cell_of(places[0]), Event()
    with ThreadPoolExecutor(WRITERS + 3) as pool:
        rolling = [
            pool.submit(apart, lambda n=n: roll(database, seed * 10 + n, cell, is_over))  # type: ignore[misc]
            for n in range(2)
        ]
        watching = pool.submit(apart, lambda: watch(cell, cast, is_over))
        writing = [
            pool.submit(apart, lambda n=n: write(seed * 100 + n, places))  # type: ignore[misc]
            for n in range(WRITERS)
        ]
        try:
            committed = sum(one.result() for one in writing)
        finally:
            is_over.set()
        assert sum(one.result() for one in rolling) > 3
        assert watching.result() > 3
    compact(database, next(place for place in places if place.count()))
    since, until = START - timedelta(days=1), START + timedelta(days=9)
    for _ in range(2):
        found = usage.rolled_totals(cast.tenant_id, since=since, until=until)
        assert found == usage.meter_totals(cast.tenant_id, since=since, until=until)
        assert sum(found.values()) == committed
        with stage.role(database, "worker"):
            rollup.roll_up(cell)
        assert list(rollup.differences(cell, cast.tenant_id)) == []
