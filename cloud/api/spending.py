"""The hard spend cap at the edge: what this process holds of its tenants' budgets.

A tenant without a cap costs nothing here. One with a cap costs a look at a number, and a transaction every
ten seconds, until little is left: then each billable request has a lease of its own, one at a time.
`tenants/billing/budget.py` decides, `tenants/billing/budgets.py` keeps what processes share.
"""

from __future__ import annotations

import atexit
import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import cache
from types import TracebackType
from typing import Protocol, Self
from uuid import UUID

from django.conf import settings
from django.db import connections

from tenants import tenants
from tenants.billing import budgets, history, months
from tenants.billing.budget import LEASE_SECONDS, Grant, Purse
from tenants.billing.budgets import Holder
from tenants.errors import QuotaExceeded, RateLimited
from tenants.identity import READ_VERBS, Identity, Verb
from tenants.models import Tenant
from tenants.prices import Meter, cost_nano
from vectors import usage
from vectors.types import Manifest

_TURN_SECONDS = (
    5.0  # so long a request waits near the cap for those before it, before it is asked to come back
)
_IDLE_SECONDS = 2.0
_TICK_SECONDS = 1.0
_KEPT_SECONDS = 600.0
_FLOAT_BYTES = 4
_ANSWER_BYTES = 16 * 1024

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


_FREE = _Free()
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
            return _FREE
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


@cache
def spender() -> Spender:
    """This process's, made at the first request of a tenant with a cap."""
    holder = Holder(f"{socket.gethostname()}:{os.getpid()}", settings.WEB_PROCESS_COUNT)
    made = Spender(holder, spent_nano=_spent_nano)
    atexit.register(made.close)
    return made


def _spent_nano(tenant_id: UUID, month: date) -> int:
    return history.spent_nano(tenant_id, month, usage.rolled_totals)


# A child must not think that its parent's leases and thread are its own.
os.register_at_fork(after_in_child=spender.cache_clear)


def reserve(identity: Identity, verb: Verb, manifest: Manifest, body_length: int) -> Reservation:
    """Reserve what a request of a key may cost.

    Raises:  QuotaExceeded, RateLimited
    """
    cap_nano = identity.spend_cap_nano
    if cap_nano is None:
        return _FREE
    estimate = estimate_nano(identity, verb, manifest, body_length)
    kind = (manifest.collection_id, verb)
    reserved = spender().reserve(identity.tenant_id, cap_nano, max(estimate, _lately.get(kind, 0)))
    return _Noted(reserved, kind) if estimate else reserved


def reserve_of_member(tenant: Tenant, meter: Meter, quantity: int) -> Reservation:
    """Reserve what somebody with a place in the tenant is about to use, without a key.

    Raises:  QuotaExceeded, RateLimited
    """
    if tenant.spend_cap_nano is None:
        return _FREE
    cost = cost_nano(meter, quantity, tenants.prices_of(tenant))
    return spender().reserve(tenant.tenant_id, tenant.spend_cap_nano, cost)


# What the dearest request of a kind cost lately, by collection and verb: the next one may cost as much.
_lately: dict[tuple[UUID, Verb], int] = {}
_MAX_KINDS = 10_000


class _Noted:
    """A reservation whose cost is remembered."""

    __slots__ = ("_kind", "_reserved")

    def __init__(self, reserved: Reservation, kind: tuple[UUID, Verb]) -> None:
        self._reserved, self._kind = reserved, kind

    def __enter__(self) -> Self:
        self._reserved.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reserved.__exit__(kind, error, trace)

    def settle(self, actual_nano: int) -> None:
        """Say what it cost; what was dear before is forgotten by an eighth at a time."""
        before = _lately.get(self._kind, 0)
        if len(_lately) >= _MAX_KINDS:
            _lately.clear()
        _lately[self._kind] = max(actual_nano, before - before // 8)
        self._reserved.settle(actual_nano)


def estimate_nano(identity: Identity, verb: Verb, manifest: Manifest, body_length: int) -> int:
    """What a request may cost, as far as it shows: a write twice its body, a read what it scans and returns.

    A number takes four bytes and at least two characters. What a read scans is taken as the vectors of the
    segments, twice, and what it returns as the longest answer of few records; `_lately` knows better from
    the second one on. What frees or counts costs nothing, so that a tenant at its cap can look around and
    tidy up.
    """
    if verb in (Verb.DELETE, Verb.COUNT):
        return 0
    if verb is Verb.FORK_COLLECTION:
        return cost_nano(Meter.FORKS, 1, identity.prices)
    if verb not in READ_VERBS:
        return cost_nano(Meter.BYTES_WRITTEN, 2 * body_length, identity.prices)
    rows = sum(segment.rows for segment in manifest.segments)
    scanned = max(body_length, 2 * rows * (manifest.dimension or 0) * _FLOAT_BYTES)
    returned = cost_nano(Meter.BYTES_RETURNED, _ANSWER_BYTES, identity.prices)
    return cost_nano(Meter.BYTES_SCANNED, scanned, identity.prices) + returned
