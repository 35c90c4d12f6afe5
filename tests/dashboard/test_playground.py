"""The playground asks as a key asks: the wire's answers, limits, words and ledger, for who signed in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.http import HttpResponse
from django.test import Client

from cloud.api import admission, metering
from cloud.processes import Service
from tenants import flags
from tenants.billing import budgets
from tenants.concurrency import Kind
from tenants.models import Flag, Tenant
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests.compact import cell_of, read_as_owner
from tests.control.caller import BY, person
from tests.factories import Cast, Place, batch, make_tenant

NEAREST = {
    "query_embeddings": [[0.5] * 8],
    "n_results": 3,
    "include": ["documents", "metadatas", "distances"],
}
FILTERED = NEAREST | {"where": {"even": True}, "where_document": {"$contains": "number"}}
SEARCHES = {
    "searches": [
        {
            "filter": {"n": {"$lt": 4}},
            "rank": {"$knn": {"query": [0.5] * 8, "limit": 4}},
            "select": {"keys": ["#document", "#score"]},
        }
    ]
}


@dataclass(frozen=True)
class Bench:
    """A collection of ten records and somebody at its playground."""

    place: Place
    browser: Client

    @property
    def path(self) -> str:
        """The page."""
        cast = self.place.cast
        collection = f"databases/{cast.database}/collections/{self.place.collection_id}"
        return f"/dashboard/t/{cast.name}/{collection}/playground"

    def ask(self, kind: str, body: object, **more: object) -> dict[str, Any]:
        """What a pane gets."""
        asked = orjson.dumps({"kind": kind, "body": body, **more})
        answer = self.browser.post(self.path, asked, content_type="application/json")
        assert answer.status_code == 200, answer.content
        found: dict[str, Any] = orjson.loads(answer.content)
        return found

    def submit(self, **fields: object) -> HttpResponse:
        """What the form gets."""
        given = {"kind": "query", "source": "record", "count": 3, "limit": 20, "offset": 0, **fields}
        answer = self.browser.post(self.path, given)
        return HttpResponse(answer.content, status=answer.status_code)


def bench_of(cast: Cast, role: Role = Role.VIEWER) -> Bench:
    """A new collection of the tenant's."""
    place = cast.collection()
    place.call("add", batch(10))
    return Bench(place, person(cast.tenant_id, role).client)


@pytest.fixture(scope="module")
def bench(database: Service) -> Bench:
    """For the tests that change nothing."""
    del database
    return bench_of(make_tenant("bench"))


@pytest.mark.parametrize(
    ("kind", "body"),
    [("query", NEAREST), ("query", FILTERED), ("get", {"limit": 2, "offset": 3}), ("search", SEARCHES)],
)
def test_a_pane_gets_what_a_key_gets(bench: Bench, kind: str, body: dict[str, Any]) -> None:
    wire = bench.place.cast.wire.post(f"{bench.place.path}/{kind}", body)
    found = bench.ask(kind, body)
    assert (found["status"], found["answer"]) == (200, wire.body)
    assert str(found["units"]) == wire.headers["x-request-units"]
    assert str(found["cost_nano"]) == wire.headers["x-request-cost"]
    assert found["returned_bytes"] >= len(orjson.dumps(wire.body))  # the wire has spaces in metadata
    assert found["duration_ms"] > 0
    assert len(found["trace_id"]) == 32


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("query", {"query_embeddings": [[0.5] * 3]}),
        ("query", NEAREST | {"where": {"n": {"$foo": 1}}}),
        ("query", NEAREST | {"n_results": "many"}),
        ("query", {}),
        ("get", {"where": {}}),
        ("get", {"where_document": {"$regex": "("}}),
        ("search", {"searches": [{"rank": {"$nearest": 1}}]}),
    ],
)
def test_a_refusal_is_in_the_words_of_the_wire(bench: Bench, kind: str, body: dict[str, Any]) -> None:
    wire = bench.place.cast.wire.post(f"{bench.place.path}/{kind}", body)
    found = bench.ask(kind, body)
    assert (found["status"], found["answer"]) == (wire.status, wire.body)
    assert wire.status in (400, 422)
    assert (found["units"], found["cost_nano"]) == (0, 0)


def test_similar_to_a_record_is_nearest_to_its_embedding(bench: Bench) -> None:
    rest = {"n_results": 4, "include": ["distances"]}
    embedding = bench.place.call("get", {"ids": ["r3"], "include": ["embeddings"]})["embeddings"]
    wire = bench.place.call("query", {"query_embeddings": embedding, **rest})
    found = bench.ask("query", rest, similar_to="r3")
    assert found["answer"] == wire
    assert found["answer"]["ids"][0][0] == "r3"
    assert found["units"] == 1


