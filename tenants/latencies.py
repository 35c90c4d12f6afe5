"""Latencies on a fixed logarithmic scale: which bucket a time falls into, and percentiles of many. [pure]

    bucket   0        1 … 8            9 … 16          …    152
    seconds  ≤ 0.25 ms    ≤ 0.5 ms         ≤ 1 ms      …    ≤ 131 s and all above

Eight buckets to a doubling. A time is given back as the geometric mean of its bucket's bounds, so it is off
by at most 4.4 % (a sixteenth of a doubling). Buckets of different processes, minutes and days simply add up,
which percentiles do not: those are taken last.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

LOWEST_SECONDS = 0.000_25
PER_DOUBLING = 8
DOUBLINGS = 19
HIGHEST_BUCKET = PER_DOUBLING * DOUBLINGS
MAX_ERROR_RATIO = 2 ** (1 / (2 * PER_DOUBLING)) - 1

_log2 = math.log2
_SHIFT = PER_DOUBLING * math.log2(LOWEST_SECONDS)


def bucket_of(seconds: float) -> int:
    """The bucket of a time."""
    if seconds <= LOWEST_SECONDS:
        return 0
    bucket = math.ceil(PER_DOUBLING * _log2(seconds) - _SHIFT)
    return min(HIGHEST_BUCKET, bucket)


def upper_seconds(bucket: int) -> float:
    """The longest time of a bucket; of the last one, the bound that longer times are counted under."""
    return float(LOWEST_SECONDS * 2.0 ** (bucket / PER_DOUBLING))


def seconds_of(bucket: int) -> float:
    """The time that stands for a bucket."""
    return float(LOWEST_SECONDS * 2.0 ** ((bucket - 0.5) / PER_DOUBLING))


def percentile(counts: Mapping[int, int], ratio: float) -> float | None:
    """The time that this share of all took at most, in seconds; None of nothing.

    counts:  how many fell into each bucket
    Source:  the nearest-rank method: the smallest time with at least ratio × n times at or below it
    """
    total = sum(counts.values())
    if total == 0:
        return None
    rank, seen = max(1, math.ceil(ratio * total)), 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank:
            return seconds_of(bucket)
    raise ValueError("a ratio above 1")
