"""The command: `python -m bench`. Arguments, the order of things, the exit code (1 for any wrong answer).

It owns the run: start both servers, load both, measure row by row, print, stop everything. `--ours-only`
leaves the peer out, and with `--url` measures a server that is already running, for a profiler to look at.
"""

import argparse
import os
import secrets
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from bench import data, filters, loading, measure, operations, peers, report
from bench.data import BenchError
from bench.measure import Figures, Operation, Rest
from bench.operations import Stage
from bench.peers import OURS, THEIRS, Target
from bench.report import Row
from cloud.servers.errors import ServerError


@dataclass(frozen=True)
class Scale:
    """How much of everything, chosen so that the whole run keeps its promise of time."""

    record_count: int
    written_count: int
    rounds: int
    burst_seconds: float
    writes_per_burst: int
    recall_questions: int
    rest_seconds: float
    budget_seconds: float


ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM)
FULL = Scale(10_000, 10_000, 3, 0.6, 5, data.QUERY_COUNT, 60.0, 240.0)
QUICK = Scale(4_000, 2_400, 1, 0.2, 3, 25, 6.0, 40.0)


def main() -> int:
    """Run, and say loudly if an answer was wrong."""
    arguments = _arguments()
    for number in ENDING_SIGNALS:
        signal.signal(number, _end)
    began = time.monotonic()
    try:
        _run(arguments, began)
    except (BenchError, ServerError) as error:
        print(f"FAILED after {time.monotonic() - began:.0f} s: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", default="", help="operations to measure, by name or its beginning: add,query-where"
    )
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument(
        "--self-check", action="store_true", help="the peer against a second peer: ratios near 1"
    )
    parser.add_argument("--ours-only", action="store_true", help="leave the peer out")
    parser.add_argument("--seconds", type=float, help="run each operation for so long, without interleaving")
    parser.add_argument("--url", help="with --ours-only: a server that is already running")
    parser.add_argument("--key", help="its key")
    parser.add_argument("--tenant", default="bench")
    parser.add_argument("--database", default="bench")
    parser.add_argument(
        "--keep", action="store_true", help="with --url: leave the collection there and find it again"
    )
    arguments = parser.parse_args()
    if arguments.url and not arguments.ours_only:
        parser.error("--url needs --ours-only")
    return arguments


def _end(_number: int, _frame: FrameType | None) -> None:
    _finish_undisturbed()
    raise KeyboardInterrupt


def _finish_undisturbed() -> None:
    """From here on only cleaning up is left, which takes seconds: no signal may leave a server behind."""
    for number in ENDING_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _run(arguments: argparse.Namespace, began: float) -> None:
    scale = QUICK if os.environ.get("QUICK", "0") not in ("", "0") else FULL
    records = data.load().head(scale.record_count)
    stage = Stage(records, filters.Exact(records), scale.writes_per_burst, scale.recall_questions)
    chosen = _choose(operations.build(stage), arguments.only)
    with ExitStack() as stack:
        targets = _start(arguments, stack)
        _fill(stage, chosen, targets, scale, stack, keep=arguments.keep)
        stack.callback(_finish_undisturbed)  # the last one in runs first
        rows = []
        rest = Rest(scale.rest_seconds)
        for operation in chosen:
            _say(f"measuring {operation.name}, {time.monotonic() - began:.0f} s so far")
            if arguments.seconds:
                figures = _repeat(operation, targets, arguments.seconds)
            else:
                is_late = time.monotonic() - began > scale.budget_seconds
                rounds = 1 if is_late else scale.rounds
                figures = measure.measure(
                    operation, targets, rounds=rounds, burst_seconds=scale.burst_seconds, rest=rest
                )
            rows.append(Row(operation, figures))
    _print(arguments, stage, rows, targets, time.monotonic() - began)


def _choose(all_operations: Sequence[Operation], only: str) -> list[Operation]:
    wanted = [part.strip() for part in only.split(",") if part.strip()]
    if not wanted:
        return list(all_operations)
    exact = {operation.name for operation in all_operations}
    chosen = [
        operation
        for operation in all_operations
        if any(
            operation.name == part or (part not in exact and operation.name.startswith(part))
            for part in wanted
        )
    ]
    if not chosen:
        raise BenchError(f"--only {only}: expected some of {', '.join(sorted(exact))}")
    return chosen


def _start(arguments: argparse.Namespace, stack: ExitStack) -> list[Target]:
    if arguments.url:
        given = peers.running(
            arguments.url, key=arguments.key, tenant=arguments.tenant, database=arguments.database
        )
        return [given]
    targets = [] if arguments.ours_only else [stack.enter_context(peers.chroma(THEIRS))]
    second = peers.chroma(OURS) if arguments.self_check else peers.ours(_say)
    return [*targets, stack.enter_context(second)]


def _fill(
    stage: Stage,
    chosen: Sequence[Operation],
    targets: Sequence[Target],
    scale: Scale,
    stack: ExitStack,
    *,
    keep: bool,
) -> None:
    """The collections that the chosen operations stand on, and their removal."""
    names = {operation.name for operation in chosen}
    suffix = "kept" if keep else secrets.token_hex(4)
    for target in targets:
        wanted = []
        if names - {"add", "upsert"}:
            wanted.append((stage.main, "main", stage.dataset))
        if "upsert" in names:
            wanted.append((stage.written, "written", stage.dataset.head(scale.written_count)))
        for collections, role, records in wanted:
            loaded = loading.fill(target, f"bench-{role}-{len(records)}-{suffix}", records, _say, keep=keep)
            collections[target.label] = loaded
            if target.is_borrowed and not keep:
                stack.callback(loading.drop, target, loaded)


def _repeat(operation: Operation, targets: Sequence[Target], seconds: float) -> dict[str, Figures]:
    """One operation again and again for some seconds per target: a steady load to profile."""
    figures = {target.label: Figures() for target in targets}
    for target in targets:
        until = time.monotonic() + seconds
        while (remaining_seconds := until - time.monotonic()) > 0:
            measure.burst_into(
                figures[target.label], operation, target, burst_seconds=remaining_seconds, rest=None
            )
    return figures


def _print(
    arguments: argparse.Namespace,
    stage: Stage,
    rows: Sequence[Row],
    targets: Sequence[Target],
    seconds: float,
) -> None:
    labels = {target.label: target.name for target in targets}
    print(
        f"\n{stage.dataset.name}: {len(stage.dataset)} records, "
        f"{stage.dataset.embeddings.shape[1]} dimensions, cosine, k = {filters.NEIGHBORS}"
    )
    print(report.table(rows))
    print()
    for line in report.notes(rows, stage.main, labels):
        print(line)
    print(f"the whole run took {seconds:.0f} s\n")
    for line in report.ratios(rows):
        print(line)
    if arguments.json:
        report.write_json(arguments.json, rows, stage.main, labels)


if __name__ == "__main__":
    sys.exit(main())
