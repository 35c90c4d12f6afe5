"""Random searches of a collection and of a dict; whatever the expression, both must give the same bits.

Embeddings are such that every distance is exact in 32 bits and many are equal, so that values and ties can be
compared to the last digit. Compactions and changes fall in between. A failing run names its seed.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Cast, Place, batch, vectors
from tests.oracle import Oracle, distances
from tests.property.test_against_oracle import FILTERS, IDS, body_of, write
from tests.rank_oracle import RankOracle, grouped

DIMENSION, STEPS, SEARCHES = 6, 14, 4
SPACES = ("l2", "ip", "cosine")
CONSTANTS = (0, 1, -1, 2, 0.5, 60, -3.25, 1e-3, 3e38, 1e-40)


def embedding(choose: random.Random, space: str) -> list[float]:
    """Small integers; under cosine along an axis, where each cosine is -1, 0 or 1."""
    if space != "cosine":
        return [float(choose.randrange(-2, 3)) for _ in range(DIMENSION)]
    values = [0.0] * DIMENSION
    values[choose.randrange(DIMENSION)] = float(choose.choice([-2, -1, 0, 1, 4]))
    return values


def expression(choose: random.Random, space: str, depth: int) -> dict[str, Any]:
    """A random expression, with at most five searches in most cases."""
    if depth == 0 or choose.random() < 0.25:
        if choose.random() < 0.3:
            return {"$val": choose.choice(CONSTANTS)}
        return knn(choose, space)
    kind = choose.choice(["fold", "fold", "pair", "single"])
    if kind == "fold":
        parts = [expression(choose, space, depth - 1) for _ in range(choose.choice([0, 1, 2, 2, 3]))]
        return {choose.choice(["$sum", "$mul", "$max", "$min"]): parts}
    if kind == "pair":
        sides = {side: expression(choose, space, depth - 1) for side in ("left", "right")}
        return {choose.choice(["$sub", "$div"]): sides}
    return {choose.choice(["$abs", "$exp", "$log"]): expression(choose, space, depth - 1)}


def knn(choose: random.Random, space: str) -> dict[str, Any]:
    """A search of few vectors, so that one expression sometimes has the same twice."""
    found: dict[str, Any] = {"query": embedding(random.Random(choose.randrange(12)), space)}
    if choose.random() < 0.8:
        found["limit"] = choose.choice([0, 1, 3, 8, 8, 40])
    if choose.random() < 0.6:
        found["default"] = choose.choice(CONSTANTS)
    if choose.random() < 0.3:
        found["return_rank"] = True
    return {"$knn": found}


def groups(choose: random.Random) -> dict[str, Any]:
    """Random groups over keys with values of several types."""
    sort_keys = choose.choice([["#score"], ["n"], ["list", "#score"], ["tag", "n"], ["missing"]])
    aggregate = {choose.choice(["$min_k", "$max_k"]): {"keys": sort_keys, "k": choose.randrange(1, 4)}}
    return {
        "keys": choose.choice([["tag"], ["n"], ["flag", "tag"], ["list"], ["missing"]]),
        "aggregate": aggregate,
    }


def random_search(choose: random.Random, space: str) -> dict[str, Any]:
    """A search that no quota refuses."""
    while True:
        rank = None if choose.random() < 0.1 else expression(choose, space, choose.randrange(4))
        if str(rank).count("$knn") <= 5:
            break
    search = {"filter": choose.choice([None, {}, *FILTERS]), "rank": rank, "select": {"keys": ["#score"]}}
    if rank is not None and choose.random() < 0.3:
        search["group_by"] = groups(choose)
    if choose.random() < 0.5:
        search["limit"] = {"offset": choose.randrange(6), "limit": choose.choice([0, 1, 5, 100])}
    return search


def expected(oracle: Oracle, search: dict[str, Any]) -> tuple[list[str], list[float | None]]:
    """The ids and scores that the search must have."""
    matching = {
        record_id: oracle.records[record_id] for record_id in oracle.get(None, search["filter"] or None)
    }
    page = search.get("limit", {"offset": 0, "limit": 300})
    wanted = slice(page["offset"], page["offset"] + page["limit"])
    if search["rank"] is None:
        ids = list(matching)[wanted]
        return ids, [float(place) for place in range(len(ids))]
    scores = RankOracle(oracle.space, matching).scores(search["rank"])
    if "group_by" in search:
        scores = grouped(scores, matching, search["group_by"])
    found = list(scores.items())[wanted]
    return [one for one, _ in found], [float(score) if np.isfinite(score) else None for _, score in found]


def compare(choose: random.Random, place: Place, oracle: Oracle) -> None:
    """Several random searches at once."""
    searches = [random_search(choose, oracle.space) for _ in range(SEARCHES)]
    answer = place.call("search", {"searches": searches})
    for search, ids, scores in zip(searches, answer["ids"], answer["scores"], strict=True):
        wanted_ids, wanted_scores = expected(oracle, search)
        assert ids == wanted_ids, search
        assert [None if one is None else float(np.float32(one)) for one in scores] == wanted_scores, search


@pytest.mark.parametrize("seed", range(12))
def test_it_agrees_with_a_dict_whatever_the_expression(database: Service, acme: Cast, seed: int) -> None:
    choose = random.Random(seed)
    space = SPACES[seed % 3]
    place, oracle = acme.collection(space=space), Oracle(space)
    first = body_of(choose) | {"ids": [f"id{number}" for number in range(IDS)]}
    choices = [body_of(choose) for _ in range(IDS)]
    for name in ("documents", "metadatas"):
        first[name] = [body[name][0] for body in choices]
    first["embeddings"] = [embedding(choose, space) for _ in range(IDS)]
    place.call("add", first)
    oracle.add(first)
    for step in range(STEPS):
        write(choose, place, oracle, lambda: embedding(choose, space))
        if step in (STEPS // 3, STEPS - 2):
            compact(database, place)
        compare(choose, place, oracle)


GRAPH_ROWS, GRAPH_DIMENSION, NEIGHBORS = 6_000, 16, 10


def test_it_searches_the_graph_as_a_query_does(database: Service, acme: Cast) -> None:
    place = acme.collection(space="l2")
    body = batch(GRAPH_ROWS, dimension=GRAPH_DIMENSION)
    place.call("add", body)
    compact(database, place)
    matrix = np.array(body["embeddings"], dtype=np.float32)
    hits, asked = 0, vectors(25, GRAPH_DIMENSION, seed=11)
    for query in asked:
        search = {
            "rank": {"$knn": {"query": query.tolist(), "limit": NEIGHBORS}},
            "select": {"keys": ["#score"]},
        }
        found = place.call("search", {"searches": [search]})
        by_query = {"query_embeddings": [query.tolist()], "n_results": NEIGHBORS, "include": ["distances"]}
        answer = place.call("query", by_query)
        assert (found["ids"], found["scores"]) == (answer["ids"], answer["distances"])
        exact = np.sort(distances(matrix, query, "l2"))[:NEIGHBORS]
        hits += int((np.array(found["scores"][0]) <= exact[-1] + 1e-4).sum())
    assert hits >= 0.9 * len(asked) * NEIGHBORS


def test_it_finds_all_there_are_where_a_graph_falls_short(database: Service, acme: Cast) -> None:
    place = acme.collection(space="l2")
    place.call("add", batch(GRAPH_ROWS, dimension=GRAPH_DIMENSION))
    compact(database, place)
    left = [f"r{number}" for number in range(12)]
    for first in range(12, GRAPH_ROWS, 1_000):
        ids = [f"r{number}" for number in range(first, min(first + 1_000, GRAPH_ROWS))]
        place.call("delete", {"ids": ids})
    near, far = ({"$knn": {"query": [value] * GRAPH_DIMENSION, "limit": 16}} for value in (0.0, 1.0))
    searches = [{"rank": {"$sum": [near, far]}}, {"rank": near, "limit": {"limit": 3}}, {}]
    answer = place.call("search", {"searches": searches})["ids"]
    assert (sorted(answer[0]), len(answer[1]), answer[2]) == (sorted(left), 3, left)
