"""The pages of one collection, in process: what is found, changed and deleted, by whom, what is refused."""

from __future__ import annotations

import json
import re
import uuid
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from cloud.processes import Service
from tenants import audit
from tenants.billing import budgets
from tenants.models import Tenant
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests import stage
from tests.compact import cell_of, compact
from tests.control.caller import BY, api_key
from tests.dashboard.cast import Cast
from tests.factories import GENEROUS, Place, batch
from tests.factories import Cast as Wired
from vectors.cells.transaction import connect


class Shown:
    """A collection of a cast, and its pages."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        with tenant_transaction(cast.tenant_id):
            Tenant.objects.filter(tenant_id=cast.tenant_id).update(quota_overrides=GENEROUS)
        wire = api_key(cast.tenant_id, cast.people[Role.OWNER])
        self.place = Wired(cast.tenant_id, cast.tenant_name, "library", wire, wire).collection()

    def path(self, page: str = "collection", **more: object) -> str:
        """Of a page of the collection."""
        parts = {"tenant_name": self.cast.tenant_name, "database_name": "library"}
        return reverse(
            f"dashboard:{page}", kwargs={**parts, "collection_id": self.place.collection_id, **more}
        )

    def get(self, page: str = "collection", role: Role = Role.OWNER, query: Any = (), **more: object) -> Any:
        """GET a page."""
        return self.cast.browser(role).get(self.path(page, **more) + "?" + urlencode(query, doseq=True))

    def post(self, page: str, data: Any = None, role: Role = Role.OWNER, **more: object) -> Any:
        """POST to a page."""
        return self.cast.browser(role).post(self.path(page, **more), data or {})


@pytest.fixture
def shown(cast: Cast) -> Shown:
    """Thirty records in the log."""
    made = Shown(cast)
    made.place.call("add", batch(30))
    return made


def ids_on(answer: Any) -> list[str]:
    """The ids of the records on a page, in order."""
    return [unescape(one) for one in re.findall(r'name="id" value="([^"]*)"', answer.content.decode())]


def link(answer: Any, rel: str) -> str:
    """The address of a link by its relation."""
    found = re.search(rf'rel="{rel}" href="([^"]*)"', answer.content.decode())
    assert found is not None
    return unescape(found[1])


def chip(key: str, operator: str, value: object) -> str:
    """A filter as an address has it."""
    return json.dumps([key, operator, value])


def test_records_are_paged_forth_and_back(shown: Shown) -> None:
    browser = shown.cast.browser(Role.OWNER)
    first = shown.get()
    assert ids_on(first) == [f"r{number}" for number in range(25)]
    second = browser.get(shown.path() + link(first, "next"))
    assert ids_on(second) == [f"r{number}" for number in range(25, 30)]
    assert ids_on(browser.get(shown.path() + link(second, "prev"))) == ids_on(first)
    assert b'rel="next"' not in second.content


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"in": "text", "q": "number 7"}, ["r7"]),
        ({"in": "regex", "q": "number [78]$"}, ["r7", "r8"]),
        ({"in": "id", "q": "r7"}, ["r7"]),
        ({"in": "prefix", "q": "r2"}, ["r2", *(f"r2{number}" for number in range(10))]),
        ({"f": [chip("n", "$lt", 3)]}, ["r0", "r1", "r2"]),
        (
            {"f": [chip("n", "$lt", 9), chip("even", "$eq", True)], "q": "number"},
            ["r0", "r2", "r4", "r6", "r8"],
        ),
        ({"f": [chip("tag", "$in", ["t1", "t2"]), chip("n", "$gte", 26)]}, ["r26", "r27"]),
        ({"in": "text", "q": "nowhere"}, []),
    ],
)
def test_a_search_finds_what_it_asks_for(shown: Shown, query: Any, expected: list[str]) -> None:
    answer = shown.get(query=query)
    assert (answer.status_code, ids_on(answer)) == (200, expected)


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ({"key": "n", "op": "$eq", "value": "7"}, 7),
        ({"key": "n", "op": "$eq", "value": "7.0"}, 7.0),
        ({"key": "tag", "op": "$eq", "value": "7", "kind": "string"}, "7"),
        ({"key": "even", "op": "$ne", "value": "true"}, True),
        ({"key": "n", "op": "$in", "value": "1, 2"}, [1, 2]),
    ],
)
def test_a_filter_is_typed_and_stands_in_the_address(shown: Shown, typed: Any, value: object) -> None:
    answer = shown.get(query=typed)
    assert answer.status_code == 302
    followed = shown.cast.browser(Role.OWNER).get(answer["Location"])
    assert followed.status_code == 200
    (encoded,) = re.findall(r'name="f" value="([^"]*)"', followed.content.decode())[:1]
    assert json.loads(unescape(encoded)) == [typed["key"], typed["op"], value]
    assert type(json.loads(unescape(encoded))[2]) is type(value)


@pytest.mark.parametrize(
    "query",
    [
        {"in": "regex", "q": "("},
        {"in": "nothing", "q": "x"},
        {"q": "x\x00"},
        {"q": "x" * 3_000},
        {"f": ["{"]},
        {"f": ["[1, 2]"]},
        {"f": [chip("n", "$gt", "text")]},
        {"f": [chip("n", "$like", 1)]},
        {"f": ['["n", "$eq", NaN]']},
        {"f": [chip("", "$eq", 1)]},
        {"f": [chip("n", "$eq", 1)] * 20},
        {"key": "n", "op": "$gt", "value": "text"},
        {"key": "n", "op": "$eq", "value": "x", "kind": "int"},
        {"after": "not a place"},
        {"after": "W10"},
        {"after": "WyJyMSJd"},
        {"like": "nobody"},
    ],
)
def test_what_cannot_be_looked_for_is_said_on_the_page(shown: Shown, query: Any) -> None:
    answer = shown.get(query=query)
    assert answer.status_code == 422
    assert b'role="alert"' in answer.content


def test_similar_records_have_distances_and_not_the_record_itself(shown: Shown) -> None:
    answer = shown.get(query={"like": "r3", "f": [chip("even", "$eq", True)]})
    found = re.findall(r"<code>(r\d+)</code></a>", answer.content.decode())
    assert len(found) == 15
    embedding = shown.place.call("get", {"ids": ["r3"], "include": ["embeddings"]})["embeddings"][0]
    assert found == shown.place.nearest(embedding, 15, where={"even": True})
    assert b"Distance" in answer.content


def test_any_id_has_a_page(shown: Shown) -> None:
    names = ["..", "a/b", "~x", "%2F", "é ü", "<script>", "x" * 500, "a\nb", " ", "?q=1#top"]
    shown.place.call("add", {"ids": names, "embeddings": [[1.0] * 8] * len(names)})
    for name in names:
        answer = shown.get("record", record_id=name)
        assert answer.status_code == 200, name
        assert ids_on(answer) == [name]
    assert shown.get("record", record_id="nobody").status_code == 404
    assert (
        shown.cast.browser(Role.OWNER).get(shown.path("record", record_id="a")[:-1] + "~!").status_code == 404
    )


class _Fields(HTMLParser):
    """The fields of a page's forms, as a browser would send them back."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._name = ""
        self._area: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and given.get("type") != "checkbox" and "name" in given:
            self.values[given["name"]] = given.get("value", "")
        elif tag in ("select", "textarea"):
            self._name, self._area = given["name"], "" if tag == "textarea" else None
        elif tag == "option" and ("selected" in given or self._name not in self.values):
            self.values[self._name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._area is not None:
            self._area += data

    def handle_endtag(self, tag: str) -> None:
        """An element ends; a browser leaves out the first line end of a text field."""
        if tag == "textarea":
            text = (self._area or "").removeprefix("\n")
            self.values[self._name] = re.sub(r"\r\n|\r|\n", "\r\n", text)
            self._area = None


def rows_of(answer: Any) -> dict[str, str]:
    """The fields of the form for metadata."""
    found = _Fields(answer.content.decode()).values
    return {name: value for name, value in found.items() if name.startswith("row-")}


def row_of(fields: dict[str, str], key: str) -> str:
    """The beginning of the names of a key's fields; of the last new key, for an empty one."""
    found = [name for name, value in fields.items() if name.endswith("-key") and value == key]
    return found[-1].removesuffix("-key")


def words_of(answer: Any) -> str:
    """What a page says."""
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split()))


