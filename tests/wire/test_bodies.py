"""Bodies as such: type, size, syntax, shape (contract, sections 1 and 2.3)."""

from __future__ import annotations

import gzip
import re

import pytest
from django.test import override_settings

from tests.factories import Answer, Place
from tests.wire.helpers import INVALID, PLAIN, UNPARSED, UNSHAPED, assert_error, strict

RECORD_ROUTES = ("add", "update", "upsert", "delete", "get", "query")
BARE_ROUTES = ("add", "update", "upsert", "query")
LIMIT_BYTES = 2_048


def paths_of(place: Place) -> list[tuple[str, str]]:
    """Method and path of every route that reads a body."""
    return [
        *(("POST", f"{place.path}/{route}") for route in RECORD_ROUTES),
        ("POST", f"{place.cast.place}/collections"),
        ("PUT", place.path),
        ("POST", f"/tenants/{place.cast.name}/databases"),
    ]


def send(place: Place, body: bytes, **headers: str) -> list[Answer]:
    """The body to every route that reads one."""
    return [place.cast.wire.send(method, path, body, **headers) for method, path in paths_of(place)]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"not json", b"{'ids': []}", b'{"ids": [}', b'{"a": NaN}', b"\xef\xbb\xbf{}"],
)
def test_it_refuses_what_is_not_json(shelf: Place, body: bytes) -> None:
    for answer in send(shelf, body):
        assert_error(answer, 400, INVALID, UNPARSED)


@pytest.mark.parametrize(
    "body",
    [
        b"{} {}",
        b"{},",
        b'{"ids":["\xff"]}',
        b'{"where":{"\xff":1}}',
        b'{"where":{"k":"\xed\xa0\x80"}}',
        b'{"ids":["\n"]}',
        b'{"unknown":"\xff"}',
        b'{"ids":["\\ud800"]}',
    ],
)
def test_it_refuses_what_is_not_quite_json(shelf: Place, body: bytes) -> None:
    assert_error(shelf.cast.wire.send("POST", f"{shelf.path}/get", body), 400, INVALID, UNPARSED)


def test_it_refuses_a_compressed_body(shelf: Place) -> None:
    for answer in send(shelf, gzip.compress(b"{}"), **{"content-encoding": "gzip"}):
        assert_error(answer, 400, INVALID, UNPARSED)


@pytest.mark.parametrize("body", [b"null", b"[]", b'"text"', b"1", b"true"])
def test_it_refuses_json_that_is_no_object(shelf: Place, body: bytes) -> None:
    for answer in send(shelf, body):
        assert_error(answer, 422, PLAIN, UNSHAPED)


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]
)
def test_it_refuses_another_content_type(shelf: Place, kind: str) -> None:
    for answer in send(shelf, b"{}", content_type=kind):
        assert_error(answer, 415, PLAIN)


@pytest.mark.parametrize(
    "kind", ["", "application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_it_takes_json_and_an_absent_content_type_for_json(shelf: Place, kind: str) -> None:
    answer = shelf.cast.wire.send("POST", f"{shelf.path}/get", b'{"limit":1}', content_type=kind)
    assert answer.status == 200
    assert answer.body["ids"] == ["r0"]


def test_it_refuses_a_body_over_the_limit(shelf: Place) -> None:
    words = "Failed to buffer the request body: length limit exceeded"
    with override_settings(MAX_BODY_BYTES=LIMIT_BYTES):
        for method, path in paths_of(shelf):
            if not path.endswith(BARE_ROUTES):
                assert_error(shelf.cast.wire.send(method, path, b" " * (LIMIT_BYTES + 1)), 413, PLAIN, words)


@pytest.mark.parametrize("route", BARE_ROUTES)
def test_it_says_so_in_bare_words_where_vectors_are_sent(shelf: Place, route: str) -> None:
    with override_settings(MAX_BODY_BYTES=LIMIT_BYTES):
        path = f"/api/v2{shelf.path}/{route}"
        answer = strict(shelf.cast.wire, "POST", path, b" " * (LIMIT_BYTES + 1))
    assert (answer.status, answer.body) == (413, b"Payload too large")
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["chroma-trace-id"])


def test_it_takes_a_body_at_the_limit(shelf: Place) -> None:
    with override_settings(MAX_BODY_BYTES=LIMIT_BYTES):
        answer = shelf.cast.wire.send("POST", f"{shelf.path}/get", b"{}".ljust(LIMIT_BYTES))
    assert answer.status == 200


def test_it_names_the_place_of_a_wrong_shape(shelf: Place) -> None:
    answer = shelf.cast.wire.post(f"{shelf.path}/query", {"query_embeddings": [[1.0, "x"]]})
    assert_error(answer, 422, PLAIN, f"{UNSHAPED}query_embeddings[0][1]: ")


def test_it_answers_success_with_json_always(shelf: Place) -> None:
    answer = strict(shelf.cast.wire, "POST", f"/api/v2{shelf.path}/delete", b"{}")
    assert (answer.status, answer.body) == (200, b'{"deleted":0}')
    assert answer.headers["Content-Type"] == "application/json"
