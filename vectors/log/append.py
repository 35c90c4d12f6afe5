"""The spelling of a write: the statements that lock a collection and append to its log. [pure]

One place, because a distributed cell wants another spelling: there the append must be a multi-row
`INSERT … VALUES`, since `INSERT … SELECT FROM unnest` becomes a COPY on the node, which row-level security
refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from vectors import metadata_keys
from vectors.sql import identifier, in_segment, statement
from vectors.types import Operation

# What each write calls the records that it stores.
_WRITTEN = {Operation.ADD: "fresh", Operation.UPDATE: "changed", Operation.UPSERT: "changed"}


@dataclass(frozen=True)
class Guard:
    """What a forced filter asks of the rows that a write meets, spelled for each place that they are in.

    spell:  the filter over a row of this name
    """

    spell: Callable[[str], str]

    def reached(self, row: str) -> str:
        """Leaves only old images that pass."""
        return f"AND {self.spell(row)}"

    def claim(self, reason: str, rows: str) -> str:
        """Stops the write unless all of these rows pass."""
        return statement("claim_every", passes=self.spell("f"), reason=reason, rows=statement(rows))


def guarded_statement(
    operation: Operation, cell: str, segment_ids: tuple[int, ...], guard: Guard, *, notes_keys: bool = False
) -> str:
    """The statement of a write by a key with a forced filter, which stops with a reason rather than pass it.

    add:     every record passes, else `unmatched <position>`
    update:  what does not pass is skipped as if it did not exist; what it becomes passes
    upsert:  an old image that does not pass stops it with `outside <position>`; what it becomes passes
    """
    return write_statement.__wrapped__(operation, cell, segment_ids, notes_keys=notes_keys, guard=guard)


@lru_cache(maxsize=4096)
def write_statement(
    operation: Operation,
    cell: str,
    segment_ids: tuple[int, ...],
    incoming: str | None = None,
    *,
    notes_keys: bool = False,
    guard: Guard | None = None,
) -> str:
    """The statement of a write over the collection's log and these segments.

    incoming:   SQL of the rows to delete (record_id, position) when they are not the parameter `ids`
    notes_keys: whether keys of metadata become part of the schema here, and not with the next compaction
    guard:      of a key with a forced filter; not for a delete, whose filter is part of `incoming`
    """
    cell = identifier(cell)
    written = _WRITTEN.get(operation) if notes_keys else None
    advance = statement("advance", cell=cell, claims=_claims(operation, guard), **_keys(written))
    if operation is Operation.ADD:
        absent = "".join(
            "\n" + in_segment("absent_from_segment", cell=cell, segment_id=number, row="g")
            for number in segment_ids
        )
        return statement(
            "append_new",
            cell=cell,
            incoming=statement("incoming_records"),
            absent_from_segments=absent,
            advance=advance,
        )
    old_images = _old_images(cell, segment_ids, guard if operation is Operation.UPDATE else None)
    if operation is Operation.DELETE:
        targets = incoming or statement("incoming_ids")
        return statement(
            "delete_records", cell=cell, incoming=targets, old_images=old_images, advance=advance
        )
    return statement(
        "append_changes",
        cell=cell,
        incoming=statement("incoming_records"),
        old_images=old_images,
        join="LEFT JOIN" if operation is Operation.UPSERT else "JOIN",
        advance=advance,
    )


def _keys(written: str | None) -> dict[str, str]:
    """Fragments that note the keys of the records in this part of the statement; None: nothing is noted."""
    if written is None:
        return {"keys_noted": "", "keys_seen": ""}
    united = metadata_keys.united("c.metadata_keys", "seen.keys")
    return {
        "keys_noted": f", metadata_keys = {united}",
        "keys_seen": f", ({metadata_keys.seen(written)}) AS seen",
    }


def _claims(operation: Operation, guard: Guard | None) -> str:
    if guard is None:
        return ""
    if operation is Operation.ADD:
        return guard.claim("unmatched", "rows_added")
    becomes = guard.claim("unmatched", "rows_changed")
    if operation is Operation.UPSERT:
        return guard.claim("outside", "rows_overwritten") + becomes
    return becomes


def _old_images(cell: str, segment_ids: tuple[int, ...], guard: Guard | None) -> str:
    in_log, in_segment_too = (guard.reached(row) if guard else "" for row in ("l", "g"))
    old_in_log = statement("old_in_log", cell=cell, and_reached=in_log)
    if not segment_ids:
        return statement("old_images_of_log", old_in_log=old_in_log)
    in_segments = "\nUNION ALL\n".join(
        in_segment("old_in_segment", cell=cell, segment_id=number, row="g", and_reached=in_segment_too)
        for number in segment_ids
    )
    return statement("old_images", cell=cell, old_in_log=old_in_log, old_in_segments=in_segments)
