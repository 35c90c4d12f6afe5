"""Deleting records that were chosen or found: first how many, then those and no others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.views.decorators.http import require_http_methods

from cloud.api.member_calls import calling
from cloud.api.permissions import manifests
from cloud.dashboard import api_call, record_values
from cloud.dashboard.access import Visit, go, member, show_dialog
from cloud.dashboard.record_search import Search
from cloud.dashboard.views import collection_page
from cloud.dashboard.views.collection_data import checked
from cloud.dashboard.views.collection_page import Place
from tenants.errors import InvalidArgument
from tenants.identity import Verb
from tenants.roles import Action
from vectors import editing
from vectors.query import browse
from vectors.query.browse import BrowseRequest, Matching

# So many are counted at once; when there are more, the question says so, and offers to count them all.
_MOST_COUNTED = 20_000
_MOST_COUNTED_ALL = 100_000_000
_MOST_CHOSEN = 1_000
_SECONDS_PER_REQUEST = 8.0
_SHOWN_IDS = 10


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.WRITE_RECORDS)
def delete(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Say how many records it would be, and ask; what is posted with the place of that count deletes them."""
    place = collection_page.enter(visit, database_name, collection_id)
    given = request.POST if request.method == "POST" else request.GET
    search, chosen = Search.read(given), _chosen(given)
    back = place.address("collection") + search.query()
    if chosen == ():
        messages.warning(request, "No record is chosen. Tick the records to delete first.")
        return go(request, back)
    question = _Question(place, replace(search, like=""), chosen, back)
    checked(place, question.search)
    wanted = question.wanted
    if request.method == "POST" and given.get("up_to", ""):
        return _delete(request, question, up_to=_offset(given["up_to"]))
    most = _MOST_COUNTED_ALL if given.get("count") == "all" else _MOST_COUNTED
    counted = browse.count_up_to(manifests, place.manifest, wanted, most=most)
    return _ask(request, question, counted)


@dataclass(frozen=True)
class _Question:
    """Which records are meant: the chosen ones, or, without any, all that are found.

    back:  the address of the list that they were seen in
    """

    place: Place
    search: Search
    chosen: tuple[str, ...] | None
    back: str

    @property
    def wanted(self) -> BrowseRequest:
        """As the verbs take it."""
        if self.chosen is not None:
            return BrowseRequest(limit_count=1, ids=self.chosen)
        return replace(self.search, after="", before="").request(1)

    @property
    def call(self) -> api_call.ApiCall | None:
        """The same over the API; it takes no question for all records, nor for how ids begin."""
        body = {"ids": list(self.chosen)} if self.chosen is not None else self.search.body(1)
        body = (
            {name: body[name] for name in ("ids", "where", "where_document") if name in body} if body else {}
        )
        if not body:
            return None
        visit, parts = self.place.visit, ("collections", str(self.place.view.collection_id), "delete")
        return api_call.wire("POST", visit.tenant_name, self.place.database_name, *parts, body=body)


def _chosen(given: QueryDict) -> tuple[str, ...] | None:
    """The ids that were ticked; None where the question is of all that are found."""
    if "chosen" not in given:
        return None
    chosen = tuple(dict.fromkeys(given.getlist("id")))
    if len(chosen) > _MOST_CHOSEN or any("\x00" in one for one in chosen):
        raise InvalidArgument(f"At most {_MOST_CHOSEN:,} records are chosen one by one.")
    return chosen


def _offset(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise InvalidArgument("The count of this question cannot be read; ask anew.")
    return int(text)


def _delete(request: HttpRequest, question: _Question, *, up_to: int) -> HttpResponse:
    place, wanted = question.place, question.wanted
    with calling(place.manifest, Verb.DELETE):
        deleted = editing.delete_matching(
            place.visit.by,
            manifests,
            place.manifest,
            wanted,
            up_to=up_to,
            most_seconds=_SECONDS_PER_REQUEST,
        )
    if not deleted.is_done:
        rest = browse.count_up_to(manifests, place.manifest, replace(wanted, up_to=up_to), most=_MOST_COUNTED)
        left = replace(rest, log_offset=up_to)
        return _ask(request, question, left, deleted_count=deleted.records_count)
    plural = "" if deleted.records_count == 1 else "s"
    messages.success(request, f"{deleted.records_count:,} record{plural} deleted.")
    return go(request, question.back)


def _ask(
    request: HttpRequest, question: _Question, counted: Matching, *, deleted_count: int = 0
) -> HttpResponse:
    chosen = question.chosen or ()
    context: dict[str, Any] = {
        **question.place.context,
        "search": question.search,
        "chosen": chosen,
        "shown_ids": [record_values.cut(one, 80) for one in chosen[:_SHOWN_IDS]],
        "unshown_count": max(0, len(chosen) - _SHOWN_IDS),
        "counted": counted,
        "deleted_count": deleted_count,
        "back": question.back,
        "call": question.call,
        "count_all": question.place.address("records-delete") + question.search.query() + "&count=all",
    }
    title = f"Delete records of {question.place.view.name}"
    template = "dashboard/collection/_records_delete.html"
    return show_dialog(request, question.place.visit, template, context, title=title)
