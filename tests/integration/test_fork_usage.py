"""What forks do to ledgers and quotas: each is billed, what they share is stored once, trees are counted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from cloud.processes import Service
from tests import stage
from tests.binned import BY
from tests.compact import cell_of, compact, read_as_owner
from tests.factories import Cast, Place, batch, make_tenant
from tests.forked import drop, filled, fork, size
from vectors import recount, recycle_bin, state_usage
from vectors.cells.transaction import connect
from workers.metering import sample_storage


def test_the_ledger_of_a_fork_begins_where_its_source_was(database: Service, acme: Cast) -> None:
    source = filled(database, acme)
    copy = fork(source)
    copy.call("add", batch(5, first=500))
    copy.call("delete", {"ids": ["r0", "r500"]})
    compact(database, copy)
    fork(copy)
    fork(acme.collection())
    found = {one.collection_id: one for one in recount.recount(acme.tenant_id)}
    assert [one.differences for one in found.values() if one.differences] == []
    assert found[copy.collection_id].rows_count == 3
    assert found[copy.collection_id].record_count == copy.count()
    rows = read_as_owner(
        database,
        acme.tenant_id,
        f"SELECT quantity, requests, key_id IS NOT NULL, operation FROM {cell_of(source)}.usage_ledger "
        f"WHERE meter = 'forks' AND tenant_id = '{acme.tenant_id}'",
    )
    assert rows == [(1, 1, True, "fork")] * 3


def test_the_largest_tree_is_what_is_used_of_the_quota(database: Service) -> None:
    cast = make_tenant("trees")
    root = cast.collection()
    drop(fork(fork(root)))
    cells = [cell_of(root)]
    assert state_usage.of_tenant(cast.tenant_id, cells)["forks_count"] == 2


def stored_bytes(database: Service, place: Place) -> list[Any]:
    """What the last hour that was sampled says of a collection."""
    rows = read_as_owner(
        database,
        place.cast.tenant_id,
        f"SELECT quantity FROM {cell_of(place)}.usage_ledger WHERE operation = 'store' "
        f"AND collection_id = '{place.collection_id}' ORDER BY at DESC LIMIT 1",
    )
    return [row[0] for row in rows]


def sample(database: Service, place: Place) -> None:
    """Let an hour pass in the collection's cell, and sample."""
    cell = cell_of(place)
    with stage.role(database, "worker"):
        row = connect().execute(f"SELECT sampled_to FROM {cell}.usage_clock".encode()).fetchone()
        assert row is not None
        assert sample_storage([cell], now=row[0] + timedelta(hours=1)) > 0


def test_what_is_shared_is_stored_once(database: Service, acme: Cast) -> None:
    source = acme.collection()
    source.call("add", batch(60))
    compact(database, source)
    copy = fork(source)
    copy.call("add", batch(5, first=100))
    whole, own = (size(database, one) for one in (source, copy))
    sample(database, source)
    assert (stored_bytes(database, source), stored_bytes(database, copy)) == ([whole], [own - whole])
    drop(source)
    sample(database, copy)
    assert stored_bytes(database, copy) == [own]  # the only one that has it now
    copy.call("delete", {"where": {"n": {"$gte": 0}}})
    recycle_bin.restore_collection(BY, acme.tenant_id, source.collection_id)
    before = stored_rows(database, copy)
    sample(database, source)
    assert stored_bytes(database, source) == [whole]
    assert stored_rows(database, copy) == before  # never less than nothing


def stored_rows(database: Service, place: Place) -> Any:
    """For how many hours a collection was stored."""
    query = f"SELECT count(*) FROM {cell_of(place)}.usage_ledger WHERE operation = 'store' "
    query += f"AND collection_id = '{place.collection_id}'"
    return read_as_owner(database, place.cast.tenant_id, query)[0][0]
