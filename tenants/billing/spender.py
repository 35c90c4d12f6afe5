"""Keeping to a spend cap: what one process holds of its tenants' budgets, and reserves from for what it does.

A tenant without a cap costs nothing here. One with a cap costs a look at a number, and a transaction every
ten seconds, until little is left: then each billable request has a lease of its own, one at a time.
`tenants/billing/budget.py` decides, `tenants/billing/budgets.py` keeps what processes share.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from django.db import connections

from tenants.billing import budgets, months
from tenants.billing.budget import LEASE_SECONDS, Grant, Purse
from tenants.billing.budgets import Holder
from tenants.errors import QuotaExceeded, RateLimited

_TURN_SECONDS = (
    5.0  # so long a request waits near the cap for those before it, before it is asked to come back
)
_IDLE_SECONDS = 2.0
_TICK_SECONDS = 1.0
_KEPT_SECONDS = 600.0

log = logging.getLogger("tessera.spending")


class Reservation(Protocol):
    """A request's part of the budget, for as long as the block lasts."""

    def __enter__(self) -> Self:
        """The request begins."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The request has ended; one that failed cost nothing, one that says nothing its estimate."""

    def settle(self, actual_nano: int) -> None:
        """Say what it cost."""


class _Free:
    """Of a tenant without a cap, or of a request that costs nothing."""

    __slots__ = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def settle(self, actual_nano: int) -> None:
        """Nobody counts."""


class _Place:
    """A tenant's month in this process: the purse, and who may go to the budget with it.

    `lock` guards the purse and is never held over a call; `turn` is held by the one that exchanges, and near
    the cap for as long as its request runs.
    """

    __slots__ = ("last", "lock", "purse", "turn")

    def __init__(self, now: float) -> None:
        self.purse, self.last = Purse(used_at=now), None
        self.lock, self.turn = threading.Lock(), threading.Lock()

    purse: Purse
    last: UUID | None


class _Reserved:
    """A part of a purse."""

    __slots__ = ("_actual_nano", "_at_end", "_estimate_nano")

    def __init__(self, estimate_nano: int, at_end: Callable[[int], None]) -> None:
        self._estimate_nano, self._at_end = estimate_nano, at_end
        self._actual_nano: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        unsaid = 0 if kind is not None else self._estimate_nano
        self._at_end(unsaid if self._actual_nano is None else self._actual_nano)

    def settle(self, actual_nano: int) -> None:
        """Say what it cost."""
        self._actual_nano = actual_nano


FREE = _Free()
Key = tuple[UUID, date]


