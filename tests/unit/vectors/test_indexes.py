"""Which filters a schema's disabled indexes refuse."""

from __future__ import annotations

from typing import Any, get_args

import pytest

from tenants.errors import InvalidArgument
from tests.unit.vectors.test_schema import OFF, ON, schema
from vectors import indexes
from vectors import schema as schemas
from vectors.configuration import Configuration
from vectors.types import Indexed
from vectors.where import All, Some, Where, parse

FULL_TEXT = "Cannot filter using full-text search because FTS indexing is disabled"


def indexed(defaults: dict[str, Any] | None = None, **keys: object) -> Indexed | None:
    """What a schema lets filters ask."""
    kept = schemas.reconcile(schema(defaults, **keys), Configuration())[1]
    assert kept is not None
    return indexes.summarize(kept)


def refused(key: str, name: str) -> str:
    """The words for a comparison without index."""
    return f"Cannot filter using metadata key '{key}' with type '{name}' because indexing is disabled"


@pytest.mark.parametrize(
    "given",
    [
        schema(a={"string": {"string_inverted_index": ON}}),
        schema(a={"string": {"fts_index": OFF}}, b={}),
        schema(embedding={"float_list": {"vector_index": {"enabled": True, "config": {"space": "ip"}}}}),
    ],
)
def test_it_keeps_nothing_for_a_schema_that_refuses_nothing(given: dict[str, Any]) -> None:
    kept = schemas.reconcile(given, Configuration())[1]
    assert kept is not None
    assert indexes.summarize(kept) is None


@pytest.mark.parametrize(
    ("kind", "value", "name"), [("string", "x", "Str"), ("int", 1, "Int"), ("float", 1.0, "Float")]
)
def test_it_refuses_each_type_by_itself(kind: str, value: object, name: str) -> None:
    by_key = indexed(k={kind: {f"{kind}_inverted_index": OFF}})
    by_default = indexed({kind: {f"{kind}_inverted_index": OFF}})
    for rules in (by_key, by_default):
        for operand in (value, {"$ne": value}, {"$in": [value]}, {"$nin": [value, value]}):
            with pytest.raises(InvalidArgument, match=f"^{refused('k', name)}$"):
                indexes.require(parse({"k": operand}, None), rules)
        indexes.require(parse({"k": True}, None), rules)
    indexes.require(parse({"other": value}, None), by_key)
    with pytest.raises(InvalidArgument):
        indexes.require(parse({"other": value}, None), by_default)


def test_it_refuses_booleans_and_not_the_integers_that_they_look_like() -> None:
    rules = indexed(k={"bool": {"bool_inverted_index": OFF}})
    with pytest.raises(InvalidArgument, match=f"^{refused('k', 'Bool')}$"):
        indexes.require(parse({"k": True}, None), rules)
    indexes.require(parse({"k": 1}, None), rules)


@pytest.mark.parametrize(("bound", "name"), [(1, "Int"), (1.5, "Float")])
def test_it_refuses_ranges_by_the_type_of_their_bound(bound: float, name: str) -> None:
    rules = indexed({"int": {"int_inverted_index": OFF}, "float": {"float_inverted_index": OFF}})
    with pytest.raises(InvalidArgument, match=f"^{refused('k', name)}$"):
        indexes.require(parse({"k": {"$gt": bound}}, None), rules)


def test_it_lets_a_key_win_over_the_defaults() -> None:
    rules = indexed({"int": {"int_inverted_index": OFF}}, k={"int": {"int_inverted_index": ON}})
    indexes.require(parse({"k": 1}, None), rules)
    with pytest.raises(InvalidArgument, match=refused("other", "Int")):
        indexes.require(parse({"other": 1}, None), rules)


def test_it_looks_at_every_leaf() -> None:
    rules = indexed(k={"int": {"int_inverted_index": OFF}})
    deep = {"$or": [{"a": 1}, {"$and": [{"b": "x"}, {"$or": [{"c": 1.5}, {"k": {"$gte": 3}}]}]}]}
    with pytest.raises(InvalidArgument, match=refused("k", "Int")):
        indexes.require(parse(deep, None), rules)
    indexes.require(All(()), rules)
    indexes.require(None, rules)


@pytest.mark.parametrize("operator", ["$contains", "$not_contains"])
def test_it_refuses_to_look_into_documents_without_their_index(operator: str) -> None:
    rules = indexed(document={"string": {"fts_index": OFF}})
    for where, document in (({"#document": {operator: "x"}}, None), ({"a": 1}, {operator: "x"})):
        with pytest.raises(InvalidArgument, match=f"^{FULL_TEXT}$"):
            indexes.require(parse(where, document), rules)
    indexes.require(parse({"a": 1}, None), rules)


def test_it_knows_what_every_kind_of_leaf_needs() -> None:
    leaves = set(get_args(Where)) - {All, Some}
    assert leaves == set(indexes._NEEDS)
