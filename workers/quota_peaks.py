"""Sampling the limits that are of a state: databases, collections, records, forks of every tenant."""

from __future__ import annotations

from collections.abc import Iterable

from tenants import usage_peaks
from tenants.usage_peaks import Peak
from vectors import state_usage


def sample(cells: Iterable[str]) -> int:
    """Note how much each tenant uses now, and forget what is too old; how many usages were noted.

    Idempotent:  yes; a second sample can only raise a peak
    """
    peaks: dict[tuple[object, str], Peak] = {}
    found = usage_peaks.count_databases()
    for cell in cells:
        found += state_usage.of_everyone(cell)
    for peak in found:
        key = peak[:2]
        if key not in peaks or peak[2] > peaks[key][2]:
            peaks[key] = peak
    usage_peaks.note(peaks.values())
    usage_peaks.forget_old()
    return len(peaks)
