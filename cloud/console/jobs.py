"""The jobs of all cells: what runs, what waits, what was parked and why; a parked one is queued anew."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.db import connections, transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse

from cloud.console.pages import OPERATOR, Cleaned, actor, anchor, ask, link, posted
from cloud.console.site import console
from tenants import audit
from tenants.databases import cell_name
from tenants.errors import Conflict
from tenants.models import Tenant
from vectors.sql import in_cell

STATES = ("parked", "running", "queued", "done")
_MOST_PER_CELL = 200


def show(request: HttpRequest) -> HttpResponse:
    """The jobs in the chosen state; without a choice, all that are not done."""
    chosen = request.GET.get("state", "")
    states = [chosen] if chosen in STATES else [one for one in STATES if one != "done"]
    found: list[tuple[Any, ...]] = []
    for cell in _cells():
        with connections[OPERATOR].cursor() as cursor:
            cursor.execute(in_cell("all_jobs", cell), {"states": states, "count": _MOST_PER_CELL})
            found += [(cell, *row) for row in cursor.fetchall()]
    found.sort(key=lambda row: row[-1], reverse=True)
    tenants = Tenant.objects.using(OPERATOR).in_bulk({row[2] for row in found})
    links = [(one, f"?state={one}", one == chosen) for one in STATES]
    headers = ["Job", "Tenant", "Collection", "Kind", "State", "Phase", "Attempts", "Cause", "Changed", ""]
    rows = [_row(row, tenants) for row in found]
    context = {
        **console.each_context(request),
        "title": "Jobs",
        "links": [("not done", "?", not chosen), *links],
        "table": {"headers": headers, "rows": rows},
    }
    return TemplateResponse(request, "console/table.html", context)


def _row(row: tuple[Any, ...], tenants: dict[Any, Tenant]) -> list[object]:
    cell, job_id, tenant_id, collection_id, kind, state, phase, attempts, cause, changed = row
    again: object = ""
    if state == "parked":
        address = reverse("admin:job-again", args=[cell, collection_id])
        again = link(address, "Drive again")
    tenant = anchor(tenants[tenant_id]) if tenant_id in tenants else str(tenant_id)
    when = f"{changed:%Y-%m-%d %H:%M:%S}"
    return [f"{cell} {job_id}", tenant, collection_id, kind, state, phase, attempts, cause[:300], when, again]


def drive(request: HttpRequest, cell: str, collection_id: UUID) -> HttpResponse:
    """Queue a parked job anew."""
    if cell not in _cells():
        raise Http404

    def again(_: Cleaned) -> str:
        with transaction.atomic(using=OPERATOR), connections[OPERATOR].cursor() as cursor:
            cursor.execute(in_cell("drive_again_of", cell), {"collection_id": collection_id})
            driven = cursor.fetchone()
            if driven is None:
                raise Conflict("The job is parked no more.")
            job_id, tenant_id = driven
            details = {"cell": cell, "job_id": job_id}
            by = actor(request)
            audit.record(by, tenant_id, "jobs.drive_again", subject_id=collection_id, details=details)
        return f"Job {job_id} of {cell} is queued again."

    form, back = forms.Form(posted(request)), reverse("admin:jobs")
    text = f"Collection {collection_id} of {cell}. Its attempts are counted from zero."
    return ask(request, "Drive the job again", form, again, back=back, text=text, submit="Drive again")


def _cells() -> list[str]:
    return [cell_name(number) for number in range(settings.CELL_COUNT)]
