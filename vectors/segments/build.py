"""Making a segment: the live log and the segments to merge become one new sealed table.

        log  ▢▢▢▢▢▢▢▢▢▢          up_to: the head of the log when the copy began
    seg_17   ▣▣▣▣▣▣          →   segment_23  ▣▣▣▣▣▣▣▣▣▣▣▣▣▣   with its graph and indexes
    seg_19   ▣▣▣

Long, and without a lock: writers go on, and what they supersede meanwhile is carried over by `swap`.
Each step is a transaction of its own; a build that dies leaves a table in state `building`, which the next
attempt drops.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
import psycopg

from vectors import metadata_keys
from vectors.distance import graph_kind
from vectors.segments import layout, statistics
from vectors.segments.database import Database
from vectors.sql import statement


@dataclass(frozen=True)
class Resources:
    """What one build may use."""

    memory_bytes: int
    parallel_workers: int


@dataclass(frozen=True)
class Built:
    """A sealed segment that no manifest names yet.

    up_to: the log offset up to which (inclusive) the segment has everything
    metadata_keys: JSON text; each key of its records' metadata, with the types of its values
    """

    segment_id: int
    rows: int
    up_to: int
    compacted_to: int
    merged: tuple[int, ...]
    metadata_keys: str


@dataclass(frozen=True)
class _Draft:
    """A segment that is being built: where it is, and what its collection asks of it."""

    database: Database
    tenant_id: UUID
    collection_id: UUID
    segment_id: int
    dimension: int
    space: str
    max_neighbors: int
    ef_construction: int
    has_full_text: bool

    @property
    def table(self) -> str:
        return layout.table_name(self.segment_id)


def build(
    database: Database,
    *,
    tenant_id: UUID,
    collection_id: UUID,
    job_id: int,
    merge: Sequence[int],
    resources: Resources,
    report: Callable[[str], None],
) -> Built | None:
    """Build a segment from the log and the segments `merge`; None when there is nothing to put in one.

    report: told the name of each phase as it begins; may raise to stop the build
    Transaction: opens several
    Idempotent:  yes; what earlier attempts of the job left is dropped first
    """
    started = time.monotonic()
    report("copying")  # first, for it stops a worker whose job was taken over before it drops its successor's
    _drop_leftovers(database, tenant_id=tenant_id, job_id=job_id)
    draft = _begin(database, tenant_id=tenant_id, collection_id=collection_id, job_id=job_id)
    if draft is None:
        return None
    up_to, compacted_to = _fill(draft, merge)
    with database.transaction(tenant_id):
        rows, zero_rows, logical_bytes, largest, smallest = database.one(
            "measure_segment", segment=draft.table
        )
        facts = statistics.take(database, table=draft.table, rows=rows)
        seen = metadata_keys.seen(f"{draft.database.cell}.{draft.table}")
        (keys_text,) = database.one("segment_keys", keys_seen=seen)
    graph = None
    if rows:
        report("building the graph")
        graph = graph_kind(draft.space, draft.dimension, largest_norm=largest, smallest_norm=smallest)
        _build_graph(draft, graph, resources)
    report("indexing")
    _finish(draft, facts, zero_rows)
    sealed: dict[str, object] = {
        "segment_id": draft.segment_id,
        "rows": rows,
        "zero_rows": zero_rows,
        "logical_bytes": logical_bytes,
        "graph": graph,
        "statistics": orjson.dumps(facts).decode(),
        "build_seconds": time.monotonic() - started,
    }
    with database.transaction(tenant_id):
        database.run("seal_segment", sealed)
    return Built(draft.segment_id, rows, up_to, compacted_to, tuple(merge), keys_text)


def _begin(database: Database, *, tenant_id: UUID, collection_id: UUID, job_id: int) -> _Draft | None:
    """Reserve a segment's number; None for a collection that is gone or was never written to."""
    with database.transaction(tenant_id):
        state = database.run("read_compactable", {"collection_id": collection_id}).fetchone()
        if state is None or state[2] is None:
            return None
        _, _, dimension, space, max_neighbors, ef_construction, _, has_full_text = state
        keys = {"tenant_id": tenant_id, "collection_id": collection_id, "job_id": job_id}
        (segment_id,) = database.one("insert_segment", keys | {"space": space, "dimension": dimension})
    place = (database, tenant_id, collection_id, segment_id)
    return _Draft(*place, dimension, space, max_neighbors, ef_construction, has_full_text)


