"""Billing of a tenant over the API: works, role too low, outsider, malformed."""

from __future__ import annotations

import csv
import io
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pypdf import PdfReader

from cloud.billing import pdf, table
from cloud.processes import Service
from tenants.actors import SYSTEM
from tenants.billing import invoices, months
from tenants.models import Invoice, PlanAssignment
from tenants.prices import GIB, Meter
from tenants.roles import Action, Role, may
from tests import stage
from tests.control.caller import Caller, Office

MONTH = months.month_of(months.start_of(months.month_of(datetime.now(UTC))) - months.DAY)
SINCE, UNTIL = months.bounds(MONTH)
PROFILE = {
    "name": "Łódź & Sons <Ltd>",
    "email": "pay@example.com",
    "address_lines": ["1 Road", "東京"],
    "country": "PL",
    "tax_id": "PL1",
    "stripe_customer_id": "cus_1",
}


def metered(tenant_id: uuid.UUID, *, since: datetime, until: datetime) -> dict[Meter, int]:
    """What a ledger would tell of the month."""
    return {Meter.BYTES_WRITTEN: 3 * GIB, Meter.BYTES_SCANNED: 5, Meter.FORKS: 2}


def issue(database: Service, office: Office) -> Invoice:
    """An invoice of the month before."""
    with stage.role(database, "owner"):
        PlanAssignment.objects.create(tenant_id=office.tenant_id, tenant_name="x", at=SINCE)
        made = invoices.issue(SYSTEM, office.tenant_id, MONTH, now=UNTIL + invoices.GRACE, totals=metered)
    assert made is not None
    return made


def test_the_running_month_is_told(acme: Office, operator: Caller) -> None:
    operator.post(f"{acme.path}/credits", {"amount_nano": 70, "note": "welcome"})
    acme.owner.send("PUT", f"{acme.path}/billing/spend-cap", {"spend_cap_nano": 500})
    alert = acme.owner.post(f"{acme.path}/billing/alerts", {"percent": 80})
    told = acme[Role.BILLING].get(f"{acme.path}/billing").body
    assert told == {
        "month": f"{datetime.now(UTC):%Y-%m}",
        "currency": "USD",
        "plan": None,
        "lines": [],
        "metered_nano": 0,
        "subtotal_nano": 0,
        "credits_nano": 0,
        "total_nano": 0,
        "forecast_nano": 0,
        "credit_left_nano": 70,
        "spend_cap_nano": 500,
        "reserved_nano": None,
        "alerts": [alert.body],
    }


def test_a_plan_s_fee_is_in_the_estimate(acme: Office, operator: Caller) -> None:
    days = months.days_in(months.month_of(datetime.now(UTC)))
    plan = operator.post("/plans", {"name": f"p {uuid.uuid4()}", "monthly_fee_nano": days * 10}).body
    operator.send("PUT", f"{acme.path}/plan", {"plan_id": plan["plan_id"]})
    told = acme.owner.get(f"{acme.path}/billing").body
    assert (told["subtotal_nano"], told["metered_nano"]) == (10, 0)  # today
    left = days - datetime.now(UTC).day + 1
    assert told["forecast_nano"] == 10 * left


def test_alerts_are_made_listed_and_deleted(acme: Office) -> None:
    path = f"{acme.path}/billing/alerts"
    made = acme.owner.post(path, {"amount_nano": 5})
    assert made.status == 201
    assert made.body["crossed_at"] is None
    assert acme[Role.BILLING].get(path).body == {"items": [made.body]}
    assert acme.owner.delete(f"{path}/{made.body['alert_id']}").status == 200
    assert acme.owner.delete(f"{path}/{made.body['alert_id']}").status == 404
    assert acme.owner.get(path).body == {"items": []}
    assert [acme.owner.post(path, {"percent": 1}).status for _ in range(21)] == [201] * 20 + [422]


