"""The bill is right to the unit: random traffic, and a count of it that knows nothing of the server's code.

Three keys of two tenants write, read and delete while compactions run in between. What the test sent and got
back, weighed by its own formula, must be what the ledgers say; and a recount finds what somebody altered.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from django.conf import settings
from django.db import connections
from django.test import Client

from cloud.api import metering
from cloud.processes import Service
from cloud.servers.errors import ServerError
from tenants import keys
from tenants.actors import command
from tenants.prices import Meter
from tests import stage
from tests.compact import cell_of, compact, read_as_owner
from tests.factories import Cast, Place, make_tenant
from tests.model import Model, Record
from vectors import recount, usage
from vectors.cells.transaction import connect

OPERATIONS, DIMENSION = 110, 6
WORDS = ("näher", "far away", 'say "so"', "tab\there", "…", "plain text of some length")


def weight(record: Record) -> int:
    """Logical bytes: four per number, and the octets of every text."""
    metadata = json.dumps(record.metadata, ensure_ascii=False) if record.metadata else ""
    texts = (record.record_id, record.document or "", record.uri or "", metadata)
    return 4 * len(record.embedding) + sum(len(text.encode()) for text in texts)


def predicates(where: Mapping[str, Any]) -> int:
    """How many conditions a where has."""
    ((key, operand),) = where.items()
    return sum(map(predicates, operand)) if key in ("$and", "$or") else 1


def runs(where_document: Mapping[str, Any]) -> int:
    """Query units of a where_document."""
    ((key, operand),) = where_document.items()
    return sum(map(runs, operand)) if key in ("$and", "$or") else max(1, len(operand) - 2)


@dataclass
class Customer:
    """A collection, who may use it, and what must be on the bill."""

    place: Place
    key_ids: dict[str, UUID]
    model: Model = field(default_factory=lambda: Model("l2"))

    def size(self) -> int:
        """Logical bytes of what the collection holds."""
        return sum(map(weight, self.model.records.values()))


class Traffic:
    """Random requests, and the count of what they use."""

    def __init__(self, seed: int) -> None:
        """Two tenants with three keys and three collections."""
        self.random = random.Random(seed)
        self.client = Client(raise_request_exception=False)
        self.used: Counter[tuple[UUID, UUID, Meter, str]] = Counter()
        self.writes: Counter[UUID] = Counter()
        self.casts = [make_tenant("acme"), make_tenant("globex")]
        issued = [self.issue(cast, number) for cast, number in zip(self.casts, (2, 1), strict=True)]
        self.customers = [
            Customer(cast.collection(), own)
            for cast, own in zip((self.casts[0], *self.casts), (issued[0], *issued), strict=True)
        ]

    def issue(self, cast: Cast, number: int) -> dict[str, UUID]:
        """Keys of a tenant by their secrets."""
        made = [
            keys.issue(command("tests"), cast.tenant_id, pepper=settings.KEY_PEPPER) for _ in range(number)
        ]
        return {one.secret: one.key_id for one in made}

    def send(self, customer: Customer, verb: str, body: object) -> tuple[dict[str, str], bytes, UUID]:
        """Send it with one of the keys; headers, body and the key's id."""
        secret, key_id = self.random.choice(list(customer.key_ids.items()))
        response = self.client.generic(
            "GET" if body is None else "POST",
            f"/api/v2{customer.place.path}/{verb}",
            b"" if body is None else orjson.dumps(body),
            content_type="application/json",
            headers={"x-chroma-token": secret},
        )
        assert response.status_code in (200, 201), response.content
        return dict(response.headers), response.content, key_id

    def count(self, customer: Customer, key_id: UUID, operation: str, **amounts: int) -> None:
        """Put on the bill what the test knows."""
        for meter, amount in amounts.items():
            self.used[customer.place.collection_id, key_id, Meter(meter), operation] += amount

    # --- requests --------------------------------------------------------------------------------

    def text(self) -> str | None:
        """A document or a value, or none."""
        return self.random.choice((None, *WORDS))

    def metadata(self, verb: str) -> dict[str, Any] | None:
        """Values of every type; null removes, and weighs nothing."""
        values = (7, 2.5, True, "ü", ["a", "b"], 'quo"te', 8 if verb == "add" else None)
        found = {key: self.random.choice(values) for key in self.random.sample("abcde", 2)}
        return self.random.choice((None, {}, found, found, found))

    def vector(self) -> list[float]:
        """Halves, which a float32 holds exactly."""
        return [self.random.randrange(-8, 8) / 2 for _ in range(DIMENSION)]

    def write(self, customer: Customer, verb: str) -> None:
        """Add, update or upsert a few, some of them twice."""
        ids = [f"r{self.random.randrange(60)}" for _ in range(self.random.randrange(1, 12))]
        body: dict[str, Any] = {
            "ids": ids,
            "embeddings": [self.vector() for _ in ids],
            "documents": [self.text() for _ in ids],
            "uris": [self.text() for _ in ids],
            "metadatas": [self.metadata(verb) for _ in ids],
        }
        before = set(customer.model.records)
        customer.model.write(verb, body)
        appended = {"add": set(ids) - before, "update": set(ids) & before, "upsert": set(ids)}[verb]
        written = sum(weight(customer.model.records[one]) for one in appended)
        headers, _, key_id = self.send(customer, verb, body)
        assert headers["x-request-units"] == str(written)
        self.count(customer, key_id, verb, bytes_written=written)
        self.writes[customer.place.collection_id] += 1

    def delete(self, customer: Customer) -> None:
        """Some by id, known or not, or some by filter."""
        ids = [f"r{self.random.randrange(90)}" for _ in range(4)]
        body: dict[str, Any] = self.random.choice(({"ids": ids}, {"where": {"a": 7}, "limit": 3}))
        customer.model.delete(body)
        headers, _, key_id = self.send(customer, "delete", body)
        assert (headers["x-request-units"], headers["x-request-cost"]) == ("0", "0")
        self.count(customer, key_id, "delete", bytes_written=0)
        self.writes[customer.place.collection_id] += 1

    def filters(self) -> dict[str, Any]:
        """A where, a where_document, both or neither."""
        found: dict[str, Any] = {}
        if self.random.random() < 0.5:
            one: dict[str, Any] = {"a": {"$gte": 1}}
            three = {"$or": [one, {"b": {"$in": ["ü", "x", "y"]}}, {"#id": "r1"}]}
            found["where"] = self.random.choice((one, three))
        if self.random.random() < 0.5:
            one = {"$contains": "te"}
            two = {"$and": [one, {"$not_contains": "far away"}]}
            found["where_document"] = self.random.choice((one, two, {"$regex": "pl[ab]in"}))
        return found

    def read(self, customer: Customer, verb: str) -> None:
        """Get, query, search or count."""
        if verb == "search":
            self.search(customer)
            return
        asked = {} if verb == "count" else self.filters()
        units = predicates(asked["where"]) if "where" in asked else 0
        units += runs(asked["where_document"]) if "where_document" in asked else 0
        if verb == "query":
            asked["query_embeddings"] = [self.vector() for _ in range(self.random.randrange(1, 4))]
            units += len(asked["query_embeddings"])
        self.ask(customer, verb, None if verb == "count" else asked, units)

    def search(self, customer: Customer) -> None:
        """One to three searches, each with a filter or without, of none to two vectors."""
        searches: list[dict[str, Any]] = []
        units = 0
        for _ in range(self.random.randrange(1, 4)):
            where = self.filters().get("where")
            knns = [
                {"$knn": {"query": list(self.vector()), "default": 1}}
                for _ in range(self.random.randrange(3))
            ]
            searches.append({"filter": where, "rank": {"$sum": knns} if knns else None})
            units += len(knns) + (predicates(where) if where else 0)
        self.ask(customer, "search", {"searches": searches}, units)

    def ask(self, customer: Customer, verb: str, asked: Any, units: int) -> None:
        """A read of so many units, and what it is billed."""
        scanned = units * customer.size()
        headers, content, key_id = self.send(customer, verb, asked)
        assert headers["x-request-units"] == str(units)
        self.count(customer, key_id, verb, bytes_returned=len(content))
        if units:
            self.count(customer, key_id, verb, bytes_scanned=scanned)

    def play(self, database: Service) -> None:
        """All of it."""
        for number in range(OPERATIONS):
            customer = self.random.choice(self.customers)
            verb = self.random.choice(
                ("add", "update", "upsert", "upsert", "delete", "get", "query", "search", "count")
            )
            if verb in ("get", "query", "search", "count"):
                self.read(customer, verb)
            elif verb == "delete":
                self.delete(customer)
            else:
                self.write(customer, verb)
            if number % 25 == 24:
                compact(
                    database, self.random.choice([one for one in self.customers if one.model.records]).place
                )
        assert metering.process.flush()


