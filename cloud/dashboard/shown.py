"""What pages show of collections, records and keys: texts made from values. [pure]"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from uuid import UUID

from django.utils.timesince import timesince

from vectors.collections import CollectionView
from vectors.indexing import Phase
from vectors.listing import ListedCollection

_VALUE_CHARACTERS = 120
_PAIRS_COUNT = 12
_UNITS = ("bytes", "KiB", "MiB", "GiB", "TiB")
_PARKED = "Indexing failed several times and was stopped. Queries stay complete and exact meanwhile."
_MEANWHILE = "Queries include every record meanwhile."
_EMPTY = ("Empty", "There is nothing to index yet.")
_INDEXED = ("Indexed", "Every record is in the index.")
_LOG = ("Exact search", "Few enough records to compare with each one: no index is needed.")
_TAIL = ("Ready", "The latest writes are searched exactly until the next segment takes them in.")
# What the worker calls its steps, in the words of somebody who waits for them.
_PHASES = {
    "starting": "Starting",
    "copying": "Copying records into a new segment",
    "building the graph": "Building the vector graph",
    "indexing": "Indexing metadata and documents",
    "swapping": "Putting the new segment in place",
    "purging": "Tidying the log",
}


@dataclass(frozen=True)
class Indexing:
    """How far the index of a collection is, and what is being done about it."""

    percent: int
    state: str
    label: str
    sentence: str
    cause: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether nothing will change by itself."""
        return self.state in ("done", "empty")

    @classmethod
    def of(cls, view: CollectionView | ListedCollection) -> Self:
        """The state in words."""
        percent = int(view.indexed_ratio * 100)  # rounded down, so that 100 % means all
        if view.job_state == "parked":
            return cls(
                percent, "parked", "Stopped", _PARKED, cause=view.job_cause or "No cause was recorded."
            )
        if view.job_state == "running":
            return cls(percent, "running", "Indexing", f"{_phase(view.job_phase)}. {_MEANWHILE}")
        if view.job_state == "queued":
            return cls(percent, "queued", "Queued", f"Waiting for a worker. {_MEANWHILE}")
        if view.compacted_to >= view.log_head:
            return cls(percent, "done", *_INDEXED) if view.log_head else cls(percent, "empty", *_EMPTY)
        return cls(percent, "log", *(_TAIL if view.segment_rows else _LOG))


@dataclass(frozen=True)
class CollectionFacts:
    """A collection in a table, or at the head of its own page."""

    collection_id: UUID
    name: str
    records: str
    dimension: str
    space: str
    stored: str
    parameters: str
    metadata: Sequence[tuple[str, str]]
    keys: Sequence[tuple[str, str]]
    indexing: Indexing

    @classmethod
    def of(cls, view: CollectionView) -> Self:
        """The facts as texts."""
        configuration = view.configuration
        return cls(
            collection_id=view.collection_id,
            name=view.name,
            records=f"{view.record_count:,}",
            dimension="not set yet" if view.dimension is None else f"{view.dimension:,}",
            space=configuration.space,
            stored=in_bytes(view.logical_bytes),
            parameters=(
                f"ef_construction {configuration.ef_construction}, "
                f"max_neighbors {configuration.max_neighbors}, ef_search {configuration.ef_search}"
            ),
            metadata=pairs(view.metadata_json),
            keys=[(name, ", ".join(kinds)) for name, kinds in sorted(view.metadata_keys.items())],
            indexing=Indexing.of(view),
        )


@dataclass(frozen=True)
class Step:
    """A phase of a job, in words; the length is empty while it goes on."""

    label: str
    seconds: str


def steps(phases: Sequence[Phase]) -> list[Step]:
    """The phases in words."""
    return [Step(_phase(one.name), "" if one.seconds is None else in_seconds(one.seconds)) for one in phases]


def in_seconds(seconds: float) -> str:
    """A length of time in the unit that people read."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"


def pairs(metadata_json: str | None) -> list[tuple[str, str]]:
    """The first entries of a metadata object, each value as a text; strings without quotation marks."""
    if metadata_json is None:
        return []
    entries: list[tuple[str, Any]] = list(json.loads(metadata_json).items())
    shown = [(_cut(name, _VALUE_CHARACTERS), _value(value)) for name, value in entries[:_PAIRS_COUNT]]
    if len(entries) > _PAIRS_COUNT:
        shown.append(("…", f"and {len(entries) - _PAIRS_COUNT} more"))
    return shown


def in_bytes(bytes_count: int) -> str:
    """A number of bytes in the largest unit that keeps it above one."""
    amount, unit = float(bytes_count), 0
    while amount >= 1024 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1024, unit + 1
    return f"{amount:.0f} {_UNITS[unit]}" if unit == 0 or amount >= 100 else f"{amount:.1f} {_UNITS[unit]}"


def ago(moment: datetime, *, now: datetime | None = None) -> str:
    """How long ago, in one unit."""
    now = now or datetime.now(UTC)
    if now - moment < timedelta(minutes=1):
        return "just now"
    return f"{timesince(moment, now, depth=1)} ago"


def until(moment: datetime, *, now: datetime | None = None) -> str:
    """How long until then, in one unit."""
    now = now or datetime.now(UTC)
    if moment - now < timedelta(minutes=1):
        return "in a moment"
    return f"in {timesince(now, moment, depth=1)}"


def _phase(rest: str) -> str:
    """The running step in words; the cause of an earlier attempt may follow it."""
    return next((words for phase, words in _PHASES.items() if rest.startswith(phase)), "Working")


def _value(value: Any) -> str:
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), _VALUE_CHARACTERS)


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else f"{text[: characters - 1].rstrip()}…"
