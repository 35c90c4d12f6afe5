"""What of the suite is run where: the tables of lists.toml, and whether each entry still exists. [pure]

An entry names a file (`api/test_types.py`), a test (`test_api.py::test_add`), a test of a class
(`a.py::TestB::test_c`) or one case of a test (`test_api.py::test_add[async_integration-classic]`).
"""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

LISTS = Path(__file__).with_name("lists.toml")


@dataclass(frozen=True)
class Lists:
    """Each table: entry → reason."""

    not_applicable: Mapping[str, str]
    not_yet: Mapping[str, str]
    skipped_by_the_suite: Mapping[str, str]
    cluster: Mapping[str, str]
    only_cluster: Mapping[str, str]
    only_full: Mapping[str, str]

    @property
    def left_out(self) -> dict[str, str]:
        """What is never run."""
        return {**self.not_applicable, **self.not_yet}

    @property
    def run_as_cluster(self) -> dict[str, str]:
        """What is run as against a cluster."""
        return {**self.cluster, **self.only_cluster}


class ListError(Exception):
    """lists.toml says something that is not so."""


def load(path: Path = LISTS) -> Lists:
    """The tables of the file.

    Raises:  ListError for an unknown table or an entry without a reason
    """
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {field.name for field in fields(Lists)}
    if set(tables) != known:
        raise ListError(f"{path.name} must have the tables {sorted(known)}, it has {sorted(tables)}")
    for table in tables.values():
        for entry, reason in table.items():
            if not isinstance(reason, str) or not reason.strip():
                raise ListError(f"{path.name}: {entry} has no reason")
    return Lists(**tables)


def names_of(file: str, function: str, case: str) -> tuple[str, ...]:
    """Every entry that would mean this case of a test, the widest first."""
    return (file, f"{file}::{function}", *([f"{file}::{function}[{case}]"] if case else []))


def find(table: Mapping[str, str], names: tuple[str, ...]) -> str | None:
    """The reason of the entry that means this test, if there is one."""
    return next((table[name] for name in names if name in table), None)


def file_of(entry: str) -> str:
    """The file of an entry."""
    return entry.partition("::")[0]


def is_file(entry: str) -> bool:
    """Whether the entry means a whole file."""
    return "::" not in entry


def missing(lists: Lists, suite: Path) -> list[str]:
    """The entries that name nothing in the suite.

    Source:  a list that outlives what it lists hides tests that nobody decided about
    """
    gone = []
    for table in (getattr(lists, field.name) for field in fields(Lists)):
        gone += [entry for entry in table if not _exists(entry, suite / file_of(entry))]
    return gone


def _exists(entry: str, path: Path) -> bool:
    if not path.is_file():
        return False
    return is_file(entry) or entry.partition("[")[0].partition("::")[2] in tests_in(path)


def tests_in(path: Path) -> list[str]:
    """The tests of a file as the source has them, a test of a class as `Class::test`."""
    return list(_tests(ast.parse(path.read_text(encoding="utf-8")), ""))


def _tests(node: ast.AST, prefix: str) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef):
            yield from _tests(child, f"{prefix}{child.name}::")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and child.name.startswith("test"):
            yield f"{prefix}{child.name}"
