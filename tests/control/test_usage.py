"""Usage: works, role too low, outsider, malformed; as JSON and as CSV."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from django.conf import settings

from tenants import databases, keys
from tenants.prices import Meter, Prices, cost_nano
from tenants.quotas import Limits
from tenants.roles import Action, Role, may
from tests.control.caller import BY, Caller, Office
from tests.factories import Cast, Place, Wire, batch
from vectors import usage
from vectors.usage import ReadEntry

PARTS = ["/usage", "/usage.csv"]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TIME = "since=2026-03-01T00:00:00Z&until=2026-03-03T00:00:00Z"


def collection(office: Office) -> tuple[Place, str, uuid.UUID]:
    """A collection of the tenant, its cell and its database."""
    database = databases.create(office.tenant_id, "main", limits=Limits(), cell_count=settings.CELL_COUNT)
    wire = Wire(keys.issue(BY, office.tenant_id, pepper=settings.KEY_PEPPER).secret)
    place = Cast(office.tenant_id, office.name, database.name, wire, wire).collection()
    return place, database.cell, database.database_id


def use(office: Office) -> tuple[Place, uuid.UUID]:
    """Reads on two days, by a key."""
    place, cell, database_id = collection(office)
    key_id = uuid.uuid4()
    entries = [
        ReadEntry(
            database_id=database_id,
            collection_id=place.collection_id,
            key_id=key_id,
            meter=Meter.BYTES_RETURNED,
            operation="get",
            at=NOON + timedelta(days=day),
            quantity=2**30 * (day + 1),
            requests=day + 1,
        )
        for day in range(2)
    ]
    usage.append_reads(cell, office.tenant_id, entries, flush_id=uuid.uuid4())
    return place, key_id


def test_it_shows_what_was_used(acme: Office) -> None:
    place, key_id = use(acme)
    found = acme.owner.get(f"{acme.path}/usage?{TIME}&by=day,collection,key").body
    price = Prices().bytes_returned
    assert [(row["day"], row["quantity"], row["requests"], row["cost_nano"]) for row in found["items"]] == [
        ("2026-03-01", 2**30, 1, price),
        ("2026-03-02", 2**31, 2, 2 * price),
    ]
    for row in found["items"]:
        assert (row["collection"], row["key"]) == (str(place.collection_id), str(key_id))
        assert (row["hour"], row["database"], row["operation"]) == (None, None, None)
    totals = {one["meter"]: (one["quantity"], one["cost_nano"]) for one in found["totals"]}
    assert totals == dict.fromkeys(Meter, (0, 0)) | {
        Meter.BYTES_RETURNED: (3 * 2**30, cost_nano(Meter.BYTES_RETURNED, 3 * 2**30, Prices()))
    }
    assert (found["requests"], found["cost_nano"], found["currency"]) == (3, 3 * price, "USD")


def test_without_a_time_it_is_this_month_so_far(acme: Office) -> None:
    place, _, _ = collection(acme)
    written = acme_write(place)
    found = acme.owner.get(f"{acme.path}/usage?by=operation").body
    assert found["since"].endswith("-01T00:00:00Z")
    assert [(row["operation"], row["quantity"]) for row in found["items"]] == [("add", written)]


def acme_write(place: Place) -> int:
    """The bytes that a write was billed."""
    answer = place.cast.wire.post(f"{place.path}/add", batch(5))
    return int(answer.headers["x-request-units"])


def test_the_csv_has_the_same_rows(acme: Office) -> None:
    use(acme)
    query = f"?{TIME}&by=hour,database,operation"
    text = acme.owner.get(f"{acme.path}/usage.csv{query}")
    assert text.headers["Content-Type"] == "text/csv"
    rows = list(csv.DictReader(io.StringIO(text.body.decode())))
    items = acme.owner.get(f"{acme.path}/usage{query}").body["items"]
    assert len(rows) == 2
    shown = [{name: "" if value is None else str(value) for name, value in row.items()} for row in items]
    assert rows == shown


def test_it_is_limited_to_what_was_asked_for(acme: Office) -> None:
    place, key_id = use(acme)
    other = uuid.uuid4()
    for name, own in (("key", key_id), ("collection", place.collection_id), ("meter", "bytes_returned")):
        found = acme.owner.get(f"{acme.path}/usage?{TIME}&{name}={own}").body
        assert found["requests"] == 3, name
        wrong = "forks" if name == "meter" else other
        assert acme.owner.get(f"{acme.path}/usage?{TIME}&{name}={wrong}").body["items"] == [], name


def test_collections_come_dearest_first_page_by_page(acme: Office) -> None:
    place, _ = use(acme)
    path = f"{acme.path}/usage/collections?month=2026-03"
    cost = Prices().bytes_returned * 3
    (one,) = acme.owner.get(path).body["items"]
    assert (one["collection"], one["name"], one["cost_nano"], one["requests"]) == (
        str(place.collection_id),
        place.name,
        cost,
        3,
    )
    assert acme[Role.BILLING].get(path).body["items"][0]["name"] is None
    assert acme.owner.get(f"{path}&after={cost * 0.5}~{place.collection_id}").body["items"] == []
    assert acme.owner.get(f"{path}&after={cost * 2.0}~{place.collection_id}").body["items"] == [one]
    assert acme.owner.get(f"{path}&database={one['database']}&limit=1").body["next"] is None
    assert acme.owner.get(f"{path}&database={uuid.uuid4()}").status == 404
    assert acme.owner.get(f"{acme.path}/usage/collections?month=2026-02").body["items"] == []


@pytest.mark.parametrize("query", ["after=x", "after=1~2", "month=soon", "limit=0", f"after=1~{'-' * 36}"])
def test_a_malformed_page_of_collections_is_named(acme: Office, query: str) -> None:
    answer = acme.owner.get(f"{acme.path}/usage/collections?{query}")
    assert (answer.status, query.partition("=")[0] in answer.body["message"]) == (400, True)


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("part", [*PARTS, "/usage/collections"])
def test_the_role_decides(acme: Office, role: Role, part: str) -> None:
    assert acme[role].get(acme.path + part).status == (200 if may(role, Action.VIEW_USAGE) else 403)


@pytest.mark.parametrize("part", [*PARTS, "/usage/collections"])
def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, nobody: Caller, part: str) -> None:
    answer = globex.owner.get(acme.path + part)
    missing = globex.owner.get(f"/tenants/no-such-tenant{part}")
    assert answer.status == missing.status == 404
    assert answer.body["message"].replace(acme.name, "no-such-tenant") == missing.body["message"]
    assert nobody.get(acme.path + part).status == 401


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("since=yesterday", "since"),
        ("since=2026-03-01T00:00:00", "since"),
        ("until=2026-03-01", "until"),
        ("by=colour", "by"),
        ("by=day,hour", "by"),
        ("by=%00", "by"),
        ("colour=red", "colour"),
        (TIME.replace("since=2026-03-01", "since=2024-03-01"), "since"),
        (TIME.replace("since=2026-03-01", "since=2026-01-01") + "&by=hour", "since"),
        (TIME.replace("since=2026-03-01", "since=" + quote("2026-03-05")), "since"),
    ],
)
def test_malformed_queries_are_named(acme: Office, part: str, query: str, named: str) -> None:
    answer = acme.owner.get(f"{acme.path}{part}?{query}")
    assert answer.status == 400, answer
    assert named in answer.body["message"]
