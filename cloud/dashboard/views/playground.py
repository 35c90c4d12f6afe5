"""Collection › Playground: ask, look, compare. A page that posts a form, and panes that post JSON."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import orjson
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods

from cloud import tracing
from cloud.api import codec, errors
from cloud.api.permissions import manifests
from cloud.dashboard import playground as running
from cloud.dashboard import results
from cloud.dashboard.access import Visit, member, show
from cloud.dashboard.forms.playground import NO_MODEL, PlaygroundForm, search_template
from cloud.dashboard.playground import Asked, Kind, Outcome
from cloud.dashboard.views import collection_page
from cloud.dashboard.views.collection_page import Place
from tenants.billing import money
from tenants.errors import ServiceError
from tenants.roles import Action
from vectors import costs
from vectors.query import get
from vectors.query.get import GetRequest
from vectors.types import Include, Rows

_LABELS = {"a": "A", "b": "B"}
_FIRST_COUNT = 20


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.VIEW_RECORDS, only_reads=True)
def playground(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """The page; the answer to a form, in the page; the answer to JSON, as JSON."""
    if request.method == "POST" and request.content_type == "application/json":
        return _answer(request, visit, database_name, collection_id)
    place = collection_page.enter(visit, database_name, collection_id)
    view = place.view
    rows = _first_records(place)
    named = request.GET.get("similar_to", "") or next(iter(rows.ids), "")
    initial = {"record": named, "search": search_template(view.dimension)}
    form = PlaygroundForm(request.POST if request.method == "POST" else None, initial=initial, auto_id="a-%s")
    outcome = None
    if request.method == "POST" and form.is_valid():
        outcome = _run(request, visit, database_name, collection_id, form.asked())
    context = place.context | _page(request, place, form)
    context["keys"] = keys = results.keys(view.metadata_keys, rows.metadatas or ())
    context["keys_json"] = orjson.dumps(keys).decode()
    if outcome is not None:
        context |= {"outcome": outcome, "cost": _cost(visit, outcome)}
        kind = form.cleaned_data["kind"]
        context["distance_label"] = "score" if kind == Kind.SEARCH else "distance"
        if outcome.is_found:
            context["lists"] = results.lists(outcome.answer, is_of_get=kind == Kind.GET)
    status = 422 if form.is_bound and not form.is_valid() else 200
    return show(request, visit, "dashboard/collection/playground.html", context, status=status)


def _answer(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """What a pane asked, with the wire's own status and words inside: a refusal is a result too."""
    try:
        asked = codec.decode(Asked, request.body)
    except ServiceError as error:
        refused = errors.answer(error)
        outcome = Outcome(refused.status_code, refused.content, 0, 0, 0, 0, 0.0, tracing.current())
    else:
        outcome = _run(request, visit, database_name, collection_id, asked)
    content = orjson.dumps(
        {
            "status": outcome.status,
            "answer": orjson.Fragment(outcome.answer) if outcome.is_found else outcome.error,
            "units": outcome.units,
            "scanned_bytes": outcome.scanned_bytes,
            "returned_bytes": outcome.returned_bytes,
            "cost_nano": outcome.cost_nano,
            "cost": _cost(visit, outcome),
            "duration_ms": round(outcome.duration_ms, 1),
            "trace_id": outcome.trace_id,
        }
    )
    return HttpResponse(content, content_type="application/json")


def _run(
    request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID, asked: Asked
) -> Outcome:
    place = (visit.tenant_name, database_name, str(collection_id))
    return running.run(request, visit.by, visit.tenant_id, place, asked)


def _cost(visit: Visit, outcome: Outcome) -> str:
    _, currency = costs.prices_of(visit.tenant_id)
    return money.exact(outcome.cost_nano, currency)


def _first_records(place: Place) -> Rows:
    """Some records to begin with: an id that finds something, keys that no segment has told of yet."""
    if not place.view.record_count:
        return Rows(ids=())
    include = (Include.METADATAS,)
    wanted = GetRequest(ids=None, where=None, limit_count=_FIRST_COUNT, offset_count=0, include=include)
    return get.get(manifests, place.manifest, wanted)


def _page(request: HttpRequest, place: Place, form: PlaygroundForm) -> dict[str, Any]:
    initial, view = form.initial, place.view
    panes = [
        ("a", _LABELS["a"], form),
        ("b", _LABELS["b"], PlaygroundForm(initial=initial, auto_id="b-%s")),
    ]
    address = urlsplit(f"//{request.get_host()}")
    host = address.hostname or "localhost"
    target = {
        "origin": f"{request.scheme}://{request.get_host()}",
        "host": f"[{host}]" if ":" in host else host,
        "port": address.port or (443 if request.is_secure() else 80),
        "isSecure": request.is_secure(),
        "tenant": place.visit.tenant_name,
        "database": view.database_name,
        "collection": view.name,
        "collectionId": str(view.collection_id),
    }
    return {
        "dimension": view.dimension,
        "records_count": view.record_count,
        "space": view.configuration.space,
        "panes": panes,
        "place": orjson.dumps(target).decode(),
        "no_model": NO_MODEL,
        "lists": [],
    }
