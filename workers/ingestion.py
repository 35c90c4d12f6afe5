"""An import from its file to its collection, a slice at a time.

IMPORT  transfer_files.read → gzipped.unpack → pieces → json_lines | csv_rows         (rows, pure)
        batches.batch_of                                            (what breaks a rule, aside, pure)
        ── one transaction ──
        records.write, and how far the file was read

A worker that dies between two batches has written each of them once; its successor goes on behind the last.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import orjson
import psycopg

from tenants.prices import Meter, cost_nano
from vectors import records, transfer_files
from vectors.cells.transaction import transaction
from vectors.errors import DimensionMismatch
from vectors.formats import Broken, Format, Row, RowError, batches, csv_rows, gzipped, json_lines, pieces
from vectors.formats.pieces import Piece
from vectors.records import Alongside
from vectors.sql import statement
from vectors.transfers import KEEP_SECONDS, MAX_ERRORS_KEPT
from vectors.types import Operation, RecordBatch
from workers import jobs, slices
from workers.jobs import Job, LeaseLost
from workers.slices import Means, Slice

BATCH_ROWS = 500
_BATCH_BYTES = 8 * 1024 * 1024
MAX_FAILED_ROWS = 10_000
_MOST_UNPACKED = 100  # times what is stored
_PHASE = "writing"


@dataclass
class _Batch:
    """Rows that are written together, and the place behind them."""

    rows: list[Row] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    text_bytes: int = 0
    next_line: int = 1
    end_byte: int = 0


def run(job: Job, means: Means, after_batch: Callable[[], None] = lambda: None) -> bool:
    """Do a slice of an import; whether that was the last.

    after_batch: called as each batch is committed, for tests that stop a worker there
    Transaction: opens one per batch
    Raises:      LeaseLost, slices.Waits, ServiceError: what a rule forbids, or what may be tried again
    """
    with jobs.heartbeat(job, lease_seconds=means.lease_seconds) as lost:
        turn = slices.begin(job, means, lost)
        file = _File(turn)
        for batch in file.batches():
            turn.check()
            _advance(turn, batch, file.read_bytes)
            after_batch()
            if turn.is_over():
                return False
        slices.finish(turn, keep_seconds=KEEP_SECONDS)
    return True


class _File:
    """The rows of an import's file from its place on.

    read_bytes:  how much of the stored file was read by now
    """

    def __init__(self, turn: Slice) -> None:
        self._turn, self._transfer = turn, turn.transfer
        self.read_bytes = 0
        self._header = self._read_header() if self._transfer.format is Format.CSV else None

    def _stored(self, from_byte: int) -> Iterator[bytes]:
        self.read_bytes = from_byte
        turn = self._turn
        for chunk in transfer_files.read(turn.means.store, turn.file, turn.parts, from_byte=from_byte):
            self.read_bytes += len(chunk)
            yield chunk

    def _text(self, from_byte: int) -> Iterator[bytes]:
        if not self._transfer.is_gzip:
            return self._stored(from_byte)
        most_bytes = _MOST_UNPACKED * self._transfer.stored_bytes
        return gzipped.skip(gzipped.unpack(self._stored(0), most_bytes=most_bytes), from_byte)

    def _pieces(self, from_byte: int, line: int) -> Iterator[Piece]:
        cut = pieces.lines if self._transfer.format is Format.JSONL else pieces.quoted_lines
        for piece in cut(self._text(from_byte), at_byte=from_byte, at_line=line):
            yield pieces.without_mark(piece) if piece.line == 1 else piece

    def _read_header(self) -> csv_rows.Header:
        for piece in self._pieces(0, 1):
            return csv_rows.read_header(piece)
        raise Broken("The file is empty.")

    def batches(self) -> Iterator[_Batch]:
        """Batch after batch; the place of the last one is the end of the file."""
        began = time.monotonic()
        batch = _Batch()
        for piece in self._pieces(self._transfer.cursor_bytes, self._transfer.cursor_line):
            if began:
                self._turn.came_back_seconds, began = time.monotonic() - began, 0.0
            self._add(batch, piece)
            if len(batch.rows) + len(batch.errors) >= BATCH_ROWS or batch.text_bytes >= _BATCH_BYTES:
                yield batch
                batch = _Batch()
        if batch.end_byte:
            yield batch

    def _add(self, batch: _Batch, piece: Piece) -> None:
        batch.next_line, batch.end_byte = piece.next_line, piece.end_byte
        if piece.text is not None and not piece.text.strip():
            return
        if self._header is not None and piece.line == 1:
            return
        found = json_lines.read(piece) if self._header is None else csv_rows.read(piece, self._header)
        batch.text_bytes += len(piece.text or b"")
        if isinstance(found, Row):
            batch.rows.append(found)
        else:
            batch.errors.append(found)


def _advance(turn: Slice, batch: _Batch, read_bytes: int) -> None:
    """Write a batch and move the import's place behind it, both or neither."""
    operation = Operation(turn.transfer.options["operation"])
    cache, key = turn.means.cache, (turn.tenant_id, turn.job.collection_id)
    for is_last in (False, True):
        manifest = cache.get(*key)
        ready, refused = batches.batch_of(
            batch.rows, operation, turn.limits, expected_dimension=manifest.dimension
        )
        errors = sorted([*batch.errors, *refused])
        try:
            _commit(turn, batch, ready, errors, read_bytes)
        except DimensionMismatch:  # another write came first and decided the dimension
            if is_last:
                raise
            cache.refresh(manifest)
        else:
            break
    if ready is not None and manifest.dimension is None:
        cache.refresh(manifest)
    turn.rows_failed += len(errors)
    if turn.transfer.rows_failed + turn.rows_failed > MAX_FAILED_ROWS:
        raise Broken(
            f"More than {MAX_FAILED_ROWS:,} rows could not be imported; the first {MAX_ERRORS_KEPT} say why."
        )


