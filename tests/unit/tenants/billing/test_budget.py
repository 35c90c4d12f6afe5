"""The rules of a spend cap, played by several processes in every order: it holds but for one request each."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenants.billing import budget
from tenants.billing.budget import Ask, Grant, Purse

THREADS_COUNT = 8


def grant(left: int, need: int, *, largest: int = 0, processes: int = 2) -> Grant:
    """What a process gets of so much."""
    return budget.exchange(0, Ask(left, 0, need, largest), process_count=processes)[1]


def test_far_from_the_cap_a_lease_is_for_many_requests() -> None:
    assert grant(8_000_000, 1_000) == Grant(1_000_000, is_alone=False)
    assert grant(8_000_000, 1_000, processes=4) == Grant(500_000, is_alone=False)


def test_near_the_cap_it_is_for_one() -> None:
    assert grant(10_000, 1_000) == Grant(1_000, is_alone=True)
    assert grant(400, 1_000) == Grant(400, is_alone=True)
    assert grant(8_000_000, 1_000, largest=1_000_000) == Grant(1_000, is_alone=True)


def test_at_the_cap_there_is_nothing() -> None:
    assert grant(0, 1) == grant(-5, 1) == Grant(0, is_alone=True)


@given(
    st.integers(0, 10**12),
    st.integers(-(10**9), 10**9),
    st.integers(0, 10**12),
    st.integers(0, 10**9),
    st.integers(1, 64),
)
def test_never_more_than_is_left_is_granted(
    reserved: int, returned: int, cap: int, need: int, processes: int
) -> None:
    after, given_ = budget.exchange(reserved, Ask(cap, returned, need, 0), process_count=processes)
    assert 0 <= given_.nano <= max(0, cap - max(0, reserved - returned))
    assert after == max(0, reserved - returned) + given_.nano


@dataclass
class Process:
    """Requests run in it, each with what it has taken, its true cost, and whether it is alone."""

    purse: Purse = field(default_factory=Purse)
    running: list[tuple[int, int, bool]] = field(default_factory=list)

    @property
    def has_turn(self) -> bool:
        """Whether nobody else may go to the budget."""
        return any(is_alone for _, _, is_alone in self.running)


@dataclass
class World:
    """A budget, its processes and the truth."""

    cap: int
    processes: list[Process]
    reserved: int = 0
    spent: int = 0
    refused: int = 0
    now: float = 1.0

    def exchange(self, process: Process, need: int) -> Grant:
        """As `budgets.exchange` does, without anybody between."""
        ask = process.purse.ask(need, self.cap)
        self.reserved, given_ = budget.exchange(self.reserved, ask, process_count=len(self.processes))
        process.purse.receive(given_, self.cap, self.now + budget.LEASE_SECONDS)
        return given_

    def begin(self, process: Process, estimate: int, actual: int) -> None:
        """A request comes, if a thread is free."""
        if len(process.running) >= THREADS_COUNT:
            return
        if process.purse.spend(estimate, self.cap, self.now):
            process.running.append((estimate, actual, False))
            return
        if process.has_turn:
            return
        given_ = self.exchange(process, estimate)
        if not given_.nano:
            self.refused += 1
            return
        taken = given_.nano if given_.is_alone else estimate
        process.purse.take(taken, estimate, self.now)
        process.running.append((taken, actual, given_.is_alone))

    def end(self, process: Process, which: int) -> None:
        """One of its requests ends and has cost what it has cost."""
        if not process.running:
            return
        taken, actual, is_alone = process.running.pop(which % len(process.running))
        self.spent += actual
        process.purse.settle(taken, actual, self.now)
        if is_alone:
            self.exchange(process, 0)

    def tick(self, process: Process) -> None:
        """Its thread looks whether something is idle."""
        if not process.has_turn and process.purse.is_idle(self.now, after_seconds=2.0):
            self.exchange(process, 0)


# (what happens, in which process, a number)
moves = st.lists(
    st.tuples(
        st.sampled_from(["begin", "begin", "begin", "end", "tick", "wait"]),
        st.integers(0, 3),
        st.integers(1, 1_000),
    ),
    max_size=300,
)


@settings(max_examples=300, deadline=None)
@given(moves, st.integers(0, 200_000), st.integers(1, 4), st.integers(50, 300))
def test_the_cap_holds_but_for_one_request_of_each_process(
    played: list[tuple[str, int, int]], cap: int, process_count: int, percent: int
) -> None:
    world = World(cap, [Process() for _ in range(process_count)])
    largest = 0
    for kind, which, number in played:
        process = world.processes[which % process_count]
        if kind == "begin":
            actual = max(1, number * 100 // percent)  # at most twice the estimate
            largest = max(largest, actual, number)
            world.begin(process, number, actual)
        elif kind == "end":
            world.end(process, number)
        elif kind == "tick":
            world.tick(process)
        else:
            world.now += number / 100
    in_flight = sum(actual for process in world.processes for _, actual, _ in process.running)
    assert world.spent + in_flight <= cap + process_count * largest
    for process in world.processes:
        while process.running:
            world.end(process, 0)
        world.now += budget.LEASE_SECONDS
        world.tick(process)
    assert world.reserved == world.spent  # nothing is lost, nothing counted twice


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 4), st.integers(1, 500), st.integers(0, 20_000))
def test_everything_up_to_the_cap_can_be_spent(process_count: int, size: int, cap: int) -> None:
    world = World(cap, [Process() for _ in range(process_count)])
    for _ in range(cap // size + 20 * process_count):
        for process in world.processes:
            world.begin(process, size, size)
            world.end(process, 0)
            if world.refused:
                break
        if world.spent >= cap:
            break
        if world.refused:  # others may hold a part: when they are idle it comes back
            world.refused = 0
            world.now += budget.LEASE_SECONDS
            for process in world.processes:
                world.tick(process)
    assert cap <= world.spent < cap + size or cap == world.spent == 0


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_another_cap_needs_another_lease(first: int, second: int) -> None:
    purse = Purse()
    purse.receive(Grant(10**9, is_alone=False), first, 10.0)
    assert purse.spend(1, second, 1.0) is (first == second)
    assert not purse.spend(1, first, 10.0)


def test_a_refusal_is_remembered_for_a_moment_under_the_same_cap() -> None:
    purse = Purse()
    purse.refuse(100, 5.0)
    assert purse.is_refused(100, 5.1)
    assert not purse.is_refused(101, 5.1)
    assert not purse.is_refused(100, 6.0)


@pytest.mark.parametrize("process_count", [1, 2, 4])
def test_the_cap_holds_when_every_thread_costs_twice_what_was_thought(process_count: int) -> None:
    for cap in range(100, 30_000, 211):
        world = World(cap, [Process() for _ in range(process_count)])
        while not world.refused:
            for process in world.processes * THREADS_COUNT:
                world.begin(process, 100, 200)
            for process in world.processes * THREADS_COUNT:
                world.end(process, 0)
        assert world.spent <= cap + process_count * 200
