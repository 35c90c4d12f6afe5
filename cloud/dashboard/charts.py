"""Figures over time as a page shows them: a table, and a picture that a script draws from it. [pure]

The table is the one source: without a script it is what people see, with one it stands below the picture.
A missing value is an empty cell and a gap in the picture, never a zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

KINDS = ("line", "bars", "stack")


@dataclass(frozen=True)
class Series:
    """One line or colour of a chart.

    values:  one per time; None where nothing is known
    tone:    good, warn, bad, or a number from 1 to 6: a colour of the theme
    texts:   the values as the table shows them; empty: as numbers
    """

    label: str
    values: Sequence[float | None]
    tone: str = "1"
    texts: Sequence[str] = ()

    @property
    def cells(self) -> list[tuple[str, str]]:
        """Each value for a program and for a person."""
        texts = self.texts or ["–" if value is None else f"{value:,.6g}" for value in self.values]
        values = ["" if value is None else repr(value) for value in self.values]
        return list(zip(values, texts, strict=True))


@dataclass(frozen=True)
class Chart:
    """A chart with its table.

    name:   unique on the page
    unit:   of the values: requests, ms, bytes, $, or another word; the axis has it
    kind:   line, bars or stack (bars upon each other)
    times:  where each value begins, ascending, in steps of `step_seconds`
    """

    name: str
    title: str
    unit: str
    kind: str
    times: Sequence[datetime]
    series: Sequence[Series]
    step_seconds: int

    @property
    def rows(self) -> list[tuple[datetime, str, int, list[tuple[str, str]]]]:
        """Per time: itself, as text, in seconds since 1970, and the cell of each series."""
        columns = [series.cells for series in self.series]
        shape = "%Y-%m-%d" if self.step_seconds % 86_400 == 0 else "%Y-%m-%d %H:%M"
        return [
            (
                when,
                when.astimezone(UTC).strftime(shape),
                int(when.timestamp()),
                [cells[at] for cells in columns],
            )
            for at, when in enumerate(self.times)
        ]

    @property
    def is_empty(self) -> bool:
        """Whether no value is known at all."""
        return all(value is None for series in self.series for value in series.values)
