"""Waiting for something that other processes do, with an end."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(is_so: Callable[[], object], *, seconds: float, what: str) -> None:
    """Return as soon as it is so; fail with what was waited for after so many seconds."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)
