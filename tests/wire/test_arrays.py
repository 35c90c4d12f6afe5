"""Arrays in metadata: what is kept, what comes back, what finds them (contract, sections 12 and 14.1)."""

from __future__ import annotations

from typing import Any

import pytest

from cloud.processes import Service
from tests.compact import cell_of, compact, read_as_owner
from tests.factories import Cast, Place, batch, make_tenant
from tests.wire.conftest import HOMES
from tests.wire.helpers import INVALID, PLAIN, UNSHAPED, Settle, assert_error, text

RECORDS: dict[str, dict[str, Any] | None] = {
    "texts": {"k": ["p", "q"], "t": "x"},
    "ints": {"k": [1, 2]},
    "floats": {"k": [1.0, 2.5]},
    "bools": {"k": [True, False]},
    "one": {"k": [7]},
    "text": {"k": "p", "t": ["x"]},
    "int": {"k": 1},
    "float": {"k": 1.0},
    "true": {"k": True},
    "digits": {"k": ["1", "1.5"]},
    "bare": None,
}
ALL = list(RECORDS)


@pytest.fixture(scope="module", params=HOMES)
def records(request: pytest.FixtureRequest, database: Service) -> Place:
    """The records above, in their home."""
    place = make_tenant("arrays").collection()
    embeddings = [[float(number), 1.0] for number in range(len(ALL))]
    place.call("add", {"ids": ALL, "embeddings": embeddings, "metadatas": list(RECORDS.values())})
    if request.param == "segment":
        compact(database, place)
    return place


def without(*ids: str) -> list[str]:
    """All records but these."""
    return [one for one in ALL if one not in ids]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({"k": "p"}, ["texts", "text"]),
        ({"k": "p, q"}, []),
        ({"k": 1}, ["ints", "floats", "int", "float"]),
        ({"k": 1.0}, ["ints", "floats", "int", "float"]),
        ({"k": 2.5}, ["floats"]),
        ({"k": True}, ["bools", "true"]),
        ({"k": False}, ["bools"]),
        ({"k": 0}, []),
        ({"k": {"$ne": "p"}}, without("texts", "text")),
        ({"k": {"$in": ["q", "z"]}}, ["texts"]),
        ({"k": {"$in": [2, 7]}}, ["ints", "one"]),
        ({"k": {"$nin": [1]}}, without("ints", "floats", "int", "float")),
        ({"k": {"$gt": 2}}, ["floats", "one"]),
        ({"k": {"$gte": 2}}, ["ints", "floats", "one"]),
        ({"k": {"$lt": 2}}, ["ints", "floats", "int", "float"]),
        ({"k": {"$lte": -1e300}}, []),
        ({"k": {"$contains": "p"}}, ["texts", "text"]),
        ({"k": {"$contains": 1}}, ["ints", "int"]),
        ({"k": {"$contains": 1.0}}, ["floats", "float"]),
        ({"k": {"$contains": 2}}, ["ints"]),
        ({"k": {"$contains": 2.5}}, ["floats"]),
        ({"k": {"$contains": True}}, ["bools", "true"]),
        ({"k": {"$contains": "1.5"}}, ["digits"]),
        ({"k": {"$not_contains": "p"}}, without("texts", "text")),
        ({"k": {"$not_contains": 1}}, without("ints", "int")),
        ({"missing": {"$contains": 1}}, []),
        ({"missing": {"$not_contains": 1}}, ALL),
        ({"$and": [{"k": "p"}, {"t": "x"}]}, ["texts", "text"]),
        ({"$and": [{"k": {"$gt": 0}}, {"k": {"$contains": 7}}]}, ["one"]),
    ],
)
def test_it_finds_by_elements(records: Place, where: dict[str, Any], ids: list[str]) -> None:
    assert records.ids(where=where) == ids
    assert set(records.nearest([0.0, 0.0], 100, where=where)) == set(ids)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('["a","b"]', '["a", "b"]'),
        ("[2,1,2]", "[2, 1, 2]"),
        ("[1,2.5]", "[1.0, 2.5]"),
        ("[2.0]", "[2.0]"),
        ("[1e22,1]", "[10000000000000000000000.0, 1.0]"),
        ("[9223372036854775807,-9223372036854775808]", "[9223372036854775807, -9223372036854775808]"),
        ("[9223372036854775808,1]", "[9223372036854776000.0, 1.0]"),
        ("[true,false]", "[true, false]"),
        ('["1e5",":["]', '["1e5", ":["]'),
        ('"x:[y"', '"x:[y"'),
    ],
)
def test_it_gives_arrays_back_as_they_were(acme: Cast, settle: Settle, written: str, read: str) -> None:
    place = acme.collection()
    body = f'{{"ids":["a","b"],"embeddings":[[1],[2]],"metadatas":[{{"k":{written}}},{{"s":1.0}}]}}'
    text(acme, "POST", f"{place.path}/add", body.encode())
    settle(place)
    answer = text(acme, "POST", f"{place.path}/get", b'{"include":["metadatas"]}')
    assert f'"metadatas":[{{"k": {read}}},{{"s": 1.0}}]' in answer


