"""The pages of usage, billing and invoices: what they show, to whom, and what their forms do."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from html import unescape

import pytest
from django.test import Client

from cloud.processes import Service
from tenants.actors import SYSTEM
from tenants.billing import alerts, budgets, months, profiles
from tenants.billing import credits as credit_book
from tenants.models import Database
from tenants.prices import GIB, Meter
from tenants.roles import Action, Role, may
from tenants.scope import tenant_transaction
from tests import stage
from tests.dashboard.cast import Cast, bill
from vectors import rollup, usage
from vectors.usage import ReadEntry

NOW = datetime.now(UTC)
MONTH = months.month_of(NOW)


@pytest.fixture
def own(database: Service) -> Cast:
    """A tenant that the test may change."""
    return Cast.make()


def path(cast: Cast, page: str) -> str:
    """An address of the tenant."""
    return f"/dashboard/t/{cast.tenant_name}/{page}"


def text(client: Client, address: str, *, status: int = 200) -> str:
    """What a page says, without its tags."""
    answer = client.get(address)
    assert answer.status_code == status, answer.content
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", answer.content.decode())).split())


def use(cast: Cast, quantity: int, *, meter: Meter = Meter.BYTES_RETURNED) -> None:
    """Reads of the tenant's collection in this month."""
    with tenant_transaction(cast.tenant_id):
        home = Database.objects.get(tenant_id=cast.tenant_id)
    entry = ReadEntry(
        database_id=home.database_id,
        collection_id=uuid.UUID(str(cast.parts["collection_id"])),
        key_id=uuid.UUID(str(cast.parts["key_id"])),
        meter=meter,
        operation="query",
        at=months.bounds(MONTH)[0],
        quantity=quantity,
        requests=5,
    )
    usage.append_reads(home.cell, cast.tenant_id, [entry], flush_id=uuid.uuid4())


def test_usage_shows_what_was_used_and_by_what(database: Service, own: Cast) -> None:
    owner = own.browser(Role.OWNER)
    use(own, 100 * GIB)
    with stage.role(database, "worker"):
        for cell in usage.cells():
            rollup.roll_up(cell)
    use(own, 100 * GIB)
    shown = text(owner, path(own, "usage"))
    assert "Cost USD 18.00" in shown
    assert "Requests 10" in shown or "Requests 11" in shown  # and the write of the cast
    assert "Returned 200 GiB USD 18.00" in shown
    assert "library" in shown
    assert "books" in text(owner, path(own, "usage?split=collection"))
    assert "Storage, which no key uses" not in text(owner, path(own, "usage?split=key"))


def test_usage_is_limited_by_the_address(own: Cast) -> None:
    owner, key_id = own.browser(Role.OWNER), own.parts["key_id"]
    use(own, 200 * GIB)
    for query in ("database=library", "collection=books", f"key={key_id}", "meter=bytes_returned"):
        assert "USD 18.00" in text(owner, path(own, f"usage?{query}")), query
    for query in (f"key={uuid.uuid4()}", "meter=forks", f"collection={uuid.uuid4()}", "range=last-month"):
        assert "USD 18.00" not in text(owner, path(own, f"usage?{query}")), query
    day = f"{months.bounds(MONTH)[0]:%Y-%m-%d}"
    assert "USD 18.00" in text(owner, path(own, f"usage?range=days&first={day}&last={day}"))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("range=days", "Choose the first and the last day."),
        ("range=days&first=2026-02-02&last=2026-02-01", "not before the first"),
        ("range=days&first=2020-01-01&last=2026-01-01", "at most 400 days"),
        ("range=days&first=0001-01-01&last=9999-12-31", "at most 400 days"),
        ("range=century", "Select a valid choice"),
        ("database=nowhere", "Select a valid choice"),
        ("collection=nothing", "There is no collection of this name"),
        ("key=no-key", "Select a valid choice"),
    ],
)
def test_a_filter_that_does_not_fit_says_so(cast: Cast, query: str, said: str) -> None:
    assert said in text(cast.browser(Role.OWNER), path(cast, f"usage?{query}"), status=422)


def test_collections_of_usage_come_page_by_page_or_not_at_all(cast: Cast) -> None:
    owner = cast.browser(Role.OWNER)
    assert owner.get(path(cast, "usage?split=collection&after=nonsense")).status_code >= 400
    assert owner.get(path(cast, "usage?split=collection&after=WzFd")).status_code >= 400
    assert "Take those filters out" in text(owner, path(cast, "usage?split=collection&meter=forks"))


def test_names_are_for_roles_that_may_see_them(own: Cast) -> None:
    use(own, GIB)
    for split, name in (("database", "library"), ("collection", "books")):
        address = path(own, f"usage?split={split}")
        assert name in text(own.browser(Role.VIEWER), address)
        assert name not in text(own.browser(Role.BILLING), address)


def test_the_csv_of_usage_has_the_same_rows(own: Cast) -> None:
    use(own, 5)
    owner = own.browser(Role.OWNER)
    page = owner.get(path(own, "usage?meter=bytes_returned")).content.decode()
    (link,) = re.findall(r'href="(/api/control/[^"]*usage\.csv[^"]*)"', page)
    lines = owner.get(unescape(link)).content.decode().splitlines()
    assert len(lines) == 2
    assert ",bytes_returned,5,5," in lines[1]


