"""Databases of a tenant, and the collections of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from cloud.dashboard import paging, snippets
from cloud.dashboard.access import Visit, member, show, signed_in
from cloud.dashboard.shown import CollectionFacts
from tenants import databases as tenant_databases
from tenants import members
from tenants.models import Database, User
from tenants.roles import Action
from vectors import collections

_DATABASES_PER_PAGE = 10
_COLLECTIONS_PER_DATABASE = 5
_COLLECTIONS_PER_PAGE = 50


@dataclass(frozen=True)
class DatabaseCard:
    """A database with its first collections."""

    name: str
    collections_count: int
    collections: Sequence[CollectionFacts]


@require_safe
@signed_in
def home(request: HttpRequest, user: User) -> HttpResponse:
    """To the person's first tenant."""
    memberships = members.memberships(user.user_id)
    if not memberships:
        return render(request, "dashboard/no_tenant.html")
    return redirect("dashboard:databases", tenant_name=memberships[0].tenant_name)


@require_safe
@member(None)
def entrance(request: HttpRequest, visit: Visit) -> HttpResponse:
    """To the tenant's first page."""
    del request
    return redirect("dashboard:databases", tenant_name=visit.tenant_name)


@require_safe
@member(Action.VIEW_DATABASES)
def databases(request: HttpRequest, visit: Visit) -> HttpResponse:
    """The tenant's databases, each with its first collections."""
    page = paging.read(
        request,
        _DATABASES_PER_PAGE,
        lambda limit, offset: tenant_databases.list_databases(visit.tenant_id, limit=limit, offset=offset),
    )
    context = {"page": page, "cards": [_card(database) for database in page.rows]}
    return show(request, visit, "dashboard/databases.html", context)


@require_safe
@member(Action.VIEW_DATABASES)
def database(request: HttpRequest, visit: Visit, database_name: str) -> HttpResponse:
    """One database's collections."""
    found = tenant_databases.get(visit.tenant_id, database_name)
    page = paging.read(
        request,
        _COLLECTIONS_PER_PAGE,
        lambda limit, offset: collections.list_collections(found, limit=limit, offset=offset),
    )
    context = {
        "database": found,
        "page": page,
        "collections_count": collections.count(found),
        "collections": [CollectionFacts.of(view) for view in page.rows],
        "snippet": snippets.connect(request, tenant_name=visit.tenant_name, database_name=found.name),
    }
    return show(request, visit, "dashboard/database.html", context)


def _card(database: Database) -> DatabaseCard:
    views = collections.list_collections(database, limit=_COLLECTIONS_PER_DATABASE)
    return DatabaseCard(
        database.name, collections.count(database), [CollectionFacts.of(view) for view in views]
    )
