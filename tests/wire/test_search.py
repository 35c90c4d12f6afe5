"""`POST K/search`: rank expressions, groups, pages and selections (contract, section 16)."""

from __future__ import annotations

import math
from typing import Any

import pytest

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Cast, Place, Wire, issue, make_tenant
from tests.wire.conftest import HOMES
from tests.wire.helpers import Settle, outside
from tests.wire.searches import HERE, ORIGIN, found, knn


@pytest.fixture(scope="module", params=HOMES)
def line(request: pytest.FixtureRequest, database: Service) -> Place:
    """Records at (1, 0), (2, 0), (3, 0), (4, 0) in their home, for tests that change nothing."""
    place = on_a_line(make_tenant("line"))
    if request.param == "segment":
        compact(database, place)
    return place


def on_a_line(acme: Cast, *, space: str = "l2") -> Place:
    """A collection of four records on a line."""
    place = acme.collection(space=space)
    place.call(
        "add",
        {
            "ids": ["one", "two", "three", "four"],
            "embeddings": [[1.0, 0.0], [2.0, 0.0], [3.0, 0.0], [4.0, 0.0]],
            "documents": ["a", "b", "c", None],
            "metadatas": [{"n": 1, "odd": True}, {"n": 2, "odd": False}, {"n": 3, "odd": True}, None],
        },
    )
    return place


# --- shape and selection ------------------------------------------------------------------------------


def test_it_answers_an_entry_per_search_in_each_member(line: Place) -> None:
    searches = [
        {
            "rank": knn([3.0, 0.0]),
            "limit": {"limit": 2},
            "select": {"keys": ["#score", "odd", "n", "#document"]},
        },
        {"filter": {"n": {"$gte": 2}}},
        {"rank": knn([4.0, 0.0], limit=1), "select": {"keys": ["#embedding", "#metadata"]}},
    ]
    assert line.call("search", {"searches": searches}) == {
        "ids": [["three", "two"], ["two", "three"], ["four"]],
        "documents": [["c", "b"], None, None],
        "embeddings": [None, None, [[4.0, 0.0]]],
        "metadatas": [[{"n": 3, "odd": True}, {"n": 2, "odd": False}], None, [None]],
        "scores": [[0.0, 1.0], None, None],
        "select": [["#document", "#score", "n", "odd"], [], ["#embedding", "#metadata"]],
    }


@pytest.mark.parametrize(
    ("keys", "echo", "metadatas"),
    [
        (["n"], ["n"], [{"n": 1}, None]),
        (["odd", "n", "odd"], ["n", "odd"], [{"n": 1, "odd": True}, None]),
        (["missing"], ["missing"], [None, None]),
        (["#id"], ["#id"], [None, None]),
        (["#uri", "#metadata"], ["#metadata", "#uri"], [{"n": 1, "odd": True}, None]),
        (["n", "#metadata"], ["#metadata", "n"], [{"n": 1, "odd": True}, None]),
    ],
)
def test_it_selects_metadata_keys(
    line: Place, keys: list[str], echo: list[str], metadatas: list[Any]
) -> None:
    search = {"filter": {"#id": {"$in": ["four", "one"]}}, "select": {"keys": keys}}
    body = line.call("search", {"searches": [search]})
    assert (body["select"], body["metadatas"]) == ([echo], [metadatas])


