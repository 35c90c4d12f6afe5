"""The interleaving: short bursts in ABBA order, each on a machine that has come to rest; then medians.

A burst is prepared, waits for rest, runs under the clock, and is judged after the clock has stopped. The
order ABBA cancels whatever drifts evenly over a minute: clock speed, page cache, a neighbour on the
machine.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil

from bench import client
from bench.filters import WrongAnswerError
from bench.peers import Target

PROBE_SECONDS = 0.1
REST_BUSY_RATIO = 0.15  # of all cores: 3 ticks of 10 ms in a probe on two cores


@dataclass(frozen=True)
class Burst:
    """Requests ready to be sent to one target, and how to judge what comes back."""

    requests: Sequence[bytes]
    warm_up: bytes
    expected_status: int
    check: Callable[[int, bytes], object]
    finish: Callable[[], None] = lambda: None  # what must be true after a burst without errors
    clean: Callable[[], None] = lambda: None  # runs in any case


@dataclass(frozen=True)
class Operation:
    """A row of the table. `prepare` runs before each burst, off the clock; `recall` once, as the warm-up."""

    name: str
    unit: str
    prepare: Callable[[Target], Burst]
    recall: Callable[[Target], float] | None = None
    units_per_request: int = 1
    connections: int = 1
    is_timed: bool = True  # goes round its requests until the burst's time is over; otherwise sends each once
    rounds_at_most: int | None = None
    detail: str = ""


@dataclass
class Figures:
    """What one target did in all bursts of one operation."""

    rates: list[float] = field(default_factory=list)
    latencies_seconds: list[float] = field(default_factory=list)
    client_seconds: float = 0.0
    idle_starts: int = 0
    recall: float | None = None

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    def latency_ms(self, quantile: float) -> float:
        ordered = sorted(self.latencies_seconds)
        return 1000 * ordered[min(len(ordered) - 1, int(quantile * len(ordered)))]

    @property
    def client_ms(self) -> float:
        """The load generator's own CPU time per request."""
        return 1000 * self.client_seconds / len(self.latencies_seconds)


class Rest:
    """Waits for an idle machine, within an allowance for the whole run."""

    def __init__(self, allowance_seconds: float) -> None:
        self.remaining_seconds = allowance_seconds

    def wait(self, *, at_most_seconds: float) -> bool:
        """Whether all cores came to rest; after a write this lets a server finish what it still has to do."""
        began = time.monotonic()
        until = began + min(at_most_seconds, self.remaining_seconds)
        is_idle = _busy_ratio() < REST_BUSY_RATIO
        while not is_idle and time.monotonic() < until:
            is_idle = _busy_ratio() < REST_BUSY_RATIO
        self.remaining_seconds -= time.monotonic() - began - PROBE_SECONDS
        return is_idle


def measure(
    operation: Operation, targets: Sequence[Target], *, rounds: int, burst_seconds: float, rest: Rest
) -> dict[str, Figures]:
    """Figures by the target's label."""
    figures = {target.label: Figures() for target in targets}
    if operation.recall is not None:
        for target in targets:
            figures[target.label].recall = operation.recall(target)
    for target in [*targets, *reversed(targets)] * min(rounds, operation.rounds_at_most or rounds):
        burst_into(figures[target.label], operation, target, burst_seconds=burst_seconds, rest=rest)
    return figures


def burst_into(
    figures: Figures, operation: Operation, target: Target, *, burst_seconds: float, rest: Rest | None
) -> None:
    """One burst of one operation against one target, judged."""
    burst = operation.prepare(target)
    try:
        if rest is not None and rest.wait(at_most_seconds=1.0 if operation.is_timed else 10.0):
            figures.idle_starts += 1
        load = client.run(
            target.host,
            target.port,
            burst.requests,
            connections=operation.connections,
            warm_up=burst.warm_up,
            first=len(figures.latencies_seconds) if operation.is_timed else 0,
            seconds=burst_seconds if operation.is_timed else None,
        )
        judge(operation.name, target, burst, load)
    finally:
        burst.clean()
    figures.rates.append(len(load.replies) * operation.units_per_request / load.elapsed_seconds)
    figures.latencies_seconds += load.latencies_seconds
    figures.client_seconds += load.client_seconds


def judge(name: str, target: Target, burst: Burst, load: client.Load) -> list[object]:
    """Every answer is what it should be, or WrongAnswerError; what the checks returned, in order."""
    results = []
    for index, reply in load.replies:
        where = f"{name}, {target.name}, request {index}"
        if reply.status != burst.expected_status:
            raise WrongAnswerError(
                f"{where}: {reply.status}, expected {burst.expected_status}: {reply.body[:400]!r}"
            )
        try:
            results.append(burst.check(index, reply.body))
        except WrongAnswerError as error:
            raise WrongAnswerError(f"{where}: {error}") from error
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise WrongAnswerError(f"{where}: unexpected answer {reply.body[:400]!r}: {error!r}") from error
    burst.finish()
    return results


def _busy_ratio() -> float:
    return float(psutil.cpu_percent(PROBE_SECONDS)) / 100
