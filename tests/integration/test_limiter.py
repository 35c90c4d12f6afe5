"""Several processes' limiters on one Valkey: together they never pass a limit, and none hoards."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import redis
from django.conf import settings
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from cloud.api.counters import Counters, Place
from cloud.api.limiter import RECALL_PAUSES_SECONDS, Limiter
from cloud.processes import Service
from tenants.concurrency import Kind, Lane
from tenants.errors import RateLimited

Make = Callable[..., Limiter]


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def make(database: Service) -> Iterator[Make]:
    """Makes limiters, as so many processes would have them."""
    made: list[Limiter] = []

    def act(
        *,
        has_thread: bool = False,
        lease_seconds: float = 3.0,
        is_patient: bool = False,
        wait_seconds: float = 0.0,
    ) -> Limiter:
        counters = Counters(settings.REDIS_URL, lease_seconds=lease_seconds)
        pauses = RECALL_PAUSES_SECONDS if is_patient else (0.0,)
        made.append(
            Limiter(
                counters,
                process_count=2,
                wall=Clock(),
                has_thread=has_thread,
                recall_pauses_seconds=pauses,
                wait_seconds=wait_seconds,
            )
        )
        return made[-1]

    yield act
    for limiter in made:
        limiter.close()


def somewhere(kind: Kind = Kind.READ) -> Place:
    """A collection that nobody else has."""
    return uuid.uuid4(), kind


def enter(limiter: Limiter, place: Place, limit: int = 10) -> Lane | None:
    """A place, or None when refused."""
    try:
        return limiter.enter(place, limit)
    except RateLimited:
        return None


def admits(limiter: Limiter, tenant: uuid.UUID, limit: int) -> bool:
    """Whether a request of the tenant may go on."""
    try:
        limiter.admit(tenant, limit)
    except RateLimited:
        return False
    return True


# --- a tenant's minute -----------------------------------------------------------------------------


def test_two_processes_share_a_minute_to_the_last_request(make: Make) -> None:
    one, other, tenant = make(), make(), uuid.uuid4()
    admitted = [admits(limiter, tenant, 7) for _ in range(10) for limiter in (one, other)]
    assert sum(admitted) == 7


def test_threads_of_two_processes_share_a_minute(make: Make) -> None:
    both, tenant = (make(), make()), uuid.uuid4()
    with ThreadPoolExecutor(8) as pool:
        admitted = list(pool.map(lambda turn: admits(both[turn % 2], tenant, 500), range(1_500)))
    assert sum(admitted) == 500


def test_it_tells_how_many_requests_each_minute_had(make: Make) -> None:
    told: list[tuple[uuid.UUID, int]] = []
    limiter, busy, done = make(), uuid.uuid4(), uuid.uuid4()
    limiter._note_minute = lambda who, count: told.append((who, count))
    for tenant, count in ((busy, 9), (done, 3)):
        for _ in range(count):
            limiter.admit(tenant, 7_000)
    limiter.tick()
    assert told == []
    limiter._wall.now += 60  # type: ignore[attr-defined]
    limiter.admit(busy, 7_000)  # goes on into the next minute before anybody looked
    limiter.tick()
    assert sorted(told) == sorted([(busy, 9), (done, 3)])
    limiter.tick()
    assert len(told) == 2


def test_a_minute_ends(make: Make) -> None:
    limiter, tenant = make(), uuid.uuid4()
    assert [admits(limiter, tenant, 1) for _ in range(2)] == [True, False]
    limiter._wall.now += 60  # type: ignore[attr-defined]
    assert admits(limiter, tenant, 1)


def test_a_refusal_says_when_the_minute_ends(make: Make) -> None:
    limiter, tenant = make(), uuid.uuid4()
    limiter._wall.now = 1_000_000.0 // 60 * 60 + 48.5  # type: ignore[attr-defined]
    with pytest.raises(RateLimited) as caught:
        limiter.admit(tenant, 0)
    assert caught.value.retry_after_seconds == 12


# --- a collection's places -------------------------------------------------------------------------


@examples(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    limit=st.integers(1, 6),
    acts=st.lists(
        st.tuples(st.integers(0, 2), st.sampled_from("eeeelltgkx")),
        min_size=10,
        max_size=50,
    ),
)
def test_no_order_of_events_passes_the_limit(make: Make, limit: int, acts: list[tuple[int, str]]) -> None:
    """e enter, l leave, t tick, g give back, k killed and replaced, x the leases of the killed lapse."""
    place = somewhere()
    processes = [make() for _ in range(3)]
    active: list[list[Lane]] = [[], [], []]
    for who, act in acts:
        match act:
            case "e":
                lane = enter(processes[who], place, limit)
                active[who] += [lane] if lane else []
            case "l" if active[who]:
                processes[who].leave(active[who].pop())
            case "t":
                processes[who].tick()
            case "g":
                processes[who].give_back(place)
            case "k":
                processes[who], active[who] = make(), []
            case "x":
                lapse(place, {one._counters._holder for one in processes})
        assert sum(map(len, active)) <= limit
        assert held(place) <= limit


def leases(place: Place) -> dict[str, str]:
    """What each holder has in Valkey."""
    with redis.Redis.from_url(settings.REDIS_URL, decode_responses=True) as store:
        found: dict[str, str] = store.hgetall(name_of(place))
    return found


def held(place: Place) -> int:
    """What all of them have together."""
    return sum(int(lease.partition(":")[0]) for lease in leases(place).values())


def lapse(place: Place, living: set[str]) -> None:
    """End the leases of all others, as time would."""
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        for holder in set(leases(place)) - living:
            store.hdel(name_of(place), holder)


def name_of(place: Place) -> str:
    """The key of a collection's leases."""
    return f"tessera:lane:{place[0].hex}:{place[1].value}"


