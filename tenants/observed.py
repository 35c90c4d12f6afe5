"""What the checks of limits saw while a thread handled one request: the most of each. [pure]

The edge begins and ends it; in between a check costs one look at the thread's own dictionary.
"""

from __future__ import annotations

import threading


class _Seen(threading.local):
    """Of this thread; None outside a request."""

    peaks: dict[str, int] | None = None


_seen = _Seen()


def begin() -> None:
    """From now on note what this thread's checks see."""
    _seen.peaks = {}


def note(limit_name: str, usage: int) -> None:
    """A usage within its limit."""
    peaks = _seen.peaks
    if peaks is not None and usage > peaks.get(limit_name, 0):
        peaks[limit_name] = usage


def end() -> dict[str, int]:
    """What was seen since `begin`; empty without one."""
    peaks, _seen.peaks = _seen.peaks, None
    return peaks or {}