def metadata_of(shown: Shown, record_id: str) -> Any:
    """A record's metadata over the wire."""
    return shown.place.call("get", {"ids": [record_id]})["metadatas"][0]


def test_metadata_is_changed_key_by_key(shown: Shown) -> None:
    shown.place.call(
        "update", {"ids": ["r4"], "metadatas": [{"text": "one\r\ntwo", "size": 1.5, "list": ["a"]}]}
    )
    fields = rows_of(shown.get("record", record_id="r4"))
    fields[f"{row_of(fields, 'n')}-value"] = "44"
    fields[f"{row_of(fields, 'tag')}-remove"] = "on"
    fields[f"{row_of(fields, 'list')}-value"] = '["a", "b"]'
    new = row_of(fields, "")
    fields |= {f"{new}-key": "score", f"{new}-kind": "float", f"{new}-value": "2"}
    answer = shown.post("record", fields, record_id="r4")
    assert answer.status_code == 302, answer.content
    changed = {"n": 44, "even": True, "text": "one\r\ntwo", "size": 1.5, "list": ["a", "b"], "score": 2.0}
    assert metadata_of(shown, "r4") == changed
    assert audit.read(shown.cast.tenant_id, limit_count=1)[0].details["operation"] == "update"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"key": "a", "kind": "int", "value": "x"}, "whole number"),
        ({"key": "a", "kind": "float", "value": "nan"}, "number"),
        ({"key": "a", "kind": "bool", "value": "yes"}, "true or false"),
        ({"key": "a", "kind": "list of int", "value": "[1, true]"}, "must be a int"),
        ({"key": "a", "kind": "list of string", "value": "a, b"}, "typed as JSON"),
        ({"key": "", "kind": "int", "value": "1"}, "Give the key a name"),
        ({"key": "n", "kind": "int", "value": "1"}, "stands here twice"),
        ({"key": "$x", "kind": "int", "value": "1"}, "must not be empty or start with"),
        ({"key": "k" * 20_000, "kind": "int", "value": "1"}, "exceeded quota limit"),
    ],
)
def test_what_does_not_fit_is_said_beside_it_and_nothing_is_written(
    shown: Shown, row: dict[str, str], why: str
) -> None:
    before = metadata_of(shown, "r5")
    fields = rows_of(shown.get("record", record_id="r5"))
    new = row_of(fields, "")
    fields |= {f"{new}-{name}": value for name, value in row.items()}
    answer = shown.post("record", fields, record_id="r5")
    assert answer.status_code == 422
    assert why in unescape(answer.content.decode())
    assert metadata_of(shown, "r5") == before


