"""What requests were like: by minute, hour and day, per database; by hour and day, per collection.

Rows are written by functions of the database alone (`tenants/migrations/request_metrics.sql`). An id that is
all zeros means unknown: a request that was refused before its database was found.
"""

from __future__ import annotations

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models


class RequestMetric(models.Model):
    """Requests of one operation on one database with one outcome, in a stretch of time.

    resolution_seconds:  60, 900, 3600 or 86400
    at:                  when that stretch begins
    buckets, counts:     how many requests are in which bucket of `tenants/latencies.py`; only those with any
    microseconds:        that all of them took together
    """

    tenant_id = models.UUIDField()  # no foreign key: what is counted must not hold up who leaves
    resolution_seconds = models.IntegerField()
    at = models.DateTimeField()
    database_id = models.UUIDField()
    operation = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    requests = models.BigIntegerField()
    microseconds = models.BigIntegerField()
    buckets = ArrayField(models.SmallIntegerField())
    counts = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "resolution_seconds", "at", "database_id", "operation", "outcome"],
                name="request_metric_once",
            )
        ]
        indexes = [models.Index(fields=["resolution_seconds", "at"], name="request_metric_by_time")]

    def __str__(self) -> str:
        return f"{self.operation} {self.at}: {self.requests}"


class CollectionRequestMetric(models.Model):
    """The same of one collection, in an hour or a day, without the distribution of times."""

    tenant_id = models.UUIDField()  # no foreign key: what is counted must not hold up who leaves
    resolution_seconds = models.IntegerField()
    at = models.DateTimeField()
    database_id = models.UUIDField()
    collection_id = models.UUIDField()
    operation = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    requests = models.BigIntegerField()
    microseconds = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant_id", "resolution_seconds", "at", "collection_id", "operation", "outcome"],
                name="collection_request_metric_once",
            )
        ]
        indexes = [models.Index(fields=["resolution_seconds", "at"], name="collection_metric_by_time")]

    def __str__(self) -> str:
        return f"{self.collection_id} {self.at}: {self.requests}"


class RequestTotal(models.Model):
    """Requests of all tenants together since the installation began; for `/metrics`."""

    operation = models.CharField(max_length=16)
    outcome = models.CharField(max_length=16)
    requests = models.BigIntegerField()
    microseconds = models.BigIntegerField()
    buckets = ArrayField(models.SmallIntegerField())
    counts = ArrayField(models.BigIntegerField())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operation", "outcome"], name="request_total_once"),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.outcome}: {self.requests}"


class MetricClock(models.Model):
    """How far minutes are rolled up into quarters, quarters into hours, and hours into days; one row."""

    is_only = models.BooleanField(primary_key=True, default=True)
    quarter_mark = models.DateTimeField()
    hour_mark = models.DateTimeField()
    day_mark = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=models.Q(is_only=True), name="metric_clock_is_one")]

    def __str__(self) -> str:
        return f"{self.quarter_mark}, {self.hour_mark}, {self.day_mark}"


class MetricFlush(models.Model):
    """What a process has told already: told again, it counts once."""

    flush_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return str(self.flush_id)