def test_it_keeps_no_empty_array(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    metadatas = [{"k": [], "s": 1}, {"k": []}, {"k": [1]}, {"k": "old", "s": 2}]
    place.call("add", {"ids": list("abcd"), "embeddings": [[1.0]] * 4, "metadatas": metadatas})
    settle(place)
    assert place.call("get", {})["metadatas"] == [{"s": 1}, None, {"k": [1]}, {"k": "old", "s": 2}]
    place.call("update", {"ids": ["c"], "metadatas": [{"k": []}]})
    place.call("upsert", {"ids": ["d"], "embeddings": [[1.0]], "metadatas": [{"k": [], "new": ["x"]}]})
    assert place.call("get", {})["metadatas"][2:] == [None, {"s": 2, "new": ["x"]}]


def test_it_replaces_arrays_and_values_by_each_other(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", {"ids": ["a"], "embeddings": [[1.0]], "metadatas": [{"k": "old", "l": ["x", "y"]}]})
    settle(place)
    place.call("update", {"ids": ["a", "a"], "metadatas": [{"k": ["mid"]}, {"k": ["n1", "n2"], "l": 5}]})
    assert place.call("get", {})["metadatas"] == [{"k": ["n1", "n2"], "l": 5}]
    for where, ids in (({"k": "old"}, []), ({"k": "n2"}, ["a"]), ({"l": "x"}, []), ({"l": 5}, ["a"])):
        assert place.ids(where=where) == ids


def test_it_deletes_by_elements(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    metadatas = [{"k": ["x", "y"]}, {"k": "y"}, {"k": ["z"]}, {"n": [1, 9]}]
    place.call("add", {"ids": list("abcd"), "embeddings": [[1.0]] * 4, "metadatas": metadatas})
    settle(place)
    where = {"$or": [{"k": {"$contains": "y"}}, {"n": {"$gt": 8}}]}
    assert place.call("delete", {"where": where})["deleted"] == 3
    assert place.ids() == ["c"]


@pytest.mark.parametrize(
    "value",
    [
        '[1,"a"]',
        "[1,true]",
        "[1.5,false]",
        '["a",1.0]',
        "[null]",
        '["a",null]',
        "[[1]]",
        "[{}]",
        "{}",
        '{"a":1}',
        '{"indices":[1]}',
        '[{"#type":"sparse_vector"}]',
    ],
)
@pytest.mark.parametrize("verb", ["add", "upsert", "update"])
def test_it_refuses_what_is_no_array_of_one_type(shelf: Place, verb: str, value: str) -> None:
    body = f'{{"ids":["r1"],"embeddings":[[1,1,1,1,1,1,1,1]],"metadatas":[{{"ok":1,"k":{value}}}]}}'
    assert_error(shelf.cast.wire.send("POST", f"{shelf.path}/{verb}", body.encode()), 422, PLAIN, UNSHAPED)
    assert shelf.ids(where={"ok": 1}) == []


@pytest.mark.parametrize(
    "value", ['{"indices":[1],"values":[0.5]}', '{"#type":"sparse_vector","indices":[],"values":[]}']
)
def test_it_has_no_sparse_vectors_yet(shelf: Place, value: str) -> None:
    body = f'{{"ids":["new"],"embeddings":[[1,1,1,1,1,1,1,1]],"metadatas":[{{"k":{value}}}]}}'
    answer = shelf.cast.wire.send("POST", f"{shelf.path}/add", body.encode())
    assert_error(answer, 501, PLAIN, "Sparse vectors in metadata are not supported yet")


@pytest.mark.parametrize("value", ['["a","\\u0000"]', "[1,1" + "0" * 400 + "]"])
def test_it_refuses_elements_that_cannot_be_stored(shelf: Place, value: str) -> None:
    body = f'{{"ids":["new"],"embeddings":[[1,1,1,1,1,1,1,1]],"metadatas":[{{"k":{value}}}]}}'
    answer = shelf.cast.wire.send("POST", f"{shelf.path}/add", body.encode())
    assert_error(answer, 400, INVALID, "Validation error: metadatas: ")


def test_it_enters_the_schema_by_the_type_of_its_elements(database: Service, acme: Cast) -> None:
    place = acme.collection()
    metadatas = [{"s": ["a"], "i": [1], "f": [1, 2.5], "b": [True], "both": ["x"]}, {"both": 1}]
    place.call("add", {"ids": ["a", "b"], "embeddings": [[1.0], [2.0]], "metadatas": metadatas})
    compact(database, place)
    keys = acme.wire.get(f"{acme.place}/collections/{place.name}").body["schema"]["keys"]
    found = {key: sorted(value) for key, value in keys.items() if not key.startswith("#")}
    assert found == {"s": ["string"], "i": ["int"], "f": ["float"], "b": ["bool"], "both": ["int", "string"]}


def test_it_writes_down_which_keys_have_arrays_in_a_segment(database: Service, acme: Cast) -> None:
    place = acme.collection()
    rows = batch(300)
    rows["metadatas"][299]["rare"] = ["x"]
    rows["metadatas"][7]["n"] = [7, 8]
    place.call("add", rows)
    compact(database, place)
    segments = f"{cell_of(place)}.segment WHERE collection_id = '{place.collection_id}'"
    query = f"SELECT statistics->'array_keys' FROM {segments}"
    assert read_as_owner(database, acme.tenant_id, query) == [('["n", "rare"]',)]
