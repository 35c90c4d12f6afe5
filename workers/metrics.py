"""Rolling up the metrics of requests: minutes up to days; and forgetting what is old."""

from __future__ import annotations

import logging
from datetime import datetime

from tenants import request_counts

log = logging.getLogger("tessera.workers")


def roll_up(*, now: datetime) -> int:
    """Roll up what is over, then forget what is past its time; how many quarters, hours and days.

    Transaction: opens one per hour and day
    Idempotent:  yes
    """
    rolled = request_counts.roll_up(now)
    gone = request_counts.forget_old(now)
    if rolled or gone:
        log.info("rolled up %s stretches of request metrics, forgot %s rows", rolled, gone)
    return rolled
