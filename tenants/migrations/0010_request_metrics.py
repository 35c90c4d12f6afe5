"""Requests by minute, hour and day: how many, how they ended, how long they took."""

from __future__ import annotations

import uuid
from pathlib import Path

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0009_operations"),
    ]

    operations = [
        migrations.CreateModel(
            name="MetricFlush",
            fields=[
                (
                    "flush_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name="MetricClock",
            fields=[
                ("is_only", models.BooleanField(default=True, primary_key=True, serialize=False)),
                ("quarter_mark", models.DateTimeField()),
                ("hour_mark", models.DateTimeField()),
                ("day_mark", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("is_only", True)), name="metric_clock_is_one")
                ],
            },
        ),
        migrations.CreateModel(
            name="RequestTotal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("operation", models.CharField(max_length=16)),
                ("outcome", models.CharField(max_length=16)),
                ("requests", models.BigIntegerField()),
                ("microseconds", models.BigIntegerField()),
                (
                    "buckets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), size=None
                    ),
                ),
                (
                    "counts",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("operation", "outcome"), name="request_total_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="CollectionRequestMetric",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resolution_seconds", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("database_id", models.UUIDField()),
                ("collection_id", models.UUIDField()),
                ("operation", models.CharField(max_length=16)),
                ("outcome", models.CharField(max_length=16)),
                ("requests", models.BigIntegerField()),
                ("microseconds", models.BigIntegerField()),
                ("tenant_id", models.UUIDField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["resolution_seconds", "at"], name="collection_metric_by_time")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "tenant_id",
                            "resolution_seconds",
                            "at",
                            "collection_id",
                            "operation",
                            "outcome",
                        ),
                        name="collection_request_metric_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RequestMetric",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("resolution_seconds", models.IntegerField()),
                ("at", models.DateTimeField()),
                ("database_id", models.UUIDField()),
                ("operation", models.CharField(max_length=16)),
                ("outcome", models.CharField(max_length=16)),
                ("requests", models.BigIntegerField()),
                ("microseconds", models.BigIntegerField()),
                (
                    "buckets",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), size=None
                    ),
                ),
                (
                    "counts",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), size=None),
                ),
                ("tenant_id", models.UUIDField()),
            ],
            options={
                "indexes": [models.Index(fields=["resolution_seconds", "at"], name="request_metric_by_time")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=(
                            "tenant_id",
                            "resolution_seconds",
                            "at",
                            "database_id",
                            "operation",
                            "outcome",
                        ),
                        name="request_metric_once",
                    )
                ],
            },
        ),
        migrations.RunSQL((Path(__file__).parent / "request_metrics.sql").read_text(encoding="utf-8")),
    ]
