"""Making cells: again and again, and never over what another release made."""

from __future__ import annotations

import pytest

from cloud.processes import Service
from tenants.errors import Unavailable
from tests import stage
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


def test_it_brings_an_older_cell_up_to_this_release(database: Service) -> None:
    with stage.role(database, "owner"):
        make("cell_902")
        younger = b"DROP COLUMN has_full_text, DROP COLUMN is_restorable"
        connect().execute(b"ALTER TABLE cell_902.collection_state " + younger)
        connect().execute(b"COMMENT ON SCHEMA cell_902 IS 'Tessera cell, layout 1'")
        insert = (
            b"INSERT INTO cell_902.collection_state (collection_id, tenant_id, database_id, space,"
            b" ef_construction, max_neighbors, ef_search) SELECT id, id, id, 'l2', 100, 16, 100"
            b" FROM (SELECT gen_random_uuid() AS id) AS made"
        )
        with connect().transaction():
            connect().execute(b"ALTER TABLE cell_902.collection_state NO FORCE ROW LEVEL SECURITY")
            connect().execute(insert)
        make("cell_902")
        row = (
            connect()
            .execute(b"SELECT has_full_text, is_restorable FROM cell_902.collection_state")
            .fetchone()
        )
        mark = connect().execute(b"SELECT obj_description('cell_902'::regnamespace)").fetchone()
        connect().execute(b"DROP SCHEMA cell_902 CASCADE")
    assert (row, mark) == ((True, False), (f"Tessera cell, layout {schema.LAYOUT_VERSION}",))
