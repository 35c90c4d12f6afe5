"""The operator's role by itself: every tenant's bookkeeping, no record, no secret, and no change."""

from __future__ import annotations

import pytest
from django.db import ProgrammingError, connections, transaction

from cloud.processes import Service
from tenants.models import Tenant
from tests.compact import cell_of, compact
from tests.factories import Cast, Place, batch

_SEEN = ("tenants_tenant", "tenants_database", "tenants_member", "tenants_auditentry", "vectors_collection")
_HIDDEN = ("tenants_apikey", "tenants_serviceaccountkey", "tenants_invitation", "django_session")
_HIDDEN_COLUMNS = (
    ("tenants_user", "password"),
    ("vectors_collection", "metadata_json"),
)


@pytest.fixture
def place(database: Service, acme: Cast) -> Place:
    """A collection with a segment, a log and a tombstone."""
    made = acme.collection()
    made.call("add", batch(20))
    compact(database, made)
    made.call("delete", {"ids": ["r1"]})
    return made


def run(statement: str) -> list[tuple[object, ...]]:
    """What the operator's connection answers."""
    with transaction.atomic(using="operator"), connections["operator"].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_it_sees_every_tenants_bookkeeping(place: Place, globex: Cast) -> None:
    names = set(Tenant.objects.using("operator").values_list("name", flat=True))
    assert {place.cast.name, globex.name} <= names
    cell = cell_of(place)
    for table in [*_SEEN[:2], *(f"{cell}.{name}" for name in ("collection_state", "segment", "manifest"))]:
        assert run(f"SELECT count(*) FROM {table}") > [(0,)], table


def test_it_sees_no_record(place: Place) -> None:
    cell = cell_of(place)
    (segment_id,) = run(f"SELECT max(segment_id) FROM {cell}.segment")[0]
    for table in (
        "record_log",
        "record_log_0",
        "tombstone",
        "usage_ledger",
        "usage_hour",
        f"segment_{segment_id}",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(f"SELECT count(*) FROM {cell}.{table}")


def test_it_sees_no_secret(database: Service) -> None:
    for table in _HIDDEN:
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(f"SELECT count(*) FROM {table}")
    for table, column in _HIDDEN_COLUMNS:
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(f"SELECT {column} FROM {table}")


@pytest.mark.parametrize("table", [*_SEEN, "tenants_plan", "tenants_flag", "tenants_user"])
def test_it_changes_nothing(database: Service, table: str) -> None:
    for statement in (f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES", f"TRUNCATE {table}"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(statement)


def test_it_changes_of_a_cell_only_the_state_of_jobs(place: Place) -> None:
    cell = cell_of(place)
    for statement in (
        f"UPDATE {cell}.collection_state SET record_count = 0",
        f"UPDATE {cell}.job SET tenant_id = gen_random_uuid()",
        f"DELETE FROM {cell}.job",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            run(statement)


def test_no_page_of_a_tenant_uses_it(place: Place) -> None:
    connections["operator"].close()
    place.nearest([0.0] * 8)
    assert place.cast.wire.get(f"/tenants/{place.cast.name}").status == 200
    assert connections["operator"].connection is None
