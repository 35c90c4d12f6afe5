"""Cells: how full each is, and whether it takes new databases."""

from __future__ import annotations

from django import forms
from django.conf import settings
from django.db import connections
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from cloud.console.pages import OPERATOR, Cleaned, actor, ask, link, posted
from cloud.console.site import console
from tenants import placement
from tenants.databases import cell_name
from tenants.models import CellPlacement, Database
from vectors.sql import in_cell


class PlacementForm(forms.Form):
    """An operator's word on a cell."""

    accepts_new = forms.BooleanField(
        label="Takes new databases", required=False, widget=UnfoldBooleanSwitchWidget()
    )
    note = forms.CharField(
        max_length=placement.MAX_NOTE_CHARACTERS, required=False, widget=UnfoldAdminTextInputWidget()
    )


def show(request: HttpRequest) -> HttpResponse:
    """Every cell."""
    words = {one.cell: one for one in CellPlacement.objects.using(OPERATOR).all()}
    counted = Database.objects.using(OPERATOR).values_list("cell").annotate(Count("database_id"))
    databases = dict(counted.order_by())
    rows = []
    for cell in _cells():
        word = words.get(cell) or CellPlacement(cell=cell)
        with connections[OPERATOR].cursor() as cursor:
            cursor.execute(in_cell("usage_of_cell", cell))
            collections, records, size = cursor.fetchone() or (0, 0, 0)
        change_it = link(reverse("admin:cell", args=[cell]), "Change")
        accepts = "yes" if word.accepts_new else "no"
        rows.append([cell, accepts, word.note, databases.get(cell, 0), collections, records, size, change_it])
    headers = [
        "Cell",
        "Takes new databases",
        "Note",
        "Databases",
        "Collections",
        "Records",
        "Logical bytes",
        "",
    ]
    context = {**console.each_context(request), "title": "Cells", "table": {"headers": headers, "rows": rows}}
    return TemplateResponse(request, "console/table.html", context)


def change(request: HttpRequest, cell: str) -> HttpResponse:
    """Close a cell to new databases, or open it."""
    if cell not in _cells():
        raise Http404
    word = CellPlacement.objects.using(OPERATOR).filter(cell=cell).first() or CellPlacement(cell=cell)
    form = PlacementForm(posted(request), initial={"accepts_new": word.accepts_new, "note": word.note})

    def place(cleaned: Cleaned) -> str:
        placement.set_accepting(actor(request), cell, cell_count=settings.CELL_COUNT, **cleaned)
        return f"{cell} {'takes' if cleaned['accepts_new'] else 'takes no'} new databases."

    text = "The databases that are in it stay."
    return ask(request, f"Placement in {cell}", form, place, back=reverse("admin:cells"), text=text)


def _cells() -> list[str]:
    return [cell_name(number) for number in range(settings.CELL_COUNT)]
