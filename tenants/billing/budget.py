"""How much of a tenant's spend cap one process of many may hold, and what it does with it. [pure]

A month's budget says how much is reserved: spent, or leased. A process leases a part, spends it without
asking, and gives back the rest. A part shrinks with what is left, and near the cap it is one request's:

    ├──────── reserved ────────┤·········· left ··········┤ cap
              far:   a lease of left ÷ (4 × processes), for ten seconds, for many requests at once
              near:  a lease of at most what is left, for one request, one at a time in each process

So what passes the cap is at most what the last request of each process costs above its lease. This needs
estimates that are upper ones; up to half of the true cost is forgiven by the room that "far" leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

LEASE_SECONDS = 10.0
# How long after its end a lease may have costs that the ledger has not: the longest request, and a flush.
SETTLING_SECONDS = 120
_SHARE_RATIO = 4
_FAR_REQUESTS_COUNT = 8  # of the largest kind, that a lease must be good for
_REFUSED_SECONDS = 0.5


class Ask(NamedTuple):
    """What a process tells the budget and wants of it.

    returned_nano:  what is left of its last lease; negative: what it spent above
    need_nano:      the upper estimate of the request that waits; 0: nothing is wanted
    largest_nano:   of the requests that it had lately
    """

    cap_nano: int
    returned_nano: int
    need_nano: int
    largest_nano: int


class Grant(NamedTuple):
    """What a process gets; of nothing it must refuse. `is_alone`: for one request and no other."""

    nano: int
    is_alone: bool


def exchange(reserved_nano: int, ask: Ask, *, process_count: int) -> tuple[int, Grant]:
    """What is reserved afterwards, and what the process gets."""
    reserved_nano = max(0, reserved_nano - ask.returned_nano)
    given = _grant(ask.cap_nano - reserved_nano, ask, process_count)
    return reserved_nano + given.nano, given


def _grant(left_nano: int, ask: Ask, process_count: int) -> Grant:
    if left_nano <= 0 or ask.need_nano <= 0:
        return Grant(0, is_alone=True)
    share = left_nano // (_SHARE_RATIO * process_count)
    if share >= _FAR_REQUESTS_COUNT * max(ask.need_nano, ask.largest_nano):
        return Grant(share, is_alone=False)
    return Grant(min(left_nano, ask.need_nano), is_alone=True)


def recounted_nano(*, ledger_nano: int, live_nano: int, settling_nano: int) -> int:
    """What is reserved by the ledger's account.

    live_nano:      granted by leases that run, or ran out unclosed a moment ago: a process may have crashed
    settling_nano:  spent by leases that closed a moment ago; what the ledger has of it already counts twice
                    until the next recount, so that nothing is ever missed
    """
    return ledger_nano + live_nano + settling_nano


@dataclass(slots=True)
class Purse:
    """What one process holds of one tenant's month."""

    available_nano: int = 0
    cap_nano: int = 0
    lease_until: float = 0.0
    running_count: int = 0
    largest_nano: int = 0
    used_at: float = 0.0
    refused_until: float = 0.0

    def spend(self, need_nano: int, cap_nano: int, now: float) -> bool:
        """Reserve from what is held; whether there was enough, from a lease that runs, under this cap."""
        if now >= self.lease_until or cap_nano != self.cap_nano or self.available_nano < need_nano:
            return False
        self.take(need_nano, need_nano, now)
        return True

    def take(self, taken_nano: int, need_nano: int, now: float) -> None:
        """A request begins with so much in hand."""
        self.available_nano -= taken_nano
        self.running_count += 1
        self.largest_nano = max(self.largest_nano, need_nano)
        self.used_at = now

    def settle(self, taken_nano: int, actual_nano: int, now: float) -> None:
        """A request has ended and cost so much."""
        self.available_nano += taken_nano - actual_nano
        self.running_count -= 1
        self.largest_nano = max(self.largest_nano, actual_nano)
        self.used_at = now

    def ask(self, need_nano: int, cap_nano: int) -> Ask:
        """Give everything back, to exchange it for what is needed."""
        returned, self.available_nano, self.lease_until = self.available_nano, 0, 0.0
        self.largest_nano -= self.largest_nano // 8  # one large request must not be remembered for ever
        return Ask(cap_nano, returned, need_nano, self.largest_nano)

    def receive(self, grant: Grant, cap_nano: int, until: float) -> None:
        """Hold what was granted; what is for one request is spent by it alone, and never by `spend`."""
        self.available_nano += grant.nano
        self.cap_nano = cap_nano
        self.lease_until = 0.0 if grant.is_alone else until

    def refuse(self, cap_nano: int, now: float) -> None:
        """Nothing was left: nobody asks again for a moment."""
        self.cap_nano, self.refused_until = cap_nano, now + _REFUSED_SECONDS

    def is_refused(self, cap_nano: int, now: float) -> bool:
        """Whether asking would be in vain; under another cap it would not."""
        return cap_nano == self.cap_nano and now < self.refused_until

    def is_idle(self, now: float, *, after_seconds: float) -> bool:
        """Whether nobody needs what it holds: it is given back, and so is what was spent above."""
        if self.available_nano == 0 and self.lease_until == 0.0:
            return False
        is_unused = self.running_count == 0 and now - self.used_at >= after_seconds
        return is_unused or now >= self.lease_until