def test_it_strips_reserved_keys_and_keeps_the_types_of_numbers(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    metadata = {"chroma:x": 1, "f": 2.0, "i": 2, "list": [1.5, 2.0], "big": 1e22}
    place.call("add", {"ids": ["a"], "embeddings": [[1.0]], "metadatas": [metadata]})
    settle(place)
    for keys in (["#metadata"], list(metadata)):
        kept = place.call("search", {"searches": [{"select": {"keys": keys}}]})["metadatas"][0][0]
        assert kept == {"f": 2.0, "i": 2, "list": [1.5, 2.0], "big": 1e22}
        assert [type(kept[key]) for key in ("f", "i", "big")] == [float, int, float]
    only = place.call("search", {"searches": [{"select": {"keys": ["chroma:x"]}}]})
    assert only["metadatas"] == [[None]]


def test_it_answers_no_entries_for_no_searches(shelf: Place) -> None:
    body = shelf.call("search", {"searches": []})
    members = ("ids", "documents", "embeddings", "metadatas", "scores", "select")
    assert body == {member: [] for member in members}


@pytest.mark.parametrize("read_level", ["index_and_wal", "index_only", "index_and_bounded_wal"])
def test_it_leaves_out_the_log_on_request_only(line: Place, read_level: str) -> None:
    indexed = line.cast.wire.get(f"{line.path}/count?read_level=index_only").body
    count = indexed if read_level == "index_only" else 4
    for search in ({"rank": knn(ORIGIN)}, {}, {"filter": {"n": {"$ne": 9}}}):
        assert len(found(line, search, read_level=read_level)[0]) == count


def test_it_counts_a_unit_for_each_knn_and_each_condition(line: Place) -> None:
    both = {"$sum": [knn(ORIGIN), knn([1.0, 0.0], default=1)]}
    searches = [
        {"rank": both, "filter": {"n": {"$gte": 0}}},
        {"filter": {"#document": {"$contains": "abcd"}}},
        {},
    ]
    for body, units in ((searches, 2 + 1 + 2), ([{}], 0), ([], 0)):
        answer = line.cast.wire.post(f"{line.path}/search", {"searches": body})
        assert answer.headers["x-request-units"] == str(units)


# --- doors --------------------------------------------------------------------------------------------


def test_it_serves_a_read_only_key(shelf: Place) -> None:
    answer = shelf.cast.read_only.post(f"{shelf.path}/search", {"searches": [{"rank": knn(HERE)}]})
    assert (answer.status, len(answer.body["ids"][0])) == (200, 10)


def test_it_gives_an_outsider_nothing(globex: Cast, shelf: Place) -> None:
    outside(globex, shelf, "POST", "search", {"searches": [{"rank": knn(HERE)}]})


def test_it_keeps_a_key_inside_its_filter(line: Place) -> None:
    wire = Wire(issue(line.cast.tenant_id, forced_where='{"odd":true}').secret)
    for search in (
        {"rank": knn(ORIGIN)},
        {},
        {"filter": {"$or": [{"odd": False}, {"n": {"$gte": 1}}]}},
        {"filter": {"#document": {"$regex": "."}}, "rank": {"$sum": [knn(ORIGIN), knn([4.0, 0.0])]}},
    ):
        answer = wire.post(f"{line.path}/search", {"searches": [search]})
        assert (answer.status, sorted(answer.body["ids"][0])) == (200, ["one", "three"])


# --- order and values ---------------------------------------------------------------------------------


def test_without_a_rank_the_order_is_the_default_one(line: Place) -> None:
    assert found(line, {}) == (["one", "two", "three", "four"], [0.0, 1.0, 2.0, 3.0])
    assert found(line, {"limit": {"offset": 1, "limit": 2}}) == (["two", "three"], [0.0, 1.0])
    assert found(line, {"filter": {"odd": True}, "rank": None}) == (["one", "three"], [0.0, 1.0])
    assert found(line, {"filter": {}, "limit": {"limit": 0}}) == ([], [])


@pytest.mark.parametrize("space", ["l2", "ip", "cosine"])
def test_a_plain_knn_scores_as_a_query_measures(acme: Cast, settle: Settle, space: str) -> None:
    place = on_a_line(acme, space=space)
    settle(place)
    asked = {"query_embeddings": [[2.0, 0.5]], "n_results": 3, "include": ["distances"]}
    answer = place.call("query", asked)
    ids, scores = found(place, {"rank": knn([2.0, 0.5], limit=3)})
    assert sorted(ids) == sorted(answer["ids"][0])  # a query tells apart what is a tie in 32 bits
    assert scores == answer["distances"][0]


def test_the_limit_of_a_search_bounds_the_candidates(line: Place) -> None:
    near = knn(ORIGIN, limit=3)
    assert found(line, {"rank": near, "limit": {"limit": 10}})[0] == ["one", "two", "three"]
    assert found(line, {"rank": near, "limit": {"offset": 2}}) == (["three"], [9.0])
    assert found(line, {"rank": near, "filter": {"n": {"$ne": 1}}})[0] == ["two", "three", "four"]
    assert found(line, {"rank": knn(ORIGIN, limit=0)}) == ([], [])


@pytest.mark.parametrize(
    ("rank", "expected"),
    [
        ({"$val": 1}, {}),
        ({"$sum": []}, {}),
        (knn(ORIGIN, limit=2, default=50), {"one": 1, "two": 4}),
        (knn(ORIGIN, limit=2, return_rank=True), {"one": 0, "two": 1}),
        ({"$sum": [knn(ORIGIN, limit=2), knn([4.0, 0.0], limit=3)]}, {"two": 8}),
        ({"$sum": [knn(ORIGIN, limit=1), knn([4.0, 0.0], limit=1)]}, {}),
        (
            {"$sum": [knn(ORIGIN, limit=1, default=10), knn([4.0, 0.0], limit=1, default=20)]},
            {"four": 10, "one": 21},
        ),
        ({"$sum": [knn(ORIGIN, limit=2, default=10), knn([4.0, 0.0], limit=2)]}, {"four": 10, "three": 11}),
        ({"$sub": {"left": knn(ORIGIN, limit=2), "right": {"$val": 3}}}, {"one": -2, "two": 1}),
        ({"$mul": [{"$val": 0.5}, knn(ORIGIN, limit=2), {"$val": 4}]}, {"one": 2, "two": 8}),
        ({"$max": [knn(ORIGIN, limit=2), {"$val": 2}]}, {"one": 2, "two": 4}),
        ({"$min": [knn(ORIGIN, limit=2), {"$val": 2}]}, {"one": 1, "two": 2}),
        (
            {"$abs": {"$sub": {"left": knn(ORIGIN, limit=3), "right": {"$val": 5}}}},
            {"two": 1, "one": 4, "three": 4},
        ),
        ({"$log": knn(ORIGIN, limit=1)}, {"one": 0}),
        ({"$exp": {"$mul": [knn(ORIGIN, limit=1), {"$val": 0}]}}, {"one": 1}),
        ({"$div": {"left": {"$val": 1}, "right": knn([1.0, 0.0], limit=2)}}, {"two": 1, "one": None}),
        ({"$div": {"left": {"$val": -1}, "right": knn([1.0, 0.0], limit=2)}}, {"one": None, "two": -1}),
        (
            {"$div": {"left": knn([1.0, 0.0], limit=2), "right": knn([1.0, 0.0], limit=2)}},
            {"two": 1, "one": None},
        ),
        ({"$log": {"$mul": [{"$val": -1}, knn([1.0, 0.0], limit=2)]}}, {"one": None, "two": None}),
        ({"$exp": {"$mul": [{"$val": 1000}, knn([1.0, 0.0], limit=2)]}}, {"one": 1, "two": None}),
        ({"$mul": [{"$val": 3e38}, knn(ORIGIN, limit=2)]}, {"one": pytest.approx(3e38), "two": None}),
        ({"$mul": [{"$val": 1e-30}, {"$mul": [{"$val": 1e-30}, knn(ORIGIN, limit=1)]}]}, {"one": 0}),
    ],
)
def test_an_expression_gives_these_values(
    line: Place, rank: dict[str, Any], expected: dict[str, Any]
) -> None:
    ids, scores = found(line, {"rank": rank})
    assert ids == list(expected)
    assert scores == list(expected.values())


def test_reciprocal_rank_fusion_adds_what_each_search_found(line: Place) -> None:

    def term(search: dict[str, Any]) -> dict[str, Any]:
        return {"$div": {"left": {"$val": 1.0}, "right": {"$sum": [{"$val": 60}, search]}}}

    near = knn([2.0, 0.0], limit=2, default=1000, return_rank=True)
    far = knn([4.0, 0.0], limit=2, default=1000, return_rank=True)
    ids, scores = found(line, {"rank": {"$mul": [{"$val": -1}, {"$sum": [term(near), term(far)]}]}})
    expected = {"four": 60 + 0, "two": 60 + 0, "one": 61, "three": 61}
    assert ids == ["two", "four", "one", "three"]
    assert scores == pytest.approx([-1 / expected[one] - 1 / 1060 for one in ids])


# --- groups -------------------------------------------------------------------------------------------


def grouped(line: Place, keys: list[str], sort_keys: list[str], k: int, kind: str = "$min_k") -> list[str]:
    """The ids of the records nearest to the origin, by group."""
    aggregate = {kind: {"keys": sort_keys, "k": k}}
    return found(line, {"rank": knn(ORIGIN), "group_by": {"keys": keys, "aggregate": aggregate}})[0]


@pytest.mark.parametrize(
    ("keys", "sort_keys", "k", "kind", "ids"),
    [
        (["odd"], ["#score"], 1, "$min_k", ["one", "two", "four"]),
        (["odd"], ["#score"], 1, "$max_k", ["two", "three", "four"]),
        (["odd"], ["n"], 2, "$max_k", ["one", "two", "three", "four"]),
        (["missing"], ["n"], 2, "$min_k", ["one", "four"]),
        (["missing"], ["n"], 2, "$max_k", ["two", "three"]),
        (["missing"], ["odd", "n"], 2, "$min_k", ["two", "four"]),
        (["odd", "n"], ["#score"], 1, "$min_k", ["one", "two", "three", "four"]),
        (["missing"], ["nothing"], 2, "$max_k", ["one", "two"]),
    ],
)
def test_a_group_keeps_its_least_or_its_largest(
    line: Place, keys: list[str], sort_keys: list[str], k: int, kind: str, ids: list[str]
) -> None:
    assert grouped(line, keys, sort_keys, k, kind) == ids


def test_values_of_different_types_are_in_order_and_in_groups_of_their_own(
    acme: Cast, settle: Settle
) -> None:
    place = acme.collection()
    values: list[Any] = [[1], "b", "B", 1.0, 0.5, 2, 1, True, False, None, "1"]
    ids = [f"v{n}" for n in range(len(values))]
    metadatas = [{"all": 0} if value is None else {"v": value, "all": 0} for value in values]
    embeddings = [[float(n), 0.0] for n in range(len(values))]
    place.call("add", {"ids": ids, "embeddings": embeddings, "metadatas": metadatas})
    settle(place)
    assert grouped(place, ["v"], ["#score"], 1) == ids
    order = [9, 8, 7, 6, 5, 4, 3, 10, 2, 1, 0]
    for k in range(1, len(order)):
        assert grouped(place, ["all"], ["v"], k) == sorted((f"v{n}" for n in order[:k]), key=ids.index)
        least = sorted((f"v{n}" for n in order[-k:]), key=ids.index)
        assert grouped(place, ["all"], ["v"], k, "$max_k") == least


def test_a_page_is_taken_of_the_groups(line: Place) -> None:
    group_by = {"keys": ["odd"], "aggregate": {"$min_k": {"keys": ["#score"], "k": 1}}}
    search = {"rank": knn(ORIGIN), "group_by": group_by, "limit": {"offset": 1, "limit": 1}}
    assert found(line, {**search, "filter": {"#document": {"$regex": "[abc]"}}}) == (["two"], [4.0])


# --- collections in other states ----------------------------------------------------------------------


def test_it_finds_nothing_in_a_collection_without_dimension(acme: Cast) -> None:
    place = acme.collection()
    for search in ({}, {"rank": knn([1.0])}, {"rank": {"$sum": [knn([1.0]), knn(HERE)]}}):
        assert found(place, search) == ([], [])


def test_it_sees_every_change_at_once(acme: Cast, settle: Settle) -> None:
    place = on_a_line(acme)
    settle(place)
    place.call("delete", {"ids": ["one"]})
    place.call("upsert", {"ids": ["four"], "embeddings": [[0.5, 0.0]], "metadatas": [{"n": 4}]})
    place.call("add", {"ids": ["five"], "embeddings": [[0.0, 0.0]]})
    assert found(place, {"rank": knn(ORIGIN)}) == (["five", "four", "two", "three"], [0.0, 0.25, 4.0, 9.0])
    assert found(place, {})[0] == ["two", "three", "four", "five"]


def test_it_scores_a_zero_vector_under_cosine(acme: Cast, settle: Settle) -> None:
    place = acme.collection(space="cosine")
    place.call("add", {"ids": ["zero", "x"], "embeddings": [ORIGIN, [1.0, 0.0]]})
    settle(place)
    assert found(place, {"rank": knn([1.0, 0.0])}) == (["x", "zero"], [0.0, 1.0])
    assert found(place, {"rank": knn(ORIGIN)}) == (["zero", "x"], [1.0, 1.0])


def test_a_score_past_the_range_of_floats_is_null(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", {"ids": ["far", "near"], "embeddings": [[1e38, 1e38], [1.0, 0.0]]})
    settle(place)
    ids, scores = found(place, {"rank": knn(ORIGIN)})
    assert (ids, scores) == (["near", "far"], [1.0, None])
    assert all(score is None or math.isfinite(score) for score in scores)