def up_to_of(answer: Any) -> str:
    """The place of the count in a question."""
    found = re.search(r'name="up_to" value="(\d+)"', answer.content.decode())
    assert found is not None, answer.content
    return found[1]


def test_chosen_records_are_counted_and_then_deleted(shown: Shown) -> None:
    chosen = {"chosen": "1", "id": ["r1", "r2", "nobody"]}
    asked = shown.post("records-delete", chosen)
    assert "Delete 2 records?" in asked.content.decode()
    assert "cannot be undone" in asked.content.decode()
    assert shown.place.count() == 30
    answer = shown.post("records-delete", {**chosen, "up_to": up_to_of(asked)})
    assert (answer.status_code, shown.place.count()) == (302, 28)


def test_all_that_is_found_is_deleted_and_nothing_written_since(shown: Shown) -> None:
    search = {"f": [chip("even", "$eq", True)], "in": "text", "q": "number"}
    asked = shown.get("records-delete", query=search)
    assert "Delete 15 records?" in asked.content.decode()
    shown.place.call("add", batch(2, first=40))
    answer = shown.post("records-delete", {**search, "up_to": up_to_of(asked)})
    assert answer.status_code == 302
    assert shown.place.ids(where={"even": True}) == ["r40"]


def test_without_a_chosen_record_nothing_is_asked(shown: Shown) -> None:
    assert shown.post("records-delete", {"chosen": "1"}).status_code == 302
    assert shown.post("records-delete", {"chosen": "1", "up_to": "9999"}).status_code == 302
    assert shown.place.count() == 30