def test_billing_says_what_the_month_costs_and_will(own: Cast) -> None:
    use(own, 100 * GIB)
    credit_book.grant(SYSTEM, own.tenant_id, 2_000_000_000, note="welcome <script>alert(1)</script>")
    budgets.set_cap(SYSTEM, own.tenant_id, 10_000_000_000)
    shown = text(own.browser(Role.BILLING), path(own, "billing"))
    assert "so far USD 7.00 after USD -2.00 of credits" in shown
    assert "Credits left USD 2.00" in shown
    assert "90 % of the spend cap is used. USD 1.00 is left" in shown
    page = own.browser(Role.BILLING).get(path(own, "billing")).content.decode()
    assert "<script>alert(1)" not in page
    budgets.set_cap(SYSTEM, own.tenant_id, 9_000_000_000)
    assert "The spend cap is reached" in text(own.browser(Role.BILLING), path(own, "billing"))


def test_a_spend_cap_is_set_changed_and_taken_away(own: Cast) -> None:
    owner, address = own.browser(Role.OWNER), path(own, "billing/spend-cap")
    for body, cap in (
        ({"kind": "amount", "amount": "1,250.5"}, 1_250_500_000_000),
        ({"kind": "amount", "amount": "0"}, 0),
        ({"kind": "none", "amount": "5"}, None),
    ):
        assert owner.post(address, body).status_code == 302
        assert budgets.standing(SYSTEM, own.tenant_id, MONTH).cap_nano == cap
    for body in (
        {"kind": "amount"},
        {"kind": "amount", "amount": "-5"},
        {"kind": "amount", "amount": "ten"},
        {},
    ):
        assert owner.post(address, body).status_code == 422, body
    answer = owner.post(address, {"kind": "none"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (204, path(own, "billing"))
    assert "refused with status 422" in text(owner, address)


def test_alerts_are_created_and_deleted(own: Cast) -> None:
    owner = own.browser(Role.OWNER)
    assert owner.post(path(own, "billing/alerts"), {"kind": "amount", "amount": "12.50"}).status_code == 302
    assert owner.post(path(own, "billing/alerts"), {"kind": "percent", "percent": "50"}).status_code == 302
    for body in (
        {"kind": "percent", "percent": "101"},
        {"kind": "percent"},
        {"kind": "amount", "amount": "0"},
        {},
    ):
        assert owner.post(path(own, "billing/alerts"), body).status_code == 422, body
    shown = text(owner, path(own, "billing"))
    assert "USD 12.50" in shown
    assert "50 % of the spend cap (there is no cap now)" in shown
    for one in alerts.list_alerts(SYSTEM, own.tenant_id, MONTH):
        address = path(own, f"billing/alerts/{one.alert.alert_id}/delete")
        assert "Nobody is told by it any more" in text(owner, address)
        assert owner.post(address).status_code == 302
        assert owner.post(address).status_code == 404
    assert alerts.list_alerts(SYSTEM, own.tenant_id, MONTH) == []


def test_billing_details_are_kept(own: Cast) -> None:
    owner, address = own.browser(Role.OWNER), path(own, "billing/details")
    body = {
        "name": "Acme <b>Ltd</b>",
        "email": "pay@example.org",
        "address": "1 Road\r\n\r\n20457 Hamburg ",
        "country": "de",
        "tax_id": "DE1",
        "stripe_customer_id": "",
    }
    assert owner.post(address, body).status_code == 302
    kept = profiles.get(SYSTEM, own.tenant_id)
    assert (kept.name, kept.address_lines, kept.country) == (
        "Acme <b>Ltd</b>",
        ("1 Road", "20457 Hamburg"),
        "DE",
    )
    assert "<b>Ltd" not in owner.get(path(own, "billing")).content.decode()
    for wrong in (
        {"email": "nobody"},
        {"country": "D1"},
        {"address": "\n".join("1234567")},
        {"stripe_customer_id": "x"},
    ):
        assert owner.post(address, {**body, **wrong}).status_code == 422, wrong


@pytest.mark.parametrize("role", Role)
def test_what_a_role_may_not_do_is_not_offered_and_refused(cast: Cast, role: Role) -> None:
    browser, alert_id = cast.browser(role), cast.parts["alert_id"]
    posts = ("billing/spend-cap", "billing/alerts", "billing/details", f"billing/alerts/{alert_id}/delete")
    if may(role, Action.MANAGE_BILLING):
        assert "Set a cap" in text(browser, path(cast, "billing"))
        return
    for page in posts:
        assert browser.post(path(cast, page), {"kind": "none"}).status_code == 403, page
    if may(role, Action.VIEW_BILLING):
        page = browser.get(path(cast, "billing")).content.decode()
        assert not any(post in page for post in posts)


def test_invoices_are_listed_shown_and_files(database: Service, own: Cast) -> None:
    numbers = [bill(database, own, months_ago=ago).number for ago in (3, 2, 1)]
    browser = own.browser(Role.BILLING)
    listed = browser.get(path(own, "invoices")).content.decode()
    assert re.findall(r"invoices/([0-9-]+)\"", listed) == numbers[::-1]
    shown = text(browser, path(own, f"invoices/{numbers[0]}"))
    assert "Amount due USD 0.27" in shown
    assert f"Invoice {numbers[0]}" in text(browser, path(own, f"invoices/{numbers[0]}/print"))
    assert browser.get(path(own, f"invoices/{numbers[0]}/pdf")).content.startswith(b"%PDF")
    csv = browser.get(path(own, f"invoices/{numbers[0]}/csv"))
    assert csv["Content-Disposition"] == f'attachment; filename="invoice-{numbers[0]}.csv"'
    assert b"bytes_returned,3221225472" in csv.content
    assert browser.get(path(own, "invoices/2020-000001")).status_code == 404
    assert browser.get(path(own, "invoices?after=WyJ4Il0")).status_code >= 400


def test_another_tenants_invoice_is_not_there(database: Service, own: Cast, cast: Cast) -> None:
    number = bill(database, own).number
    for page in ("", "/print", "/pdf", "/csv"):
        assert cast.browser(Role.OWNER).get(path(cast, f"invoices/{number}{page}")).status_code == 404
