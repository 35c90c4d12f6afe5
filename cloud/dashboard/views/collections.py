"""One collection: its facts, how far its index is, its first records."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from cloud.api.permissions import manifests
from cloud.dashboard import shown
from cloud.dashboard.access import Visit, is_partial, member, show
from tenants import databases
from tenants.roles import Action
from vectors import collections
from vectors.collections import CollectionView
from vectors.query import get
from vectors.query.get import GetRequest
from vectors.types import Include

_RECORDS_COUNT = 20


@require_safe
@member(Action.VIEW_COLLECTIONS)
def collection(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """The page of a collection."""
    view = _find(visit, database_name, collection_id)
    context = {
        "database_name": database_name,
        "collection": shown.CollectionFacts.of(view),
        "records": _first_records(visit, collection_id) if visit.may.view_records else [],
        "records_count": view.record_count,
    }
    return show(request, visit, "dashboard/collection/data.html", context)


@require_safe
@member(Action.VIEW_COLLECTIONS)
def indexing(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """The part of that page that changes by itself; asked for again and again while it does."""
    if not is_partial(request):
        return redirect("dashboard:collection", visit.tenant_name, database_name, collection_id)
    facts = shown.CollectionFacts.of(_find(visit, database_name, collection_id))
    context = {"database_name": database_name, "collection": facts}
    return show(request, visit, "dashboard/_indexing.html", context)


def _find(visit: Visit, database_name: str, collection_id: UUID) -> CollectionView:
    return collections.get_by_id(databases.get(visit.tenant_id, database_name), collection_id)


def _first_records(visit: Visit, collection_id: UUID) -> list[shown.Record]:
    request = GetRequest(
        ids=None,
        where=None,
        limit_count=_RECORDS_COUNT,
        offset_count=0,
        include=(Include.DOCUMENTS, Include.METADATAS),
    )
    return shown.records(get.get(manifests, manifests.get(visit.tenant_id, collection_id), request))