class Spender:
    """The spend caps as one process keeps to them, for all its threads."""

    def __init__(
        self,
        holder: Holder,
        *,
        spent_nano: Callable[[UUID, date], int],
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
        has_thread: bool = True,
    ) -> None:
        """Hold nothing yet; without a thread somebody else calls `tick`.

        spent_nano: what a tenant's month has cost by the ledger; asked where a budget begins
        """
        self._holder, self._spent_nano, self._wall = holder, spent_nano, wall
        self._has_thread = has_thread
        self._places: dict[Key, _Place] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def reserve(self, tenant_id: UUID, cap_nano: int, estimate_nano: int) -> Reservation:
        """Reserve what a request may cost, at most.

        Raises:  QuotaExceeded when the cap is reached, RateLimited when too many wait for the last of it
        """
        if estimate_nano <= 0:
            return FREE
        key = (tenant_id, months.month_of(self._wall()))
        place = self._place(key)
        if self._spend(place, estimate_nano, cap_nano):
            return self._reserved(place, estimate_nano)
        if not place.turn.acquire(timeout=_TURN_SECONDS):
            raise RateLimited
        is_kept = False
        try:
            if self._spend(place, estimate_nano, cap_nano):  # another one has brought enough
                return self._reserved(place, estimate_nano)
            given = self._exchange(key, place, estimate_nano, cap_nano)
            if not given.nano:
                raise _reached(key[1])
            is_kept = given.is_alone
            if is_kept:
                return self._alone(key, place, given.nano, estimate_nano)
            return self._reserved(place, estimate_nano)
        finally:
            if not is_kept:
                place.turn.release()

    def _spend(self, place: _Place, estimate_nano: int, cap_nano: int) -> bool:
        now = time.monotonic()
        with place.lock:
            if place.purse.spend(estimate_nano, cap_nano, now):
                return True
            is_refused = place.purse.is_refused(cap_nano, now)
        if is_refused:
            raise _reached(months.month_of(self._wall()))
        return False

    def _reserved(self, place: _Place, taken_nano: int) -> Reservation:
        def at_end(actual_nano: int) -> None:
            with place.lock:
                place.purse.settle(taken_nano, actual_nano, time.monotonic())

        return _Reserved(taken_nano, at_end)

    def _alone(self, key: Key, place: _Place, taken_nano: int, estimate_nano: int) -> Reservation:
        def at_end(actual_nano: int) -> None:
            try:
                with place.lock:
                    place.purse.settle(taken_nano, actual_nano, time.monotonic())
                self._give_back(key, place)
            finally:
                place.turn.release()

        return _Reserved(estimate_nano, at_end)

    # --- with the budget ---------------------------------------------------------------------------

    def _exchange(self, key: Key, place: _Place, need_nano: int, cap_nano: int) -> Grant:
        """Go to the budget with the purse, and begin the request that waits; needs `turn`."""
        self._start_thread()
        until = time.monotonic() + LEASE_SECONDS
        with place.lock:
            ask = place.purse.ask(need_nano, cap_nano)
        try:
            lease = budgets.exchange(*key, place.last, ask, self._holder)
            if lease is None:
                budgets.recount(*key, self._spent_nano(*key))
                lease = budgets.exchange(*key, place.last, ask, self._holder)
        except BaseException:
            with place.lock:  # it may have been taken: what was left is forgotten, what was too much is not
                place.purse.available_nano += min(0, ask.returned_nano)
            raise
        given = lease.grant if lease else Grant(0, is_alone=True)
        place.last = lease.lease_id or place.last if lease else None
        now = time.monotonic()
        with place.lock:
            place.purse.receive(given, cap_nano, until)
            if given.nano:
                place.purse.take(given.nano if given.is_alone else need_nano, need_nano, now)
            elif need_nano:
                place.purse.refuse(cap_nano, now)
        return given

    def _give_back(self, key: Key, place: _Place) -> None:
        """Return what is left, needing `turn`; what fails is told later, or found by the recount."""
        try:
            self._exchange(key, place, 0, place.purse.cap_nano)
        except Exception:  # the request was answered; nothing is lost but time
            log.warning("could not give back a part of the budget of tenant %s", key[0], exc_info=True)

    # --- what is idle ------------------------------------------------------------------------------

    def tick(self, *, idle_seconds: float = _IDLE_SECONDS) -> None:
        """Give back what nobody uses, and what ran out."""
        now = time.monotonic()
        with self._lock:
            places = list(self._places.items())
        for key, place in places:
            if not place.turn.acquire(blocking=False):
                continue
            try:
                with place.lock:
                    is_idle = place.purse.is_idle(now, after_seconds=idle_seconds)
                    is_over = now - place.purse.used_at > _KEPT_SECONDS and not place.purse.running_count
                if is_idle:
                    self._give_back(key, place)
                if is_over:
                    with self._lock:
                        self._places.pop(key, None)
            finally:
                place.turn.release()

    def close(self) -> None:
        """Give everything back, at the end of the process."""
        self._closed.set()
        self.tick(idle_seconds=0.0)

    def _place(self, key: Key) -> _Place:
        place = self._places.get(key)
        if place is None:
            with self._lock:
                place = self._places.setdefault(key, _Place(time.monotonic()))
        return place

    def _start_thread(self) -> None:
        if not self._has_thread or self._thread is not None:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="spending", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while not self._closed.wait(_TICK_SECONDS):
            try:
                self.tick()
            finally:
                connections.close_all()


def _reached(month: date) -> QuotaExceeded:
    # wire: clients know it by its first words (contract, section 2.5)
    return QuotaExceeded(
        f"Billing limit exceeded: the spend cap of this tenant for {months.shown(month)} is reached. "
        f"Raise it, or wait until {months.following(month)} (UTC)."
    )
