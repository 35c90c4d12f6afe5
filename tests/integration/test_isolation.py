"""Row-level security by itself: the application's scoping passes, and the database still shows nothing.

The test lets every lookup of the application use acme's ids and acme's key, and binds the transaction to
globex instead: what is left is the second lock alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from unittest import mock

import pytest
from django.db import ProgrammingError

from cloud.api.permissions import manifests
from cloud.processes import Service
from tenants import scope
from tenants.models import Database
from tests.compact import cell_of, compact
from tests.factories import Cast, Place, batch
from vectors.cells import transaction as cell_transaction
from vectors.cells.transaction import connect

SUMS = ("usage_hour", "usage_database_hour", "usage_database_day", "usage_collection_month")
TABLES = (
    "collection_state",
    "record_log",
    "segment",
    "manifest",
    "tombstone",
    "usage_ledger",
    "job",
    "job_history",
    "transfer",
    "transfer_part",
    "transfer_error",
    *SUMS,
)
CONTROL_TABLES = (
    "tenants_tenant",
    "tenants_member",
    "tenants_database",
    "tenants_apikey",
    "vectors_collection",
)


@pytest.fixture
def stolen(database: Service, acme: Cast, globex: Cast) -> Iterator[Place]:
    """A collection of acme with segment, log and tombstones, while every transaction is bound to globex."""
    place = acme.collection(name="secrets")
    place.call("add", batch(60))
    compact(database, place)
    place.call("delete", {"ids": ["r1"]})
    place.call("add", batch(10, first=60))
    place.nearest([0.0] * 8)  # warms every cache with what acme may see
    original = scope.set_local_tenant

    def bind_outsider(_: object) -> str:
        return original(globex.tenant_id)

    with (
        mock.patch.object(scope, "set_local_tenant", bind_outsider),
        mock.patch.object(cell_transaction, "set_local_tenant", bind_outsider),
    ):
        yield place


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("get", {}),
        ("query", {"query_embeddings": [[0.0] * 8]}),
        ("add", batch(1, first=100)),
        ("update", batch(1)),
        ("upsert", batch(1)),
        ("delete", {"ids": ["r0"]}),
        ("delete", {"where": {"even": True}}),
    ],
)
@pytest.mark.parametrize("is_warm", [True, False])
def test_it_hides_records_without_the_applications_help(
    stolen: Place,
    verb: str,
    body: dict[str, object],
    is_warm: bool,
) -> None:
    if not is_warm:
        manifests.forget(stolen.collection_id)
    answer = stolen.cast.wire.post(f"{stolen.path}/{verb}", body)
    assert answer.status == 404
    assert set(answer.body) == {"error", "message"}


@pytest.mark.parametrize("path", ["count", "indexing_status"])
def test_it_hides_counts(stolen: Place, path: str) -> None:
    assert stolen.cast.wire.get(f"{stolen.path}/{path}").status == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "/collections"),
        ("GET", "/collections_count"),
        ("GET", "/collections/secrets"),
        ("DELETE", "/collections/secrets"),
        ("DELETE", ""),
    ],
)
def test_it_hides_the_catalogue(stolen: Place, method: str, path: str) -> None:
    assert stolen.cast.wire.send(method, stolen.cast.place + path).status == 404


def test_it_hides_the_tenant_itself(stolen: Place) -> None:
    assert stolen.cast.wire.get(f"/tenants/{stolen.cast.name}").status == 404


def test_it_shows_nothing_when_no_tenant_is_bound(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(3))
    cell = cell_of(place)
    for table in [*(f"{cell}.{name}" for name in TABLES), *CONTROL_TABLES]:
        assert connect().execute(f"SELECT count(*) FROM {table}".encode()).fetchone() == (0,), table


def test_it_refuses_to_write_a_row_of_another_tenant(database: Service, acme: Cast, globex: Cast) -> None:
    intruder = Database(tenant_id=globex.tenant_id, name="theirs", cell="cell_000")
    with (
        pytest.raises(ProgrammingError, match="row-level security"),
        scope.tenant_transaction(acme.tenant_id),
    ):
        intruder.save(force_insert=True)


def test_it_connects_as_roles_that_own_nothing(database: Service) -> None:
    owned = connect().execute(
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_roles AS r ON r.oid = c.relowner "
        "WHERE r.rolname IN ('tessera_web', 'tessera_worker')",
    )
    assert owned.fetchall() == []
    powers = connect().execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tessera_%' AND (rolsuper OR rolbypassrls)",
    )
    assert powers.fetchall() == []


def test_it_forces_row_level_security_on_every_table_with_tenants(database: Service, acme: Cast) -> None:
    place = acme.collection()
    place.call("add", batch(3))
    compact(database, place)
    unguarded = connect().execute(
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace "
        "WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity) AND ("
        "  n.nspname LIKE 'cell\\_%' OR EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid "
        "  AND a.attname = 'tenant_id' AND NOT a.attisdropped AND n.nspname = 'public'))",
    )
    assert unguarded.fetchall() == []
