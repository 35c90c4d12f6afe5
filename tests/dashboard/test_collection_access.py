"""Who sees and changes a collection on its pages, and what its index and schema show. In process."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cloud.processes import Service
from tenants.billing import budgets
from tenants.models import Tenant
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests.compact import compact
from tests.control.caller import BY
from tests.dashboard.cast import Cast
from tests.dashboard.shown import (
    Shown,
    chip,
    clean_jobs,
    rows_of,
    up_to_of,
    words_of,
)
from tests.factories import batch
from vectors.cells.transaction import connect


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
