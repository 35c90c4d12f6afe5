"""A tenant's minute, spent by several processes that share one counter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants import rates
from tenants.rates import Spending


class Counter:
    """The shared counter, and how often it was asked."""

    def __init__(self) -> None:
        self.used_count = self.asked_times = 0

    def admit(self, spending: Spending) -> bool:
        """Count a request as a process does."""
        while not spending.spend():
            if spending.is_exhausted():
                return False
            asked_count, told_count = spending.chunk(), spending.unregistered_count
            self.used_count += asked_count + told_count
            self.asked_times += 1
            spending.receive(asked_count=asked_count, told_count=told_count, used_count=self.used_count)
        return True


@given(limit=st.integers(0, 300), turns=st.lists(st.integers(0, 3), max_size=400))
def test_processes_together_never_pass_the_limit(limit: int, turns: list[int]) -> None:
    counter, processes = Counter(), [Spending(0, limit) for _ in range(4)]
    admitted = [counter.admit(processes[turn]) for turn in turns]
    assert sum(admitted) == sum(one.spent_count for one in processes) <= limit
    held_count = sum(one.held_count for one in processes)
    assert all(admitted) or sum(admitted) + held_count == limit


@pytest.mark.parametrize("limit", [0, 1, 5, 60, 1_000, 60_000])
def test_one_process_may_spend_the_whole_limit(limit: int) -> None:
    counter, process = Counter(), Spending(0, limit)
    assert [counter.admit(process) for _ in range(limit + 2)] == [True] * limit + [False] * 2


def test_most_requests_ask_nobody() -> None:
    counter, process = Counter(), Spending(0, 60_000)
    for _ in range(30_000):
        counter.admit(process)
    assert counter.asked_times < 30


def test_a_process_holds_no_more_than_it_has_spent() -> None:
    counter, process = Counter(), Spending(0, 60_000)
    for spent_count in range(5, 2_000):
        counter.admit(process)
        assert process.held_count <= max(4, spent_count)


@given(limit=st.integers(0, 50), process_count=st.integers(1, 8))
def test_without_the_counter_shares_together_stay_below_the_limit(limit: int, process_count: int) -> None:
    processes = [Spending(0, limit) for _ in range(process_count)]
    for one in processes:
        while one.spend_alone(process_count=process_count):
            pass
    assert sum(one.spent_count for one in processes) == limit // process_count * process_count


def test_what_was_spent_alone_is_told_to_the_counter() -> None:
    counter, process = Counter(), Spending(0, 10)
    assert process.spend_alone(process_count=2)
    assert process.spend_alone(process_count=2)
    assert [counter.admit(process) for _ in range(9)] == [True] * 8 + [False]
    assert process.spent_count == 10


def test_it_spends_no_share_of_what_others_have_used_up() -> None:
    process = Spending(0, 10, used_count=9)
    assert [process.spend_alone(process_count=2) for _ in range(2)] == [True, False]


def test_a_counter_that_forgot_is_told_everything() -> None:
    counter, process = Counter(), Spending(0, 100)
    for _ in range(40):
        counter.admit(process)
    process.start_over()
    assert (process.unregistered_count, process.held_count) == (40, 0)
    admitted = 40
    other = Counter()
    while other.admit(process):
        admitted += 1
    assert admitted == 100


def test_it_tells_what_is_left() -> None:
    counter, process = Counter(), Spending(0, 10)
    told = [(counter.admit(process), process.left_count(process_count=2, is_alone=False)) for _ in range(11)]
    assert told == [(True, left) for left in range(9, -1, -1)] + [(False, 0)]
    assert Spending(0, 10).left_count(process_count=2, is_alone=True) == 5


@pytest.mark.parametrize(
    ("now", "seconds"), [(0.0, 60), (0.5, 60), (1.0, 59), (59.2, 1), (59.9999, 1), (60.0, 60)]
)
def test_it_counts_whole_seconds_to_the_next_window(now: float, seconds: int) -> None:
    assert rates.reset_seconds(now) == seconds
    assert rates.window_of(now + seconds) == rates.window_of(now) + 1
