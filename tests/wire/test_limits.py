"""Requests per minute and at once (contract, section 4): 429, when to come back, and what is left."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from cloud.api import admission
from cloud.processes import Service
from tenants.concurrency import Kind
from tenants.models import Plan, Tenant
from tenants.scope import tenant_transaction
from tests import stage
from tests.factories import Answer, Place, Wire, batch, make_tenant
from tests.wire.helpers import assert_error

REFUSED = "Too many requests; backoff and try again"
HEADERS = {"RateLimit-Policy", "RateLimit"}


def assert_refused(answer: Answer) -> int:
    """The answer is a refusal; when to come back."""
    assert_error(answer, 429, "RateLimitError", REFUSED)
    return int(answer.headers["Retry-After"])


def told(answer: Answer) -> tuple[int, int, int]:
    """Limit, what is left, and seconds to the next minute, as the headers have them."""
    policy = re.fullmatch(r'"requests";q=(\d+);w=60', answer.headers["RateLimit-Policy"])
    standing = re.fullmatch(r'"requests";r=(\d+);t=(\d+)', answer.headers["RateLimit"])
    assert policy, answer.headers
    assert standing, answer.headers
    return int(policy[1]), int(standing[1]), int(standing[2])


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch, database: Service) -> None:
    """A clock that stands, lest a minute end in the middle of a test."""
    now = 1_000_000_000.0 // 60 * 60 + 20.0
    monkeypatch.setattr(admission.limiter(), "_wall", lambda: now)


@pytest.mark.usefixtures("still")
def test_the_sixth_request_of_five_in_a_minute_is_refused() -> None:
    tenant, other = make_tenant("five", {"requests_per_minute_count": 5}), make_tenant("other")
    answers = [tenant.wire.get(f"{tenant.place}/collections") for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert [told(answer) for answer in answers] == [(5, left, 40) for left in (4, 3, 2, 1, 0, 0)]
    assert assert_refused(answers[-1]) == 40
    assert_refused(tenant.read_only.get("/auth/identity"))  # another key of the same tenant
    assert other.wire.get(f"{other.place}/collections").status == 200
    assert told(other.wire.get("/auth/identity"))[:2] == (600_000, 599_998)


@pytest.mark.usefixtures("still")
def test_a_refused_write_changes_nothing() -> None:
    tenant = make_tenant("three", {"requests_per_minute_count": 3})
    place = tenant.collection()
    assert tenant.wire.post(f"{place.path}/add", batch(2)).status == 201
    assert place.count() == 2
    assert assert_refused(tenant.wire.post(f"{place.path}/add", batch(2, first=2))) == 40
    assert_refused(tenant.wire.delete(f"{tenant.place}/collections/{place.name}"))
    with tenant_transaction(tenant.tenant_id):
        Tenant.objects.filter(tenant_id=tenant.tenant_id).update(quota_overrides={})
    fresh = Wire(tenant.read_only.key)  # a key that was not cached with the old limit
    assert int(fresh.get(f"{place.path}/count").body) == 2


@pytest.mark.parametrize(
    ("method", "route", "body", "status"),
    [
        ("GET", "{P}/collections", None, 200),
        ("GET", "{P}/collections/missing", None, 404),
        ("PATCH", "{P}/collections", None, 405),
        ("GET", "/tenants/somebody-else", None, 403),
        ("POST", "{P}/collections", b"{", 400),
        ("GET", "/auth/identity", None, 200),
        ("GET", "/pre-flight-checks", None, 200),
        ("POST", "{K}/get", b"{}", 200),
        ("POST", "{K}/upsert", b'{"ids":[""],"embeddings":[[1]]}', 400),
        ("POST", "{K}/query", b"[]", 422),
        ("POST", "{K}/search", b"{}", 422),
        ("POST", "{K}/functions/attach", b"{}", 501),
        ("GET", "{K}/count", None, 200),
        ("GET", "{P}/collections/" + str(uuid.UUID(int=7)) + "/count", None, 404),
    ],
)
def test_every_answer_to_a_key_tells_what_is_left(
    shelf: Place, method: str, route: str, body: bytes | None, status: int
) -> None:
    path = route.format(P=shelf.cast.place, K=shelf.path)
    answer = shelf.cast.wire.send(method, path, body)
    assert answer.status == status
    limit, left, seconds = told(answer)
    assert (limit, 0 < left < limit, 0 < seconds <= 60) == (600_000, True, True)


def test_a_failure_of_ours_tells_what_is_left_too(shelf: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("cloud.api.permissions.enter_collection", fail)
    answer = shelf.cast.wire.get(f"{shelf.path}/count")
    assert answer.status == 500
    assert told(answer)[0] == 600_000


def test_nobody_is_told_anything(shelf: Place) -> None:
    for wire in (Wire(None), Wire("ck-nonsense")):
        for path in ("/heartbeat", "/version", "/pre-flight-checks", "/auth/identity", f"{shelf.path}/count"):
            assert not HEADERS & set(wire.get(path).headers)


def test_a_collection_with_all_places_taken_refuses_reads_and_not_writes() -> None:
    tenant = make_tenant("narrow", {"concurrent_reads_count": 2, "concurrent_writes_count": 1})
    place, elsewhere = tenant.collection(), tenant.collection()
    limiter = admission.limiter()
    lanes = [limiter.enter((place.collection_id, Kind.READ), 2) for _ in range(2)]
    for verb, body in (("get", {}), ("query", {"query_embeddings": [[0.0] * 8]})):
        answer = tenant.wire.post(f"{place.path}/{verb}", body)
        assert assert_refused(answer) == 1
        assert set(answer.headers) >= HEADERS
    assert_refused(tenant.wire.get(f"{place.path}/count"))
    place.call("add", batch(1))
    elsewhere.call("get", {})
    limiter.leave(lanes[0])
    assert place.count() == 1
    limiter.leave(lanes[1])


@pytest.mark.parametrize("verb", ["add", "update", "upsert", "delete"])
def test_a_collection_with_a_write_under_way_refuses_another(acme_narrow: Place, verb: str) -> None:
    limiter = admission.limiter()
    lane = limiter.enter((acme_narrow.collection_id, Kind.WRITE), 1)
    try:
        body = {"ids": ["r0"]} if verb == "delete" else batch(1)
        assert_refused(acme_narrow.cast.wire.post(f"{acme_narrow.path}/{verb}", body))
        assert acme_narrow.count() == 0
    finally:
        limiter.leave(lane)
    assert acme_narrow.cast.wire.post(f"{acme_narrow.path}/{verb}", body).status in (200, 201)


@pytest.fixture
def acme_narrow(database: Service) -> Place:
    return make_tenant("narrow", {"concurrent_writes_count": 1}).collection()


def test_a_request_gives_its_place_back_whatever_becomes_of_it(acme_narrow: Place) -> None:
    wire, path = acme_narrow.cast.wire, f"{acme_narrow.path}/upsert"
    for body in ({"ids": [""], "embeddings": [[1.0]]}, {"ids": ["a"]}, b"{", batch(1)) * 2:
        assert wire.post(path, body).status != 429
    assert wire.post(path, batch(1)).status == 200


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Requests wait longer for a place than a slow machine takes to give it."""
    monkeypatch.setattr(admission, "_WAIT_SECONDS", 10.0)
    admission.forget()
    yield
    admission.forget()


