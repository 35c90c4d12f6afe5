"""What follows the recycle bin: condemn what is due, forget its names, rewrite what has bytes of it.

The worker sees no catalogue; the functions of `vectors/migrations/recycle_bin.sql` answer it, as the owner.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

import psycopg

from vectors.cells.schema import LOG_PARTITIONS
from vectors.cells.transaction import Row, connect, execute
from vectors.segments.database import Database
from vectors.sql import statement

SAMPLES = "pg_catalog.pg_statistic"


@dataclass(frozen=True)
class Marked:
    """A table that is to be rewritten."""

    relation: str
    bytes: int


def due_for_purge(*, most: int) -> dict[str, list[UUID]]:
    """The collections whose time in the bin is over, by cell; the longest due first."""
    found: dict[str, list[UUID]] = defaultdict(list)
    for collection_id, cell in _ask("due_for_purge", {"most": most}).fetchall():
        found[cell].append(collection_id)
    return found


def condemn(cell: str, collection_ids: list[UUID]) -> None:
    """Past this nothing restores them, and garbage collection takes them.

    Idempotent:  yes
    """
    execute("condemn_states", cell, {"collection_ids": collection_ids})


def forget(cell: str, collection_ids: list[UUID]) -> int:
    """Delete the names of the collections that the cell has nothing of any more; how many it was.

    Idempotent:  yes
    """
    left = execute("collections_with_traces", cell, {"collection_ids": collection_ids}).fetchall()
    gone = sorted(set(collection_ids) - {collection_id for (collection_id,) in left})
    row = _ask("forget_collections", {"collection_ids": gone}).fetchone() if gone else None
    return int(row[0]) if row else 0


def forget_databases() -> int:
    """Delete the databases whose time is over and that have no collections any more; how many it was.

    Idempotent:  yes
    """
    row = _ask("forget_databases", {}).fetchone()
    return int(row[0]) if row else 0


def mark_collection(database: Database, collection_id: UUID) -> None:
    """Have the tables rewritten that rows of the collection stood in.

    Transaction: joins the one that deletes them
    """
    database.run("mark_scrub_of_collection", {"collection_id": collection_id}, partitions=str(LOG_PARTITIONS))


def scrub_due(*, after_seconds: int) -> list[Marked]:
    """The tables that are to be rewritten, each at most once in `after_seconds`; the samples last."""
    rows = _ask("scrub_due", {"after_seconds": after_seconds}).fetchall()
    return [Marked(relation, size) for relation, size in rows]


def scrub(relation: str) -> str:
    """Rewrite a marked table: clean, early, busy, gone or forbidden, as in the function's own words.

    Transaction: opens one; nobody reads or writes the table until it is over
    Idempotent:  yes
    """
    row = _ask("scrub_relation", {"relation": relation}).fetchone()
    return str(row[0]) if row else "gone"


def _ask(name: str, parameters: dict[str, object]) -> psycopg.Cursor[Row]:
    cursor = psycopg.Cursor(connect())
    cursor.execute(statement(name).encode(), parameters)
    return cursor