def billed(database: Service, customer: Customer) -> dict[tuple[UUID, UUID, Meter, str], int]:
    """What the ledger says of a collection."""
    rows: list[Any] = read_as_owner(
        database,
        customer.place.cast.tenant_id,
        "SELECT key_id, meter, operation, sum(quantity)::bigint, sum(records)::bigint "
        f"FROM {cell_of(customer.place)}.usage_ledger "
        f"WHERE collection_id = '{customer.place.collection_id}' AND operation <> 'store' GROUP BY 1, 2, 3",
    )
    assert sum(row[4] for row in rows) == len(customer.model.records)
    collection_id = customer.place.collection_id
    return {
        (collection_id, key_id, Meter(meter), operation): used for key_id, meter, operation, used, _ in rows
    }


@pytest.mark.parametrize("seed", [1, 2])
def test_the_ledger_is_what_was_sent_and_received(database: Service, seed: int) -> None:
    traffic = Traffic(seed)
    now = datetime.now(UTC)
    traffic.play(database)
    for customer in traffic.customers:
        own = {key: one for key, one in traffic.used.items() if key[0] == customer.place.collection_id}
        assert billed(database, customer) == own
    for cast in traffic.casts:
        mine = {one.place.collection_id for one in traffic.customers if one.place.cast is cast}
        totals = dict.fromkeys(Meter, 0)
        for (collection_id, _, meter, _), quantity in traffic.used.items():
            totals[meter] += quantity if collection_id in mine else 0
        hour = timedelta(hours=1)
        assert usage.meter_totals(cast.tenant_id, since=now - 2 * hour, until=now + hour) == totals
        found = {one.collection_id: one for one in recount.recount(cast.tenant_id)}
        assert [one.differences for one in found.values() if one.differences] == []
        assert {one: finding.rows_count for one, finding in found.items()} == {
            one: traffic.writes[one] for one in mine
        }
        assert sum(one.weighed_count for one in found.values()) > 0


