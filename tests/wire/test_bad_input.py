"""Every route with a body against every kind of bad body: a 4xx in shape, quickly, and nothing changed."""

from __future__ import annotations

import gzip
import http.client
import json
import resource
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from cloud.processes import Service
from tests.factories import Place, Wire
from tests.wire.helpers import INVALID, PLAIN, UNPARSED, UNSHAPED, assert_error, base64_of

VECTOR = [0.5] * 8
WRITE: dict[str, Any] = {"ids": ["r0"], "embeddings": [VECTOR]}
QUERY: dict[str, Any] = {"query_embeddings": [VECTOR]}
# method, path, and a body that would succeed
ROUTES: dict[str, tuple[str, str, dict[str, Any]]] = {
    "add": ("POST", "{K}/add", WRITE),
    "update": ("POST", "{K}/update", WRITE),
    "upsert": ("POST", "{K}/upsert", WRITE),
    "delete": ("POST", "{K}/delete", {"ids": ["r0"]}),
    "get": ("POST", "{K}/get", {}),
    "query": ("POST", "{K}/query", QUERY),
    "create collection": ("POST", "{P}/collections", {"name": "another"}),
    "update collection": ("PUT", "{K}", {"new_name": "renamed"}),
    "create database": ("POST", "/tenants/{T}/databases", {"name": "another"}),
    "update tenant": ("PATCH", "/tenants/{T}", {"resource_name": "another"}),
}
DEEP = b"[" * 100_000 + b"]" * 100_000
DEEP_OBJECTS = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
# put behind the members of a good body: unknown to every route, and still JSON that must be right
UNKNOWN_MEMBERS = {
    "NaN": b"NaN",
    "Infinity": b"-Infinity",
    "10^5 deep lists": DEEP,
    "10^5 deep objects": DEEP_OBJECTS,
    "bytes that are no UTF-8": b'"\xff"',
    "a control character": b'"\n"',
}
WHOLE = {
    "nothing": b"",
    "not JSON": b"ids=a",
    "gzip": gzip.compress(b"{}"),
    "UTF-16": "{}".encode("utf-16"),
    "10^5 deep": DEEP,
    "two values": b"{} {}",
}


@pytest.fixture(autouse=True)
def unchanged(shelf: Place) -> Iterator[None]:
    """Nothing of the tenant is other than before, and it took no time to speak of."""
    before = snapshot(shelf)
    started = time.monotonic()
    yield
    assert time.monotonic() - started < 20
    assert snapshot(shelf) == before


def snapshot(shelf: Place) -> list[Any]:
    """All that the bad requests of this module could have changed."""
    wire, cast = shelf.cast.wire, shelf.cast
    return [
        shelf.call("get", {"include": ["embeddings", "documents", "metadatas", "uris"]}),
        wire.get(f"{shelf.path}/indexing_status").body,
        wire.get(f"{cast.place}/collections").body,
        wire.get(f"/tenants/{cast.name}").body,
        wire.get(f"/tenants/{cast.name}/databases").body,
    ]


def send(shelf: Place, route: str, body: bytes, **headers: str) -> Any:
    """The body to the route."""
    method, path, _ = ROUTES[route]
    place = {"K": shelf.path, "P": shelf.cast.place, "T": shelf.cast.name}
    return shelf.cast.wire.send(method, path.format(**place), body, **headers)


@pytest.mark.parametrize("route", list(ROUTES))
@pytest.mark.parametrize("kind", list(UNKNOWN_MEMBERS))
def test_it_refuses_a_bad_value_even_in_a_member_that_it_ignores(shelf: Place, route: str, kind: str) -> None:
    good = json.dumps({**ROUTES[route][2], "mark": "here"}).encode()
    answer = send(shelf, route, good.replace(b'"here"', UNKNOWN_MEMBERS[kind]))
    assert_error(answer, 400, INVALID, UNPARSED)


@pytest.mark.parametrize("route", list(ROUTES))
@pytest.mark.parametrize("kind", list(WHOLE))
def test_it_refuses_what_is_no_json(shelf: Place, route: str, kind: str) -> None:
    assert send(shelf, route, WHOLE[kind]).status in (400, 422)


