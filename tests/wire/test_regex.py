"""`$regex` and `$not_regex` by get, query and delete (contract, section 14.2)."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Cast, Place, make_tenant, vectors
from tests.wire.conftest import HOMES
from tests.wire.helpers import INVALID, Settle, assert_error

RECORDS: dict[str, tuple[dict[str, Any] | None, str | None]] = {
    "cat": ({"n": 1}, "cat"),
    "Cat": ({"n": 2}, "Cat"),
    "CAT": ({"n": 3}, "CAT"),
    "long": ({"n": 4}, "the quick brown fox, phone 555-0199"),
    "lines": ({"n": 5}, "first line\nsecond line 42"),
    "words": ({"n": 6}, "Ärger über ٣ Bären, 日本語"),
    "empty": ({"n": 7}, ""),
    "bare": ({"n": 8}, None),
}
ALL = list(RECORDS)


@pytest.fixture(scope="module", params=(*HOMES, "both"))
def records(request: pytest.FixtureRequest, database: Service) -> Place:
    """The records above, in their home, or some in each."""
    place = make_tenant("regex").collection()
    for number, (record_id, (metadata, document)) in enumerate(RECORDS.items()):
        one = {"ids": [record_id], "metadatas": [metadata], "documents": [document]}
        place.call("add", {**one, "embeddings": [[float(number), 1.0]]})
        if request.param == "both" and number == 3:
            compact(database, place)
    if request.param == "segment":
        compact(database, place)
    return place


def without(*ids: str) -> list[str]:
    """All records but these."""
    return [one for one in ALL if one not in ids]


@pytest.mark.parametrize(
    ("where_document", "ids"),
    [
        ({"$regex": "cat"}, ["cat"]),
        ({"$regex": "(?i)cat"}, ["cat", "Cat", "CAT"]),
        ({"$regex": "(?i)c(?-i)at"}, ["cat", "Cat"]),
        ({"$not_regex": "(?i)cat"}, without("cat", "Cat", "CAT")),
        ({"$regex": r"\d{3}-\d{4}"}, ["long"]),
        ({"$regex": r"\d"}, ["long", "lines", "words"]),
        ({"$regex": r"\büber\b"}, ["words"]),
        ({"$regex": "^second"}, []),
        ({"$regex": "(?m)^second.*42$"}, ["lines"]),
        ({"$regex": "quick.*(fox|dog)"}, ["long"]),
        ({"$regex": "日.語"}, ["words"]),
        ({"$regex": "x*"}, without("bare")),
        ({"$regex": ""}, without("bare")),
        ({"$not_regex": ""}, ["bare"]),
        ({"$not_regex": "nowhere"}, ALL),
        ({"$regex": "^$"}, ["empty"]),
        ({"$and": [{"$regex": "line"}, {"$not_regex": "quick"}, {"$contains": "42"}]}, ["lines"]),
        ({"$or": [{"$regex": "^cat$"}, {"$regex": "fox"}, {"$contains": "Är"}]}, ["cat", "long", "words"]),
        (
            {"$or": [{"$not_regex": "a"}, {"$regex": "^cat$"}]},
            ["cat", "CAT", "long", "lines", "words", "empty", "bare"],
        ),
        ({"$and": [{"$regex": "'; DROP TABLE x; --"}]}, []),
    ],
)
def test_it_finds_by_expression(records: Place, where_document: dict[str, Any], ids: list[str]) -> None:
    assert records.ids(where_document=where_document) == ids
    assert set(records.nearest([0.0, 0.0], 100, where_document=where_document)) == set(ids)


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({"#document": {"$regex": "c.t"}}, ["cat"]),
        ({"$and": [{"n": {"$gte": 2}}, {"#document": {"$regex": "(?i)c.t"}}]}, ["Cat", "CAT"]),
        ({"$or": [{"n": 8}, {"#document": {"$regex": "fox"}}]}, ["long", "bare"]),
        ({"$and": [{"n": {"$lt": 3}}, {"#document": {"$not_regex": "cat"}}]}, ["Cat"]),
        ({"#id": "Cat"}, ["Cat"]),
        ({"#id": {"$ne": "Cat"}}, without("Cat")),
        ({"#id": {"$in": ["lines", "cat", "nobody"]}}, ["cat", "lines"]),
        ({"#id": {"$nin": ALL[1:]}}, ["cat"]),
        ({"$or": [{"#id": "bare"}, {"n": 2}]}, ["Cat", "bare"]),
        ({"$and": [{"#id": {"$in": ["cat", "Cat"]}}, {"#document": {"$regex": "(?i)cat"}}]}, ["cat", "Cat"]),
    ],
)
def test_it_joins_with_other_conditions(records: Place, where: dict[str, Any], ids: list[str]) -> None:
    assert records.ids(where=where) == ids
    assert set(records.nearest([0.0, 0.0], 100, where=where)) == set(ids)


def test_it_pages_and_restricts_like_any_filter(records: Place) -> None:
    wanted = {"where_document": {"$regex": "(?i)cat"}}
    assert records.ids(**wanted, limit=1, offset=1) == ["Cat"]
    assert records.ids(**wanted, ids=["CAT", "long"]) == ["CAT"]
    assert records.ids(**wanted, ids=[]) == []
    assert records.nearest([0.0, 0.0], 100, **wanted, ids=["CAT", "long"]) == ["CAT"]


def test_it_answers_several_queries_at_once(records: Place) -> None:
    body = {"query_embeddings": [[0.0, 0.0], [9.0, 0.0]], "n_results": 2, "include": ["documents"]}
    found = records.call("query", {**body, "where_document": {"$regex": "(?i)cat"}})
    assert found["ids"] == [["cat", "Cat"], ["CAT", "Cat"]]
    assert found["documents"] == [["cat", "Cat"], ["CAT", "Cat"]]


def test_it_deletes_by_expression(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    documents = ["cat", "dog", None, "catalogue", "concat"]
    place.call("add", {"ids": list("abcde"), "embeddings": [[1.0]] * 5, "documents": documents})
    settle(place)
    assert place.call("delete", {"where_document": {"$regex": "^cat"}, "limit": 1})["deleted"] == 1
    assert place.ids() == list("bcde")
    assert place.call("delete", {"ids": ["b", "e"], "where_document": {"$regex": "cat"}})["deleted"] == 1
    assert place.call("delete", {"where": {"#document": {"$not_regex": "og"}}})["deleted"] == 1
    assert place.ids() == ["b", "d"]


def test_it_finds_in_many_segments_by_graph_and_scan(database: Service, acme: Cast) -> None:
    place = acme.collection()
    for first in (0, 1_000, 2_000):
        ids = [f"r{number}" for number in range(first, first + 1_000)]
        body = {"ids": ids, "embeddings": vectors(1_000, seed=first).tolist()}
        place.call("add", {**body, "documents": [f"number {name[1:]}" for name in ids]})
        if first < 2_000:
            compact(database, place)
    odd = {"$regex": "[13579]$"}
    assert place.ids(where_document=odd) == [f"r{number}" for number in range(1, 3_000, 2)]
    found = place.nearest([0.0] * 8, 50, where_document=odd)
    everything = place.nearest([0.0] * 8, 3_000)
    assert found == [one for one in everything if int(one[-1]) % 2][:50]


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1", "(?-u)a", "[z-a]", r"\w{500}", "a" * 2_000])
@pytest.mark.parametrize("name", ["$regex", "$not_regex"])
def test_it_refuses_a_pattern_that_is_none(shelf: Place, name: str, pattern: str) -> None:
    body = {"query_embeddings": [[0.0] * 8]}
    for verb in ("get", "query", "delete"):
        for given in (
            {"where_document": {name: pattern}},
            {"where": {"$and": [{"#document": {name: pattern}}]}},
        ):
            answer = shelf.cast.wire.post(f"{shelf.path}/{verb}", {**body, **given})
            assert_error(answer, 400, INVALID, "Regex syntax errror: ")
    assert shelf.count() == 10


def test_it_bounds_the_time_of_a_request(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    choose = random.Random(5)  # such texts keep hundreds of states of the pattern alive
    ids = [f"r{number}" for number in range(40)]
    documents = ["".join(choose.choices("ab", k=16_000)) for _ in ids]
    place.call("add", {"ids": ids, "embeddings": [[1.0]] * 40, "documents": documents})
    settle(place)
    slow = "a.{520}c"
    answer = acme.wire.post(f"{place.path}/delete", {"where_document": {"$regex": slow}})
    assert_error(answer, 400, INVALID, "The regular expression takes more than 250 ms")
    assert place.count() == 40
    assert place.ids(where_document={"$regex": f"{slow}.*xyz"}) == []
    assert place.ids(where={"$and": [{"#id": "r1"}, {"#document": {"$regex": slow}}]}) == []