@pytest.mark.parametrize("up_to", ["x", "-1", "9" * 30, "٣"])
def test_a_count_that_nobody_made_is_refused(shown: Shown, up_to: str) -> None:
    assert shown.post("records-delete", {"up_to": up_to}).status_code == 400
    assert shown.place.count() == 30


def test_a_viewer_looks_and_is_offered_no_change(shown: Shown) -> None:
    page = shown.get(role=Role.VIEWER).content.decode()
    assert "document number 3" in page
    assert "Delete" not in page
    record = shown.get("record", Role.VIEWER, record_id="r3").content.decode()
    assert "Save metadata" not in record
    assert "Compact now" not in shown.get("collection-indexing", Role.VIEWER).content.decode()
    for name, more in (("record", {"record_id": "r3"}), ("records-delete", {}), ("collection-compact", {})):
        assert shown.post(name, role=Role.VIEWER, **more).status_code == 403
    assert shown.place.count() == 30


def test_who_does_billing_sees_none_of_it(shown: Shown) -> None:
    for page in ("collection", "collection-indexing", "collection-schema"):
        assert shown.get(page, Role.BILLING).status_code == 403
    assert shown.get("record", Role.BILLING, record_id="r1").status_code == 403


def test_an_outsider_finds_nothing(shown: Shown) -> None:
    client = shown.cast.outsider.client
    for page in ("collection", "collection-indexing", "collection-schema", "records-delete"):
        assert client.get(shown.path(page)).status_code == 404
    assert client.post(shown.path("record", record_id="r1")).status_code == 404
    assert client.post(shown.path("collection-compact")).status_code == 404
    assert shown.get(query={"q": "x"}).status_code == 200


def test_a_collection_of_another_database_is_missing(shown: Shown) -> None:
    shown.cast.people[Role.OWNER].post(
        f"/tenants/{shown.cast.tenant_name}/databases", {"name": f"other-{uuid.uuid4().hex[:6]}"}
    )
    for page in ("collection", "collection-indexing", "collection-schema"):
        assert (
            shown.cast.browser(Role.OWNER).get(shown.path(page).replace("/library/", "/other/")).status_code
            == 404
        )


def test_at_the_spend_cap_metadata_stays_and_deleting_goes_on(shown: Shown) -> None:
    budgets.set_cap(BY, shown.cast.tenant_id, 0)
    try:
        fields = rows_of(shown.get("record", record_id="r6"))
        fields = {
            name: "99" if value == "6" and name.endswith("value") else value for name, value in fields.items()
        }
        answer = shown.post("record", fields, record_id="r6")
        assert answer.status_code == 422
        assert "spend cap" in answer.content.decode()
        asked = shown.post("records-delete", {"chosen": "1", "id": "r6"})
        gone = {"chosen": "1", "id": "r6", "up_to": up_to_of(asked)}
        assert shown.post("records-delete", gone).status_code == 302
        assert shown.place.count() == 29
    finally:
        budgets.set_cap(BY, shown.cast.tenant_id, None)


def test_a_suspended_tenant_is_looked_at_and_not_changed(shown: Shown, database: Service) -> None:
    with tenant_transaction(shown.cast.tenant_id):
        Tenant.objects.filter(tenant_id=shown.cast.tenant_id).update(suspension_reason="unpaid")
        connect().execute(
            b"UPDATE tenants_tenant SET suspended_at = now() WHERE tenant_id = %s", [shown.cast.tenant_id]
        )
    try:
        assert shown.get().status_code == 200
        fields = rows_of(shown.get("record", record_id="r1"))
        fields["row-0-remove"] = "on"
        assert shown.post("record", fields, record_id="r1").status_code == 403
        assert shown.post("records-delete", {"up_to": "9"}).status_code == 403
        assert shown.post("collection-compact").status_code == 403
    finally:
        with tenant_transaction(shown.cast.tenant_id):
            Tenant.objects.filter(tenant_id=shown.cast.tenant_id).update(suspended_at=None)


