"""Limits while Valkey is away, stalls, or has forgotten: stricter, not slower, and shared again after it."""

from __future__ import annotations

import logging
import os
import signal
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import redis

from cloud import embedded
from cloud.api.counters import Away, Counters
from cloud.api.limiter import Limiter
from cloud.processes import temporary_data_dir
from cloud.servers import valkey
from tenants.concurrency import Kind
from tests.integration.test_limiter import Clock, admits, enter, somewhere

DEAD_URL = "redis://127.0.0.1:1/0"
TENANT = uuid.uuid4()


@dataclass
class Server:
    """A Valkey of the test's own, that can go away and come back at the same address."""

    data_dir: Path
    limiters: list[Limiter] = field(default_factory=list)
    url: str = ""

    def start(self) -> None:
        """Empty, as after a restart."""
        self.url = embedded.start(self.data_dir, report=lambda _: None, with_postgres=False).redis_url

    def stop(self) -> None:
        """As a crash would."""
        embedded.stop(self.data_dir)

    def send(self, number: signal.Signals) -> None:
        """A signal to the server."""
        (child,) = embedded.children(self.data_dir)
        os.kill(child.popen.pid, number)

    def limiter(self, *, has_thread: bool = False) -> Limiter:
        """One process of two."""
        made = Limiter(Counters(self.url), process_count=2, wall=Clock(), has_thread=has_thread)
        self.limiters.append(made)
        return made


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    port = valkey.free_port()
    monkeypatch.setattr(valkey, "free_port", lambda: port)
    with temporary_data_dir() as data_dir:
        running = Server(data_dir)
        running.start()
        try:
            yield running
        finally:
            for limiter in running.limiters:
                limiter.close()
            running.stop()


def stranded() -> Limiter:
    """One process of two, and nobody at its Valkey's address."""
    return Limiter(Counters(DEAD_URL), process_count=2, wall=Clock(), has_thread=False)


def test_without_valkey_each_process_has_its_share_of_a_minute() -> None:
    limiter = stranded()
    assert [admits(limiter, TENANT, 7) for _ in range(10)].count(True) == 3
    assert limiter.standing(TENANT, 7).left_count == 0


def test_without_valkey_each_process_has_its_share_of_the_places() -> None:
    limiter, place = stranded(), somewhere()
    lanes = [enter(limiter, place) for _ in range(10)]
    assert lanes[5:] == [None] * 5
    assert None not in lanes[:5]


def test_without_valkey_nothing_is_slower() -> None:
    limiter, place = stranded(), somewhere()
    admits(limiter, TENANT, 60_000)  # meets the loss
    started = time.perf_counter()
    for _ in range(1_000):
        assert admits(limiter, TENANT, 60_000)
        limiter.leave(limiter.enter(place, 10))
    assert time.perf_counter() - started < 1.0


def test_a_loss_makes_it_stricter_and_no_more_than_one_call_late(server: Server) -> None:
    one, other, place = server.limiter(), server.limiter(), somewhere()
    lanes = [one.enter(place, 10) for _ in range(8)]
    server.stop()
    started = time.perf_counter()
    assert enter(other, place) is not None  # its share
    other.leave(other.enter(place, 10))
    one.leave(lanes[0])
    assert enter(one, place) is not None  # by a lease that still holds: nobody was asked
    one.tick()
    for lane in lanes[1:4]:
        one.leave(lane)
    assert enter(one, place) is None  # five are active, which is its share
    assert time.perf_counter() - started < 1.0


def test_places_that_may_have_been_given_back_are_not_used(server: Server) -> None:
    limiter, place = server.limiter(), somewhere()
    lanes = [limiter.enter(place, 10) for _ in range(4)]
    for lane in lanes[1:]:
        limiter.leave(lane)
    server.stop()
    with pytest.raises(Away):
        limiter.give_back(place)
    assert lanes[0].leased_count == 1


def test_what_others_were_known_to_have_is_not_taken_from_them_by_a_loss(server: Server) -> None:
    one, other, place = server.limiter(), server.limiter(), somewhere()
    for _ in range(8):
        one.enter(place, 10)
    assert enter(other, place)
    server.stop()
    other.tick()
    assert [enter(other, place) is not None for _ in range(2)] == [True, False]


def test_a_server_that_stalls_costs_one_time_out(server: Server) -> None:
    limiter = server.limiter()
    assert admits(limiter, TENANT, 10)
    server.send(signal.SIGSTOP)
    try:
        started = time.perf_counter()
        for _ in range(50):
            admits(limiter, uuid.uuid4(), 10)
            enter(limiter, somewhere())
        assert 0.2 < time.perf_counter() - started < 1.0
    finally:
        server.send(signal.SIGCONT)


def test_it_comes_back_by_itself_and_says_so_once(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    limiter, place = server.limiter(has_thread=True), somewhere()
    with caplog.at_level(logging.WARNING, logger="tessera.limits"):
        enter(limiter, place)
        server.stop()
        wait_until(limiter, alone=True)
        assert [enter(limiter, place) for _ in range(12)].count(None) == 8
        server.start()
        wait_until(limiter, alone=False)
        time.sleep(1.2)
    assert [enter(limiter, place) for _ in range(12)].count(None) == 7  # with the five from before
    words = [record.message.partition(":")[0] for record in caplog.records]
    assert words == ["Valkey is away", "Valkey is back"]


def is_alone(limiter: Limiter) -> bool:
    """Whether it keeps to its share."""
    return limiter._is_alone


def wait_until(limiter: Limiter, *, alone: bool) -> None:
    """Until the limiter's thread has noticed."""
    for _ in range(800):
        if is_alone(limiter) is alone:
            return
        time.sleep(0.01)
    raise AssertionError("it never noticed")


def test_what_was_spent_before_and_during_an_outage_counts_afterwards(server: Server) -> None:
    one, other = server.limiter(), server.limiter()
    assert [admits(one, TENANT, 10) for _ in range(3)] == [True] * 3
    server.stop()
    one.tick()
    assert [admits(one, TENANT, 10) for _ in range(3)] == [True, True, False]  # five are its share
    server.start()
    one.tick()
    one.tick()
    assert [admits(other, TENANT, 10) for _ in range(10)].count(True) == 5
    assert not admits(one, TENANT, 10)


def test_a_valkey_that_forgot_is_told_again_before_it_is_believed(server: Server) -> None:
    one, other, place = server.limiter(), server.limiter(), somewhere(Kind.WRITE)
    for _ in range(8):
        one.enter(place, 10)
    assert [admits(one, TENANT, 10) for _ in range(9)] == [True] * 9
    other.tick()
    with redis.Redis.from_url(server.url) as store:
        store.flushall()
    assert enter(other, place) is not None  # it notices, and keeps to its share
    other.tick()
    assert is_alone(other)  # the others have not told yet what they have
    one.tick()
    for _ in range(2):
        one.tick()
        other.tick()
    assert not is_alone(other)
    assert enter(other, place) is not None
    assert enter(other, place) is None
    assert [admits(other, TENANT, 10) for _ in range(2)] == [True, False]
