"""`POST K/search`: bodies of another shape, broken rules, bounds and quotas (contract, section 16.7)."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.processes import Service
from tests.factories import Cast, Place, batch, make_tenant
from tests.wire.helpers import INVALID, PLAIN, UNSHAPED, assert_error, over
from tests.wire.searches import HERE, knn


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "missing field `searches`"),
        ({"searches": None}, "searches"),
        ({"searches": [], "read_level": "bogus"}, "read_level"),
        ({"searches": [{"group_by": None}]}, "searches[0].group_by"),
        ({"searches": [{}, {"limit": None}]}, "searches[1].limit"),
        ({"searches": [{"limit": {"offset": -1}}]}, "searches[0].limit.offset"),
        ({"searches": [{"select": None}]}, "searches[0].select"),
        ({"searches": [{"select": {"keys": "n"}}]}, "searches[0].select.keys"),
        ({"searches": [{"filter": {"n": {"$near": 1}}}]}, "searches[0].filter: Invalid where clause"),
        ({"searches": [{"filter": []}]}, "searches[0].filter: Invalid where clause"),
        ({"searches": [{"rank": {}}]}, "searches[0].rank: "),
        ({"searches": [{"rank": {"$avg": []}}]}, "searches[0].rank: unknown variant `$avg`"),
        ({"searches": [{"rank": knn(["x"])}]}, "searches[0].rank.$knn.query[0]: expected a number"),
        ({"searches": [{"rank": {"$knn": {"query": "text"}}}]}, "searches[0].rank.$knn.query: "),
        ({"searches": [{"rank": {"$sum": [{"$val": "1"}]}}]}, "searches[0].rank.$sum[0].$val: expected a"),
        ({"searches": [{"rank": {"$sub": {"left": {"$val": 1}}}}]}, "searches[0].rank.$sub: missing field"),
        ({"searches": [{"group_by": {"keys": ["n"], "aggregate": {}}}]}, "searches[0].group_by.aggregate"),
        ({"searches": [{"group_by": {"aggregate": {"$mean": {}}}}]}, "searches[0].group_by.aggregate"),
        (
            {"searches": [{}, {"group_by": {"aggregate": {"$max_k": {"keys": ["n"], "k": 2**32}}}}]},
            "searches[1].group_by.aggregate.$max_k.k: ",
        ),
    ],
)
def test_it_refuses_a_body_of_another_shape(shelf: Place, body: Any, path: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/search", body), 422, PLAIN, UNSHAPED + path)


SCORED = {"keys": ["#score"], "k": 1}


@pytest.mark.parametrize(
    ("search", "message"),
    [
        ({"rank": knn([1.0])}, "Collection expecting embedding with dimension of 8, got 1"),
        ({"rank": knn([])}, "Validation error: searches[0].rank.$knn.query: Each embedding"),
        ({"rank": knn([1e39] * 8)}, "Validation error: searches[0].rank.$knn.query: Embeddings must not"),
        ({"rank": knn(HERE, default=1e39)}, "Validation error: searches[0].rank.$knn.default: "),
        ({"rank": knn(HERE, key="n")}, "Validation error: searches[0].rank.$knn.key: "),
        ({"rank": {"$val": 1e39}}, "Validation error: searches[0].rank.$val: "),
        ({"group_by": {"keys": ["n"]}}, "Validation error: searches[0].group_by: group_by keys and"),
        ({"group_by": {"aggregate": {"$min_k": SCORED}}}, "Validation error: searches[0].group_by: "),
        (
            {"group_by": {"keys": ["n"], "aggregate": {"$min_k": SCORED}}},
            "Validation error: searches[0].group_by: group_by requires rank expression to be specified",
        ),
        (
            {"rank": knn(HERE), "group_by": {"keys": ["#score"], "aggregate": {"$min_k": SCORED}}},
            "Validation error: searches[0].group_by: group_by keys must be metadata fields",
        ),
        (
            {"rank": knn(HERE), "group_by": {"keys": ["n"], "aggregate": {"$max_k": {"keys": [], "k": 1}}}},
            "Validation error: searches[0].group_by: aggregate keys must not be empty",
        ),
        (
            {
                "rank": knn(HERE),
                "group_by": {"keys": ["n"], "aggregate": {"$min_k": {"keys": ["#id"], "k": 1}}},
            },
            "Validation error: searches[0].group_by: aggregate keys must be metadata fields or #score",
        ),
        (
            {
                "rank": knn(HERE),
                "group_by": {"keys": ["n"], "aggregate": {"$min_k": {"keys": ["n"], "k": 0}}},
            },
            "Validation error: searches[0].group_by: aggregate k must be greater than 0",
        ),
        ({"select": {"keys": ["\0"]}}, "Validation error: searches[0].select: U+0000"),
        ({"select": {"keys": [str(n) for n in range(1025)]}}, "Validation error: searches[0].select: "),
        ({"filter": {"#document": {"$regex": "("}}}, "Regex syntax errror"),
        ({"filter": {"#document": "x"}}, "Cannot filter using metadata key '#document' with type 'Str'"),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, search: dict[str, Any], message: str) -> None:
    assert_error(shelf.cast.wire.post(f"{shelf.path}/search", {"searches": [search]}), 400, INVALID, message)


SPARSE = {"indices": [1, 5], "values": [0.5, 1.0]}


@pytest.mark.parametrize(
    ("query", "key", "message"),
    [
        (SPARSE, "terms", "Cannot filter using metadata key 'terms' with type 'SparseVector' because index"),
        (
            {**SPARSE, "#type": "sparse_vector", "tokens": None},
            "terms",
            "Cannot filter using metadata key 'terms' with type 'SparseVector'",
        ),
        (
            {"indices": [5, 1], "values": [1, 1]},
            "terms",
            "Validation error: searches[0].rank.$knn.query: Inv",
        ),
        ({"indices": [1], "values": [1, 1]}, "terms", "Validation error: searches[0].rank.$knn.query: Inv"),
        (SPARSE, "#embedding", "Validation error: searches[0].rank.$knn.key: #embedding holds no sparse"),
    ],
)
def test_it_refuses_sparse_searches(shelf: Place, query: dict[str, Any], key: str, message: str) -> None:
    sparse = knn(query, key=key)
    rank = sparse if "rank.$knn" in message else {"$sum": [knn(HERE), sparse]}
    answer = shelf.cast.wire.post(f"{shelf.path}/search", {"searches": [{"rank": rank}]})
    assert_error(answer, 400, INVALID, message)


def test_it_refuses_what_the_schema_has_no_index_for(acme: Cast) -> None:
    off = {"string": {"string_inverted_index": {"enabled": False, "config": {}}}}
    body = {"name": "unindexed", "schema": {"defaults": {}, "keys": {"tag": off}}}
    made = acme.wire.post(f"{acme.place}/collections", body)
    path = f"{acme.place}/collections/{made.body['id']}/search"
    answer = acme.wire.post(path, {"searches": [{}, {"filter": {"tag": "x"}, "rank": knn([1.0])}]})
    assert_error(answer, 400, INVALID, "Cannot filter using metadata key 'tag' with type 'Str'")


def nested(depth: int) -> dict[str, Any]:
    """An expression of so many levels."""
    rank: dict[str, Any] = {"$val": 1}
    for _ in range(depth - 1):
        rank = {"$abs": rank}
    return rank


def test_it_bounds_the_depth_and_size_of_an_expression(shelf: Place) -> None:
    for rank, status in (
        (nested(32), 200),
        (nested(33), 400),
        ({"$sum": [{"$val": 1}] * 255}, 200),
        ({"$sum": [{"$val": 1}] * 256}, 400),
    ):
        answer = shelf.cast.wire.post(f"{shelf.path}/search", {"searches": [{"rank": rank}]})
        assert answer.status == status
        if status == 400:
            assert_error(answer, 400, INVALID, "Validation error: searches[0].rank.")


@pytest.mark.parametrize(
    ("searches", "usage", "current", "limit"),
    [
        ([{}] * 6, "Number of search payloads in a search", 6, 5),
        ([{"rank": {"$max": [knn(HERE)] * 6}}], "Number of knn searches in a rank expression", 6, 5),
        ([{"rank": knn(HERE, limit=385)}], "Limit value in rank expression", 385, 384),
        (
            [{"rank": {"$knn": {"query": SPARSE, "key": "t", "limit": 385}}}],
            "Limit value in rank expression",
            385,
            384,
        ),
        (
            [{"rank": knn(HERE), "group_by": {"keys": ["n"] * 17, "aggregate": {"$min_k": SCORED}}}],
            "Number of group by keys in a search payload",
            17,
            16,
        ),
        (
            [
                {
                    "rank": knn(HERE),
                    "group_by": {"keys": ["n"], "aggregate": {"$max_k": {"keys": ["n"] * 17, "k": 1}}},
                }
            ],
            "Number of aggregate keys in a search payload",
            17,
            16,
        ),
    ],
)
def test_it_holds_the_quotas(shelf: Place, searches: list[Any], usage: str, current: int, limit: int) -> None:
    answer = shelf.cast.wire.post(f"{shelf.path}/search", {"searches": searches})
    assert_error(answer, 422, PLAIN, over(usage, "Search", current, limit))


def test_it_holds_the_quotas_of_filters(database: Service) -> None:
    del database
    place = make_tenant("narrow", {"where_predicates_count": 1}).collection()
    answer = place.cast.wire.post(
        f"{place.path}/search", {"searches": [{"filter": {"$and": [{"n": 1}] * 2}}]}
    )
    assert_error(answer, 422, PLAIN, over("Number of where clause predicates", "Search", 2, 1))


def test_the_quota_of_results_stands_in_for_a_limit(database: Service) -> None:
    del database
    place = make_tenant("few", {"limit_value": 3}).collection()
    place.call("add", batch(6))
    for limit in ({}, {"limit": None}, {"limit": 5}):
        assert len(place.call("search", {"searches": [{"limit": limit}]})["ids"][0]) == 3
    assert place.call("search", {"searches": [{"limit": {"limit": 2, "offset": 3}}]})["ids"] == [["r3", "r4"]]