@pytest.mark.parametrize("route", list(ROUTES))
def test_it_refuses_every_beginning_of_a_good_body(shelf: Place, route: str) -> None:
    good = json.dumps(ROUTES[route][2]).encode()
    for end in range(len(good)):
        assert_error(send(shelf, route, good[:end]), 400, INVALID, UNPARSED)


@pytest.mark.parametrize("route", list(ROUTES))
def test_it_refuses_each_member_of_another_type(shelf: Place, route: str) -> None:
    good = ROUTES[route][2] or {"ids": [], "include": [], "limit": 1, "offset": 1}
    for member in good:
        others: list[Any] = [True, 1.5, "text", ["text", 1], {"a": {}}]
        for other in others:
            if type(other) is type(good[member]) and other != ["text", 1]:
                continue
            answer = send(shelf, route, json.dumps({**good, member: other}).encode())
            assert_error(answer, 422, PLAIN, f"{UNSHAPED}{member}")


@pytest.mark.parametrize(
    "route", ["add", "upsert", "query", "create collection", "create database", "update tenant"]
)
def test_it_refuses_a_body_without_what_it_needs(shelf: Place, route: str) -> None:
    for member in ROUTES[route][2]:
        body = {name: value for name, value in ROUTES[route][2].items() if name != member}
        answer = send(shelf, route, json.dumps(body).encode())
        assert_error(answer, 422, PLAIN, f"{UNSHAPED}missing field `{member}`")


# what a write must not hold, beside what the files of the single routes say
VALUES: dict[str, tuple[bytes, int, str, str]] = {
    "a vector past float32": (
        b'{"ids":["x"],"embeddings":[[1e39,0,0,0,0,0,0,0]]}',
        400,
        INVALID,
        "Validation error",
    ),
    "a vector past float64": (b'{"ids":["x"],"embeddings":[[1e400,0,0,0,0,0,0,0]]}', 400, INVALID, UNPARSED),
    "a dimension too few": (
        b'{"ids":["x"],"embeddings":[[1,2]]}',
        400,
        INVALID,
        "Collection expecting embedding",
    ),
    "mixed dimensions": (
        b'{"ids":["x","y"],"embeddings":[[1,2],[1]]}',
        400,
        INVALID,
        "Inconsistent dimensions",
    ),
    "no dimension": (b'{"ids":["x"],"embeddings":[[]]}', 400, INVALID, "Validation error: embeddings: Each"),
    "an empty id": (b'{"ids":[""],"embeddings":[[1,2,3,4,5,6,7,8]]}', 400, INVALID, "Empty ID"),
    "U+0000 in an id": (
        b'{"ids":["\\u0000"],"embeddings":[[1,2,3,4,5,6,7,8]]}',
        400,
        INVALID,
        "Validation error: ids",
    ),
    "a lone surrogate": (b'{"ids":["\\ud800"],"embeddings":[[1,2,3,4,5,6,7,8]]}', 400, INVALID, UNPARSED),
    "a huge number of a key": (
        b'{"ids":["x"],"embeddings":[[1,2,3,4,5,6,7,8]],"metadatas":[{"k":1' + b"0" * 400 + b"}]}",
        400,
        INVALID,
        "",
    ),
    "a number for an id": (b'{"ids":[1],"embeddings":[[1,2,3,4,5,6,7,8]]}', 422, PLAIN, f"{UNSHAPED}ids[0]"),
}


@pytest.mark.parametrize("route", ["add", "update", "upsert"])
@pytest.mark.parametrize("kind", list(VALUES))
def test_it_refuses_a_bad_value_of_a_write(shelf: Place, route: str, kind: str) -> None:
    body, status, name, message = VALUES[kind]
    assert_error(send(shelf, route, body), status, name, message)


def test_it_refuses_not_a_number_in_base64(shelf: Place) -> None:
    body = {"ids": ["x"], "embeddings": [base64_of([float("nan")] * 8)]}
    assert_error(
        send(shelf, "upsert", json.dumps(body).encode()), 400, INVALID, "Validation error: embeddings"
    )


