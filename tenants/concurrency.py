"""How many requests may work on one collection at once, and what one process of many may admit. [pure]

A lane is the reads, or the writes, of one collection in one process. A process leases places in it for a few
seconds, and admits without asking anybody while it has more places than requests. Its own clock decides when
a lease is over: earlier than the lender thinks. Without the lender each process has its share.

    places   ▣▣▣▢▢  leased by this process: ▣ taken by a request, ▢ free      ■■■ leased by others     ·· left
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tenants.identity import Verb

_IDLE_TICKS = (
    3  # how long a place is kept for a client that comes back, so that it need not be asked for again
)


class Kind(Enum):
    """What is limited apart."""

    READ = "read"
    WRITE = "write"


KIND_OF = {
    **dict.fromkeys((Verb.GET, Verb.QUERY, Verb.COUNT, Verb.SEARCH), Kind.READ),
    **dict.fromkeys((Verb.ADD, Verb.UPDATE, Verb.UPSERT, Verb.DELETE), Kind.WRITE),
}


def share(limit_count: int, *, process_count: int) -> int:
    """The places of one process that cannot ask; at least one, lest an outage stop a collection."""
    return min(limit_count, max(1, limit_count // process_count))


@dataclass(slots=True)
class Lane:
    """The requests of one kind on one collection in one process; moments are of a monotonic clock."""

    limit_count: int
    active_count: int = 0
    waiting_count: int = 0  # not admitted yet: they ask for a place
    peak_count: int = 0  # most active ones since the last tick
    idle_ticks: int = 0
    leased_count: int = 0
    leased_until: float = 0.0
    others_count: int = 0  # what other processes had, when that was heard last
    others_until: float = 0.0
    refused_until: float = 0.0  # until then it is in vain to ask again

    def usable_count(self, now: float) -> int:
        """How many may be active by the lease."""
        return min(self.leased_count, self.limit_count) if now < self.leased_until else 0

    def usable_alone_count(self, now: float, *, process_count: int) -> int:
        """How many may be active without the lender: the share; less where others are known to have more."""
        own_count = share(self.limit_count, process_count=process_count)
        return min(own_count, self.limit_count - self.others_count) if now < self.others_until else own_count

    def enter(self, usable_count: int) -> bool:
        """Take a place; whether there was one."""
        if self.active_count >= usable_count:
            return False
        self.active_count += 1
        self.peak_count = max(self.peak_count, self.active_count)
        return True

    def leave(self) -> None:
        """Give the place back."""
        self.active_count -= 1

    def wanted_count(self) -> int:
        """The places that are needed right now."""
        return min(self.active_count + self.waiting_count, max(self.limit_count, self.active_count))

    def tick(self) -> int:
        """Called about once a second: the places to keep, from what was needed since the last time."""
        keep_count = max(self.peak_count, self.wanted_count())
        self.peak_count = self.active_count
        self.idle_ticks = 0 if keep_count else self.idle_ticks + 1
        if not keep_count and self.leased_count and self.idle_ticks < _IDLE_TICKS:
            return 1
        return keep_count

    def lower(self, target_count: int) -> None:
        """Use no more than this from now on: before the lender is told, lest others use them too."""
        self.leased_count = min(self.leased_count, target_count)

    def receive(self, *, leased_count: int, others_count: int, until: float) -> None:
        """The lender's answer."""
        self.leased_count, self.leased_until = leased_count, until
        self.others_count, self.others_until = others_count, until

    def is_idle(self) -> bool:
        """Whether nothing would be lost with it."""
        return not (self.active_count or self.waiting_count or self.leased_count)
