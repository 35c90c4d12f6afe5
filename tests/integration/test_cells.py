"""Making cells: again and again, and never over what another release made."""

from __future__ import annotations

import psycopg
import pytest
from django.db import transaction

from cloud.processes import Service
from tenants import scope
from tenants.errors import Unavailable
from tests import stage
from tests.compact import cell_of
from tests.factories import Cast, batch
from vectors.cells import schema
from vectors.cells.transaction import connect


def make(cell: str) -> None:
    """Create a cell as the owner does."""
    connection = connect()
    with connection.transaction():
        schema.create(connection.cursor(), cell, role_prefix=stage.ROLE_PREFIX, owner=connection.info.user)


def test_it_may_be_made_again(database: Service) -> None:
    with stage.role(database, "owner"):
        make("cell_900")
        make("cell_900")
        connect().execute(b"DROP SCHEMA cell_900 CASCADE")


@pytest.mark.parametrize("mark", ["Tessera cell, layout 99", "something else"])
def test_it_refuses_a_layout_that_it_does_not_know(database: Service, mark: str) -> None:
    with stage.role(database, "owner"):
        make("cell_901")
        connect().execute(f"COMMENT ON SCHEMA cell_901 IS '{mark}'".encode())
        with pytest.raises(Unavailable, match="cell_901"):
            make("cell_901")
        connect().execute(b"DROP SCHEMA cell_901 CASCADE")


# As layout 1 and 2 had it.
OLD_LEDGER = b"""
DROP TABLE cell_902.usage_ledger;
CREATE TABLE cell_902.usage_ledger (
  ledger_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id uuid NOT NULL,
  database_id uuid NOT NULL, collection_id uuid NOT NULL, meter text NOT NULL, records bigint NOT NULL,
  bytes bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());
ALTER TABLE cell_902.usage_ledger ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
DROP TABLE cell_902.usage_clock;
DROP FUNCTION cell_902.refuse_change;
ALTER TABLE cell_902.collection_state DROP COLUMN has_full_text, DROP COLUMN is_restorable;
ALTER TABLE cell_902.collection_state DROP COLUMN last_write_at;
COMMENT ON SCHEMA cell_902 IS 'Tessera cell, layout 1'
"""
OLD_ROWS = b"""
WITH made AS (
  INSERT INTO cell_902.collection_state (collection_id, tenant_id, database_id, space, ef_construction,
    max_neighbors, ef_search, log_head, record_count, logical_bytes)
  SELECT id, id, id, 'l2', 100, 16, 100, 5, 2, 70 FROM (SELECT gen_random_uuid() AS id) AS made
  RETURNING collection_id AS id
)
INSERT INTO cell_902.usage_ledger (tenant_id, database_id, collection_id, meter, records, bytes)
SELECT id, id, id, w.meter, w.records, w.bytes
FROM made, (VALUES ('add', 3, 100), ('delete', -1, 0)) AS w(meter, records, bytes)
"""


def test_it_brings_an_older_cell_up_to_this_release(database: Service) -> None:
    with stage.role(database, "owner"):
        make("cell_902")
        connection = connect()
        with connection.transaction():
            connection.execute(OLD_LEDGER)
            for table in (b"collection_state", b"usage_ledger"):
                connection.execute(b"ALTER TABLE cell_902." + table + b" NO FORCE ROW LEVEL SECURITY")
            connection.execute(OLD_ROWS)
        make("cell_902")
        make("cell_902")
        row = connection.execute(
            b"SELECT has_full_text, is_restorable FROM cell_902.collection_state"
        ).fetchone()
        mark = connection.execute(b"SELECT obj_description('cell_902'::regnamespace)").fetchone()
        is_written = connection.execute(
            b"SELECT s.last_write_at = (SELECT max(at) FROM cell_902.usage_ledger "
            b"WHERE log_from IS NOT NULL) FROM cell_902.collection_state AS s"
        ).fetchone()
        ledger = connection.execute(
            b"SELECT meter, operation, quantity, requests, records, grown_bytes, log_from, log_to "
            b"FROM cell_902.usage_ledger ORDER BY ledger_id"
        ).fetchall()
        connection.execute(b"DROP SCHEMA cell_902 CASCADE")
    assert is_written == (True,)
    assert (row, mark) == ((True, False), (f"Tessera cell, layout {schema.LAYOUT_VERSION}",))
    assert ledger == [
        ("bytes_written", "add", 100, 1, 3, 0, None, None),
        ("bytes_written", "delete", 0, 1, -1, 0, None, None),
        ("bytes_written", "upgrade", 0, 0, 0, 70, 0, 5),
    ]


@pytest.mark.parametrize("role", ["web", "worker", "owner"])
@pytest.mark.parametrize("change", ["UPDATE {} SET quantity = 0", "DELETE FROM {}", "TRUNCATE {}"])
def test_nobody_changes_the_ledger(database: Service, acme: Cast, role: str, change: str) -> None:
    place = acme.collection()
    place.call("add", batch(1))
    cell = cell_of(place)
    with stage.role(database, role), scope.tenant_transaction(acme.tenant_id):
        with pytest.raises(psycopg.Error, match=r"append-only|permission denied"):
            connect().execute(change.format(f"{cell}.usage_ledger").encode())
        transaction.set_rollback(True)
