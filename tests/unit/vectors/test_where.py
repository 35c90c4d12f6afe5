"""Filters: from JSON to a tree, or a precise error."""

from __future__ import annotations

from typing import Any

import pytest

from tenants.errors import InvalidArgument
from vectors.limits import MAX_FILTER_DEPTH, MAX_FILTER_LEAVES
from vectors.where import (
    All,
    Compares,
    Contains,
    DocumentContains,
    DocumentMatches,
    Equals,
    HasId,
    Some,
    Where,
    leaves,
    parse,
    value_name,
)


@pytest.mark.parametrize(
    ("where", "tree"),
    [
        ({"k": "v"}, Equals("k", ("v",))),
        ({"k": 1}, Equals("k", (1,))),
        ({"k": 1.5}, Equals("k", (1.5,))),
        ({"k": True}, Equals("k", (True,))),
        ({"k": {"$eq": ""}}, Equals("k", ("",))),
        ({"k": {"$ne": 5}}, Equals("k", (5,), is_negated=True)),
        ({"k": {"$gt": 1}}, Compares("k", ">", 1)),
        ({"k": {"$gte": 1.5}}, Compares("k", ">=", 1.5)),
        ({"k": {"$lt": -1}}, Compares("k", "<", -1)),
        ({"k": {"$lte": 0}}, Compares("k", "<=", 0)),
        ({"k": {"$in": ["a", "b"]}}, Equals("k", ("a", "b"))),
        ({"k": {"$nin": [1, 2]}}, Equals("k", (1, 2), is_negated=True)),
        ({"k": {"$in": [1.5, 2]}}, Equals("k", (1.5, 2.0))),
        ({"k": {"$in": [True, False]}}, Equals("k", (True, False))),
        ({"$and": []}, All(())),
        ({"$or": []}, Some(())),
        ({"$and": [{"a": 1}, {"b": 2}]}, All((Equals("a", (1,)), Equals("b", (2,))))),
        ({"$or": [{"a": 1}, {"$and": [{"b": 2}]}]}, Some((Equals("a", (1,)), All((Equals("b", (2,)),))))),
        ({"#document": {"$contains": "s"}}, DocumentContains("s")),
        ({"#document": {"$not_contains": "s"}}, DocumentContains("s", is_negated=True)),
        ({"#document": {"$regex": "a+"}}, DocumentMatches("a+")),
        ({"#document": {"$not_regex": ""}}, DocumentMatches("", is_negated=True)),
        ({"k": {"$contains": "v"}}, Contains("k", "v")),
        ({"k": {"$not_contains": 1.0}}, Contains("k", 1.0, is_negated=True)),
        ({"#id": "a"}, HasId(("a",))),
        ({"#id": {"$eq": "a"}}, HasId(("a",))),
        ({"#id": {"$ne": "a"}}, HasId(("a",), is_negated=True)),
        ({"#id": {"$in": ["a", "b"]}}, HasId(("a", "b"))),
        ({"#id": {"$nin": ["a"]}}, HasId(("a",), is_negated=True)),
        ({"chroma:k": 1}, Equals("chroma:k", (1,))),
        ({"k": 2**63 - 1}, Equals("k", (2**63 - 1,))),
        ({"k": -(2**63)}, Equals("k", (-(2**63),))),
        ({"k": 2**63}, Equals("k", (float(2**63),))),
        ({"k": {"$gt": -(2**64)}}, Compares("k", ">", float(-(2**64)))),
    ],
)
def test_it_reads_every_form(where: dict[str, Any], tree: Where) -> None:
    assert parse(where, None) == tree


def test_it_tells_numbers_by_type() -> None:
    tree = parse({"k": {"$in": [1.0, 2]}}, None)
    assert isinstance(tree, Equals)
    assert [type(value) for value in tree.values] == [float, float]


@pytest.mark.parametrize(
    ("where_document", "tree"),
    [
        ({"$contains": "s"}, DocumentContains("s")),
        ({"$contains": ""}, DocumentContains("")),
        ({"$not_contains": "s"}, DocumentContains("s", is_negated=True)),
        ({"$regex": "a"}, DocumentMatches("a")),
        ({"$not_regex": "(?i)a"}, DocumentMatches("(?i)a", is_negated=True)),
        ({"$and": [{"$contains": "a"}]}, All((DocumentContains("a"),))),
        ({"$or": []}, Some(())),
    ],
)
def test_it_reads_every_form_of_documents(where_document: dict[str, Any], tree: Where) -> None:
    assert parse(None, where_document) == tree


def test_it_joins_both_filters() -> None:
    assert parse(None, None) is None
    assert parse({"k": 1}, {"$contains": "s"}) == All((Equals("k", (1,)), DocumentContains("s")))


