"""Whether a request may go on now: its tenant's minute, and its collection's places.

`tenants/rates.py` and `tenants/concurrency.py` decide; what processes share is `cloud/api/counters.py`. This
is one process's part: it keeps what it has taken, and asks only for more. A thread of its own renews what is
in use once a second, gives back what is not, and hands idle places over at once when another process lacks
them; so a refusal is never because of a place that nobody uses.

    connected ───(a call fails, or Valkey has forgotten)───▶ alone: its share only, and no call by a request
        ▲                                                      │ first good tick: tell what is spent and taken
        └────(second good tick: by then all have told)─────────┘
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from uuid import UUID

from cloud.api.counters import Ask, Away, Counters, Place
from tenants import rates
from tenants.concurrency import Lane
from tenants.errors import RateLimited
from tenants.rates import Spending, Standing

TICK_SECONDS = 1.0
# How long a request waits for places that other processes do not use, before it is refused.
RECALL_PAUSES_SECONDS = (0.0, 0.001, 0.002, 0.004, 0.008, 0.015, 0.02)
_REFUSED_SECONDS = 0.1  # and for so long after a refusal nobody asks again
_LANES_PER_CALL = 64
_GOOD_TICKS = 2

log = logging.getLogger("tessera.limits")


class Limiter:
    """The limits as one process keeps them, for all its threads.

    `_lock` guards what is known and is never held over a call; `_counting` and `_io` let one thread at a time
    ask, for a minute's chunk and for leases: answers must come in order.
    """

    def __init__(
        self,
        counters: Counters,
        *,
        process_count: int,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
        has_thread: bool = True,
        recall_pauses_seconds: Sequence[float] = RECALL_PAUSES_SECONDS,
        wait_seconds: float = 0.0,
        note_minute: Callable[[UUID, int], None] = lambda _, __: None,
    ) -> None:
        """Ask nothing yet; without a thread somebody else calls `tick` and `give_back`.

        wait_seconds: how long a request waits for a place that another one here leaves, before it is refused
        note_minute:  told of each minute that is over: whose, and how many requests there were
        """
        self._counters = counters
        self._process_count = process_count
        self._wall, self._monotonic = wall, monotonic
        self._lock, self._counting, self._io = threading.Lock(), threading.Lock(), threading.Lock()
        self._left = threading.Condition(self._lock)
        self._wait_seconds = wait_seconds
        self._note_minute = note_minute
        self._over: list[tuple[UUID, int]] = []  # minutes that were followed by another, not yet told of
        self._spendings: dict[UUID, Spending] = {}
        self._lanes: dict[Place, Lane] = {}
        self._generation: str | None = None
        self._is_alone = False
        self._good_ticks = 0
        self._has_thread = has_thread
        self._thread: threading.Thread | None = None
        self._recall_pauses_seconds = recall_pauses_seconds
        self._closed = threading.Event()

    # --- a tenant's minute -------------------------------------------------------------------------

    def admit(self, tenant_id: UUID, limit_count: int) -> None:
        """Count a request of the tenant.

        Raises:  RateLimited until the next minute
        """
        now = self._wall()
        with self._lock:
            spending = self._spending(tenant_id, rates.window_of(now), limit_count)
            if spending.spend():
                return
        if not self._is_alone and self._take(tenant_id, spending):
            return
        if self._is_alone:
            with self._lock:
                if spending.spend_alone(process_count=self._process_count):
                    return
        raise RateLimited(retry_after_seconds=rates.reset_seconds(now))

    def standing(self, tenant_id: UUID, limit_count: int) -> Standing:
        """What the tenant has left of its minute, as far as this process knows; asks nobody."""
        now = self._wall()
        window = rates.window_of(now)
        with self._lock:
            spending = self._spendings.get(tenant_id)
            if spending is None or spending.window != window:
                spending = Spending(window, limit_count)
            left = spending.left_count(process_count=self._process_count, is_alone=self._is_alone)
        return Standing(limit_count, left, rates.reset_seconds(now))

    def _spending(self, tenant_id: UUID, window: int, limit_count: int) -> Spending:
        spending = self._spendings.get(tenant_id)
        if spending is None or spending.window != window:
            if spending is not None:
                self._over.append((tenant_id, spending.requests_count))
            spending = self._spendings[tenant_id] = Spending(window, limit_count)
        spending.limit_count = limit_count
        return spending

    def _take(self, tenant_id: UUID, spending: Spending) -> bool:
        """Take a chunk from the shared counter and spend one of it; whether there was one."""
        self._start_thread()
        with self._counting:  # one thread asks, and the others spend what it got
            while not self._is_alone:
                with self._lock:
                    if spending.spend():
                        return True
                    if spending.is_exhausted():
                        return False
                    asked_count, told_count = spending.chunk(), spending.unregistered_count
                try:
                    amount = (tenant_id, spending.window, asked_count + told_count)
                    generation, used = self._counters.take([amount])
                    self._hear(generation)
                except Away as error:
                    self._lose(error)
                else:
                    with self._lock:
                        spending.receive(asked_count=asked_count, told_count=told_count, used_count=used[0])
        return False

    # --- a collection's places ---------------------------------------------------------------------

    def enter(self, place: Place, limit_count: int) -> Lane:
        """Take a place among the collection's concurrent requests; `leave` gives it back.

        Raises:  RateLimited when all are taken, by this process and others
        """
        now = self._monotonic()
        with self._lock:
            lane = self._lanes.get(place)
            if lane is None:
                lane = self._lanes[place] = Lane(limit_count)
            lane.limit_count = limit_count
            if lane.enter(self._usable_count(lane, now)):
                return lane
            is_in_vain = self._is_alone or now < lane.refused_until
            lane.waiting_count += 1
        try:
            is_in = (not is_in_vain and self._ask(place, lane)) or self._wait(lane)
        finally:
            with self._lock:
                lane.waiting_count -= 1
        if not is_in:
            raise RateLimited
        return lane

    def leave(self, lane: Lane) -> None:
        """Give a place back."""
        with self._left:
            lane.leave()
            self._left.notify_all()  # few wait, and each looks at its own lane

    def _wait(self, lane: Lane) -> bool:
        """Take the place of a request that ends soon; whether one did."""
        deadline = self._monotonic() + self._wait_seconds
        with self._left:
            while not lane.enter(self._usable_count(lane, self._monotonic())):
                left_seconds = deadline - self._monotonic()
                if left_seconds <= 0:
                    return False
                self._left.wait(left_seconds)
        return True

    def _usable_count(self, lane: Lane, now: float) -> int:
        if self._is_alone:
            return lane.usable_alone_count(now, process_count=self._process_count)
        return lane.usable_count(now)

    def _ask(self, place: Place, lane: Lane) -> bool:
        """Lease one more place and take it; other processes are asked for those that they do not use."""
        self._start_thread()
        for pause_seconds in self._recall_pauses_seconds:
            if pause_seconds:
                time.sleep(pause_seconds)
            with self._io:
                if self._enter(lane):  # in the meantime
                    return True
                if self._is_alone:
                    return False
                try:
                    self._settle([(place, lane, lane.wanted_count())], is_recall=True)
                except Away as error:
                    self._lose(error)
                if self._enter(lane):
                    return True
            if not lane.others_count:
                break
        with self._lock:
            lane.refused_until = self._monotonic() + _REFUSED_SECONDS
        return False

    def _enter(self, lane: Lane) -> bool:
        with self._lock:
            return lane.enter(self._usable_count(lane, self._monotonic()))

    def _settle(self, targets: Sequence[tuple[Place, Lane, int]], *, is_recall: bool = False) -> None:
        """Lease these places, no more and no fewer. The caller holds `_io`: answers must come in order.

        Raises:  Away
        """
        with self._lock:
            asks = []
            for place, lane, target_count in targets:
                lane.lower(target_count)
                asks.append(Ask(place, lane.active_count, target_count, lane.limit_count, is_recall))
            until = (
                self._monotonic() + self._counters.lease_seconds * 0.9
            )  # before the lender's clock says so
        generation, leases = self._counters.lease(asks)
        self._hear(generation)
        with self._lock:
            for (_, lane, _), (leased_count, others_count) in zip(targets, leases, strict=True):
                lane.receive(leased_count=leased_count, others_count=others_count, until=until)

    # --- once a second -----------------------------------------------------------------------------

    def tick(self) -> None:
        """Renew what is in use, give back what is not; alone, look whether Valkey is back."""
        try:
            generation = self._counters.greet()
            if self._is_alone:
                self._come_back(generation)
            else:
                self._hear(generation)
                self._renew()
        except Away as error:
            self._lose(error)
        window = rates.window_of(self._wall())
        with self._lock:
            over, self._over = self._over, []
            over += [(who, one.requests_count) for who, one in self._spendings.items() if one.window < window]
            self._spendings = {who: one for who, one in self._spendings.items() if one.window >= window}
            if self._is_alone:
                for lane in self._lanes.values():
                    lane.lower(lane.active_count)
            self._lanes = {place: lane for place, lane in self._lanes.items() if not lane.is_idle()}
        for who, count in over:
            self._note_minute(who, count)

    def give_back(self, place: Place) -> None:
        """Another process lacks places in the lane: hand over those that nobody here uses.

        Raises:  Away
        """
        lane = self._lanes.get(place)
        if lane is None or self._is_alone:
            return
        with self._io:
            wanted_count = lane.wanted_count()
            if lane.leased_count > wanted_count:
                self._settle([(place, lane, wanted_count)])

    def _renew(self) -> None:
        with self._lock:
            lanes = list(self._lanes.items())
        for first in range(0, len(lanes), _LANES_PER_CALL):
            with self._io:
                with self._lock:
                    some = lanes[first : first + _LANES_PER_CALL]
                    targets = [(place, lane, lane.tick()) for place, lane in some]
                self._settle(targets)

    def _come_back(self, generation: str) -> None:
        """Valkey answers again: tell it what was spent and is in use here; the second time, believe it."""
        with self._lock:
            if generation != self._generation:
                self._generation, self._good_ticks = generation, 0
                for spending in self._spendings.values():
                    spending.start_over()
            told = [(who, one, one.unregistered_count) for who, one in self._spendings.items()]
        if told:
            _, used = self._counters.take([(who, one.window, count) for who, one, count in told])
            with self._lock:
                for (_, spending, count), used_count in zip(told, used, strict=True):
                    spending.receive(asked_count=0, told_count=count, used_count=used_count)
        self._renew()
        self._good_ticks += 1
        if self._good_ticks >= _GOOD_TICKS:
            self._is_alone = False
            log.warning("Valkey is back: limits are shared again")

    def _hear(self, generation: str) -> None:
        if self._generation is None:
            self._generation = generation
        elif generation != self._generation:
            raise Away("it has lost what it knew")

    def _lose(self, error: Away) -> None:
        with self._lock:
            is_news, self._is_alone, self._good_ticks = not self._is_alone, True, 0
        if is_news:
            log.warning("Valkey is away: each process keeps to its share of every limit (%s)", error)

    # --- the thread --------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop the thread and let the connections go; what is leased lapses."""
        self._closed.set()
        if self._thread is not None:
            self._thread.join(timeout=2 * TICK_SECONDS)
        self._counters.close()

    def _start_thread(self) -> None:
        if self._has_thread and self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._run, name="limits", daemon=True)
                    self._thread.start()

    def _run(self) -> None:
        next_tick = self._monotonic() + TICK_SECONDS
        while not self._closed.is_set():
            left_seconds = max(0.0, next_tick - self._monotonic())
            try:
                if self._is_alone:
                    self._counters.stop_listening()
                    self._closed.wait(left_seconds)
                else:
                    place = self._counters.recalls(left_seconds)
                    if place is not None:
                        self.give_back(place)
                if self._monotonic() >= next_tick:
                    self.tick()
                    next_tick = self._monotonic() + TICK_SECONDS
            except Away as error:
                self._lose(error)
            except Exception:
                log.exception("the limits' thread goes on after a failure")
                self._closed.wait(TICK_SECONDS)
