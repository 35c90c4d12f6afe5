"""A collection's records: looked through a page at a time, searched, filtered, compared."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from cloud.api.permissions import manifests
from cloud.dashboard import api_call, record_search, record_values, snippets
from cloud.dashboard.access import Visit, member, show
from cloud.dashboard.record_search import Search
from cloud.dashboard.views import collection_page
from cloud.dashboard.views.collection_page import Place
from tenants import tenants
from tenants.errors import InvalidArgument, NotFound, QuotaExceeded, Unavailable
from tenants.roles import Action
from vectors import validation
from vectors.query import browse
from vectors.types import BrowsedRecord
from vectors.where import Where

RECORDS_PER_PAGE = 25
_NO_SEARCH = Search()


@dataclass(frozen=True)
class Found:
    """What a search came to.

    looked_to:  how far in the order was looked when time was up; None: far enough
    problem:    why it could not be run
    """

    records: tuple[BrowsedRecord, ...] = ()
    previous: str = ""
    next: str = ""
    looked_to: int | None = None
    problem: str = ""
    status: int = 200


@require_safe
@member(Action.VIEW_COLLECTIONS)
def data(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """The records that the address asks for; without a search, in order of insertion."""
    place = collection_page.enter(visit, database_name, collection_id)
    if not visit.may.view_records:
        return show(request, visit, "dashboard/collection/data.html", {**place.context, "is_masked": True})
    search, found = _NO_SEARCH, Found()
    try:
        search = Search.read(request.GET)
        chip = record_search.added(request.GET, place.view.metadata_keys)
        if chip is not None:
            search = replace(search, chips=(*search.chips, chip), after="", before="")
            search.where  # noqa: B018 (raises what is wrong with it, beside the form that it came from)
            return redirect(place.address("collection") + search.query())
        found = find(place, search)
    except (InvalidArgument, QuotaExceeded) as error:
        found = Found(problem=error.message, status=422)
    except Unavailable as error:
        found = Found(problem=error.message, status=503)
    context = {
        **place.context,
        **_shown(place, search, found),
        "typed": {name: request.GET.get(name, "") for name in ("key", "op", "kind", "value")},
        "snippet": snippets.fill(
            snippets.target(request, tenant_name=visit.tenant_name, database_name=database_name),
            collection_name=place.view.name,
        ),
    }
    return show(request, visit, "dashboard/collection/data.html", context, status=found.status)


def find(place: Place, search: Search) -> Found:
    """Run a search.

    Raises:  InvalidArgument, QuotaExceeded, Unavailable
    """
    where = checked(place, search)
    if search.like:
        return Found(tuple(_similar(place, search, where)))
    page = browse.browse(manifests, place.manifest, search.request(RECORDS_PER_PAGE))
    records = tuple(page.records)
    has_place = bool(search.after or search.before)
    if not records and has_place and not search.is_narrowed:  # what was there is gone: show the beginning
        return find(place, replace(search, after="", before=""))
    first, last = (records[0], records[-1]) if records else (page.looked_to, page.looked_to)
    if page.looked_to is not None:
        first, last = (page.looked_to, last) if search.before else (first, page.looked_to)
    return Found(
        records,
        previous=search.query(before=search.cursor(first)) if page.has_previous and first is not None else "",
        next=search.query(after=search.cursor(last)) if page.has_next and last is not None else "",
        looked_to=page.looked_to,
    )


def checked(place: Place, search: Search) -> Where | None:
    """The filters of a search, within the plan.

    Raises:  InvalidArgument, QuotaExceeded
    """
    where = search.where
    if where is not None:
        limits = tenants.limits_of(tenants.get(place.visit.tenant_id))
        validation.check_filter_quotas(where, limits, action="Get")
    return where


def _similar(place: Place, search: Search, where: Where | None) -> list[BrowsedRecord]:
    record = browse.whole(manifests, place.manifest, search.like)
    if record is None:
        raise InvalidArgument("The record to compare with is gone.")
    return browse.similar(manifests, place.manifest, record, where=where, limit_count=RECORDS_PER_PAGE)


def _shown(place: Place, search: Search, found: Found) -> dict[str, Any]:
    known = place.view.metadata_keys
    body = None if search.like else search.body(RECORDS_PER_PAGE)
    parts = ("collections", str(place.view.collection_id), "get")
    return {
        "search": search,
        "chips": [(chip, search.without(chip)) for chip in search.chips],
        "found": found,
        "table": record_values.table(found.records),
        "modes": record_search.MODES,
        "operators": record_search.OPERATORS,
        "kinds": ("auto", *record_values.SCALARS),
        "known_keys": sorted(known)[:200],
        "here": place.address("collection"),
        "has_records": place.view.record_count > 0,
        "reset": place.address("collection"),
        "reset_place": search.query(),
        "unlike": search.query(like=""),
        "call": None
        if body is None
        else api_call.wire("POST", place.visit.tenant_name, place.database_name, *parts, body=body),
        "delete_all": place.address("records-delete") + search.query(),
    }


def require_record(place: Place, record_id: str) -> browse.WholeRecord:
    """One record whole.

    Raises:  NotFound
    """
    found = None if "\x00" in record_id else browse.whole(manifests, place.manifest, record_id)
    if found is None:
        raise NotFound(f"Record [{record_id}] not found")
    return found
