"""Random operations on a collection and on a dict; whatever the order, both must hold the same.

Compactions and purges fall in between, so the same reads are answered from the log, from segments and from
both. A failing run names its seed, and the seed replays it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Cast, Place, vectors
from tests.oracle import Oracle

DIMENSION, IDS, STEPS = 6, 40, 60
SPACES = ("l2", "ip", "cosine")
FILTERS: tuple[dict[str, Any], ...] = (
    {"n": {"$gte": 3}},
    {"n": {"$lt": 2.5}},
    {"n": {"$ne": 4}},
    {"tag": "a"},
    {"tag": {"$in": ["a", "c"]}},
    {"tag": {"$nin": ["b"]}},
    {"flag": True},
    {"$and": [{"n": {"$gt": 1}}, {"$or": [{"tag": "b"}, {"flag": False}]}]},
    {"missing": {"$ne": "x"}},
    {"#document": {"$contains": "1"}},
    {"#document": {"$not_contains": "_2%"}},
    {"list": 1},
    {"list": {"$nin": [1.0, 2.5]}},
    {"list": {"$contains": 1}},
    {"list": {"$not_contains": 1.0}},
    {"list": {"$gte": 2}},
    {"$and": [{"n": {"$gt": 1}}, {"list": {"$in": ["a", "b"]}}]},
    {"tag": {"$contains": "a"}},
    {"#id": "id3"},
    {"$or": [{"#id": {"$in": ["id1", "id2", "nowhere"]}}, {"tag": "c"}]},
    {"$and": [{"#id": {"$nin": ["id4"]}}, {"flag": True}]},
    {"#document": {"$regex": r"text [12]?\d$"}},
    {"#document": {"$not_regex": "^text 1|b$"}},
    {"$or": [{"#document": {"$regex": "(?i)A_2"}}, {"list": "a"}]},
    {"$and": [{"n": {"$lt": 4}}, {"#document": {"$regex": "x. ?2"}}, {"#document": {"$not_regex": "3"}}]},
)


def body_of(choose: random.Random) -> dict[str, Any]:
    """A write's body over a few ids, sometimes with one twice."""
    ids = [f"id{choose.randrange(IDS)}" for _ in range(choose.randrange(1, 8))]
    return {
        "ids": ids,
        "embeddings": vectors(len(ids), DIMENSION, seed=choose.randrange(10**6)).tolist(),
        "documents": [choose.choice([None, f"text {choose.randrange(30)}", "a_2%b"]) for _ in ids],
        "metadatas": [choose.choice([None, metadata_of(choose)]) for _ in ids],
    }


def metadata_of(choose: random.Random) -> dict[str, Any]:
    """Keys with one or two types each."""
    metadata: dict[str, Any] = {"n": choose.choice([choose.randrange(6), choose.randrange(12) / 2])}
    if choose.random() < 0.7:
        metadata["tag"] = choose.choice("abc")
    if choose.random() < 0.5:
        metadata["flag"] = choose.random() < 0.5
    if choose.random() < 0.5:
        element = choose.choice([(1, 2, 3), (1.0, 2.5, 3), ("a", "b", "c"), (True, False)])
        metadata["list"] = choose.choices(element, k=choose.randrange(4))
        if choose.random() < 0.2:
            metadata["list"] = choose.choice(element)  # sometimes as a value of its own
    return metadata


def write(
    choose: random.Random,
    place: Place,
    oracle: Oracle,
    embedding: Callable[[], list[float]] | None = None,
) -> None:
    """One random write on both; `embedding` makes the embeddings of its records."""
    kind = choose.choice(["add", "add", "update", "upsert", "upsert", "delete", "delete where"])
    if kind == "delete":
        ids = list({f"id{choose.randrange(IDS)}" for _ in range(4)})
        assert place.call("delete", {"ids": ids})["deleted"] == oracle.delete(ids, None)
    elif kind == "delete where":
        where = choose.choice(FILTERS)
        assert place.call("delete", {"where": where})["deleted"] == oracle.delete(None, where)
    else:
        body = body_of(choose)
        if embedding is not None:
            body["embeddings"] = [embedding() for _ in body["ids"]]
        if kind != "add" and body["metadatas"][0] and choose.random() < 0.3:
            body["metadatas"][0]["tag"] = None  # removes the key
        place.call(kind, body)
        if kind == "add":
            oracle.add(body)
        else:
            oracle.update(body, inserts=kind == "upsert")


def compare(choose: random.Random, place: Place, oracle: Oracle) -> None:
    """One random read on both."""
    assert place.count() == len(oracle.records)
    where = choose.choice([None, *FILTERS])
    expected = oracle.get(None, where)
    found = place.call("get", {"where": where, "include": ["documents", "metadatas", "embeddings"]})
    assert found["ids"] == expected
    held = [oracle.records[record_id] for record_id in expected]
    assert found["documents"] == [record.document for record in held]
    assert found["metadatas"] == [record.metadata for record in held]
    if held:
        assert np.array_equal(
            np.array(found["embeddings"], dtype=np.float32),
            np.array([record.embedding for record in held], dtype=np.float32),
        )
    query = vectors(1, DIMENSION, seed=choose.randrange(10**6))[0]
    wanted = {"query_embeddings": [query.tolist()], "n_results": 5, "where": where, "include": ["distances"]}
    answer = place.call("query", wanted)
    distances = oracle.query(query, where)
    ids, measured = answer["ids"][0], answer["distances"][0]
    assert len(ids) == min(5, len(distances))
    assert measured == sorted(measured)
    assert np.allclose(measured, [distances[record_id] for record_id in ids], atol=1e-4)
    assert np.allclose(measured, sorted(distances.values())[:5], atol=1e-4)


@pytest.mark.parametrize("seed", range(24))
def test_it_agrees_with_a_dict_after_any_operations(database: Service, acme: Cast, seed: int) -> None:
    choose = random.Random(seed)
    space = choose.choice(SPACES)
    place, oracle = acme.collection(space=space), Oracle(space)
    place.call("add", first := body_of(choose))
    oracle.add(first)
    for _ in range(STEPS):
        if choose.random() < 0.08:
            compact(database, place)
        else:
            write(choose, place, oracle)
        if choose.random() < 0.5:
            compare(choose, place, oracle)
    compact(database, place)
    compare(choose, place, oracle)
