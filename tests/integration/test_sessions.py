"""Sessions that are over go; the worker reads nothing of the others."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection, transaction

from cloud.processes import Service
from tests import stage
from workers import garbage


def test_the_worker_forgets_what_is_over_and_reads_nothing(database: Service) -> None:
    now = datetime.now(UTC)
    for key, expires in (("over", now - timedelta(seconds=1)), ("open", now + timedelta(hours=1))):
        Session.objects.create(session_key=f"test-{key}", session_data="x", expire_date=expires)
    with stage.role(database, "worker"):
        assert garbage.forget_sessions() >= 1
        assert garbage.forget_sessions() == 0
        with pytest.raises(DatabaseError, match="permission denied"), connection.cursor() as cursor:
            cursor.execute("SELECT session_data FROM django_session")
    with transaction.atomic():
        assert list(Session.objects.filter(session_key__startswith="test-").values_list("pk", flat=True)) == [
            "test-open"
        ]
