"""What became of the tests: the plugin's lines, summed per file, and compared with the peer's. [pure]"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tests.conformance import lists
from tests.conformance.lists import Lists

HEADINGS = ("file", "passed", "client only", "failed", "skipped", "n/a", "not yet", "seconds")


@dataclass(frozen=True)
class Outcome:
    """One case of a test; `requests` is how many it sent to the server."""

    test: str
    outcome: str
    why: str = ""
    seconds: float = 0.0
    requests: int = 0

    @property
    def column(self) -> str:
        """Where it is counted. A test that passes without asking the server says nothing about it."""
        if self.outcome == "passed":
            return "passed" if self.requests else "client only"
        return self.outcome


def read(lines: Iterable[str]) -> list[Outcome]:
    """The plugin's lines. A test that began and has no line to say that it ended was cut off: failed."""
    found: dict[str, Outcome] = {}
    for line in lines:
        outcome = Outcome(**json.loads(line))
        found[outcome.test] = outcome
    return [
        Outcome(each.test, "failed", "the run ended in the middle of it") if each.outcome == "began" else each
        for each in found.values()
    ]


def table(outcomes: Sequence[Outcome], known: Lists, left_out: Mapping[str, int]) -> str:
    """A line per file and one of sums; `left_out` counts the tests under each entry that is never run."""
    files: dict[str, Counter[str]] = {}
    seconds: Counter[str] = Counter()
    for each in outcomes:
        file = lists.file_of(each.test)
        files.setdefault(file, Counter())[each.column] += 1
        seconds[file] += each.seconds  # type: ignore[assignment]
    for entry, count in left_out.items():
        column = "n/a" if entry in known.not_applicable else "not yet"
        files.setdefault(lists.file_of(entry), Counter())[column] += count
    rows = [
        (file, *(str(counted[name] or "") for name in HEADINGS[1:-1]), f"{seconds[file]:.1f}")
        for file, counted in sorted(files.items())
    ]
    total: Counter[str] = sum(files.values(), Counter())
    rows.append(("all", *(str(total[name]) for name in HEADINGS[1:-1]), f"{sum(seconds.values()):.1f}"))
    return _aligned([HEADINGS, *rows])


def _aligned(grid: Sequence[Sequence[str]]) -> str:
    widths = [max(len(line[column]) for line in grid) for column in range(len(grid[0]))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in grid
    )


def failures(outcomes: Iterable[Outcome]) -> list[str]:
    """A line per failure, with the end of what it said."""
    return [f"FAILED {each.test}: {_short(each.why)}" for each in outcomes if each.outcome == "failed"]


def differences(ours: Iterable[Outcome], theirs: Iterable[Outcome]) -> list[str]:
    """What passes on one side only."""
    here = {each.test: each for each in ours}
    there = {each.test: each for each in theirs}
    lines = []
    for test in sorted(here.keys() & there.keys()):
        a, b = here[test], there[test]
        if (a.outcome == "passed") != (b.outcome == "passed"):
            worse = a if b.outcome == "passed" else b
            lines.append(f"{test}: ours {a.outcome}, theirs {b.outcome}: {_short(worse.why)}")
    lines += [f"{test}: not run here" for test in sorted(there.keys() - here.keys())]
    return lines + [f"{test}: not run there" for test in sorted(here.keys() - there.keys())]


def to_json(outcomes: Iterable[Outcome]) -> list[dict[str, Any]]:
    """For a file."""
    return [asdict(each) for each in outcomes]


def _short(why: str) -> str:
    return " ".join(why.split())[-300:]
