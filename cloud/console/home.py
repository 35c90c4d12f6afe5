"""The overview: what waits for an operator."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import connections
from django.http import HttpRequest
from django.urls import reverse

from tenants.databases import cell_name
from tenants.models import Database, Flag, QuotaRequest, Tenant, User
from vectors.sql import in_cell

_OPERATOR = "operator"


def context(request: HttpRequest, given: dict[str, Any]) -> dict[str, Any]:
    """The numbers of the overview, each with its page."""
    del request
    tenants = Tenant.objects.using(_OPERATOR)
    requests = QuotaRequest.objects.using(_OPERATOR).filter(state="pending")
    on = Flag.objects.using(_OPERATOR).filter(is_on=True)
    parked = 0
    for number in range(settings.CELL_COUNT):
        with connections[_OPERATOR].cursor() as cursor:
            cursor.execute(in_cell("count_parked", cell_name(number)))
            parked += (cursor.fetchone() or (0,))[0]
    given["waiting"] = [
        ("Quota requests pending", requests.count(), _list("quotarequest") + "?state__exact=pending"),
        ("Jobs parked", parked, reverse("admin:jobs") + "?state=parked"),
        (
            "Tenants suspended",
            tenants.exclude(suspended_at=None).count(),
            _list("tenant") + "?state=suspended",
        ),
        ("Flags on", on.count(), reverse("admin:flags")),
    ]
    given["totals"] = [
        ("Tenants", tenants.count(), _list("tenant")),
        ("Databases", Database.objects.using(_OPERATOR).count(), _list("database")),
        ("People", User.objects.using(_OPERATOR).count(), _list("user")),
    ]
    return given


def _list(model: str) -> str:
    return reverse(f"admin:tenants_{model}_changelist")
