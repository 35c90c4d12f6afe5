"""Rank expressions: what is one, what it reads as, and where the words of a refusal point."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tenants.errors import InvalidArgument, Unprocessable
from vectors.limits import MAX_RANK_DEPTH, MAX_RANK_OPERATORS
from vectors.query.rank import Fold, Knn, Pair, Single, SparseKnn, Value, knns, leaves, parse, sparse_keys

UNSHAPED = "Failed to deserialize the JSON body into the target type: "
SPARSE = {"indices": [1, 5], "values": [0.5, 1]}


def test_null_is_no_expression() -> None:
    assert parse(None, "rank") is None
    assert list(leaves(None)) == []


def test_it_reads_every_operator() -> None:
    one, two = {"$val": 1}, {"$val": 2.5}
    assert parse(one, "rank") == Value(1.0)
    for operator in ("$sum", "$mul", "$max", "$min"):
        assert parse({operator: [one, two]}, "rank") == Fold(operator, (Value(1.0), Value(2.5)))
        assert parse({operator: []}, "rank") == Fold(operator, ())
    for operator in ("$sub", "$div"):
        assert parse({operator: {"left": one, "right": two}}, "") == Pair(operator, Value(1.0), Value(2.5))
    for operator in ("$abs", "$exp", "$log"):
        assert parse({operator: one}, "rank") == Single(operator, Value(1.0))


def test_a_constant_is_rounded_to_32_bits() -> None:
    assert parse({"$val": 0.1}, "rank") == Value(float(np.float32(0.1)))


def test_a_search_has_the_defaults_of_the_wire() -> None:
    found = parse({"$knn": {"query": [1, 2.5]}}, "rank")
    assert isinstance(found, Knn)
    assert found.embedding.dtype == np.float32
    assert found.embedding.tolist() == [1.0, 2.5]
    assert (found.limit, found.default, found.returns_rank) == (16, None, False)


def test_a_search_takes_all_that_is_given_and_ignores_the_rest() -> None:
    given = {"query": [1], "key": "#embedding", "limit": 3, "default": 7, "return_rank": True, "more": 1}
    found = parse({"$knn": given}, "rank")
    assert isinstance(found, Knn)
    assert (found.limit, found.default, found.returns_rank) == (3, 7.0, True)


def test_a_sparse_search_names_its_key() -> None:
    sparse = {"#type": "sparse_vector", **SPARSE, "tokens": None}
    rank = parse({"$sum": [{"$knn": {"query": sparse, "key": "terms", "limit": 2}}]}, "rank")
    assert rank == Fold("$sum", (SparseKnn("terms", 2),))
    assert (sparse_keys(rank), knns(rank)) == (["terms"], [])


def test_its_leaves_are_in_the_order_in_which_they_were_written() -> None:
    numbers: list[dict[str, Any]] = [{"$val": number} for number in range(5)]
    rank = parse(
        {"$sub": {"left": {"$sum": numbers[:2]}, "right": {"$max": [{"$abs": numbers[2]}, *numbers[3:]]}}}, ""
    )
    assert list(leaves(rank)) == [Value(float(number)) for number in range(5)]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (1, "rank: expected an object, got an integer"),
        ([], "rank: expected an object, got a list"),
        ({}, "rank: expected an object with exactly one operator, got 0 keys"),
        ({"$val": 1, "$abs": 1}, "rank: expected an object with exactly one operator, got 2 keys"),
        ({"$pow": []}, "rank: unknown variant `$pow`, expected one of `$val`, `$knn`, `$sum`, "),
        ({"$val": "1"}, "rank.$val: expected a number, got a string"),
        ({"$val": True}, "rank.$val: expected a number, got a boolean"),
        ({"$val": None}, "rank.$val: expected a number, got null"),
        ({"$sum": {"$val": 1}}, "rank.$sum: expected a list of rank expressions, got an object"),
        ({"$sum": [{"$val": 1}, 2]}, "rank.$sum[1]: expected an object, got an integer"),
        ({"$sub": {"left": {"$val": 1}}}, "rank.$sub: missing field `right`"),
        ({"$div": [1, 2]}, "rank.$div: expected an object, got a list"),
        ({"$div": {"left": {"$val": 1}, "right": {"$x": 1}}}, "rank.$div.right: unknown variant `$x`"),
        ({"$log": {"$exp": {"$abs": 1}}}, "rank.$log.$exp.$abs: expected an object, got an integer"),
        ({"$knn": {}}, "rank.$knn: missing field `query`"),
        ({"$knn": {"query": "text"}}, "rank.$knn.query: expected a list of numbers or a sparse vector"),
        ({"$knn": {"query": [1, True]}}, "rank.$knn.query[1]: expected a number, got a boolean"),
        ({"$knn": {"query": [1], "key": 1}}, "rank.$knn.key: expected a string"),
        ({"$knn": {"query": [1], "limit": -1}}, "rank.$knn.limit: expected an integer from 0 to"),
        ({"$knn": {"query": [1], "limit": 2**32}}, "rank.$knn.limit: expected an integer from 0 to"),
        ({"$knn": {"query": [1], "limit": True}}, "rank.$knn.limit: expected an integer from 0 to"),
        ({"$knn": {"query": [1], "limit": None}}, "rank.$knn.limit: expected an integer from 0 to"),
        ({"$knn": {"query": [1], "default": "x"}}, "rank.$knn.default: expected a number, got a string"),
        ({"$knn": {"query": [1], "return_rank": 1}}, "rank.$knn.return_rank: expected a boolean"),
        ({"$knn": {"query": {"indices": [1]}, "key": "t"}}, "rank.$knn.query: missing field `values`"),
        ({"$knn": {"query": {**SPARSE, "values": 1}, "key": "t"}}, "rank.$knn.query.values: expected a list"),
        ({"$knn": {"query": {**SPARSE, "indices": [1.5, 2]}, "key": "t"}}, "rank.$knn.query.indices[0]: "),
    ],
)
def test_it_says_where_the_shape_is_wrong(value: Any, message: str) -> None:
    with pytest.raises(Unprocessable) as caught:
        parse(value, "rank")
    assert caught.value.message.startswith(UNSHAPED + message)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"$val": 1e39}, "rank.$val: expected a number that 32 bits can hold"),
        ({"$val": 10**400}, "rank.$val: expected a number that 32 bits can hold"),
        ({"$knn": {"query": []}}, "rank.$knn.query: Each embedding must have at least 1 dimension"),
        ({"$knn": {"query": [1e39]}}, "rank.$knn.query: Embeddings must not contain NaN or Infinity values"),
        ({"$knn": {"query": [10**400]}}, "rank.$knn.query: Embeddings must not contain NaN or Infinity"),
        (
            {"$knn": {"query": [1], "key": "n"}},
            "rank.$knn.key: a list of numbers is compared with #embedding",
        ),
        ({"$knn": {"query": SPARSE}}, "rank.$knn.key: #embedding holds no sparse vectors"),
        (
            {"$knn": {"query": {"indices": [2, 2], "values": [1, 1]}, "key": "t"}},
            "rank.$knn.query: Invalid sparse vector in KNN query: indices must ascend strictly",
        ),
        (
            {"$knn": {"query": {"indices": [2], "values": []}, "key": "t"}},
            "rank.$knn.query: Invalid sparse vector in KNN query: 1 indices but 0 values",
        ),
    ],
)
def test_it_says_which_rule_is_broken(value: Any, message: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        parse(value, "rank")
    assert caught.value.message.startswith(f"Validation error: {message}")


def test_it_bounds_depth_and_size() -> None:
    deep: dict[str, Any] = {"$val": 1}
    for _ in range(MAX_RANK_DEPTH - 1):
        deep = {"$abs": deep}
    assert parse(deep, "rank") is not None
    with pytest.raises(InvalidArgument, match="nested deeper than 32 levels"):
        parse({"$abs": deep}, "rank")
    wide = [{"$val": 1}] * (MAX_RANK_OPERATORS - 1)
    assert parse({"$sum": wide}, "rank") is not None
    with pytest.raises(InvalidArgument, match="more than 256 operators"):
        parse({"$sum": [*wide, {"$val": 1}]}, "rank")
