"""Storage on the meter, and the ledger rolled up.

Once an hour, what every collection holds is entered into its cell's ledger.

The job comes more often than that, and enters the hours that are missing: so a beat that starts anew each
half hour, or was away for a day, changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from vectors import rollup, usage

log = logging.getLogger("tessera.workers")


def sample_storage(cells: Iterable[str], *, now: datetime) -> int:
    """Enter what is missing in each cell; how many rows.

    Transaction: opens one per cell
    Idempotent:  yes
    """
    total = 0
    for cell in cells:
        rows, hours = usage.sample_storage(cell, now=now)
        if hours:
            log.info("storage of %s: %s rows for %s hours", cell, rows, hours)
        total += rows
    return total


def roll_up(cells: Iterable[str], *, anew: bool = False) -> int:
    """Add to each cell's sums what they have not; how many rows of the ledgers. `anew`: make them again.

    Transaction: opens one per cell
    Idempotent:  yes
    """
    return sum(rollup.roll_up(cell, anew=anew) for cell in cells)
