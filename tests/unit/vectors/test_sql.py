"""The named statements."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

import pytest

from vectors import sql

FILES = sorted(Path(sql.__file__).parent.glob("*.sql"))


def test_it_names_every_statement_once() -> None:
    headings = [
        name for path in FILES for name in re.findall(r"^-- name: (.*)$", path.read_text(), re.MULTILINE)
    ]
    assert sorted(headings) == sql.names()
    assert len(headings) == len(set(headings)) > 20


@pytest.mark.parametrize("name", sql.names())
def test_it_fills_a_statement_in_only_when_every_fragment_is_there(name: str) -> None:
    template = Template(_raw(name))
    words = template.get_identifiers()
    filled = sql.statement(name, **{word: f"<{word}>" for word in words})
    assert "$" not in filled
    assert filled == filled.strip()
    assert not filled.endswith(";")
    for missing in words:
        with pytest.raises(KeyError, match=missing):
            sql.statement(name, **{word: "x" for word in words if word != missing})


def _raw(name: str) -> str:
    """The text below a heading, without comments."""
    for path in FILES:
        _, *parts = re.split(r"^-- name: (\w+)$", path.read_text(), flags=re.MULTILINE)
        found = dict(zip(parts[::2], parts[1::2], strict=True)).get(name)
        if found is not None:
            return "\n".join(line for line in found.splitlines() if not line.startswith("--"))
    raise KeyError(name)


def test_it_does_not_know_other_names() -> None:
    with pytest.raises(KeyError):
        sql.statement("nothing")


@pytest.mark.parametrize("name", ["cell_000", "segment_12", "a", "a" * 63])
def test_it_takes_plain_identifiers(name: str) -> None:
    assert sql.identifier(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "1a",
        "_a",
        "a-b",
        "a b",
        "a;b",
        'a"b',
        "a'b",
        "a.b",
        "a\n",
        "é",
        "a$b",
        "a" * 64,
        "a; DROP TABLE x; --",
    ],
)
def test_it_refuses_anything_else(name: str) -> None:
    with pytest.raises(ValueError, match="not an identifier"):
        sql.identifier(name)


def test_it_puts_a_statement_of_a_cell_together() -> None:
    assert "cell_007.collection_state" in sql.in_cell("count_records", "cell_007")
    with pytest.raises(ValueError, match="not an identifier"):
        sql.in_cell("count_records", "cell; --")