def test_a_record_that_is_not_there_is_named(bench: Bench) -> None:
    found = bench.ask("query", {}, similar_to="<nobody>")
    assert found["status"] == 404
    assert found["answer"] == {"error": "NotFoundError", "message": "Record [<nobody>] not found"}


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"kind": "add", "body": {}}', b'{"kind": "get"}', b'{"kind": "get", "body": 7}']
)
def test_what_no_pane_sends_is_refused_in_words(bench: Bench, body: bytes) -> None:
    answer = bench.browser.post(bench.path, body, content_type="application/json")
    found = orjson.loads(answer.content)
    assert (answer.status_code, found["status"] in (400, 422)) == (200, True)
    assert found["answer"]["message"]


def ledger(database: Service, place: Place) -> set[tuple[Any, ...]]:
    """What reads of a collection are in the ledger, by key."""
    rows = read_as_owner(
        database,
        place.cast.tenant_id,
        "SELECT key_id IS NULL, operation, meter, sum(quantity)::bigint, sum(requests)::int "
        f"FROM {cell_of(place)}.usage_ledger WHERE collection_id = '{place.collection_id}' "
        "AND log_from IS NULL GROUP BY 1, 2, 3",
    )
    return set(rows)


def test_the_ledger_has_the_same_rows_as_of_a_key_but_no_key(database: Service, acme: Cast) -> None:
    bench = bench_of(acme)
    for kind, body in (("query", FILTERED), ("get", {"limit": 2}), ("search", SEARCHES)):
        bench.place.call(kind, body)
        bench.ask(kind, body)
    metering.process.flush()
    rows = ledger(database, bench.place)
    of_keys = {row[1:] for row in rows if not row[0]}
    assert of_keys == {row[1:] for row in rows if row[0]}
    assert {row[0] for row in of_keys} == {"query", "get", "search"}


def test_a_role_without_records_asks_nothing(bench: Bench) -> None:
    accountant = Bench(bench.place, person(bench.place.cast.tenant_id, Role.BILLING).client)
    asked = orjson.dumps({"kind": "get", "body": {}})
    for answer in (
        accountant.browser.get(bench.path),
        accountant.submit(record="r1"),
        accountant.browser.post(bench.path, asked, content_type="application/json"),
    ):
        assert answer.status_code == 403
        assert b"document number" not in answer.content


def test_an_outsider_finds_no_page_and_no_collection(bench: Bench, globex: Cast) -> None:
    outsider = bench_of(globex)
    asked = orjson.dumps({"kind": "get", "body": {}})
    answer = outsider.browser.post(bench.path, asked, content_type="application/json")
    assert answer.status_code == 404
    # Their own tenant's address with somebody else's collection in it.
    smuggled = outsider.path.replace(str(outsider.place.collection_id), str(bench.place.collection_id))
    answer = outsider.browser.post(smuggled, asked, content_type="application/json")
    assert orjson.loads(answer.content)["status"] == 404
    assert outsider.browser.get(smuggled).status_code == 404


def test_a_request_from_another_site_is_refused(bench: Bench) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.cookies = bench.browser.cookies
    asked = orjson.dumps({"kind": "get", "body": {}})
    assert browser.post(bench.path, asked, content_type="application/json").status_code == 403


def test_the_limits_of_the_plan_hold(database: Service) -> None:
    del database
    limits = {"results_count": 2, "where_predicates_count": 1, "limit_value": 5}
    bench = bench_of(make_tenant("small", limits))
    many = bench.ask("query", NEAREST)
    assert (many["status"], many["answer"]["message"][:14]) == (422, "Quota exceeded")
    wide = bench.ask("get", {"where": {"$and": [{"n": 1}, {"n": 2}]}})
    assert "Number of where clause predicates" in wide["answer"]["message"]
    assert len(bench.ask("get", {})["answer"]["ids"]) == 5


