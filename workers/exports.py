"""An export from its collection to its file, a slice at a time.

EXPORT  walk.page → json_lines.write | csv_rows.write, until a part is full → gzipped.pack
        Store.write                            (an object of its own)
        ── one transaction ──                  the part counts, the place moves, the read is billed

Each record that is there from beginning to end is in the file once, as it was at some moment in between; none
is that was added after the beginning. When nothing was written meanwhile, the file is the collection at one
offset of its log (`Transfer.is_exact`).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import orjson
import psycopg

from tenants.prices import Meter, cost_nano
from tenants.scope import tenant_transaction
from vectors import metadata_keys
from vectors.cells.transaction import execute, transaction
from vectors.errors import CollectionNotFound
from vectors.formats import Format, csv_rows, gzipped, json_lines
from vectors.query import walk
from vectors.sql import identifier, statement
from vectors.transfer_files import PART_BYTES
from vectors.types import Rows
from workers import jobs, slices
from workers.jobs import Job, LeaseLost
from workers.slices import Means, Slice

PAGE_ROWS = 500
_MAX_COLUMNS = 200  # for keys of metadata; the others are in the column `metadata`
_PHASE = "reading"


@dataclass(frozen=True)
class _Part:
    """The next part of the file, as text, and the place behind it; without a place, it is the last."""

    text: bytes
    rows_count: int
    last_ordinal: int | None


def run(job: Job, means: Means, after_part: Callable[[], None] = lambda: None) -> bool:
    """Do a slice of an export; whether that was the last.

    after_part:  called as each part is committed, for tests that stop a worker there
    Transaction: opens one per page and per part
    Raises:      LeaseLost, slices.Waits, ServiceError: what a rule forbids, or what may be tried again
    """
    with jobs.heartbeat(job, lease_seconds=means.lease_seconds) as lost:
        turn = slices.begin(job, means, lost)
        keys = _keys(turn) if turn.transfer.format is Format.CSV else []
        after, is_empty = turn.transfer.cursor_ordinal, not turn.parts
        while True:
            part = _read(turn, keys, after, with_header=is_empty)
            if part.text or (is_empty and turn.transfer.is_gzip):  # gzip of nothing has a header too
                _keep(turn, part, after)
                after_part()
            if part.last_ordinal is None:
                slices.finish(turn, keep_seconds=means.keep_seconds)
                return True
            after, is_empty = part.last_ordinal, False
            if turn.is_over():
                return False


def _keys(turn: Slice) -> list[str]:
    """The columns of CSV, decided once: keys of the records' metadata, in alphabetical order."""
    kept = turn.transfer.options.get("keys")
    if kept is not None:
        return list(kept)
    cell = turn.job.cell
    seen = metadata_keys.seen(f"({statement('live_images', cell=identifier(cell))})")
    values = {"collection_id": turn.job.collection_id}
    with tenant_transaction(turn.tenant_id):
        row = execute("export_keys", cell, values, seen=seen).fetchone()
    if row is None:
        raise CollectionNotFound.by_id(turn.job.collection_id)
    known = {key for text in row for key in orjson.loads(text)}
    keys = sorted(key for key in known if key not in csv_rows.FIXED)[:_MAX_COLUMNS]
    slices.note_options(turn.job, {"keys": keys})
    return keys


def _read(turn: Slice, keys: list[str], after: int, *, with_header: bool) -> _Part:
    """Pages of records until a part is full, or none is left."""
    texts: list[bytes] = []
    if with_header and turn.transfer.format is Format.CSV:
        texts.append(csv_rows.write_header(keys))
    size, count, last = sum(map(len, texts)), 0, after
    cache = turn.means.cache
    while size < PART_BYTES:
        turn.check()
        found = walk.page(
            cache,
            cache.get(turn.tenant_id, turn.job.collection_id),
            after_ordinal=last,
            end_ordinal=turn.transfer.end_ordinal or 0,
            limit_count=PAGE_ROWS,
        )
        if found.last_ordinal is None:
            return _Part(b"".join(texts), count, None)
        texts.append(_write(turn, found.rows, keys))
        size, count, last = size + len(texts[-1]), count + len(found.rows.ids), found.last_ordinal
        if turn.is_over():
            break
    return _Part(b"".join(texts), count, last)


def _write(turn: Slice, rows: Rows, keys: list[str]) -> bytes:
    as_numbers = bool(turn.transfer.options.get("as_numbers"))
    if turn.transfer.format is Format.CSV:
        return csv_rows.write(rows, keys, as_numbers=as_numbers)
    return json_lines.write(rows, as_numbers=as_numbers)


def _keep(turn: Slice, part: _Part, after: int) -> None:
    """Put a part into the store, then make it count."""
    content = gzipped.pack(part.text) if turn.transfer.is_gzip else part.text
    object_id = uuid.uuid4()
    cell = turn.job.cell
    values: dict[str, object] = turn.job.key | {
        "phase": _PHASE,
        "rows_done": part.rows_count,
        "cursor_ordinal": after if part.last_ordinal is None else part.last_ordinal,
        "bytes": len(content),
        "text_bytes": len(part.text),
        "object_id": object_id,
        "rows_per_second": turn.rows_per_second(part.rows_count),
    }
    text = statement("advance_export", cell=cell, held=statement("hold_transfer", cell=cell))
    with turn.reserve(Meter.BYTES_RETURNED, len(part.text)) as reservation:
        turn.means.store.write(turn.file.key(object_id), content)
        try:
            with transaction(turn.tenant_id) as pipeline:
                pipeline.run(text, values)
        except psycopg.errors.RaiseException as error:
            raise LeaseLost from error
        reservation.settle(cost_nano(Meter.BYTES_RETURNED, len(part.text), turn.prices))
