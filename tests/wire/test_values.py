"""Values come back as they were written: metadata, embeddings, texts (contract, sections 1 and 12)."""

from __future__ import annotations

import pytest

from tests.factories import Cast, make_tenant
from tests.wire.helpers import INVALID, Settle, assert_error, strict, text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2", "2"),
        ("2.0", "2.0"),
        ("-0", "0"),
        ("2.5", "2.5"),
        ("1e3", "1000.0"),
        ("1e22", "10000000000000000000000.0"),
        ("1E+2", "100.0"),
        ("1e-7", "0.0000001"),
        ("0.1", "0.1"),
        ("123456789.123456789", "123456789.12345679"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("9223372036854775808", "9223372036854776000.0"),
        ("18446744073709551615", "18446744073709552000.0"),
        ("9007199254740993", "9007199254740993"),
        ("true", "true"),
        ('"2.0"', '"2.0"'),
        ('"\\u00e9\\"\\\\\\n"', '"é\\"\\\\\\n"'),
        ('"1e5 \\ud83d\\ude42"', '"1e5 🙂"'),
    ],
)
def test_it_keeps_the_type_and_every_digit(acme: Cast, settle: Settle, written: str, read: str) -> None:
    place = acme.collection()
    body = f'{{"ids":["a"],"embeddings":[[1]],"metadatas":[{{"k":{written}}}]}}'
    text(acme, "POST", f"{place.path}/add", body.encode())
    settle(place)
    answer = text(acme, "POST", f"{place.path}/get", b'{"include":["metadatas"]}')
    assert f'"metadatas":[{{"k": {read}}}]' in answer


@pytest.mark.parametrize("written", ["5e-324", "1.7976931348623157e308", "-1e-300", "3.141592653589793"])
def test_it_keeps_floats_of_every_size(acme: Cast, settle: Settle, written: str) -> None:
    place = acme.collection()
    body = f'{{"ids":["a"],"embeddings":[[1]],"metadatas":[{{"k":{written}}}]}}'
    text(acme, "POST", f"{place.path}/add", body.encode())
    settle(place)
    (found,) = place.call("get", {})["metadatas"]
    assert isinstance(found["k"], float)
    assert found["k"] == float(written)


def test_it_keeps_types_through_update_and_query(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", {"ids": ["a"], "embeddings": [[1.0]], "metadatas": [{"i": 1, "f": 1.0}]})
    settle(place)
    text(acme, "POST", f"{place.path}/update", b'{"ids":["a"],"metadatas":[{"g":3.0,"h":4}]}')
    answer = text(acme, "POST", f"{place.path}/query", b'{"query_embeddings":[[1]],"include":["metadatas"]}')
    assert '"metadatas":[[{"f": 1.0, "g": 3.0, "h": 4, "i": 1}]]' in answer


def test_it_prints_embeddings_in_the_shortest_form_of_float32(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    written = b"[0.1,1,-2.5,3.4028235e38,1e-45,16777217,0.30000001192092896]"
    text(acme, "POST", f"{place.path}/add", b'{"ids":["a"],"embeddings":[' + written + b"]}")
    settle(place)
    answer = text(acme, "POST", f"{place.path}/get", b'{"include":["embeddings"]}')
    assert '"embeddings":[[0.1,1.0,-2.5,3.4028235e+38,1e-45,16777216.0,0.3]]' in answer


def test_it_prints_distances_in_the_shortest_form_of_float32(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    place.call("add", {"ids": ["a", "b", "c"], "embeddings": [[1.0], [0.9], [3.0]]})
    settle(place)
    answer = text(acme, "POST", f"{place.path}/query", b'{"query_embeddings":[[1]],"include":["distances"]}')
    assert '"distances":[[0.0,0.010000004,4.0]]' in answer


def test_it_hides_reserved_keys_and_still_finds_by_them(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    metadatas = [{"chroma:x": 1, "k": 2.0}, {"chroma:x": 2}, {"k": "chroma:y"}]
    place.call("add", {"ids": ["a", "b", "c"], "embeddings": [[1.0], [2.0], [3.0]], "metadatas": metadatas})
    settle(place)
    visible = [{"k": 2.0}, None, {"k": "chroma:y"}]
    assert place.call("get", {})["metadatas"] == visible
    assert place.call("query", {"query_embeddings": [[0.0]]})["metadatas"] == [visible]
    assert place.ids(where={"chroma:x": 2}) == ["b"]


@pytest.mark.parametrize("number", ["1" * 25, "1" * 400, "1" * 5_000, "1e400"])
def test_it_takes_or_refuses_a_number_of_any_length(acme: Cast, number: str) -> None:
    place = acme.collection()
    body = f'{{"ids":["a"],"embeddings":[[1]],"metadatas":[{{"k":{number}}}]}}'
    answer = acme.wire.send("POST", f"{place.path}/add", body.encode())
    if answer.status == 201:
        (found,) = place.call("get", {})["metadatas"]
        assert found == {"k": float(number)}
    else:
        assert answer.status in (400, 422)


@pytest.mark.parametrize("number", ["1" * 400, "1" * 5_000, "1e400", "-1e39"])
def test_it_refuses_an_embedding_past_float32(acme: Cast, number: str) -> None:
    place = acme.collection()
    for verb, body in (
        ("add", '{"ids":["a"],"embeddings":[[%s]]}'),
        ("query", '{"query_embeddings":[[%s]]}'),
    ):
        answer = acme.wire.send("POST", f"{place.path}/{verb}", (body % number).encode())
        assert answer.status in (400, 422)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "+1", "01", ".5", "1.", "0x1"])
def test_it_refuses_what_is_no_number_in_json(acme: Cast, number: str) -> None:
    place = acme.collection()
    body = f'{{"ids":["a"],"embeddings":[[{number}]]}}'
    answer = strict(acme.wire, "POST", f"/api/v2{place.path}/add", body.encode())
    assert answer.status == 400
    assert b"Failed to parse the request body as JSON: " in answer.body


@pytest.mark.parametrize("member", ["ids", "documents", "uris"])
def test_it_refuses_half_a_surrogate_pair(acme: Cast, member: str) -> None:
    place = acme.collection()
    columns = {"ids": '["a"]', "embeddings": "[[1]]", member: '["x\\ud800"]'}
    body = "{" + ",".join(f'"{name}":{column}' for name, column in columns.items()) + "}"
    assert_error(acme.wire.send("POST", f"{place.path}/add", body.encode()), 400, INVALID)


def test_it_keeps_large_documents(acme: Cast, settle: Settle) -> None:
    place = make_tenant("large", {"document_bytes": 1_000_000}).collection()
    document = "".join(chr(0x4E00 + number % 5_000) for number in range(200_000))
    place.call("add", {"ids": ["a"], "embeddings": [[1.0]], "documents": [document]})
    settle(place)
    assert place.call("get", {})["documents"] == [document]