@pytest.mark.parametrize(
    "where",
    [
        {},
        [],
        "text",
        7,
        {"a": 1, "b": 2},
        {"": 1},
        {"$k": 1},
        {"#k": 1},
        {"$and": {"a": 1}},
        {"$or": None},
        {"$and": [1]},
        {"$and": [{}]},
        {"k": None},
        {"k": [1]},
        {"k": {}},
        {"k": {"$eq": 1, "$ne": 2}},
        {"k": {"$eq": None}},
        {"k": {"$eq": {}}},
        {"k": {"$ne": [1]}},
        {"k": {"$gt": "1"}},
        {"k": {"$gte": True}},
        {"k": {"$lt": None}},
        {"k": {"$lte": [1]}},
        {"k": {"$in": []}},
        {"k": {"$in": "a"}},
        {"k": {"$in": {"a": 1}}},
        {"k": {"$in": [1, 1.5]}},
        {"k": {"$in": [1, True]}},
        {"k": {"$nin": ["a", 1]}},
        {"k": {"$in": [[1]]}},
        {"k": {"$contains": ["a"]}},
        {"k": {"$contains": None}},
        {"k": {"$not_contains": {"a": 1}}},
        {"#id": 1},
        {"#id": True},
        {"#id": None},
        {"#id": ["a"]},
        {"#id": "\0"},
        {"#id": {"$in": [1]}},
        {"#id": {"$in": []}},
        {"#id": {"$gt": 1}},
        {"#id": {"$contains": "a"}},
        {"#id": {"$regex": "a"}},
        {"#document": None},
        {"#document": {"$gt": "a"}},
        {"#document": {"$regex": 1}},
        {"#document": {"$not_regex": None}},
        {"k": {"$regex": "a"}},
        {"k": {"$not_regex": "a"}},
        {"k": {"$like": "a"}},
        {"k": {"eq": 1}},
        {"k": float("nan")},
        {"k": {"$gt": float("inf")}},
        {"k": 10**400},
        {"k": {"$in": [-(10**400)]}},
        {"k": "\0"},
        {"\0": 1},
        {"k\0": {"$lt": 1}},
        {"#document": {"$contains": 1}},
        {"#document": {"$contains": "\0"}},
    ],
)
def test_it_refuses_a_bad_where(where: object) -> None:
    with pytest.raises(InvalidArgument, match=r"^Invalid where clause: "):
        parse(where, None)


@pytest.mark.parametrize(
    "where_document",
    [
        {},
        [],
        "text",
        {"$contains": 1},
        {"$contains": None},
        {"$not_contains": ["a"]},
        {"$contains": "a", "$not_contains": "b"},
        {"$eq": "a"},
        {"k": "a"},
        {"$and": "a"},
        {"$or": [{"$contains": 1}]},
        {"$contains": "\0"},
        {"$regex": 1},
        {"#document": {"$contains": "a"}},
    ],
)
def test_it_refuses_a_bad_where_document(where_document: object) -> None:
    with pytest.raises(InvalidArgument, match=r"^Invalid where document clause: "):
        parse(None, where_document)


@pytest.mark.parametrize(
    ("where", "where_document"),
    [
        ({"#document": {"$regex": "a("}}, None),
        (None, {"$regex": "a("}),
        (None, {"$and": [{"$not_regex": "(?=a)"}]}),
    ],
)
def test_it_refuses_a_pattern_that_is_none(where: object, where_document: object) -> None:
    with pytest.raises(InvalidArgument, match=r"^Regex syntax errror: "):
        parse(where, where_document)


@pytest.mark.parametrize(
    ("condition", "type_name"),
    [
        ("x", "Str"),
        ({"$eq": 1}, "Int"),
        ({"$in": [1.5]}, "Float"),
        ({"$ne": True}, "Bool"),
        ({"$gt": 1}, "Int"),
    ],
)
def test_it_compares_no_documents(condition: object, type_name: str) -> None:
    expected = (
        f"Cannot filter using metadata key '#document' with type '{type_name}' because indexing is disabled"
    )
    with pytest.raises(InvalidArgument) as caught:
        parse({"#document": condition}, None)
    assert caught.value.message == expected


def test_it_walks_the_conditions_in_their_order() -> None:
    where = {
        "$and": [{"a": 1}, {"$or": [{"#id": "b"}, {"c": {"$contains": 2}}]}, {"#document": {"$regex": "d"}}]
    }
    tree = parse(where, {"$or": [{"$not_contains": "e"}, {"$and": []}]})
    assert list(leaves(tree)) == [
        Equals("a", (1,)),
        HasId(("b",)),
        Contains("c", 2),
        DocumentMatches("d"),
        DocumentContains("e", is_negated=True),
    ]
    assert list(leaves(None)) == []


@pytest.mark.parametrize("group", ["$and", "$or"])
def test_it_bounds_groups_that_are_empty(group: str) -> None:
    wide: object = {"$or": [{group: []}] * (MAX_FILTER_LEAVES + 1)}
    for filters in ((wide, None), (None, wide)):
        with pytest.raises(InvalidArgument, match="more than 1024 groups"):
            parse(*filters)


def nested(depth: int, leaf: dict[str, Any]) -> dict[str, Any]:
    """A leaf under `depth` conjunctions."""
    for _ in range(depth):
        leaf = {"$and": [leaf]}
    return leaf


@pytest.mark.parametrize("leaf", [{"k": {"$gt": 1}}, {"#document": {"$contains": "a"}}])
def test_it_bounds_the_depth(leaf: dict[str, Any]) -> None:
    assert parse(nested(MAX_FILTER_DEPTH - 1, leaf), None) is not None
    with pytest.raises(InvalidArgument, match="nested deeper"):
        parse(nested(MAX_FILTER_DEPTH, leaf), None)


def test_it_bounds_the_depth_of_documents() -> None:
    with pytest.raises(InvalidArgument, match=r"^Invalid where document clause: nested deeper"):
        parse(None, nested(MAX_FILTER_DEPTH + 1, {"$contains": "a"}))


@pytest.mark.parametrize("widest", [MAX_FILTER_LEAVES, MAX_FILTER_LEAVES + 1])
def test_it_bounds_the_width(widest: int) -> None:
    wide: list[object] = [{"$or": [{"k": 1}] * widest}, {"k": {"$in": list(range(widest))}}]
    for where in wide:
        if widest <= MAX_FILTER_LEAVES:
            assert parse(where, None) is not None
        else:
            with pytest.raises(InvalidArgument, match="more than"):
                parse(where, None)


def test_it_spells_equal_numbers_alike_and_other_values_apart() -> None:
    assert value_name(2) == value_name(2.0)
    names = [value_name(value) for value in (1, True, "1", "true", 1.5, "1.0", False, 0)]
    assert len(set(names)) == len(names)
