"""What the reader sees: the table, the notes under it, the RATIO lines, and the same as JSON."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson

from bench.loading import Loaded
from bench.measure import Figures, Operation
from bench.peers import OURS, THEIRS

HEADINGS = ("operation", "theirs", "ours", "unit", "p50 ms t/o", "p95 ms t/o", "recall t/o", "ratio")


@dataclass(frozen=True)
class Row:
    """One operation and what each target, by label, did in it."""

    operation: Operation
    figures: Mapping[str, Figures]

    @property
    def ratio(self) -> float | None:
        """Above 1: ours is faster. Absent when only one of the two was measured."""
        if OURS not in self.figures or THEIRS not in self.figures:
            return None
        return self.figures[OURS].rate / self.figures[THEIRS].rate

    def cells(self) -> tuple[str, ...]:
        pair = [self.figures.get(THEIRS), self.figures.get(OURS)]
        return (
            self.operation.name,
            *("-" if one is None else f"{one.rate:,.1f}" for one in pair),
            self.operation.unit,
            _both(pair, lambda one: f"{one.latency_ms(0.5):.2f}"),
            _both(pair, lambda one: f"{one.latency_ms(0.95):.2f}"),
            _both(pair, lambda one: "-" if one.recall is None else f"{one.recall:.3f}"),
            "-" if self.ratio is None else f"{self.ratio:.2f}",
        )


def table(rows: Sequence[Row]) -> str:
    """Names to the left, numbers to the right."""
    grid = [HEADINGS, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in grid) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column in (0, 3) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in grid
    )


def notes(rows: Sequence[Row], collections: Mapping[str, Loaded], labels: Mapping[str, str]) -> list[str]:
    """What is needed to judge the table: who was measured, how far indexed, and how quiet the machine was."""
    lines = [f"{row.operation.name}: {row.operation.detail}" for row in rows if row.operation.detail]
    for label, name in labels.items():
        line = f"{label}: {name}"
        loaded = collections.get(label)
        if loaded is not None:
            line += f"; {loaded.record_count} records loaded in {loaded.load_seconds:.1f} s"
            if loaded.indexed_share is not None:
                line += f", {loaded.indexed_share:.0%} indexed {loaded.indexing_seconds:.1f} s later"
        mine = [row.figures[label] for row in rows]
        requests = sum(len(one.latencies_seconds) for one in mine)
        if requests:
            client_ms = 1000 * sum(one.client_seconds for one in mine) / requests
            idle, bursts = sum(one.idle_starts for one in mine), sum(len(one.rates) for one in mine)
            line += f"; {requests} requests, the client's own work {client_ms:.3f} ms each"
            line += f"; {idle} of {bursts} bursts began on an idle machine"
        lines.append(line)
    return lines


def ratios(rows: Sequence[Row]) -> list[str]:
    return [f"RATIO {row.operation.name} {row.ratio:.2f}" for row in rows if row.ratio is not None]


def write_json(
    path: Path, rows: Sequence[Row], collections: Mapping[str, Loaded], labels: Mapping[str, str]
) -> None:
    """Everything the table was made of, for comparing two runs."""
    document = {
        "targets": labels,
        "collections": {
            label: {
                "records": loaded.record_count,
                "load_seconds": loaded.load_seconds,
                "indexing_seconds": loaded.indexing_seconds,
                "indexed_share": loaded.indexed_share,
            }
            for label, loaded in collections.items()
        },
        "operations": [
            {
                "name": row.operation.name,
                "unit": row.operation.unit,
                "ratio": row.ratio,
                **{label: _figures(figures) for label, figures in row.figures.items()},
            }
            for row in rows
        ],
    }
    path.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))


def _figures(figures: Figures) -> dict[str, object]:
    return {
        "rate": figures.rate,
        "rates": figures.rates,
        "p50_ms": figures.latency_ms(0.5),
        "p95_ms": figures.latency_ms(0.95),
        "recall": figures.recall,
        "requests": len(figures.latencies_seconds),
        "client_ms_per_request": figures.client_ms,
        "idle_starts": figures.idle_starts,
    }


def _both(pair: Sequence[Figures | None], show: Callable[[Figures], str]) -> str:
    return " / ".join("-" if one is None else show(one) for one in pair)
