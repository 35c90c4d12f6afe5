"""The team's home: databases, alerts, first steps; and the collections of one database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from cloud import sample_loading
from cloud.dashboard import api_call, lists, shown_lists, snippets
from cloud.dashboard.access import Visit, is_partial, member, show, signed_in
from cloud.dashboard.paging import Stretch
from tenants import databases as tenant_databases
from tenants import first_steps, members
from tenants.models import Database, User
from tenants.roles import Action
from vectors import database_listing, listing
from vectors.database_listing import Held, ListedDatabase

_DATABASES_PER_PAGE = 25
_COLLECTIONS_PER_PAGE = 50
_MOST_COUNTED = 100_000


@require_safe
@signed_in
def home(request: HttpRequest, user: User) -> HttpResponse:
    """To the person's first tenant."""
    memberships = members.memberships(user.user_id)
    if not memberships:
        return render(request, "dashboard/no_tenant.html")
    return redirect("dashboard:tenant", tenant_name=memberships[0].tenant_name)


@require_safe
@member(None)
def entrance(request: HttpRequest, visit: Visit) -> HttpResponse:
    """To the first page of the tenant that the role shows: who only pays has no databases to look at."""
    del request
    first = visit.navigation[0].entries[0]
    return redirect(first.address, tenant_name=visit.tenant_name)


@require_safe
@member(Action.VIEW_DATABASES)
def databases(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The team's home; htmx asks for the list alone."""
    asked = lists.databases(request.GET)
    page = database_listing.page(visit.by, visit.tenant_id, asked, limit_count=_DATABASES_PER_PAGE)
    currency = shown_lists.currency(visit.by, visit.tenant_id)
    known = shown_lists.figures(visit.by, visit.tenant_id, currency=currency)
    heads = lists.heads(request, lists.DATABASE_COLUMNS, sort=asked.sort, is_descending=asked.is_descending)
    context: dict[str, Any] = {
        "rows": [shown_lists.database_row(row, known) for row in page.rows],
        "heads": heads,
        "stretch": Stretch(page.rows, page.next or "", is_first=asked.after is None),
        "asked": asked,
        "sorts": lists.sorts(database_listing.Sort),
    }
    if is_partial(request):
        return show(request, visit, "dashboard/_database_list.html", context)
    held = database_listing.held(visit.by, visit.tenant_id)
    context |= {
        "held": held,
        "known": known,
        "steps": _steps(visit, held, page.rows),
        "call": api_call.control("GET", visit.tenant_name, "databases"),
    }
    return show(request, visit, "dashboard/databases.html", context)


@require_safe
@member(Action.VIEW_DATABASES)
def database(request: HttpRequest, visit: Visit, database_name: str) -> HttpResponse:
    """One database's collections; htmx asks for the list alone."""
    found, asked = tenant_databases.get(visit.tenant_id, database_name), lists.collections(request.GET)
    page = listing.page(visit.by, found, asked, limit_count=_COLLECTIONS_PER_PAGE)
    currency = shown_lists.currency(visit.by, visit.tenant_id)
    context: dict[str, Any] = {
        "database": found,
        "rows": shown_lists.collection_rows(visit.by, found, page.rows, currency=currency),
        "heads": lists.heads(
            request, lists.COLLECTION_COLUMNS, sort=asked.sort, is_descending=asked.is_descending
        ),
        "stretch": Stretch(page.rows, page.next or "", is_first=asked.after is None),
        "asked": asked,
        "matching_count": _matching(visit, found, asked),
        "sorts": lists.sorts(listing.Sort),
        "states": lists.STATE_LABELS.items(),
    }
    if is_partial(request):
        return show(request, visit, "dashboard/_collection_list.html", context)
    totals = database_listing.totals(visit.by, found)
    known = shown_lists.figures(visit.by, visit.tenant_id, currency=currency)
    listed = ListedDatabase(found.database_id, found.name, found.created_at, totals)
    row = shown_lists.database_row(listed, known)
    where = snippets.target(request, tenant_name=visit.tenant_name, database_name=found.name)
    context |= {
        "row": row,
        "snippet": snippets.python(where),
        "first_lines": _FIRST_LINES,
        "call": api_call.control("GET", visit.tenant_name, "databases", found.name, "collections"),
    }
    return show(request, visit, "dashboard/database.html", context)


_FIRST_LINES = """collection = client.create_collection("my-collection")
collection.add(
    ids=["one", "two"],
    documents=["The first document", "The second document"],
    embeddings=[[0.1, 0.2, 0.3], [0.3, 0.1, 0.2]],
)
print(collection.query(query_embeddings=[[0.1, 0.2, 0.3]], n_results=1))
"""


def _matching(visit: Visit, found: Database, asked: listing.Asked) -> str:
    """How many collections have the text in their name, as far as they are counted; empty without a text."""
    if not asked.text:
        return ""
    count = listing.count(visit.by, found, text=asked.text, at_most=_MOST_COUNTED + 1)
    return f"{count:,}" if count <= _MOST_COUNTED else f"more than {_MOST_COUNTED:,}"


def _steps(visit: Visit, held: Held, rows: Sequence[ListedDatabase]) -> dict[str, Any] | None:
    """The three steps of somebody who begins, and which are done; None for everybody else."""
    if not (visit.may.create_key and visit.may.write_records):
        return None
    standing = first_steps.standing(visit.by, visit.tenant_id)
    if standing.has_looked:
        return None
    fullest = max(rows, key=lambda row: row.totals.record_count, default=None)
    name = sample_loading.DATABASE if fullest is None else fullest.name
    return {
        "has_key": standing.has_key,
        "has_records": held.record_count > 0,
        "done_count": int(standing.has_key) + int(held.record_count > 0),
        "database": name,
        "call": api_call.control("POST", visit.tenant_name, "databases", name, "sample"),
    }
