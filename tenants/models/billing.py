"""Plans in time, who pays, credits, invoices, alerts and budgets.

No foreign key to a tenant: what was billed outlives it. Triggers note a plan's terms and a tenant's plan
whenever they change, whoever changes them, so that a month can be rated with what was in force.
"""

from __future__ import annotations

import uuid

from django.db import models

from tenants.models.places import Plan


class PlanRevision(models.Model):
    """What a plan asked for from a moment on; written by a trigger, never changed."""

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT)
    at = models.DateTimeField()
    name = models.CharField(max_length=64)
    currency = models.CharField(max_length=3)
    prices = models.JSONField()
    monthly_fee_nano = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} from {self.at}"


class PlanAssignment(models.Model):
    """The plan that a tenant had from a moment on, the first when it was made; written by a trigger."""

    tenant_id = models.UUIDField(db_index=True)
    tenant_name = models.CharField(max_length=512)
    plan = models.ForeignKey(Plan, null=True, on_delete=models.PROTECT)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id} from {self.at}"


class BillingProfile(models.Model):
    """Who pays for a tenant, as it stands on invoices from the next one on.

    billed_before:  the first day of the month that is billed next; null: no month was yet
    """

    tenant_id = models.UUIDField(primary_key=True)
    name = models.CharField(max_length=256, blank=True, default="")
    email = models.CharField(max_length=254, blank=True, default="")
    address_lines = models.JSONField(default=list)
    country = models.CharField(max_length=2, blank=True, default="")
    tax_id = models.CharField(max_length=64, blank=True, default="")
    stripe_customer_id = models.CharField(max_length=64, blank=True, default="")
    billed_before = models.DateField(null=True)

    def __str__(self) -> str:
        return self.name or str(self.tenant_id)


class Invoice(models.Model):
    """An issued bill of a month; nothing of it changes but whether it is paid or void.

    number:  YYYY-NNNNNN, counted per year of issue over the whole installation, without gaps
    lines:   as `tenants/billing/rating.py` made them
    spans:   the terms that it was rated with, each with its part of the month
    """

    class State(models.TextChoices):
        """What became of it."""

        ISSUED = "issued"
        PAID = "paid"
        VOID = "void"

    invoice_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField()
    tenant_name = models.CharField(max_length=512)
    month = models.DateField()
    number = models.CharField(max_length=16, unique=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.ISSUED)
    currency = models.CharField(max_length=3)
    lines = models.JSONField()
    spans = models.JSONField()
    billed_to = models.JSONField()
    subtotal_nano = models.BigIntegerField()
    credits_nano = models.BigIntegerField()
    total_nano = models.BigIntegerField()
    issued_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closing_note = models.CharField(max_length=256, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "month"],
                condition=~models.Q(state="void"),
                name="invoice_once_per_month",
            ),
            models.CheckConstraint(
                condition=models.Q(total_nano=models.F("subtotal_nano") - models.F("credits_nano")),
                name="invoice_total_is_subtotal_minus_credits",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class InvoiceCounter(models.Model):
    """The last number of a year; the row is locked until the invoice that has it is committed."""

    year = models.PositiveIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}-{self.last:06d}"


class Credit(models.Model):
    """Money that invoices use up before anybody pays; what is left of it follows from its uses."""

    credit_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField(db_index=True)
    amount_nano = models.BigIntegerField()
    currency = models.CharField(max_length=3)
    note = models.CharField(max_length=256)
    granted_by = models.CharField(max_length=254)
    granted_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(amount_nano__gt=0), name="credit_is_positive")
        ]

    def __str__(self) -> str:
        return self.note


class CreditUse(models.Model):
    """What an invoice took from a credit; void invoices' uses do not count."""

    tenant_id = models.UUIDField(db_index=True)
    credit = models.ForeignKey(Credit, on_delete=models.PROTECT)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT)
    amount_nano = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credit", "invoice"], name="credit_once_per_invoice"),
            models.CheckConstraint(condition=models.Q(amount_nano__gt=0), name="credit_use_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.credit_id} on {self.invoice_id}"


class BillingAlert(models.Model):
    """Tell the payers once a month has cost so much: percent of the spend cap, or an amount."""

    alert_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField(db_index=True)
    percent = models.PositiveIntegerField(null=True)
    amount_nano = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(percent=None, amount_nano__isnull=False)
                | models.Q(percent__isnull=False, amount_nano=None),
                name="billing_alert_has_percent_or_amount",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %" if self.percent is not None else f"{self.amount_nano} nano"


class AlertNotice(models.Model):
    """That a month crossed an alert; mailed once."""

    tenant_id = models.UUIDField(db_index=True)
    alert = models.ForeignKey(BillingAlert, on_delete=models.CASCADE)
    month = models.DateField()
    spent_nano = models.BigIntegerField()
    at = models.DateTimeField(auto_now_add=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "month"], name="alert_notice_once_per_month")]

    def __str__(self) -> str:
        return f"{self.alert_id} {self.month}"


class Budget(models.Model):
    """What is taken of a spend cap in a month: spent, or leased to a process that may spend it."""

    tenant_id = models.UUIDField()
    month = models.DateField()
    reserved_nano = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant_id", "month"], name="budget_once_per_month")]

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.month}"


class BudgetLease(models.Model):
    """A part of a budget in one process's hands; closed when it gave back the rest."""

    lease_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    tenant_id = models.UUIDField()
    month = models.DateField()
    process = models.CharField(max_length=128)
    granted_nano = models.BigIntegerField()
    spent_nano = models.BigIntegerField(default=0)
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["tenant_id", "month"], name="budget_lease_by_budget")]

    def __str__(self) -> str:
        return f"{self.process} {self.granted_nano}"


class StripeWatermark(models.Model):
    """Up to which hour a tenant's meters were sent to Stripe."""

    tenant_id = models.UUIDField(primary_key=True)
    sent_before = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.tenant_id} {self.sent_before}"
