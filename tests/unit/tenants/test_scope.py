"""Binding a transaction to a tenant, and a database to a cell."""

from __future__ import annotations

import uuid

import pytest

from tenants import databases
from tenants.scope import set_local_tenant

CELLS = [databases.cell_name(number) for number in range(4)]


def test_it_binds_for_one_transaction_only() -> None:
    tenant_id = uuid.uuid4()
    assert set_local_tenant(tenant_id) == f"SET LOCAL app.tenant_id = '{tenant_id}'"


@pytest.mark.parametrize("other", ["' OR true; --", str(uuid.UUID(int=7)), None, 7])
def test_it_binds_to_nothing_but_an_id(other: object) -> None:
    with pytest.raises(TypeError, match="must be a UUID"):
        set_local_tenant(other)  # type: ignore[arg-type]


def test_it_places_a_database_in_one_cell_for_good() -> None:
    database_id = uuid.uuid4()
    placed = {databases.place(database_id, cells=CELLS) for _ in range(10)}
    assert len(placed) == 1
    assert placed <= {"cell_000", "cell_001", "cell_002", "cell_003"}


def test_it_spreads_databases_over_all_cells() -> None:
    placed = [databases.place(uuid.uuid4(), cells=CELLS) for _ in range(400)]
    assert {placed.count(databases.cell_name(number)) > 50 for number in range(4)} == {True}