def _fill(draft: _Draft, merge: Sequence[int]) -> tuple[int, int]:
    """Make the table and copy the images that live at one moment; that moment's log head and compacted_to."""
    database = draft.database
    key: dict[str, object] = {"collection_id": draft.collection_id}
    sources = [statement("images_of_log", cell=database.cell)] + [
        statement(
            "images_of_segment",
            cell=database.cell,
            segment=layout.table_name(old),
            segment_id=str(int(old)),
        )
        for old in merge
    ]
    with database.transaction(draft.tenant_id, isolation="REPEATABLE READ"):
        # The first statement takes the snapshot that head and images share.
        log_head, compacted_to, *_ = database.one("read_compactable", key)
        with database.as_segment_owner():
            database.run_all(
                layout.create_table(
                    cell=database.cell,
                    segment_id=draft.segment_id,
                    tenant_id=draft.tenant_id,
                    dimension=draft.dimension,
                    role_prefix=database.role_prefix,
                ),
            )
        database.run(
            "fill_segment",
            key | {"compacted_to": compacted_to, "up_to": log_head},
            segment=draft.table,
            images="\nUNION ALL\n".join(sources),
        )
    return int(log_head), int(compacted_to)


def _build_graph(draft: _Draft, graph: str, resources: Resources) -> None:
    """Build with as many workers as allowed; without, where shared memory is too small for the graph."""
    text = layout.create_graph(
        cell=draft.database.cell,
        segment_id=draft.segment_id,
        space=draft.space,
        graph=graph,
        dimension=draft.dimension,
        max_neighbors=draft.max_neighbors,
        ef_construction=draft.ef_construction,
    )
    for parallel_workers in dict.fromkeys((resources.parallel_workers, 0)):
        limits = [
            f"SET LOCAL maintenance_work_mem = '{resources.memory_bytes // 1024}kB'",
            f"SET LOCAL max_parallel_maintenance_workers = {parallel_workers}",
        ]
        try:
            with draft.database.transaction(draft.tenant_id), draft.database.as_segment_owner():
                draft.database.run_all([*limits, text])
        except psycopg.errors.DiskFull:
            if parallel_workers == 0:
                raise
        else:
            return


def _finish(draft: _Draft, facts: dict[str, Any], zero_rows: int) -> None:
    database = draft.database
    with database.transaction(draft.tenant_id), database.as_segment_owner():
        if zero_rows:
            database.run("create_segment_zeroes", segment=draft.table)
        database.run_all(
            layout.create_indexes(
                cell=database.cell,
                segment_id=draft.segment_id,
                statistics=facts,
                has_full_text=draft.has_full_text,
            ),
        )
        database.run("analyze_segment", segment=draft.table)


def _drop_leftovers(database: Database, *, tenant_id: UUID, job_id: int) -> None:
    with database.transaction(tenant_id):
        leftovers = database.all("abandoned_segments", {"job_id": job_id})
    for (segment_id,) in leftovers:
        drop(database, tenant_id=tenant_id, segment_id=segment_id)


def drop(database: Database, *, tenant_id: UUID, segment_id: int) -> None:
    """Drop a segment that nothing reads any more, with its tombstones.

    Transaction: opens one
    Idempotent:  yes
    """
    with database.transaction(tenant_id):
        with database.as_segment_owner():
            database.run("drop_segment_table", segment=layout.table_name(segment_id))
        database.run("purge_tombstones", {"segment_id": segment_id})
        database.run("mark_scrub_of_segment", {"segment_id": segment_id})
        database.run("forget_segment", {"segment_id": segment_id})
