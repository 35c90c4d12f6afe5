"""Rows of the ledger for tests of what is made of it."""

from __future__ import annotations

import uuid
from datetime import datetime

from vectors.cells.transaction import connect


def write_ledger(tenant_id: uuid.UUID, at: datetime, written_bytes: int) -> None:
    """A row of the ledger as a write made it at that moment; as the owner."""
    connection = connect()
    with connection.transaction():
        connection.execute(f"SET LOCAL app.tenant_id = '{tenant_id}'".encode())
        connection.execute(
            "INSERT INTO cell_000.usage_ledger"
            " (tenant_id, database_id, collection_id, meter, operation, records, quantity, at)"
            " VALUES (%s, %s, %s, 'bytes_written', 'add', 1, %s, %s)",
            [tenant_id, uuid.uuid4(), uuid.uuid4(), written_bytes, at],
        )