def clean_jobs(database: Service, place: Place) -> None:
    """Leave no job behind for another test to find."""
    with stage.role(database, "worker"):
        connect().execute(
            f"DELETE FROM {cell_of(place)}.job WHERE collection_id = %s".encode(), [place.collection_id]
        )


def test_compact_now_is_queued_and_survives_a_reload(shown: Shown, database: Service) -> None:
    try:
        assert "Compact now" in shown.get("collection-indexing").content.decode()
        assert shown.post("collection-compact").status_code == 302
        for _ in range(2):
            page = shown.get("collection-indexing").content.decode()
            assert "Queued" in page
            assert "data-polls" in page
        part = shown.cast.browser(Role.OWNER).get(
            shown.path("collection-indexing"), headers={"hx-request": "true"}
        )
        assert part.content.decode().lstrip().startswith('<div id="indexing-page"')
    finally:
        clean_jobs(database, shown.place)
    settled = shown.get("collection-indexing").content.decode()
    assert "data-polls" not in settled


def test_segments_and_history_are_shown(shown: Shown, database: Service) -> None:
    compact(database, shown.place)
    shown.place.call("delete", {"ids": ["r1", "r2"]})
    page = words_of(shown.get("collection-indexing"))
    assert "1 with 30 rows, 2 of them dead" in page
    assert "Building the vector graph" in page
    assert "Waiting operations 2" in page


def test_the_schema_counts_what_is_small(shown: Shown, database: Service) -> None:
    shown.place.call(
        "add", {"ids": ["x", "y"], "embeddings": [[1.0] * 8] * 2, "metadatas": [{"rare": 1.5}, None]}
    )
    for segments in ("no segments yet: searched exactly", "equality 1 of 1, ranges 1 of 1"):
        page = words_of(shown.get("collection-schema"))
        assert "counted over every record" in page
        assert f"n int 93.8 % allowed {segments}" in page
        assert "rare float 3.1 % allowed" in page
        assert "Records with a document 93.8 %" in page
        compact(database, shown.place)
    assert "Trigram index 1 of 1 segments" in page


def test_pages_ask_the_same_number_of_statements_whatever_they_show(shown: Shown) -> None:
    def count() -> list[int]:
        counts = []
        for page in ("collection", "collection-indexing", "collection-schema"):
            shown.get(page)
            with CaptureQueriesContext(connection) as statements:
                shown.get(page)
            counts.append(len(statements))
        return counts

    few = count()
    shown.place.call("add", batch(200, first=100))
    assert count() == few
    assert max(few) <= 25


def test_nothing_stored_breaks_out_of_a_page(cast: Cast) -> None:
    payload = "</script><script>window.ran = 1</script><img src=x onerror='window.ran = 1'>\"'{{ 7|add:7 }}"
    shown = Shown(cast)
    shown.place.call(
        "add",
        {
            "ids": [payload],
            "embeddings": [[1.0]],
            "documents": [payload],
            "uris": ["javascript:window.ran=1"],
            "metadatas": [{payload: payload, "list": [payload]}],
        },
    )
    pages = [
        shown.get(),
        shown.get(query={"q": payload, "f": [chip(payload, "$eq", payload)]}),
        shown.get(query={"like": payload}),
        shown.get(query={"key": payload, "op": "$gt", "value": payload}),
        shown.get("record", record_id=payload),
        shown.post("records-delete", {"chosen": "1", "id": payload}),
        shown.get("collection-schema"),
        shown.get("collection-indexing"),
    ]
    for answer in pages:
        text = answer.content.decode()
        assert "window.ran = 1</script>" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text


def test_it_needs_the_token_of_the_page(shown: Shown) -> None:
    strict = Client(enforce_csrf_checks=True)
    user = shown.cast.people[Role.OWNER].user
    assert user is not None
    strict.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    for page in ("records-delete", "collection-compact", "collection-retry"):
        assert strict.post(shown.path(page), {"up_to": "99"}).status_code == 403
    assert settings.DEBUG is False
    assert shown.place.count() == 30
