"""Values of metadata as people type them, records' ids in addresses, and searches as addresses have them."""

from __future__ import annotations

from typing import Any

import pytest
from django.http import QueryDict

from cloud.dashboard.paths import RecordIdConverter
from cloud.dashboard.record_search import Chip, Search
from cloud.dashboard.record_values import KINDS, kind_of, parse, table, text_of
from tenants.errors import InvalidArgument
from vectors.types import BrowsedRecord


@pytest.mark.parametrize(
    "value",
    [
        "",
        "text",
        "7",
        "true",
        0,
        -7,
        2**63 - 1,
        1.0,
        1e22,
        -0.5,
        True,
        False,
        ["a", ""],
        [1, 2],
        [1.5],
        [True],
    ],
)
def test_what_is_shown_is_typed_back_as_it_was(value: Any) -> None:
    kind = kind_of(value)
    assert kind in KINDS
    back = parse(kind, text_of(value))
    assert (back, type(back)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("7", 7),
        ("7.0", 7.0),
        ("-1e3", -1000.0),
        ("true", True),
        ("False", False),
        ("7a", "7a"),
        ("nan", "nan"),
    ],
)
def test_a_value_without_a_type_is_what_it_looks_like(text: str, value: Any) -> None:
    found = parse("auto", text)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("int", ""),
        ("int", "1.5"),
        ("int", "1" * 30),
        ("int", "٣"),
        ("float", "inf"),
        ("float", "1_0"),
        ("float", "1e999"),
        ("bool", "1"),
        ("list of int", "1"),
        ("list of int", "[]"),
        ("list of int", "[1.5]"),
        ("list of string", "[1]"),
        ("list of bool", "[1]"),
        ("list of float", "[NaN]"),
    ],
)
def test_what_is_not_of_the_type_is_refused(kind: str, text: str) -> None:
    with pytest.raises(InvalidArgument):
        parse(kind, text)


@pytest.mark.parametrize(
    "record_id", ["a", "a.b-c_d", "..", ".", "a/b", "~a", "", " ", "%2e%2e", "é", "\n", "a" * 300, "-x"]
)
def test_an_id_is_the_same_behind_its_address(record_id: str) -> None:
    converter = RecordIdConverter()
    part = converter.to_url(record_id)
    assert converter.to_python(part) == record_id
    assert part not in (".", "..")
    assert not set(part) & set("/%?#& ")


@pytest.mark.parametrize("part", ["~!", "~a", "~_w"])
def test_what_is_no_id_is_no_address(part: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        RecordIdConverter().to_python(part)


def test_a_search_is_the_same_behind_its_address() -> None:
    chips = (Chip("year", "$gte", 1999), Chip('a"&b', "$in", ["x", "ü"]), Chip("f", "$eq", 1.0))
    search = Search(mode="regex", text="a&b=c #1", chips=chips, like="a/b?c")
    assert Search.read(QueryDict(search.query()[1:])) == search
    placed = Search.read(QueryDict(search.query(after="WzE")[1:]))
    assert (placed.after, placed.chips) == ("WzE", chips)
    assert Search.read(QueryDict(search.without(chips[1])[1:])).chips == (chips[0], chips[2])


def test_the_most_frequent_keys_are_columns() -> None:
    texts = ['{"a": 1, "b": "x", "c": true, "d": [1], "e": 2}', '{"a": 1.5, "e": 3}', None]
    records = [BrowsedRecord(f"r{n}", n, None, 0, None, text) for n, text in enumerate(texts)]
    made = table(records)
    assert [(column.name, column.kinds) for column in made.columns] == [
        ("a", "float · int"),
        ("e", "int"),
        ("b", "string"),
        ("c", "bool"),
    ]
    assert [cell.name for cell in made.rows[0].others] == ["d"]
    assert [cell for _, cell in made.rows[2].cells] == [None] * 4
    assert made.columns[0].is_number
    assert not made.columns[2].is_number