def test_requests_of_a_minute_are_counted_with_those_of_keys(
    monkeypatch: pytest.MonkeyPatch, database: Service
) -> None:
    del database
    monkeypatch.setattr(admission.limiter(), "_wall", lambda: 1_000_000_000.0 // 60 * 60 + 20.0)
    bench = bench_of(make_tenant("few", {"requests_per_minute_count": 5}))  # two are used by now
    found = [bench.ask("get", {"limit": 1}) for _ in range(4)]
    assert [one["status"] for one in found] == [200, 200, 200, 429]
    assert found[-1]["answer"]["error"] == "RateLimitError"
    assert bench.place.cast.wire.get(f"{bench.place.path}/count").status == 429


def test_a_collection_with_its_reads_under_way_refuses_another(database: Service) -> None:
    del database
    bench = bench_of(make_tenant("narrow", {"concurrent_reads_count": 1}))
    limiter = admission.limiter()
    lane = limiter.enter((bench.place.collection_id, Kind.READ), 1)
    try:
        assert bench.ask("get", {"limit": 1})["status"] == 429
    finally:
        limiter.leave(lane)
    assert bench.ask("get", {"limit": 1})["status"] == 200


def test_the_spend_cap_stops_it(acme: Cast) -> None:
    bench = bench_of(acme)
    budgets.set_cap(BY, acme.tenant_id, 0)
    found = bench.ask("query", NEAREST)
    assert (found["status"], found["answer"]["message"][:22]) == (422, "Billing limit exceeded")


def test_a_suspended_tenant_is_told_why(acme: Cast) -> None:
    bench = bench_of(acme)
    with tenant_transaction(acme.tenant_id):
        rows = Tenant.objects.filter(tenant_id=acme.tenant_id)
        rows.update(suspended_at=datetime.now(UTC), suspension_reason="unpaid since May")
    found = bench.ask("get", {})
    assert found["status"] == 403
    assert found["answer"]["message"] == "Permission denied. The tenant is suspended: unpaid since May"


def test_reading_goes_on_under_maintenance(acme: Cast) -> None:
    bench = bench_of(acme)
    Flag.objects.update_or_create(name=flags.MAINTENANCE, defaults={"is_on": True})
    flags.forget()
    try:
        assert bench.ask("get", {"limit": 1})["status"] == 200
        assert bench.submit(record="r1").status_code == 200
    finally:
        Flag.objects.filter(name=flags.MAINTENANCE).delete()
        flags.forget()


# --- the page, and its form without scripts ----------------------------------------------------------


def text_of(answer: HttpResponse) -> str:
    """The words of a page."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def test_the_page_begins_with_a_record_that_is_there(bench: Bench) -> None:
    page = bench.browser.get(bench.path).content.decode()
    assert 'value="r0"' in page
    assert 'value="r7"' in bench.browser.get(f"{bench.path}?similar_to=r7").content.decode()
    assert "&quot;even&quot;: [&quot;bool&quot;]".replace(" ", "") in page.replace(" ", "")


def test_a_form_finds_what_is_near_a_record(bench: Bench) -> None:
    page = text_of(bench.submit(record="r3", include=["documents", "distances"]))
    assert "3 records" in page
    assert "document number 3" in page
    assert " ms " in page
    assert "USD 0.00" in page


def test_a_form_takes_a_vector_a_filter_and_a_search(bench: Bench) -> None:
    vector = bench.submit(source="vector", vector=str([0.5] * 8), where='{"n": 4}', include=["documents"])
    assert "document number 4" in text_of(vector)
    got = bench.submit(kind="get", where='{"#document": {"$contains": "number 9"}}', include=["documents"])
    assert "1 record " in text_of(got)
    searched = bench.submit(kind="search", search=orjson.dumps(SEARCHES).decode())
    assert "4 records" in text_of(searched)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"record": "r1", "where": '{"n": \n 1,}'}, "Line 2, column"),
        ({"source": "vector", "vector": ""}, "Paste a JSON list of numbers."),
        ({"record": ""}, "Enter the id of a record."),
        ({"source": "text", "text": "hello"}, "The service keeps no embedding model"),
        ({"kind": "search", "search": ""}, "Enter the body of a search."),
    ],
)
def test_a_form_says_what_to_mend(bench: Bench, fields: dict[str, str], words: str) -> None:
    answer = bench.submit(**fields)
    assert answer.status_code == 422
    assert words in text_of(answer)


def test_a_form_shows_the_words_of_the_wire_with_the_trace_id(bench: Bench) -> None:
    page = text_of(bench.submit(source="vector", vector="[1, 2]", include=[]))
    assert "Collection expecting embedding with dimension of 8, got 2" in page
    assert re.search(r"Trace id [0-9a-f]{32}", page)


def test_what_records_hold_is_escaped(acme: Cast) -> None:
    payload = "<script>window.ran = 1</script>"
    bench = bench_of(acme)
    record = {"ids": [payload], "documents": [payload], "metadatas": [{payload: payload}], "uris": [payload]}
    bench.place.call("upsert", record | {"embeddings": [[9.0] * 8]})
    page = bench.submit(record=payload, include=["documents", "metadatas", "uris", "embeddings"])
    assert payload not in page.content.decode()
    assert page.content.decode().count("&lt;script&gt;") >= 5
    assert payload not in bench.browser.get(bench.path).content.decode()


def test_a_collection_without_records_teaches_how_to_add_some(acme: Cast) -> None:
    place = acme.collection()
    bench = Bench(place, person(acme.tenant_id, Role.VIEWER).client)
    assert "This collection has no records yet" in text_of(
        HttpResponse(bench.browser.get(bench.path).content)
    )
    assert bench.ask("query", NEAREST)["answer"]["ids"] == [[]]
