"""Flags, placement, requests for higher limits, peaks of use; and a number that ends a person's sessions."""

from __future__ import annotations

import uuid
from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0008_recycle_bin"),
    ]

    operations = [
        migrations.CreateModel(
            name="CellPlacement",
            fields=[
                ("cell", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("accepts_new", models.BooleanField(default=True)),
                ("note", models.CharField(blank=True, default="", max_length=256)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.CreateModel(
            name="Flag",
            fields=[
                ("name", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("is_on", models.BooleanField(default=False)),
                ("note", models.CharField(blank=True, default="", max_length=256)),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
        ),
        migrations.AddField(
            model_name="user",
            name="session_epoch",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="FlagOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("is_on", models.BooleanField()),
                ("flag", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="tenants.flag")),
                (
                    "tenant",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="tenants.tenant"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("flag", "tenant"), name="flag_override_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="QuotaRequest",
            fields=[
                (
                    "request_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("limit_name", models.CharField(max_length=64)),
                ("wanted", models.BigIntegerField()),
                ("reason", models.CharField(max_length=2000)),
                ("requested_by", models.CharField(max_length=254)),
                ("notify", models.EmailField(blank=True, default="", max_length=254)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("approved", "Approved"),
                            ("declined", "Declined"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="pending",
                        max_length=16,
                    ),
                ),
                ("decided_by", models.CharField(blank=True, default="", max_length=254)),
                ("decided_at", models.DateTimeField(null=True)),
                ("note", models.CharField(blank=True, default="", max_length=2000)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "tenant",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="tenants.tenant"),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["state", "created_at", "request_id"], name="quota_request_by_age")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "pending")),
                        fields=("tenant", "limit_name"),
                        name="quota_request_pending_once_per_limit",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="UsagePeak",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("limit_name", models.CharField(max_length=64)),
                ("day", models.DateField()),
                ("peak", models.BigIntegerField()),
                (
                    "tenant",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="tenants.tenant"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "limit_name", "day"), name="usage_peak_once_per_day"
                    )
                ],
            },
        ),
        migrations.RunSQL((Path(__file__).parent / "operations.sql").read_text(encoding="utf-8")),
    ]
