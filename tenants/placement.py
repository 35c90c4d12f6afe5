"""Which cells take new databases: an operator closes one, and opens it again."""

from __future__ import annotations

from django.db import transaction

from tenants import audit
from tenants.actors import Actor
from tenants.databases import cell_name
from tenants.errors import InvalidArgument, NotFound
from tenants.models import CellPlacement

MAX_NOTE_CHARACTERS = 256


def set_accepting(by: Actor, cell: str, *, accepts_new: bool, note: str, cell_count: int) -> None:
    """Close a cell to new databases, or open it; the databases that are there stay.

    Raises:      PermissionDenied, NotFound for a cell that there is not, InvalidArgument for a long note or
                 for the last open cell
    Transaction: opens one
    """
    by.require_operator()
    cells = {cell_name(number) for number in range(cell_count)}
    if cell not in cells:
        raise NotFound(f"Cell [{cell[:32]}] not found")
    if len(note) > MAX_NOTE_CHARACTERS:
        raise InvalidArgument(f"note: expected at most {MAX_NOTE_CHARACTERS} characters, got {len(note)}")
    with transaction.atomic():
        # All rows, so that two operators cannot close the last two cells at once.
        CellPlacement.objects.bulk_create(map(CellPlacement, sorted(cells)), ignore_conflicts=True)
        rows = list(CellPlacement.objects.select_for_update().order_by("cell"))
        others = [row for row in rows if row.cell in cells and row.cell != cell and row.accepts_new]
        if not accepts_new and not others:
            raise InvalidArgument(f"{cell} is the last cell that takes new databases; open another one first")
        row = next(row for row in rows if row.cell == cell)
        row.accepts_new, row.note = accepts_new, note
        row.save(update_fields=["accepts_new", "note", "updated_at"])
        details = {"accepts_new": accepts_new, "note": note}
        audit.record(by, None, "cells.placement", subject_id=cell, subject_label=cell, details=details)