def test_who_pays_is_kept(acme: Office) -> None:
    path = f"{acme.path}/billing/profile"
    assert acme.owner.get(path).body["name"] == ""
    assert acme[Role.BILLING].send("PUT", path, PROFILE).body == PROFILE
    assert acme.owner.get(path).body == PROFILE
    entry = acme.owner.get(f"{acme.path}/audit?limit=1").body["items"][0]
    assert entry["details"]["did"] == "update billing details"
    assert "Road" not in str(entry)


def test_an_invoice_is_listed_and_shown_in_every_form(acme: Office, database: Service) -> None:
    acme.owner.send("PUT", f"{acme.path}/billing/profile", PROFILE)
    made = issue(database, acme)
    caller, path = acme[Role.BILLING], f"{acme.path}/invoices"
    listed = caller.get(path).body
    assert listed == {"items": [caller.get(f"{path}/{made.number}").body], "next": None}
    assert listed["items"][0]["payable"] == "USD 7.56"
    assert listed["items"][0]["total_nano"] == 7_560_000_000
    page = caller.get(f"{path}/{made.number}/html")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
    text = page.body.decode()
    assert "Łódź &amp; Sons &lt;Ltd&gt;" in text
    assert "東京" in text
    assert "USD 7.56" in text
    rows = list(csv.DictReader(io.StringIO(caller.get(f"{path}/{made.number}/csv").body.decode())))
    assert [(row["meter"], row["quantity"], row["cost_nano"]) for row in rows] == [
        ("bytes_written", str(3 * GIB), "7500000000"),
        ("bytes_scanned", "5", "0"),
        ("forks", "2", "60000000"),
    ]
    printed = caller.get(f"{path}/{made.number}/pdf")
    assert printed.headers["Content-Disposition"] == f'attachment; filename="invoice-{made.number}.pdf"'
    said = PdfReader(io.BytesIO(printed.body)).pages[0].extract_text()
    for words in (made.number, "?ódz & Sons <Ltd>", "USD 7.56", "3 GiB", "PL1"):
        assert words in said
    assert pdf.render(made) == printed.body


def test_invoices_come_in_pages(acme: Office, database: Service, operator: Caller) -> None:
    path = f"{acme.path}/invoices"
    numbers = []
    for _ in range(3):
        numbers.append(issue(database, acme).number)
        void = operator.post(f"{path}/{numbers[-1]}/void", {"note": "wrong"})
        assert (void.status, void.body["state"], void.body["closing_note"]) == (200, "void", "wrong")
    page = acme.owner.get(f"{path}?limit=2").body
    rest = acme.owner.get(f"{path}?limit=2&after={page['next']}").body
    assert [one["number"] for one in page["items"] + rest["items"]] == numbers[::-1]
    assert rest["next"] is None
    paid = issue(database, acme).number
    assert operator.post(f"{path}/{paid}/paid", {"note": "by card"}).body["state"] == "paid"
    again = operator.post(f"{path}/{paid}/void", {})
    assert (again.status, "is paid already" in again.body["message"]) == (400, True)


def test_credits_are_listed(acme: Office, operator: Caller) -> None:
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    operator.post(f"{acme.path}/credits", {"amount_nano": 1, "note": "never"})
    operator.post(f"{acme.path}/credits", {"amount_nano": 2, "note": "soon", "expires_at": until})
    found = acme[Role.BILLING].get(f"{acme.path}/credits").body["items"]
    assert [(one["note"], one["left_nano"]) for one in found] == [("soon", 2), ("never", 1)]


