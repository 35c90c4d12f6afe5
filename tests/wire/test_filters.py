"""`where` and `where_document`, as get, query and delete understand them (contract, section 14)."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.processes import Service
from tests.compact import compact
from tests.factories import Place, make_tenant
from tests.wire.conftest import HOMES
from tests.wire.helpers import INVALID, assert_error

RECORDS: dict[str, tuple[dict[str, Any] | None, str | None]] = {
    "int": ({"k": 2, "t": "x"}, "The quick brown fox"),
    "float": ({"k": 2.0, "t": "y"}, "100% sure_thing"),
    "frac": ({"k": 2.5, "t": "x"}, "a_b and a\\b"),
    "big": ({"k": 9007199254740993}, "axb"),
    "text": ({"k": "2", "t": "O'Brien; DROP TABLE --"}, 'say "hi"'),
    "true": ({"k": True}, "ÄÖÜ 日本語 🙂"),
    "false": ({"k": False, "k%": 1, 'k"': "q"}, "line one\nline two"),
    "other": ({"t": "x", "chroma:kept": 1}, ""),
    "bare": (None, None),
}
ALL = list(RECORDS)


@pytest.fixture(scope="module", params=HOMES)
def records(request: pytest.FixtureRequest, database: Service) -> Place:
    """The records above, in their home."""
    place = make_tenant("filters").collection()
    place.call(
        "add",
        {
            "ids": ALL,
            "embeddings": [[float(number), 1.0] for number in range(len(ALL))],
            "metadatas": [metadata for metadata, _ in RECORDS.values()],
            "documents": [document for _, document in RECORDS.values()],
        },
    )
    if request.param == "segment":
        compact(database, place)
    return place


def without(*ids: str) -> list[str]:
    """All records but these."""
    return [one for one in ALL if one not in ids]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({"k": 2}, ["int", "float"]),
        ({"k": 2.0}, ["int", "float"]),
        ({"k": {"$eq": 2.5}}, ["frac"]),
        ({"k": "2"}, ["text"]),
        ({"k": True}, ["true"]),
        ({"k": 1}, []),
        ({"k": False}, ["false"]),
        ({"k": 0}, []),
        ({"k": {"$eq": 9007199254740993}}, ["big"]),
        ({"k": {"$eq": 9007199254740992}}, []),
        ({"missing": 2}, []),
        ({"t": "O'Brien; DROP TABLE --"}, ["text"]),
        ({"k%": 1}, ["false"]),
        ({'k"': "q"}, ["false"]),
        ({"chroma:kept": 1}, ["other"]),
        ({"k": {"$ne": 2}}, without("int", "float")),
        ({"k": {"$ne": True}}, without("true")),
        ({"missing": {"$ne": 1}}, ALL),
        ({"k": {"$gt": 2}}, ["frac", "big"]),
        ({"k": {"$gte": 2}}, ["int", "float", "frac", "big"]),
        ({"k": {"$gt": 9007199254740992}}, ["big"]),
        ({"k": {"$gt": 9007199254740993}}, []),
        ({"k": {"$lt": 2.5}}, ["int", "float"]),
        ({"k": {"$lte": 2.5}}, ["int", "float", "frac"]),
        ({"k": {"$lt": 0}}, []),
        ({"t": {"$gt": 0}}, []),
        ({"missing": {"$lt": 1e300}}, []),
        ({"k": {"$in": [2, 9007199254740993]}}, ["int", "float", "big"]),
        ({"k": {"$in": [2.5, 2]}}, ["int", "float", "frac"]),
        ({"k": {"$in": ["2", "x"]}}, ["text"]),
        ({"k": {"$in": [True, False]}}, ["true", "false"]),
        ({"k": {"$nin": [2, 3]}}, without("int", "float")),
        ({"t": {"$nin": ["x", "y"]}}, without("int", "float", "frac", "other")),
        ({"missing": {"$nin": [1]}}, ALL),
        ({"$and": [{"t": "x"}, {"k": {"$gt": 2}}]}, ["frac"]),
        ({"$or": [{"k": "2"}, {"k": True}, {"t": "y"}]}, ["float", "text", "true"]),
        ({"$and": [{"$or": [{"k": 2}, {"k": 2.5}]}, {"t": {"$ne": "y"}}]}, ["int", "frac"]),
        ({"$and": []}, ALL),
        ({"$or": []}, []),
        ({"$and": [{"k": 2}]}, ["int", "float"]),
        ({"$or": [{"k": True}]}, ["true"]),
        ({"#document": {"$contains": "fox"}}, ["int"]),
        ({"#document": {"$not_contains": "fox"}}, without("int")),
        ({"$or": [{"#document": {"$contains": "fox"}}, {"k": True}]}, ["int", "true"]),
    ],
)
def test_it_finds_by_metadata(records: Place, where: dict[str, Any], ids: list[str]) -> None:
    assert records.ids(where=where) == ids
    assert set(records.nearest([0.0, 0.0], 100, where=where)) == set(ids)


@pytest.mark.parametrize(
    ("where_document", "ids"),
    [
        ({"$contains": "quick brown"}, ["int"]),
        ({"$contains": "Quick"}, []),
        ({"$contains": "%"}, ["float"]),
        ({"$contains": "_"}, ["float", "frac"]),
        ({"$contains": "a_b"}, ["frac"]),
        ({"$contains": "\\"}, ["frac"]),
        ({"$contains": "a\\b"}, ["frac"]),
        ({"$contains": "\\b"}, ["frac"]),
        ({"$contains": '"hi"'}, ["text"]),
        ({"$contains": "日本"}, ["true"]),
        ({"$contains": "ä"}, []),
        ({"$contains": "🙂"}, ["true"]),
        ({"$contains": "one\nline"}, ["false"]),
        ({"$contains": "fo"}, ["int"]),
        ({"$contains": "x"}, ["int", "big"]),
        ({"$contains": ""}, without("bare")),
        ({"$contains": "'; DROP TABLE x; --"}, []),
        ({"$not_contains": "x"}, without("int", "big")),
        ({"$not_contains": ""}, ["bare"]),
        ({"$not_contains": "nowhere"}, ALL),
        ({"$and": [{"$contains": "a"}, {"$not_contains": "x"}]}, ["frac", "text"]),
        ({"$or": [{"$contains": "fox"}, {"$contains": 'hi"'}]}, ["int", "text"]),
        ({"$and": []}, ALL),
        ({"$or": []}, []),
    ],
)
def test_it_finds_by_document(records: Place, where_document: dict[str, Any], ids: list[str]) -> None:
    assert records.ids(where_document=where_document) == ids
    assert set(records.nearest([0.0, 0.0], 100, where_document=where_document)) == set(ids)


def test_it_combines_both_filters(records: Place) -> None:
    assert records.ids(where={"t": "x"}, where_document={"$contains": "o"}) == ["int"]


@pytest.mark.parametrize(
    "where",
    [
        {},
        [],
        "k",
        {"k": 1, "t": 1},
        {"k": None},
        {"k": []},
        {"k": [1]},
        {"k": {}},
        {"k": {"$gt": 1, "$lt": 2}},
        {"k": {"$gt": "1"}},
        {"k": {"$gt": True}},
        {"k": {"$gt": None}},
        {"k": {"$eq": None}},
        {"k": {"$eq": [1]}},
        {"k": {"$in": []}},
        {"k": {"$in": 1}},
        {"k": {"$in": [1, "a"]}},
        {"k": {"$in": [1, 2.5]}},
        {"k": {"$in": [1, True]}},
        {"k": {"$in": [None]}},
        {"k": {"$regex": "x"}},
        {"k": {"$like": "x"}},
        {"k": {"eq": 1}},
        {"$not": [{"k": 1}]},
        {"$and": {"k": 1}},
        {"$and": [{}]},
        {"$or": [{"k": 1}, 2]},
        {"#embedding": 1},
        {"#id": {"$gt": 1}},
        {"#document": {"$regex": 1}},
        {"#document": {"$contains": 1}},
        {"k": "\0"},
        {"k\0": 1},
        {"k\0": {"$gt": 1}},
        {"k": {"$nin": ["\0"]}},
        {"": 1},
    ],
)
def test_it_refuses_a_bad_where_everywhere(shelf: Place, where: object) -> None:
    bodies: dict[str, dict[str, object]] = {
        "get": {},
        "delete": {},
        "query": {"query_embeddings": [[0.0] * 8]},
    }
    for verb, body in bodies.items():
        answer = shelf.cast.wire.post(f"{shelf.path}/{verb}", {**body, "where": where})
        assert_error(answer, 400, INVALID, "Invalid where clause")


@pytest.mark.parametrize(
    "where_document",
    [
        {},
        [],
        "text",
        {"$contains": 1},
        {"$contains": None},
        {"$contains": ["a"]},
        {"$not_contains": True},
        {"$contains": "a", "$not_contains": "b"},
        {"$eq": "a"},
        {"k": "a"},
        {"$and": {"$contains": "a"}},
        {"$or": [{"$contains": "a"}, {}]},
        {"$contains": "\0"},
        {"$regex": 5},
    ],
)
def test_it_refuses_a_bad_where_document_everywhere(shelf: Place, where_document: object) -> None:
    bodies: dict[str, dict[str, object]] = {
        "get": {},
        "delete": {},
        "query": {"query_embeddings": [[0.0] * 8]},
    }
    for verb, body in bodies.items():
        answer = shelf.cast.wire.post(f"{shelf.path}/{verb}", {**body, "where_document": where_document})
        assert_error(answer, 400, INVALID, "Invalid where document clause")


@pytest.mark.parametrize("depth", [33, 200, 200_000])
def test_it_refuses_a_filter_that_is_nested_too_deeply(shelf: Place, depth: int) -> None:
    body = b'{"where":' + b'{"$and":[' * depth + b'{"k":1}' + b"]}" * depth + b"}"
    assert_error(shelf.cast.wire.send("POST", f"{shelf.path}/get", body), 400, INVALID)


def test_it_refuses_a_filter_that_is_too_wide(shelf: Place) -> None:
    answer = shelf.cast.wire.post(f"{shelf.path}/get", {"where": {"$or": [{"k": 1}] * 2_000}})
    assert_error(answer, 400, INVALID, "Invalid where clause")


@pytest.mark.parametrize("branch", [b'{"k":1}', b'{"$and":[]}'])
def test_it_refuses_a_million_branches(shelf: Place, branch: bytes) -> None:
    body = b'{"where":{"$or":[' + b",".join([branch] * 1_000_000) + b"]}}"
    assert_error(
        shelf.cast.wire.send("POST", f"{shelf.path}/get", body), 400, INVALID, "Invalid where clause"
    )


@pytest.mark.parametrize("number", [b"1" * 30, b"-" + b"9" * 400, b"1" * 5_000, b"1e400", b"-1e400"])
def test_it_takes_or_refuses_numbers_past_64_bits(shelf: Place, number: bytes) -> None:
    for condition in (number, b'{"$gt":' + number + b"}", b'{"$in":[' + number + b"]}"):
        answer = shelf.cast.wire.send("POST", f"{shelf.path}/get", b'{"where":{"n":' + condition + b"}}")
        assert answer.status in (200, 400, 422)


@pytest.mark.parametrize("condition", [b'{"$lt":10000000000000000000}', b'{"$gt":-10000000000000000000}'])
def test_it_compares_with_an_integer_past_64_bits_as_a_float(shelf: Place, condition: bytes) -> None:
    answer = shelf.cast.wire.send("POST", f"{shelf.path}/get", b'{"where":{"n":' + condition + b"}}")
    assert answer.body["ids"] == [f"r{number}" for number in range(10)]
