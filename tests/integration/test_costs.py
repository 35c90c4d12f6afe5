"""What a month costs, split: by database, by collection, by key; nobody else's, only for who may see it."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from cloud.processes import Service
from tenants import databases
from tenants.actors import SYSTEM, Actor, ActorKind
from tenants.billing import months
from tenants.errors import PermissionDenied
from tenants.models import Database
from tenants.prices import GIB, Meter, Prices, cost_nano
from tests import stage
from tests.compact import cell_of
from tests.factories import Cast, Place
from vectors import costs, rollup, usage
from vectors.usage import ReadEntry

KEY = uuid.UUID(int=7)
NOW = datetime.now(UTC)
BEGUN = months.bounds(months.month_of(NOW))[0]


def use(
    place: Place,
    meter: Meter,
    quantity: int,
    *,
    key_id: uuid.UUID | None = KEY,
    at: datetime = BEGUN,
) -> None:
    """An entry of the ledger in the running month."""
    entry = ReadEntry(
        database_id=home(place).database_id,
        collection_id=place.collection_id,
        key_id=key_id,
        meter=meter,
        operation="query",
        at=at,
        quantity=quantity,
        requests=1,
    )
    usage.append_reads(cell_of(place), place.cast.tenant_id, [entry], flush_id=uuid.uuid4())


def home(place: Place) -> Database:
    """The database of a collection."""
    return databases.get(place.cast.tenant_id, place.cast.database)


def price(meter: Meter, quantity: int) -> int:
    """At the default prices."""
    return cost_nano(meter, quantity, Prices())


def roll(database: Service, place: Place) -> None:
    """Roll up the collection's cell."""
    with stage.role(database, "worker"):
        rollup.roll_up(cell_of(place))


@pytest.mark.parametrize("is_rolled", [True, False])
def test_a_month_is_split_by_database_and_by_key(database: Service, acme: Cast, is_rolled: bool) -> None:
    place = acme.collection()
    use(place, Meter.BYTES_RETURNED, GIB)
    use(place, Meter.BYTES_RETURNED, GIB // 2)
    use(place, Meter.BYTE_HOURS_STORED, GIB, key_id=None)
    use(place, Meter.BYTES_RETURNED, GIB, at=BEGUN - timedelta(seconds=1))
    if is_rolled:
        roll(database, place)
    by_key = price(Meter.BYTES_RETURNED, GIB + GIB // 2)
    stored = price(Meter.BYTE_HOURS_STORED, GIB)
    assert costs.cost_by_key(SYSTEM, acme.tenant_id) == {KEY: by_key, None: stored}
    assert costs.cost_by_database(SYSTEM, acme.tenant_id) == {home(place).database_id: by_key + stored}
    before = months.month_of(BEGUN - timedelta(days=1))
    assert costs.cost_by_key(SYSTEM, acme.tenant_id, month=before) == {KEY: price(Meter.BYTES_RETURNED, GIB)}


def test_a_page_of_collections_has_its_costs(database: Service, acme: Cast) -> None:
    places = [acme.collection() for _ in range(3)]
    for number, place in enumerate(places[:2]):
        use(place, Meter.BYTES_RETURNED, GIB * (number + 1))
    roll(database, places[0])
    use(places[0], Meter.BYTES_SCANNED, 2**40)
    ids = [place.collection_id for place in places]
    assert costs.cost_of_collections(SYSTEM, home(places[0]), ids) == {
        ids[0]: price(Meter.BYTES_RETURNED, GIB) + price(Meter.BYTES_SCANNED, 2**40),
        ids[1]: price(Meter.BYTES_RETURNED, 2 * GIB),
    }
    assert costs.cost_of_collections(SYSTEM, home(places[0]), []) == {}


def test_the_dearest_collections_come_first_page_by_page(database: Service, acme: Cast) -> None:
    places = [acme.collection() for _ in range(5)]
    for number, place in enumerate(places):
        use(place, Meter.BYTES_RETURNED, GIB * (number // 2 + 1))  # two and two cost the same
    roll(database, places[0])
    use(places[1], Meter.BYTES_SCANNED, 1)
    assert acme.wire.delete(f"{acme.place}/collections/{places[4].name}").status == 200
    first = costs.dearest_collections(SYSTEM, acme.tenant_id, limit_count=2)
    assert (first[0].name, first[0].is_deleted, first[0].database_name) == (places[4].name, True, "main")
    found = list(first)
    while page := costs.dearest_collections(
        SYSTEM, acme.tenant_id, limit_count=2, after=(found[-1].weight, found[-1].collection_id)
    ):
        found += page
    assert sorted(one.collection_id for one in found) == sorted(place.collection_id for place in places)
    assert [one.cost_nano for one in found] == sorted((one.cost_nano for one in found), reverse=True)
    in_database = costs.dearest_collections(SYSTEM, acme.tenant_id, database=home(places[0]), limit_count=9)
    assert in_database == found


def test_outsiders_see_nothing_and_strangers_are_refused(database: Service, acme: Cast, globex: Cast) -> None:
    place = acme.collection()
    use(place, Meter.BYTES_RETURNED, GIB)
    roll(database, place)
    assert costs.cost_by_database(SYSTEM, globex.tenant_id) == {}
    assert costs.cost_by_key(SYSTEM, globex.tenant_id) == {}
    assert costs.dearest_collections(SYSTEM, globex.tenant_id, limit_count=5) == []
    theirs = globex.collection()
    assert costs.cost_of_collections(SYSTEM, home(theirs), [place.collection_id]) == {}
    stranger = Actor(ActorKind.USER, None, "stranger")
    for verb in (costs.cost_by_database, costs.cost_by_key):
        with pytest.raises(PermissionDenied):
            verb(stranger, acme.tenant_id)
    with pytest.raises(PermissionDenied):
        costs.cost_of_collections(stranger, home(place), [place.collection_id])
    with pytest.raises(PermissionDenied):
        costs.dearest_collections(stranger, acme.tenant_id, limit_count=5)