def test_one_process_may_have_the_whole_limit(make: Make) -> None:
    limiter, place = make(), somewhere()
    assert [enter(limiter, place) is not None for _ in range(11)] == [True] * 10 + [False]


def test_reads_and_writes_and_collections_are_limited_apart(make: Make) -> None:
    limiter, place = make(), somewhere()
    assert enter(limiter, place, 1)
    assert not enter(limiter, place, 1)
    assert enter(limiter, (place[0], Kind.WRITE), 1)
    assert enter(limiter, somewhere(), 1)


def test_threads_of_two_processes_never_work_on_more_than_the_limit_at_once(make: Make) -> None:
    both, place = (
        (make(has_thread=True, is_patient=True), make(has_thread=True, is_patient=True)),
        somewhere(),
    )
    seen, together = [], Barrier(12, timeout=30)
    working: list[object] = []

    def work(turn: int) -> None:
        together.wait()
        for _ in range(60):
            lane = enter(both[turn % 2], place, 4)
            if lane is not None:
                working.append(turn)
                seen.append(len(working))
                time.sleep(0.001)
                working.pop()
                both[turn % 2].leave(lane)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(work, range(12)))
    assert 1 < max(seen) <= 4


def test_a_request_waits_for_a_place_that_is_left_soon(make: Make) -> None:
    limiter, place = make(wait_seconds=10.0), somewhere()
    lane = limiter.enter(place, 1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(limiter.enter, place, 1)
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        limiter.leave(lane)
        limiter.leave(waiting.result(timeout=5))
    assert lane.active_count == 0


def test_a_request_does_not_wait_for_ever(make: Make) -> None:
    limiter, place = make(wait_seconds=0.05), somewhere()
    limiter.enter(place, 1)
    began = time.monotonic()
    assert enter(limiter, place, 1) is None
    assert 0.05 <= time.monotonic() - began < 5


def test_a_process_hands_over_places_that_it_does_not_use(make: Make) -> None:
    one, other = (make(has_thread=True, is_patient=True) for _ in range(2))
    place = somewhere()
    for lane in [one.enter(place, 10) for _ in range(10)]:
        one.leave(lane)
    wait_for_listeners(1)
    taken = [enter(other, place) for _ in range(10)]
    assert None not in taken


def wait_for_listeners(count: int) -> None:
    """Until so many processes hear when another one lacks places."""
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        for _ in range(200):
            if store.pubsub_numsub("tessera:limits:recall")[0][1] >= count:
                return
            time.sleep(0.01)
    raise AssertionError("nobody listens")


def test_a_busy_process_keeps_its_places_and_renews_them(make: Make) -> None:
    one, other = (make(has_thread=True, lease_seconds=1.5) for _ in range(2))
    place = somewhere()
    for _ in range(10):
        one.enter(place, 10)
    time.sleep(2.5)
    assert enter(other, place) is None


def test_the_places_of_a_killed_process_come_back_when_its_lease_is_over(make: Make) -> None:
    killed, other = (make(lease_seconds=0.4) for _ in range(2))  # without a thread nothing is renewed
    place = somewhere()
    assert [enter(killed, place, 2) for _ in range(2)].count(None) == 0
    assert enter(other, place, 2) is None
    time.sleep(0.45)
    assert [enter(other, place, 2) for _ in range(3)].count(None) == 1


def test_a_lease_that_was_not_renewed_is_not_used(make: Make) -> None:
    stalled, other = (make(lease_seconds=0.3) for _ in range(2))
    place = somewhere()
    stalled.leave(stalled.enter(place, 1))
    time.sleep(0.35)
    assert enter(other, place, 1)
    assert enter(stalled, place, 1) is None


def test_a_tick_gives_back_what_is_not_used(make: Make) -> None:
    one, place = make(), somewhere()
    lanes = [one.enter(place, 10) for _ in range(6)]
    for lane in lanes[1:]:
        one.leave(lane)
    one.tick()
    assert held(place) == 6  # as many were needed since the last tick
    one.tick()
    assert held(place) == 1
    one.leave(lanes[0])
    for _ in range(4):
        one.tick()
    assert held(place) == 0
    assert not one._lanes


def test_every_key_ends_by_itself(make: Make) -> None:
    limiter, place = make(), somewhere()
    limiter.enter(place, 10)
    limiter.admit(uuid.uuid4(), 10)
    limiter.tick()
    with redis.Redis.from_url(settings.REDIS_URL) as store:
        names = list(store.scan_iter("tessera:*"))
        assert len(names) >= 3
        # -2: it has just ended; -1: it never will.
        assert all(store.ttl(name) != -1 for name in names)
