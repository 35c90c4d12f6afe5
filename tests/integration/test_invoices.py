"""Invoices: from a ledger of past months to numbers without gaps, and back by a recount."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections
from django.test import override_settings

from cloud.processes import Service
from cloud.servers.errors import ServerError
from tenants import plans, tenants
from tenants.actors import SYSTEM, command
from tenants.billing import credits as credit_book
from tenants.billing import history, invoices, months, profiles
from tenants.billing.profiles import Details
from tenants.errors import Conflict, InvalidArgument, PermissionDenied
from tenants.models import Invoice, InvoiceCounter, PlanAssignment, PlanRevision
from tenants.plans import Changes
from tenants.prices import GIB, Meter
from tenants.scope import tenant_transaction
from tests import stage
from tests.factories import Cast
from tests.ledger import write_ledger
from vectors import usage
from workers import billing

BY = command("tests")
NOW = datetime.now(UTC)
MONTH = months.month_of(months.start_of(months.month_of(NOW)) - months.DAY)  # the last one that is over
SINCE, UNTIL = months.bounds(MONTH)
LATE = UNTIL + invoices.GRACE


def existed(tenant_id: uuid.UUID, at: datetime, plan_id: int | None = None) -> None:
    """Let the tenant have had the plan since that moment; as the owner."""
    PlanAssignment.objects.create(tenant_id=tenant_id, tenant_name="acme", plan_id=plan_id, at=at)


class PowerCut(Exception):
    """Between the number and the commit."""


@pytest.fixture
def owner(database: Service) -> Iterator[None]:
    """As manage.py is."""
    with stage.role(database, "owner"):
        yield


@pytest.fixture
def payer(acme: Cast, owner: None) -> uuid.UUID:
    """A tenant that wrote one GiB in the month before."""
    existed(acme.tenant_id, SINCE - timedelta(days=3))
    write_ledger(acme.tenant_id, SINCE, GIB // 4)
    write_ledger(acme.tenant_id, UNTIL - timedelta(microseconds=1), 3 * GIB // 4)
    write_ledger(acme.tenant_id, UNTIL, GIB)
    return acme.tenant_id


def issue(tenant_id: uuid.UUID, month: date = MONTH) -> Invoice | None:
    """As the worker does."""
    return invoices.issue(SYSTEM, tenant_id, month, now=LATE, totals=usage.meter_totals)


def test_it_bills_a_month_once_and_a_recount_agrees(payer: uuid.UUID) -> None:
    profiles.update(BY, payer, Details("Acme Ltd", "pay@example.com", ("1 Road",), "DE", "DE123"))
    first, again = issue(payer), issue(payer)
    assert first is not None
    assert first == again
    assert (first.month, first.state, first.currency) == (MONTH, "issued", "USD")
    assert [(line["meter"], line["quantity"]) for line in first.lines] == [("bytes_written", GIB)]
    assert first.subtotal_nano == first.total_nano == 2_500_000_000
    assert first.billed_to["name"] == "Acme Ltd"
    assert billing.recount_invoices(None, payer) == (1, [])
    write_ledger(payer, SINCE + timedelta(days=1), 1)  # as if a row had been forged
    count, found = billing.recount_invoices(MONTH, payer)
    assert count == 1
    assert f"quantity invoiced {GIB}, recounted {GIB + 1}" in "\n".join(found)


def test_a_month_is_closed_two_hours_after_its_end(payer: uuid.UUID) -> None:
    with pytest.raises(InvalidArgument, match="is billed from"):
        invoices.issue(SYSTEM, payer, MONTH, now=LATE - timedelta(seconds=1), totals=usage.meter_totals)


def test_the_missing_months_are_issued_oldest_first(acme: Cast, owner: None) -> None:
    oldest = months.month_of(SINCE - timedelta(days=50))
    existed(acme.tenant_id, months.start_of(oldest))
    write_ledger(acme.tenant_id, months.start_of(oldest), GIB)
    write_ledger(acme.tenant_id, SINCE, GIB)
    assert acme.tenant_id in invoices.unbilled(LATE)
    made = invoices.issue_missing(SYSTEM, acme.tenant_id, now=LATE, totals=usage.meter_totals)
    assert [one.month for one in made] == [oldest, MONTH]  # the month between had no use
    assert made[0].number < made[1].number
    assert acme.tenant_id not in invoices.unbilled(LATE)
    assert invoices.issue_missing(SYSTEM, acme.tenant_id, now=LATE, totals=usage.meter_totals) == []


def test_numbers_have_no_gaps_when_many_issue_and_some_fail(database: Service, owner: None) -> None:
    payers = [tenants.create(f"payer-{uuid.uuid4().hex[:10]}").tenant_id for _ in range(8)]
    for tenant_id in payers:
        existed(tenant_id, SINCE)
        write_ledger(tenant_id, SINCE, GIB)
    before = InvoiceCounter.objects.filter(year=LATE.year).values_list("last", flat=True).first() or 0

    def counted(tenant_id: uuid.UUID, *, since: datetime, until: datetime) -> dict[Meter, int]:
        return {Meter.FORKS: 1}

    def issue_and_fail(tenant_id: uuid.UUID) -> None:
        with tenant_transaction(tenant_id):
            invoices.issue(SYSTEM, tenant_id, MONTH, now=LATE, totals=counted)
            raise PowerCut

    def one(tenant_id: uuid.UUID) -> list[str]:
        with stage.role(database, "worker"):
            try:
                with pytest.raises(PowerCut):
                    issue_and_fail(tenant_id)
                return [made.number for _ in range(2) if (made := issue(tenant_id))]
            finally:
                connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        numbers = [number for found in pool.map(one, payers * 2) for number in found]
    wanted = [f"{LATE.year}-{before + count:06d}" for count in range(1, 9)]
    assert sorted(set(numbers)) == wanted
    assert len(numbers) == 32


def test_each_part_of_a_month_has_its_plans_prices_and_fee(acme: Cast, owner: None) -> None:
    days = months.days_in(MONTH)
    plan = plans.create(
        BY, "USD", Changes(name=f"pro {uuid.uuid4()}", prices={"bytes_written": 8}, monthly_fee_nano=days)
    )
    PlanRevision.objects.create(
        plan=plan,
        at=SINCE - timedelta(days=9),
        name="pro",
        currency="USD",
        prices={"bytes_written": 16},
        monthly_fee_nano=2 * days,
    )
    existed(acme.tenant_id, SINCE - timedelta(days=1))
    existed(acme.tenant_id, SINCE + timedelta(days=10), plan.id)
    write_ledger(acme.tenant_id, SINCE, GIB)
    write_ledger(acme.tenant_id, SINCE + timedelta(days=10), GIB)
    invoice = issue(acme.tenant_id)
    assert invoice is not None
    shown = [(line["meter"], line["plan"], line["cost_nano"]) for line in invoice.lines]
    assert shown == [
        ("bytes_written", "", 2_500_000_000),
        ("monthly_fee", "pro", 2 * (days - 10)),
        ("bytes_written", "pro", 16),
    ]
    assert billing.recount_invoices(MONTH, acme.tenant_id) == (1, [])


def test_credits_are_used_soonest_to_expire_first_and_come_back_from_a_void_invoice(payer: uuid.UUID) -> None:
    soon, later = NOW + timedelta(days=5), NOW + timedelta(days=50)
    never = credit_book.grant(BY, payer, 1_000_000_000, note="never")
    last = credit_book.grant(BY, payer, 1_000_000_000, note="later", expires_at=later)
    first = credit_book.grant(BY, payer, 1_000_000_000, note="soon", expires_at=soon)
    invoice = issue(payer)
    assert invoice is not None
    assert (invoice.credits_nano, invoice.total_nano) == (2_500_000_000, 0)

    def left() -> dict[uuid.UUID, int]:
        return {one.credit.pk: one.left_nano for one in credit_book.standings(BY, payer)}

    assert left() == {first.pk: 0, last.pk: 0, never.pk: 500_000_000}
    assert billing.recount_invoices(MONTH, payer) == (1, [])
    invoices.close(BY, payer, invoice.number, Invoice.State.VOID, note="wrong address")
    assert set(left().values()) == {1_000_000_000}
    anew = issue(payer)
    assert anew is not None
    assert anew.number > invoice.number
    with pytest.raises(Conflict, match="void already"):
        invoices.close(BY, payer, invoice.number, Invoice.State.PAID, note="")


def test_what_was_billed_cannot_be_changed_even_by_the_owner(payer: uuid.UUID) -> None:
    credit = credit_book.grant(BY, payer, 5, note="small")
    invoice = issue(payer)
    assert invoice is not None
    for change in (
        lambda: Invoice.objects.filter(pk=invoice.pk).update(
            total_nano=0, credits_nano=invoice.subtotal_nano
        ),
        lambda: Invoice.objects.filter(pk=invoice.pk).delete(),
        lambda: type(credit).objects.filter(pk=credit.pk).update(amount_nano=6),
        lambda: PlanAssignment.objects.filter(tenant_id=payer).delete(),
    ):
        with pytest.raises(DatabaseError, match=r"append-only|only be marked|foreign key"):
            change()


def test_the_web_issues_nothing(payer: uuid.UUID, database: Service) -> None:
    with stage.role(database, "web"), pytest.raises(DatabaseError, match="permission denied"):
        issue(payer)
    someone = tenants.get(payer)
    with pytest.raises(PermissionDenied):
        invoices.issue(
            BY.__class__(BY.kind, None, "nobody"),
            someone.tenant_id,
            MONTH,
            now=LATE,
            totals=usage.meter_totals,
        )


def test_a_change_of_plan_is_written_down_whoever_makes_it(acme: Cast, owner: None) -> None:
    plan = plans.create(BY, "USD", Changes(name=f"p {uuid.uuid4()}", monthly_fee_nano=7))
    tenant = tenants.get(acme.tenant_id)
    with tenant_transaction(acme.tenant_id):
        tenant.plan = plan
        tenant.save()
    plans.update(BY, plan.id, Changes(prices={"forks": 1}))
    plans.update(BY, plan.id, Changes(limits={"databases_count": 3}))  # no price: no revision
    now = datetime.now(UTC)
    found = history.spans(acme.tenant_id, since=NOW - months.DAY, until=now)
    assert [span.terms.monthly_fee_nano for span in found] == [0, 7, 7]
    assert [span.terms.prices.forks for span in found] == [30_000_000, 30_000_000, 1]


def test_the_running_month_has_an_estimate_and_a_forecast(acme: Cast, owner: None) -> None:
    month = months.month_of(NOW)
    since, until = months.bounds(month)
    middle = since + (until - since) / 2
    write_ledger(acme.tenant_id, since, GIB)

    def totals(tenant_id: uuid.UUID, *, since: datetime, until: datetime) -> dict[Meter, int]:
        found = usage.meter_totals(tenant_id, since=since, until=until)
        hours = int((until - since) / timedelta(hours=1))
        return {**found, Meter.BYTE_HOURS_STORED: GIB * hours}

    found = invoices.preview(BY, acme.tenant_id, now=middle, totals=totals)
    quantities = [{line.meter: line.quantity for line in bill.lines} for bill in (found.bill, found.forecast)]
    hours = int((until - since) / timedelta(hours=1))
    assert quantities[0] == {"bytes_written": GIB, "byte_hours_stored": GIB * (hours // 2)}
    assert quantities[1] == {"bytes_written": 2 * GIB, "byte_hours_stored": GIB * hours}
    assert found.spent_nano == found.bill.subtotal_nano


@override_settings(DATABASE_URL="the fixture's")
def test_commands_issue_and_recount(
    payer: uuid.UUID, database: Service, capsys: pytest.CaptureFixture[str]
) -> None:
    name, month = tenants.get(payer).name, months.shown(MONTH)
    call_command("issue_invoices", "--month", month, "--tenant", name)
    assert re.fullmatch(r"\d{4}-\d{6}\n", capsys.readouterr().out)
    said = database.manage("recount", "--tenant", name, "--month", month).splitlines()
    assert said[-2:] == ["1 invoices, 0 differences from the ledger", "no difference"]
    write_ledger(payer, SINCE, 1)
    with pytest.raises(ServerError, match="in invoices"):
        database.manage("recount", "--tenant", name)
    with pytest.raises(CommandError, match="--month"):
        call_command("issue_invoices", "--tenant", name)
    with pytest.raises(CommandError, match="YYYY-MM"):
        call_command("issue_invoices", "--month", "2026")


def test_the_worker_bills_everybody_and_one_failure_stops_nobody(
    payer: uuid.UUID, database: Service, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tenants.create(f"broken-{uuid.uuid4().hex[:10]}").tenant_id
    existed(broken, SINCE)
    write_ledger(broken, SINCE, 2**62)
    write_ledger(broken, SINCE, 2**62)  # a sum that no column holds
    with stage.role(database, "worker"):
        issued = billing.issue_missing(now=LATE)
    assert any(one.number in issued for one in invoices.list_invoices(BY, payer, limit_count=5))
    assert str(broken) in caplog.text