READS = [
    "billing",
    "billing/alerts",
    "billing/profile",
    "credits",
    "invoices",
    "invoices/2026-999999",
    "invoices/2026-999999/html",
    "invoices/2026-999999/pdf",
    "invoices/2026-999999/csv",
]
WRITES: list[tuple[str, str, Any]] = [
    ("PUT", "billing/spend-cap", {"spend_cap_nano": None}),
    ("POST", "billing/alerts", {"percent": 50}),
    ("DELETE", f"billing/alerts/{uuid.uuid4()}", None),
    ("PUT", "billing/profile", {}),
]


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    for path in READS:
        done = 404 if "999999" in path else 200
        assert acme[role].get(f"{acme.path}/{path}").status == (
            done if may(role, Action.VIEW_BILLING) else 403
        ), path
    for method, path, body in WRITES:
        done = {"POST": 201, "DELETE": 404}.get(method, 200)
        assert acme[role].send(method, f"{acme.path}/{path}", body).status == (
            done if may(role, Action.MANAGE_BILLING) else 403
        ), path


def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, nobody: Caller, database: Service) -> None:
    number = issue(database, acme).number
    for method, path, body in [*(("GET", path, None) for path in READS), *WRITES]:
        assert globex.owner.send(method, f"{acme.path}/{path}", body).status == 404
        assert nobody.send(method, f"{acme.path}/{path}", body).status == 401
    for form in ("", "/html", "/pdf", "/csv"):
        assert acme.owner.get(f"{acme.path}/invoices/{number}{form}").status == 200
        assert globex.owner.get(f"{globex.path}/invoices/{number}{form}").status == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "named"),
    [
        ("PUT", "billing/spend-cap", {}, 422, "spend_cap_nano"),
        ("PUT", "billing/spend-cap", {"spend_cap_nano": -1}, 400, "spend_cap_nano"),
        ("PUT", "billing/spend-cap", {"spend_cap_nano": 2**63}, 400, "spend_cap_nano"),
        ("PUT", "billing/spend-cap", {"spend_cap_nano": 1.5}, 422, "spend_cap_nano"),
        ("POST", "billing/alerts", {}, 400, "percent, amount_nano"),
        ("POST", "billing/alerts", {"percent": 1, "amount_nano": 1}, 400, "percent, amount_nano"),
        ("POST", "billing/alerts", {"percent": 101}, 400, "percent"),
        ("POST", "billing/alerts", {"amount_nano": 0}, 400, "amount_nano"),
        ("DELETE", "billing/alerts/x", None, 404, "not found"),
        ("PUT", "billing/profile", {"phone": "1"}, 422, "phone"),
        ("PUT", "billing/profile", {"name": "a\nb"}, 400, "name"),
        ("PUT", "billing/profile", {"email": "nobody"}, 400, "email"),
        ("PUT", "billing/profile", {"country": "de"}, 400, "country"),
        ("PUT", "billing/profile", {"address_lines": ["x"] * 7}, 400, "address_lines"),
        ("PUT", "billing/profile", {"address_lines": ["x" * 129]}, 400, "address_lines[0]"),
        ("PUT", "billing/profile", {"stripe_customer_id": "sk_1"}, 400, "stripe_customer_id"),
        ("GET", "invoices?limit=0", None, 400, "limit"),
        ("GET", "invoices?after=x", None, 400, "after"),
        ("GET", "invoices/x%00", None, 404, "not found"),
    ],
)
def test_malformed_requests_are_named(
    acme: Office, method: str, path: str, body: object, status: int, named: str
) -> None:
    answer = acme.owner.send(method, f"{acme.path}/{path}", body)
    assert answer.status == status, answer
    assert named in answer.body["message"]


def test_a_table_holds_no_formula() -> None:
    line = {"meter": "=1+1", "quantity": -1, "unit": "@x", "price_nano": 1, "cost_nano": 1}
    invoice = Invoice(
        number="2026-000001",
        month=MONTH,
        currency="USD",
        lines=[{**line, "plan": "+p", "since": "s", "until": "u"}],
    )
    row = next(csv.DictReader(io.StringIO(table.render(invoice).decode())))
    assert (row["meter"], row["unit"], row["plan"], row["quantity"]) == ("'=1+1", "'@x", "'+p", "-1")