@pytest.mark.parametrize(("limit", "clients"), [(10, 10), (5, 10)])
def test_a_burst_of_clients_is_slowed_and_not_refused(limit: int, clients: int, patient: None) -> None:
    place = make_tenant("bursting", {"concurrent_reads_count": limit}).collection()

    def read(_: int) -> int:
        return stage.elsewhere(lambda: place.cast.wire.get(f"{place.path}/count").status)

    with ThreadPoolExecutor(clients) as pool:
        assert set(pool.map(read, range(60))) == {200}


def test_limits_of_a_plan_are_overridden_by_the_tenants_own(database: Service) -> None:
    tenant = make_tenant("planned", {"records_per_write_count": 4})
    with stage.role(database, "owner"):
        limits = {"records_per_write_count": 9, "requests_per_minute_count": 50}
        plan = Plan.objects.create(name=f"plan-{uuid.uuid4().hex}", limits=limits)
        with tenant_transaction(tenant.tenant_id):
            Tenant.objects.filter(tenant_id=tenant.tenant_id).update(plan=plan)
    answer = tenant.wire.get("/pre-flight-checks")
    assert answer.body["max_batch_size"] == 4
    assert told(answer)[0] == 50
    place = tenant.collection()
    place.call("add", batch(4))
    assert tenant.wire.post(f"{place.path}/add", batch(5)).status == 422
