"""`manage.py compact --all | --collection ID`: have collections compacted now, and wait."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any
from uuid import UUID

from django.conf import settings

from cloud.management.base import OperatorCommand
from tenants.databases import cell_name
from tenants.errors import Internal, NotFound, Unavailable
from workers import sweep

_POLL_SECONDS = 0.2


class Command(OperatorCommand):
    """Compact collections now."""

    help = "Queue compactions, whatever the thresholds, and wait until the workers have done them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which collections."""
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--all", action="store_true")
        which.add_argument("--collection", type=UUID)
        parser.add_argument("--timeout-seconds", type=int, default=3600)

    def run(self, *, collection: UUID | None, timeout_seconds: int, **_: Any) -> None:
        """Queue, then report until nothing is left."""
        cells = [cell_name(number) for number in range(settings.CELL_COUNT)]
        wanted = {cell: sweep.enqueue_now(cell, collection) for cell in cells}
        total = sum(map(len, wanted.values()))
        if collection is not None and not total:
            raise NotFound(f"Collection [{collection}] does not exist or has nothing to compact")
        deadline = time.monotonic() + timeout_seconds
        last = ""
        while True:
            states = [state for cell, ids in wanted.items() for state in sweep.progress(cell, ids)]
            parked = [state for state in states if state.startswith("parked")]
            if parked:
                raise Internal(f"{len(parked)} of {total} compactions failed three times: {parked[0]}")
            line = f"{total - len(states)} of {total} compacted" + (f" ({states[0]})" if states else "")
            if line != last:
                self.stderr.write(line)
                last = line
            if not states:
                return
            if time.monotonic() > deadline:
                raise Unavailable(f"{line} after {timeout_seconds} s. Is a worker running? See its log.")
            time.sleep(_POLL_SECONDS)