def _commit(
    turn: Slice, batch: _Batch, ready: RecordBatch | None, errors: list[RowError], read_bytes: int
) -> None:
    cell = turn.job.cell
    text = statement("advance_import", cell=cell, held=statement("hold_transfer", cell=cell))
    done_count = 0 if ready is None else len(ready.ids)
    values: dict[str, object] = turn.job.key | {
        "tenant_id": turn.tenant_id,
        "phase": _PHASE,
        "rows_done": done_count,
        "rows_failed": len(errors),
        "cursor_bytes": batch.end_byte,
        "cursor_line": batch.next_line,
        "read_bytes": read_bytes,
        "rows_per_second": turn.rows_per_second(done_count + len(errors)),
        "errors": orjson.dumps([error._asdict() for error in errors[:MAX_ERRORS_KEPT]]).decode(),
        "most_errors": MAX_ERRORS_KEPT,
    }
    if ready is None:
        _advance_alone(turn, text, values)
        return
    manifest = turn.means.cache.get(turn.tenant_id, turn.job.collection_id)
    with turn.reserve(Meter.BYTES_WRITTEN, batch.text_bytes) as reservation:
        written = records.write_alongside(
            turn.means.cache,
            manifest,
            Operation(turn.transfer.options["operation"]),
            ready,
            batches.for_many(turn.limits, len(ready.ids)),
            alongside=Alongside("import", text, values, {"lease lost": LeaseLost()}),
            notes_keys=turn.means.notes_keys,
        )
        reservation.settle(cost_nano(Meter.BYTES_WRITTEN, written.written_bytes, turn.prices))


def _advance_alone(turn: Slice, text: str, values: dict[str, object]) -> None:
    """Move the place behind rows of which none was written."""
    try:
        with transaction(turn.tenant_id) as pipeline:
            pipeline.run(text, values)
    except psycopg.errors.RaiseException as error:
        raise LeaseLost from error
