"""How many requests a tenant may send in a minute, and what one process of many may spend of it. [pure]

Windows of one minute by the clock, the same for all processes. They share one counter per tenant and window,
and take from it in chunks, so that most requests ask nobody:

    █ spent   ▒ held by a process   · left        ████████████▒▒▒▒·········

A chunk is never more than the process has spent in this window, nor an eighth of what is left: little is held
where it is not needed, and near the limit each request asks. Without the counter a process spends its share,
limit ÷ processes, and tells the counter once it is back.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

WINDOW_SECONDS = 60
_FIRST_CHUNK_COUNT = 4
_LARGEST_CHUNK_RATIO = 8


def window_of(now: float) -> int:
    """The number of the window that this second since the epoch is in."""
    return int(now // WINDOW_SECONDS)


def reset_seconds(now: float) -> int:
    """Whole seconds until the next window, at least one."""
    return max(1, int((window_of(now) + 1) * WINDOW_SECONDS - now + 0.999))


class Standing(NamedTuple):
    """What a client is told of its minute."""

    limit_count: int
    left_count: int
    reset_seconds: int


@dataclass(slots=True)
class Spending:
    """What one process knows of one tenant's window."""

    window: int
    limit_count: int
    held_count: int = 0  # taken from the counter, not spent yet
    spent_count: int = 0
    unregistered_count: int = 0  # spent while the counter was away: it must still be told
    used_count: int = 0  # what the counter said last, all processes' chunks included

    @property
    def requests_count(self) -> int:
        """How many requests the window had, as far as is known; what other processes hold is counted."""
        return max(self.spent_count, min(self.used_count, self.limit_count) - self.held_count)

    def spend(self) -> bool:
        """Spend one of those held; whether there was one."""
        if self.held_count <= 0:
            return False
        self.held_count -= 1
        self.spent_count += 1
        return True

    def is_exhausted(self) -> bool:
        """Whether asking the counter is in vain: it never falls within a window."""
        return self.used_count + self.unregistered_count >= self.limit_count

    def chunk(self) -> int:
        """How many to ask the counter for: at least one."""
        left_count = self.limit_count - self.used_count
        wanted_count = max(self.spent_count, _FIRST_CHUNK_COUNT)
        return max(1, min(wanted_count, left_count // _LARGEST_CHUNK_RATIO))

    def receive(self, *, asked_count: int, told_count: int, used_count: int) -> None:
        """The counter stands at `used_count` after it was told of `told_count` spent and asked for a chunk.

        Of a chunk that passes the limit only the part below counts; the counter stays above, harmlessly.
        """
        below_count = self.limit_count - (used_count - asked_count)
        self.held_count += max(0, min(asked_count, below_count))
        self.unregistered_count = max(0, self.unregistered_count - told_count)
        self.used_count = max(self.used_count, used_count)

    def spend_alone(self, *, process_count: int) -> bool:
        """Spend one of the process's share, without the counter; whether there was one."""
        if self._share_left(process_count) <= 0:
            return False
        self.spent_count += 1
        self.unregistered_count += 1
        return True

    def start_over(self) -> None:
        """The counter has forgotten all: all that was spent must be told again, what was held is void."""
        self.unregistered_count = self.spent_count
        self.held_count = self.used_count = 0

    def left_count(self, *, process_count: int, is_alone: bool) -> int:
        """How many more requests, as far as this process knows."""
        if is_alone:
            return self.held_count + max(0, self._share_left(process_count))
        return self.held_count + max(0, self.limit_count - self.used_count - self.unregistered_count)

    def _share_left(self, process_count: int) -> int:
        left_count = self.limit_count - self.used_count - self.unregistered_count
        return min(self.limit_count // process_count - self.spent_count, left_count)