@pytest.mark.parametrize("route", ["get", "delete", "query"])
@pytest.mark.parametrize(
    "where",
    [
        b'{"$or":[' + b",".join([b'{"n":1}'] * 1_000_000) + b"]}",
        b'{"$and":[' + b",".join([b'{"n":1}'] * 5_000) + b"]}",
        b'{"n":{"$in":[' + b",".join([b"1"] * 100_000) + b"]}}",
        b'{"$or":[' * 60 + b'{"n":1}' + b"]}" * 60,
        b'{"$and":[' * 10_000 + b'{"n":1}' + b"]}" * 10_000,
    ],
    ids=["10^6 branches", "5,000 branches", "10^5 values", "60 deep", "10^4 deep"],
)
def test_it_refuses_a_filter_out_of_all_measure(shelf: Place, route: str, where: bytes) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rest = b'"query_embeddings":[[1,2,3,4,5,6,7,8]],"where":'
    assert_error(send(shelf, route, b"{" + rest + where + b"}"), 400, INVALID)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 * 1024  # kB


@pytest.mark.parametrize("route", list(ROUTES))
def test_it_refuses_another_content_type(shelf: Place, route: str) -> None:
    good = json.dumps(ROUTES[route][2]).encode()
    assert_error(send(shelf, route, good, content_type="application/xml"), 415, PLAIN)


def test_it_takes_a_name_given_twice_for_what_the_last_says(shelf: Place) -> None:
    answer = send(shelf, "get", b'{"limit":3,"limit":1}')
    assert answer.body["ids"] == ["r0"]


# --- over a socket, where a body can be longer or shorter than it says ------------------------------


@pytest.fixture(scope="module")
def address(service: Service) -> tuple[str, int, str]:
    """Host and port of a whole service, and a key of it."""
    url = urlsplit(service.url)
    service.manage("create_tenant", "bodies")
    service.manage("create_database", "main", "--tenant", "bodies")
    key = service.manage("create_key", "--tenant", "bodies").split()[-1]
    return url.hostname or "", url.port or 0, key


def test_it_refuses_41_mib_before_it_reads_them(address: tuple[str, int, str]) -> None:
    host, port, key = address
    connection = http.client.HTTPConnection(host, port, timeout=10)
    connection.putrequest("POST", "/api/v2/tenants/bodies/databases/main/collections")
    for name, value in (("x-chroma-token", key), ("content-length", str(41 * 1024 * 1024))):
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["error"] == PLAIN


def test_it_refuses_41_mib_in_chunks(address: tuple[str, int, str]) -> None:
    host, port, key = address
    connection = http.client.HTTPConnection(host, port, timeout=30)
    path = "/api/v2/tenants/bodies/databases/main/collections"
    chunks = (b" " * 1024 * 1024 for _ in range(41))
    connection.request("POST", path, chunks, {"x-chroma-token": key}, encode_chunked=True)
    assert connection.getresponse().status == 413


def test_it_survives_a_body_that_ends_early(address: tuple[str, int, str], service: Service) -> None:
    host, port, key = address
    for _ in range(20):
        connection = http.client.HTTPConnection(host, port, timeout=10)
        connection.putrequest("POST", "/api/v2/tenants/bodies/databases/main/collections")
        for name, value in (("x-chroma-token", key), ("content-length", "1000")):
            connection.putheader(name, value)
        connection.endheaders(b'{"name":"cut')
        connection.close()
    wire = http.client.HTTPConnection(host, port, timeout=10)
    wire.request("GET", "/api/v2/tenants/bodies/databases/main/collections", headers={"x-chroma-token": key})
    answer = wire.getresponse()
    assert (answer.status, json.loads(answer.read())) == (200, [])
    service.check_alive()


def test_it_asks_nothing_of_a_stranger(shelf: Place) -> None:
    assert_error(Wire(None).send("POST", f"{shelf.path}/add", DEEP), 401, PLAIN)
