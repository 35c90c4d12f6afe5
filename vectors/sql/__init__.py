"""The named statements of the data plane.

A file holds statements, each under a line `-- name: <name>`. `$words` stand for identifiers and for
fragments that come from other statements, never for values; values are parameters (`%(name)s`).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from string import Template

_HEADING = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_IDENTIFIER = re.compile(r"[a-z][a-z0-9_]{0,62}\Z")


@cache
def _statements() -> dict[str, Template]:
    found: dict[str, Template] = {}
    for path in sorted(Path(__file__).parent.glob("*.sql")):
        _, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            if name in found:
                raise ValueError(f"statement {name} stands twice, the second time in {path.name}")
            lines = (line for line in text.splitlines() if not line.startswith("--"))
            found[name] = Template("\n".join(lines).strip().removesuffix(";"))
    return found


def names() -> list[str]:
    """Every statement's name."""
    return sorted(_statements())


def identifier(name: str) -> str:
    """The name, if it is a plain identifier of ours; anything else is a bug and raises ValueError."""
    if not _IDENTIFIER.match(name):
        raise ValueError(f"not an identifier: {name!r}")
    return name


def statement(name: str, **fragments: str) -> str:
    """The statement with its `$words` filled in; a missing one raises KeyError."""
    return _statements()[name].substitute(fragments)


def in_segment(name: str, *, cell: str, segment_id: int, row: str, **fragments: str) -> str:
    """A statement over a segment's table, whose `$is_live` says that no tombstone hides `row`."""
    place = {"cell": identifier(cell), "segment_id": str(int(segment_id))}
    is_live = statement("is_live", row=identifier(row), **place)
    return statement(name, segment=f"segment_{int(segment_id)}", is_live=is_live, **place, **fragments)


@cache
def in_cell(name: str, cell: str) -> str:
    """A statement whose only `$word` is its cell; kept, so that it is put together once."""
    return statement(name, cell=identifier(cell))