def test_rows_tile_the_log_when_many_write_at_once(database: Service) -> None:
    place = make_tenant("crowd").collection()

    def write(first: int) -> None:
        try:
            for number in range(first, first + 8):
                ids = [f"r{(number * 7 + step) % 30}" for step in range(5)]
                place.call("upsert", {"ids": ids, "embeddings": [[float(number), 1.0]] * 5})
                place.call("delete", {"ids": [f"r{number}", "unknown"]})
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    (found,) = recount.recount(place.cast.tenant_id)
    assert (found.differences, found.rows_count) == ((), 4 * 8 * 2)


FORGERIES = [
    "UPDATE {} SET quantity = quantity - 1 WHERE ledger_id = {}",
    "UPDATE {} SET quantity = quantity + 1 WHERE ledger_id = {}",
    "UPDATE {} SET records = records + 1 WHERE ledger_id = {}",
    "UPDATE {} SET grown_bytes = grown_bytes - 1 WHERE ledger_id = {}",
    "UPDATE {} SET log_to = log_to + 1 WHERE ledger_id = {}",
    "DELETE FROM {} WHERE ledger_id = {}",
]


@pytest.mark.parametrize("change", FORGERIES)
@pytest.mark.parametrize("is_compacted", [False, True])
def test_a_recount_finds_a_forgery(database: Service, change: str, is_compacted: bool) -> None:
    place = make_tenant("forged").collection()
    for number in range(3):
        place.call("add", {"ids": [f"a{number}", f"b{number}"], "embeddings": [[1.0, 2.0]] * 2})
    if is_compacted:
        compact(database, place)
    tenant_id, cell = place.cast.tenant_id, cell_of(place)
    (rows,) = read_as_owner(
        database,
        tenant_id,
        f"SELECT array_agg(ledger_id ORDER BY ledger_id) FROM {cell}.usage_ledger "
        f"WHERE collection_id = '{place.collection_id}'",
    )
    before = recount.recount_collection(tenant_id, cell, place.collection_id)
    assert (before.differences, before.rows_count, before.weighed_count) == ((), 3, 3)
    ledger_ids: Any = rows[0]
    with stage.role(database, "owner"), connect().transaction():
        connect().execute(f"ALTER TABLE {cell}.usage_ledger DISABLE TRIGGER append_only".encode())
        connect().execute(f"SET LOCAL app.tenant_id = '{tenant_id}'".encode())
        done = connect().execute(change.format(f"{cell}.usage_ledger", ledger_ids[1]).encode())
        assert done.rowcount == 1
        connect().execute(f"ALTER TABLE {cell}.usage_ledger ENABLE TRIGGER append_only".encode())
    assert recount.recount_collection(tenant_id, cell, place.collection_id).differences != ()


def test_the_command_says_so_and_fails(database: Service) -> None:
    place = make_tenant("recounted").collection()
    place.call("add", {"ids": ["a"], "embeddings": [[1.0, 2.0]]})
    arguments = ("recount", "--tenant", place.cast.name)
    month = f"{datetime.now(UTC):%Y-%m}"
    said = database.manage(*arguments, "--month", month)
    assert (
        f"{place.collection_id}        1 rows        1 weighed          1 records              9 bytes  ok"
        in said
    )
    assert f"{month} bytes_written        9" in said
    with stage.role(database, "owner"), connect().transaction():
        connect().execute(f"SET LOCAL app.tenant_id = '{place.cast.tenant_id}'".encode())
        changed = connect().execute(
            f"UPDATE {cell_of(place)}.collection_state SET logical_bytes = logical_bytes + 1 "
            f"WHERE collection_id = '{place.collection_id}'".encode()
        )
        assert changed.rowcount == 1
    with pytest.raises(ServerError, match="2 differences in the ledger"):
        database.manage(*arguments)
