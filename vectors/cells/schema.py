"""Making a cell: the schema that everything of a data request lives in. Runs as the owner, may run again."""

from __future__ import annotations

from psycopg import Cursor

from tenants.errors import Unavailable
from vectors.sql import identifier, in_cell, statement

# Of the tables in `vectors/sql/cell.sql`. A release that changes them raises it and adds a statement
# `upgrade_cell_<version>` for cells that are one version behind.
LAYOUT_VERSION = 4
_MARK = "Tessera cell, layout "

# Fixed for good: a row's partition follows from it. Eight keep each index shallow at millions of collections.
LOG_PARTITIONS = 8
_SUMMED = ("usage_hour", "usage_database_hour", "usage_database_day", "usage_collection_month")
_GUARDED = (
    "collection_state",
    "record_log",
    "segment",
    "manifest",
    "tombstone",
    "usage_ledger",
    "job",
    "job_history",
    "fork_tree",
    "transfer",
    "transfer_part",
    "transfer_error",
    *_SUMMED,
)
_OVERSEEN = (
    "collection_state",
    "segment",
    "manifest",
    "job",
    "job_history",
    "usage_ledger",
    "transfer",
    "fork_tree",
    *_SUMMED,
)


def create(cursor: Cursor[tuple[object, ...]], cell: str, *, role_prefix: str, owner: str) -> None:
    """Make the cell's schema, tables, policies and grants, or bring an older cell up to this release.

    Raises:      Unavailable for a cell of a layout that this release does not know
    Transaction: needs one
    Idempotent:  yes
    """
    _upgrade(cursor, cell)
    roles = {role: identifier(f"{role_prefix}_{role}") for role in ("web", "worker", "segments", "operator")}
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
    cursor.execute(statement("start_clock", cell=cell, **roles).encode())
    cursor.execute(statement("start_rollup", cell=cell, **roles).encode())
    cursor.execute(statement("grant_cell", cell=cell, **roles).encode())
    cursor.execute(statement("mark_cell", cell=cell, version=str(LAYOUT_VERSION)).encode())


def _upgrade(cursor: Cursor[tuple[object, ...]], cell: str) -> None:
    row = cursor.execute(in_cell("cell_version", identifier(cell)).encode(), {"cell": cell}).fetchone()
    mark, exists = row or (None, False)
    if not exists:
        return
    number = str(mark or "").removeprefix(_MARK)
    if not number.isdigit() or int(number) > LAYOUT_VERSION:
        raise Unavailable(
            f"The schema {cell} has {mark!r} where this release knows layouts 1 to {LAYOUT_VERSION}. "
            "Run the release that made it, or start with an empty database.",
        )
    for version in range(int(number) + 1, LAYOUT_VERSION + 1):
        cursor.execute(statement(f"upgrade_cell_{version}", cell=cell).encode())
