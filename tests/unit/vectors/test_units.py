"""Query units: vectors, conditions, and runs of three characters."""

from __future__ import annotations

from typing import Any

import pytest

from vectors.units import query_units
from vectors.where import parse

ONE = {"a": 1}


@pytest.mark.parametrize(
    ("where", "where_document", "vectors_count", "units"),
    [
        (None, None, 0, 0),
        (None, None, 3, 3),
        (ONE, None, 0, 1),
        ({"a": {"$in": [1, 2, 3]}}, None, 0, 1),
        ({"$and": [ONE, {"$or": [ONE, {"b": {"$gt": 2}}]}]}, None, 1, 4),
        ({"#id": {"$in": ["x", "y"]}}, None, 0, 1),
        (None, {"$contains": "a"}, 0, 1),
        (None, {"$contains": "abc"}, 0, 1),
        (None, {"$contains": "abcd"}, 0, 2),
        (None, {"$not_contains": "näher"}, 0, 3),
        (None, {"$regex": "[ab]+c"}, 0, 4),
        (ONE, {"$and": [{"$contains": "abcde"}, {"$contains": "x"}]}, 2, 7),
    ],
)
def test_it_counts(where: Any, where_document: Any, vectors_count: int, units: int) -> None:
    assert query_units(parse(where, where_document), vectors_count=vectors_count) == units
