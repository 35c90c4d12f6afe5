"""Which types PostgreSQL sees under the keys of metadata, and how what was seen comes together."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from cloud.processes import Service
from vectors import metadata_keys
from vectors.cells.transaction import connect
from vectors.limits import MAX_SCHEMA_KEYS


def ask(query: str, **values: object) -> Any:
    """The only value of a query."""
    parameters = {name: orjson.dumps(value).decode() for name, value in values.items()}
    row = connect().execute(query.encode(), parameters).fetchone()
    assert row is not None
    return orjson.loads(row[0]) if isinstance(row[0], str) else row[0]


def seen(*records: object) -> Any:
    """The types of the keys of these records."""
    rows = "(SELECT value AS metadata FROM jsonb_array_elements(%(records)s::jsonb))"
    return ask(metadata_keys.seen(rows), records=records)


def united(known: object, added: object) -> Any:
    """Two such objects as one."""
    expression = metadata_keys.united("i.known", "i.added")
    given = "(SELECT %(known)s::jsonb AS known, %(added)s::jsonb AS added)"
    return ask(f"SELECT {expression} FROM {given} AS i", known=known, added=added)


@pytest.mark.parametrize(
    ("value", "kinds"),
    [
        ("x", ["string"]),
        ("1.5", ["string"]),
        (1, ["int"]),
        (-1.5, ["float"]),
        (2.0, ["float"]),
        (True, ["bool"]),
        (["x", "y"], ["string"]),
        ([1, 2], ["int"]),
        ([1.0, 2.5], ["float"]),
        ([False], ["bool"]),
        ({"indices": [1], "values": [1.0]}, ["sparse_vector"]),
    ],
)
def test_it_tells_the_types_apart(database: Service, value: object, kinds: list[str]) -> None:
    assert seen({"k": value}) == {"k": kinds}


def test_it_collects_what_several_records_have(database: Service) -> None:
    records = [{"a": 1, "b": "x"}, {"a": 1.5, "chroma:c": 1}, {}, {"a": 2, "n": None, "e": []}]
    assert seen(*records) == {"a": ["float", "int"], "b": ["string"]}
    assert seen() == {}


def test_it_unites_what_was_known_with_what_was_seen(database: Service) -> None:
    known = {"a": ["int", "string"], "b": ["bool"]}
    assert united(known, {"a": ["float", "int"], "c": ["int"]}) == {
        "a": ["float", "int", "string"],
        "b": ["bool"],
        "c": ["int"],
    }
    assert united(known, {"a": ["string"]}) == known
    assert united({}, {}) == {}


def test_it_remembers_no_more_keys_than_a_schema_may_have(database: Service) -> None:
    many = {f"k{number:05}": 1 for number in range(MAX_SCHEMA_KEYS + 50)}
    assert len(seen(many)) == MAX_SCHEMA_KEYS
    known = {f"z{number:05}": ["int"] for number in range(MAX_SCHEMA_KEYS - 1)}
    kept = united(known, {"a": ["int"], "b": ["int"], "z00000": ["bool"]})
    assert kept == {**known, "z00000": ["bool", "int"], "a": ["int"]}
