"""Making a cell: the schema that everything of a data request lives in. Runs as the owner, may run again."""

from __future__ import annotations

from psycopg import Cursor

from vectors.sql import identifier, statement

# Fixed for good: a row's partition follows from it. Eight keep each index shallow at millions of collections.
LOG_PARTITIONS = 8
_GUARDED = ("collection_state", "record_log", "segment", "manifest", "tombstone", "usage_ledger", "job")
_OVERSEEN = ("collection_state", "segment", "manifest", "job")


def create(cursor: Cursor[tuple[object, ...]], cell: str, *, role_prefix: str, owner: str) -> None:
    """Make the cell's schema, tables, policies and grants.

    Transaction: needs one
    Idempotent:  yes
    """
    roles = {role: identifier(f"{role_prefix}_{role}") for role in ("web", "worker", "segments")}
    roles["owner"] = '"' + owner.replace('"', '""') + '"'
    cursor.execute(statement("create_cell", cell=identifier(cell), **roles).encode())
    for remainder in range(LOG_PARTITIONS):
        cursor.execute(
            statement(
                "create_log_partition",
                cell=cell,
                partition=f"record_log_{remainder}",
                modulus=str(LOG_PARTITIONS),
                remainder=str(remainder),
            ).encode(),
        )
    for table in _GUARDED:
        cursor.execute(statement("guard_table", cell=cell, table=table).encode())
    for table in _OVERSEEN:
        cursor.execute(statement("oversee_table", cell=cell, table=table, **roles).encode())
    cursor.execute(statement("grant_cell", cell=cell, **roles).encode())
