"""The command: `python -m tests.conformance`. Starts servers, runs the suite, prints what became of it.

The suite has two ways of asking for an external server: as a single node, and as a cluster. Ours is a cluster
that does what a single node does, so it is asked both ways, each by a process with a service of its own, side
by side; which tests belong to the second is said by lists.toml. Exit status 1 when a test failed that
lists.toml does not leave out.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest

from cloud.servers.children import Child, spawn
from cloud.servers.errors import ServerError
from tests.conformance import lists, report, servers
from tests.conformance.lists import ListError, Lists
from tests.conformance.report import Outcome
from tests.conformance.servers import FOLDER, ROOT, Part, Target

HERE = Path(__file__).resolve().parent
PARTS: tuple[Part, ...] = ("single", "cluster")
TEST_SECONDS = 900
RUN_SECONDS = 3 * 3600.0
PROGRESS_SECONDS = 60.0
NOTHING_CHOSEN = int(pytest.ExitCode.NO_TESTS_COLLECTED)
BOUNDED_EXAMPLES = 2


@dataclass(frozen=True)
class Wanted:
    """What to run, and how much of it."""

    folder: Path
    parts: Sequence[Part]
    only: Sequence[str]
    bounded: bool
    seed: int


def main(arguments: Sequence[str] | None = None) -> int:
    """Run, print, and say whether it is as it should be."""
    parsed = _arguments().parse_args(arguments)
    wanted = Wanted(parsed.folder.resolve(), parsed.part or PARTS, parsed.only, parsed.bounded, parsed.seed)
    if not (FOLDER / "bin" / "python").exists():
        print(f"{FOLDER} is missing: `make conformance` makes it", file=sys.stderr)
        return 2
    wanted.folder.mkdir(parents=True, exist_ok=True)
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        suite, known = _suite(), lists.load()
        began = time.monotonic()
        with ExitStack() as stack:
            outcomes = _ours(wanted, suite, stack)
        theirs = []
        if parsed.peer:
            with servers.peer() as target:
                theirs = _finish(
                    {"single": _start(wanted, suite, "single", target, "theirs")}, wanted, "theirs"
                )
    except (ServerError, ListError) as error:
        print(f"FAILED: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    finally:
        signal.signal(signal.SIGTERM, before)
    left_out = {} if wanted.only else _left_out(suite, known)
    print(report.table(_run(outcomes), known, left_out))
    return _say(wanted, _run(outcomes), _run(theirs), seconds=time.monotonic() - began)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt  # so that servers are stopped on the way out


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--bounded", action="store_true", help="few examples: under two minutes")
    parser.add_argument("--peer", action="store_true", help="`chroma run` too, and the differences")
    parser.add_argument("--part", action="append", choices=PARTS, help="only this part")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "var" / "conformance", help="for outcomes and logs"
    )
    parser.add_argument("only", nargs="*", help="files or tests of the suite: test_api.py::test_add")
    return parser


def _suite() -> Path:
    """Where the suite is installed; asked of the Python that runs it, without importing the package."""
    question = "import importlib.util as u; print(u.find_spec('chromadb').origin)"
    done = subprocess.run(
        [FOLDER / "bin" / "python", "-c", question], capture_output=True, text=True, check=True, cwd=HERE
    )
    return Path(done.stdout.strip()).parent / "test"


def _ours(wanted: Wanted, suite: Path, stack: ExitStack) -> list[Outcome]:
    running: dict[str, Child] = {}
    for part in wanted.parts:
        target = stack.enter_context(servers.ours(part))
        running[part] = _start(wanted, suite, part, target, "ours")
        stack.callback(running[part].end)
    return _finish(running, wanted, "ours")


def _start(wanted: Wanted, suite: Path, part: str, target: Target, label: str) -> Child:
    stem = wanted.folder / f"{label}-{part}"
    for suffix in (".jsonl", ".log"):
        stem.with_suffix(suffix).unlink(missing_ok=True)
    environment = {
        **_clean(os.environ),
        **servers.environment_of(target, is_cluster=part == "cluster"),
        "PATH": f"{FOLDER / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "ANONYMIZED_TELEMETRY": "False",
        "NO_PROXY": "*",
        "CHROMA_HYPOTHESIS_CI_REPRODUCE_ONLY": "1",  # its own word for: no shrinking
        "CONFORMANCE_PART": part,
        "CONFORMANCE_EXAMPLES": str(BOUNDED_EXAMPLES if wanted.bounded else 0),
        "CONFORMANCE_OUTCOMES": str(stem.with_suffix(".jsonl")),
        "CONFORMANCE_SUITE": str(suite),
    }
    chosen = [str(suite / entry) for entry in wanted.only] or [str(suite)]
    return spawn(
        f"{label}-{part}",
        [
            *(str(FOLDER / "bin" / "python"), "-m", "pytest", "-p", "tests.conformance.plugin"),
            *("-c", str(HERE / "pytest.ini"), "--rootdir", str(suite), "--import-mode=importlib"),
            *(f"--timeout={TEST_SECONDS}", f"--hypothesis-seed={wanted.seed}", *chosen),
        ],
        log=stem.with_suffix(".log"),
        environment=environment,
        folder=wanted.folder,
    )


def _clean(environment: Mapping[str, str]) -> dict[str, str]:
    """Without what would point the suite or its client somewhere else."""
    return {
        name: value
        for name, value in environment.items()
        if not name.startswith(("CHROMA_", "PYTEST_", "PYTHON", "VIRTUAL_ENV", "PROPERTY_TESTING"))
    }


def _finish(running: Mapping[str, Child], wanted: Wanted, label: str) -> list[Outcome]:
    """Wait for every part; what all of them saw.

    Raises:  ServerError for a run that did not come to its end by itself
    """
    deadline = time.monotonic() + RUN_SECONDS
    outcomes: dict[str, Outcome] = {}
    for part, child in running.items():
        lines = wanted.folder / f"{label}-{part}.jsonl"
        status = _wait(child, lines, deadline)
        if status == NOTHING_CHOSEN and wanted.only:  # what was named belongs to the other part
            continue
        if status not in (0, 1) or not lines.exists():  # 1: tests failed; above: pytest itself did
            raise ServerError(
                f"pytest of {child.name} ended with {status}: {child.log}\n{child.log_tail(30)}"
            )
        for each in report.read(lines.read_text(encoding="utf-8").splitlines()):
            key = f"{each.test} ({part})" if part != "single" else each.test
            outcomes[key] = Outcome(key, each.outcome, each.why, each.seconds, each.requests)
    found = list(outcomes.values())
    (wanted.folder / f"{label}.json").write_text(
        json.dumps(report.to_json(found), indent=1), encoding="utf-8"
    )
    return found


def _wait(child: Child, lines: Path, deadline: float) -> int:
    """The exit status; until then, how far it is, from time to time."""
    while time.monotonic() < deadline:
        try:
            return child.popen.wait(PROGRESS_SECONDS)
        except subprocess.TimeoutExpired:
            ended = lines.read_text(encoding="utf-8").count('"seconds"') if lines.exists() else 0
            print(f"{child.name}: {ended} cases so far", file=sys.stderr, flush=True)
    child.kill()
    raise ServerError(f"{child.name} took longer than {RUN_SECONDS:.0f} s: {child.log}")


def _run(outcomes: Iterable[Outcome]) -> list[Outcome]:
    return [each for each in outcomes if each.outcome != "left out"]


def _left_out(suite: Path, known: Lists) -> dict[str, int]:
    """How many tests each entry stands for that is never run."""
    return {
        entry: len(lists.tests_in(suite / entry)) if lists.is_file(entry) else 1 for entry in known.left_out
    }


def _say(wanted: Wanted, outcomes: list[Outcome], theirs: list[Outcome], *, seconds: float) -> int:
    failed = report.failures(outcomes)
    print("\n".join(failed))
    if theirs:
        ours = [each for each in outcomes if not each.test.endswith("(cluster)")]
        found = report.differences(ours, theirs)
        print(f"{len(found)} differences from chroma run")
        print("\n".join(found))
    print(
        f"{len(outcomes)} cases, {len(failed)} failed, {seconds:.0f} s, SEED={wanted.seed}, {wanted.folder}"
    )
    return 1 if failed or not outcomes else 0


if __name__ == "__main__":
    sys.exit(main())
