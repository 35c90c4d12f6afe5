"""Plans in time, who pays, credits, invoices, alerts and budgets."""

from __future__ import annotations

import uuid
from pathlib import Path

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0006_key_use"),
    ]

    operations = [
        migrations.CreateModel(
            name="BillingProfile",
            fields=[
                ("tenant_id", models.UUIDField(primary_key=True, serialize=False)),
                ("name", models.CharField(blank=True, default="", max_length=256)),
                ("email", models.CharField(blank=True, default="", max_length=254)),
                ("address_lines", models.JSONField(default=list)),
                ("country", models.CharField(blank=True, default="", max_length=2)),
                ("tax_id", models.CharField(blank=True, default="", max_length=64)),
                ("stripe_customer_id", models.CharField(blank=True, default="", max_length=64)),
                ("billed_before", models.DateField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="InvoiceCounter",
            fields=[
                ("year", models.PositiveIntegerField(primary_key=True, serialize=False)),
                ("last", models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="StripeWatermark",
            fields=[
                ("tenant_id", models.UUIDField(primary_key=True, serialize=False)),
                ("sent_before", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="BillingAlert",
            fields=[
                (
                    "alert_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField(db_index=True)),
                ("percent", models.PositiveIntegerField(null=True)),
                ("amount_nano", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount_nano__isnull", False), ("percent", None)),
                            models.Q(("amount_nano", None), ("percent__isnull", False)),
                            _connector="OR",
                        ),
                        name="billing_alert_has_percent_or_amount",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Budget",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tenant_id", models.UUIDField()),
                ("month", models.DateField()),
                ("reserved_nano", models.BigIntegerField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tenant_id", "month"), name="budget_once_per_month")
                ],
            },
        ),
        migrations.CreateModel(
            name="BudgetLease",
            fields=[
                (
                    "lease_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField()),
                ("month", models.DateField()),
                ("process", models.CharField(max_length=128)),
                ("granted_nano", models.BigIntegerField()),
                ("spent_nano", models.BigIntegerField(default=0)),
                ("expires_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["tenant_id", "month"], name="budget_lease_by_budget")],
            },
        ),
        migrations.CreateModel(
            name="Credit",
            fields=[
                (
                    "credit_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField(db_index=True)),
                ("amount_nano", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                ("note", models.CharField(max_length=256)),
                ("granted_by", models.CharField(max_length=254)),
                ("granted_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(null=True)),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("amount_nano__gt", 0)), name="credit_is_positive"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "invoice_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("tenant_id", models.UUIDField()),
                ("tenant_name", models.CharField(max_length=512)),
                ("month", models.DateField()),
                ("number", models.CharField(max_length=16, unique=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("issued", "Issued"), ("paid", "Paid"), ("void", "Void")],
                        default="issued",
                        max_length=8,
                    ),
                ),
                ("currency", models.CharField(max_length=3)),
                ("lines", models.JSONField()),
                ("spans", models.JSONField()),
                ("billed_to", models.JSONField()),
                ("subtotal_nano", models.BigIntegerField()),
                ("credits_nano", models.BigIntegerField()),
                ("total_nano", models.BigIntegerField()),
                ("issued_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(null=True)),
                ("closing_note", models.CharField(blank=True, default="", max_length=256)),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "void"), _negated=True),
                        fields=("tenant_id", "month"),
                        name="invoice_once_per_month",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total_nano",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("subtotal_nano"), "-", models.F("credits_nano")
                                ),
                            )
                        ),
                        name="invoice_total_is_subtotal_minus_credits",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="PlanAssignment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tenant_id", models.UUIDField(db_index=True)),
                ("tenant_name", models.CharField(max_length=512)),
                ("at", models.DateTimeField()),
                (
                    "plan",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.PROTECT, to="tenants.plan"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="PlanRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("name", models.CharField(max_length=64)),
                ("currency", models.CharField(max_length=3)),
                ("prices", models.JSONField()),
                ("monthly_fee_nano", models.BigIntegerField()),
                ("plan", models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tenants.plan")),
            ],
        ),
        migrations.CreateModel(
            name="AlertNotice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tenant_id", models.UUIDField(db_index=True)),
                ("month", models.DateField()),
                ("spent_nano", models.BigIntegerField()),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("mailed_at", models.DateTimeField(null=True)),
                (
                    "alert",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="tenants.billingalert"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("alert", "month"), name="alert_notice_once_per_month")
                ],
            },
        ),
        migrations.CreateModel(
            name="CreditUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("tenant_id", models.UUIDField(db_index=True)),
                ("amount_nano", models.BigIntegerField()),
                (
                    "credit",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tenants.credit"),
                ),
                (
                    "invoice",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to="tenants.invoice"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("credit", "invoice"), name="credit_once_per_invoice"),
                    models.CheckConstraint(
                        condition=models.Q(("amount_nano__gt", 0)), name="credit_use_is_positive"
                    ),
                ],
            },
        ),
        migrations.RunSQL((Path(__file__).parent / "billing.sql").read_text(encoding="utf-8")),
    ]
