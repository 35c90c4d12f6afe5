"""Heartbeat, version, health, and what is not there (contract, sections 1, 2.3 and 6)."""

from __future__ import annotations

import re
import time

import pytest

from cloud.processes import Service
from tests.factories import Cast, Place, Wire
from tests.wire.helpers import strict

NOBODY = Wire(None)


@pytest.mark.parametrize("path", ["", "/heartbeat"])
def test_it_tells_the_time_in_nanoseconds(database: Service, path: str) -> None:
    before = time.time_ns()
    answer = NOBODY.get(path)
    assert answer.status == 200
    assert set(answer.body) == {"nanosecond heartbeat"}
    assert before <= answer.body["nanosecond heartbeat"] <= time.time_ns()


def test_it_tells_the_version_of_the_wire(database: Service) -> None:
    answer = NOBODY.get("/version")
    assert (answer.status, answer.body) == (200, "1.0.0")


def test_it_says_that_it_is_healthy(database: Service) -> None:
    answer = NOBODY.get("/healthcheck")
    assert (answer.status, answer.body) == (200, {"is_executor_ready": True, "is_log_client_ready": True})


@pytest.mark.parametrize("key", ["", "ck-unknown"])
@pytest.mark.parametrize("path", ["/heartbeat", "/version", "/healthcheck", "/pre-flight-checks"])
def test_it_needs_no_key_for_system_routes(database: Service, path: str, key: str) -> None:
    assert Wire(key).get(path).status == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v2/nothing"),
        ("POST", "/api/v2/nothing"),
        ("GET", "/api/v2/tenants/a/b/c/d"),
        ("GET", "/api/v2/"),
        ("GET", "/api/v3/heartbeat"),
        ("GET", "/api"),
    ],
)
def test_it_answers_an_unknown_route_with_an_empty_404(shelf: Place, method: str, path: str) -> None:
    answer = strict(shelf.cast.wire, method, path)
    assert (answer.status, answer.body) == (404, b"")


def test_it_answers_an_unknown_verb_of_a_collection_with_an_empty_404(shelf: Place) -> None:
    answer = strict(shelf.cast.wire, "POST", f"/api/v2{shelf.path}/novelty")
    assert (answer.status, answer.body) == (404, b"")
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["chroma-trace-id"])


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_it_says_that_version_1_is_gone(database: Service, method: str) -> None:
    answer = strict(NOBODY, method, "/api/v1/collections/x/query")
    assert answer.status == 410
    if method != "HEAD":
        message = "The v1 API is deprecated. Please use /v2 apis"
        assert answer.body == b'{"error":"Unimplemented","message":"%s"}' % message.encode()


def test_it_refuses_a_post_to_version_1(database: Service) -> None:
    answer = strict(NOBODY, "POST", "/api/v1/collections", b"{}")
    assert (answer.status, answer.body) == (405, b"")
    assert "GET" in answer.headers["Allow"]


def test_it_gives_each_failure_a_trace_of_its_own(acme: Cast) -> None:
    traces = {acme.wire.get("/nothing").headers["chroma-trace-id"] for _ in range(3)}
    assert len(traces) == 3
    assert "chroma-trace-id" not in acme.wire.get("/version").headers


def test_it_continues_the_trace_of_the_caller(acme: Cast) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    answer = acme.wire.send("GET", "/nothing", traceparent=f"00-{trace}-00f067aa0ba902b7-01")
    assert answer.headers["chroma-trace-id"] == trace
