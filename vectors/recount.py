"""Whether the ledger is true: counted again from logs and segments, without believing the ledger.

    (0, 3] add │ (3, 5] update │ (5, 5] delete │ (5, 9] upsert     the rows tile the log: no gap, no overlap
       ▢▢▢          ▢▢                              ▢▢ ▢           and the images between are what was billed

An image that was superseded and purged cannot be weighed again; its row is then held by its neighbours, by
the sums and by what its operation allows. `Finding` says how many rows were weighed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import psycopg

from tenants.scope import tenant_transaction
from vectors import usage
from vectors.cells.transaction import execute, transaction
from vectors.sql import identifier, in_cell, statement

# A merge may drop a table between two looks at the manifest.
_MAX_ATTEMPTS = 4
_NO_TIMEOUT = "statement_timeout = 0"  # a recount reads everything


@dataclass(frozen=True)
class Finding:
    """What recounting a collection found.

    is_there:        false for a deleted collection: then only the tiling is checked
    rows_count:      rows of the ledger about the collection's log
    weighed_count:   of them, those whose images are all held, in the log or in a segment
    differences:     a sentence each; empty when the ledger is true
    """

    cell: str
    collection_id: UUID
    is_there: bool
    rows_count: int
    weighed_count: int
    record_count: int
    logical_bytes: int
    differences: tuple[str, ...]


def recount(tenant_id: UUID) -> Iterator[Finding]:
    """Every collection that the tenant has or had, one after the other.

    Transaction: opens one per collection, which sees one state of it; writers are not held up
    """
    for cell in _cells(tenant_id):
        with tenant_transaction(tenant_id):
            found = execute("ledger_collections", cell, {"tenant_id": tenant_id}).fetchall()
        for (collection_id,) in found:
            yield recount_collection(tenant_id, cell, collection_id)


def _cells(tenant_id: UUID) -> list[str]:
    with tenant_transaction(tenant_id):
        return usage.cells()


def recount_collection(tenant_id: UUID, cell: str, collection_id: UUID) -> Finding:
    """Compare the ledger with one collection's log, segments and counters.

    Transaction: opens one
    """
    for _ in range(_MAX_ATTEMPTS - 1):
        try:
            return _recount(tenant_id, cell, collection_id)
        except psycopg.errors.UndefinedTable:
            continue
    return _recount(tenant_id, cell, collection_id)


def _recount(tenant_id: UUID, cell: str, collection_id: UUID) -> Finding:
    key: dict[str, object] = {"collection_id": collection_id}
    with transaction(tenant_id, [_NO_TIMEOUT], has_one_snapshot=True) as pipeline:
        segments = pipeline.run(in_cell("manifest_tables", cell), key, keep=False).fetchall()
        text = _statement(cell, [segment_id for (segment_id,) in segments])
        row = pipeline.run(text, key, keep=False).fetchone()
    if row is None:  # an aggregate always has a row
        raise LookupError(f"nothing came back of {collection_id}")
    head, records, size, live_records, live_bytes, rows, weighed, tiled_to, *of_ledger = row
    ledger_records, ledger_bytes, apart, apart_count, wrong, wrong_count = of_ledger
    found: list[str] = []
    if apart_count:
        found.append(f"{apart_count} rows do not follow the log, the first is row {apart}")
    if wrong_count:
        found.append(f"{wrong_count} rows differ from their images, the first is row {wrong}")
    is_there = head is not None
    if is_there:
        found += _unequal("the log ends at", head, ledger=tiled_to)
        found += _unequal("records counted", records, ledger=ledger_records, live=live_records)
        found += _unequal("logical bytes counted", size, ledger=ledger_bytes, live=live_bytes)
    return Finding(
        cell=cell,
        collection_id=collection_id,
        is_there=is_there,
        rows_count=rows,
        weighed_count=weighed,
        record_count=records or 0,
        logical_bytes=size or 0,
        differences=tuple(found),
    )


def _unequal(what: str, counted: int, **others: int) -> list[str]:
    return [f"{what} {counted}, by the {who} {count}" for who, count in others.items() if count != counted]


def _statement(cell: str, segment_ids: list[int]) -> str:
    weight = statement("image_bytes")
    parts = [statement("recount_log", cell=identifier(cell), image_bytes=weight)]
    parts += [
        statement(
            "recount_segment",
            cell=identifier(cell),
            segment=f"segment_{int(number)}",
            segment_id=str(int(number)),
            image_bytes=weight,
        )
        for number in segment_ids
    ]
    return statement("recount", cell=identifier(cell), images="\nUNION ALL\n".join(parts))
