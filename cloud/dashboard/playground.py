"""What the playground asks for somebody who signed in: the routes of the wire, with the person's Identity."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec
import orjson
from django.http import HttpRequest, HttpResponse

from cloud import tracing
from cloud.api import codec, errors
from cloud.api.metering import Used
from cloud.api.views import query, records, search
from cloud.api.views.record_route import RecordRoute
from tenants import readers
from tenants.actors import Actor
from tenants.errors import NotFound, ServiceError
from tenants.identity import Identity

Place = tuple[str, str, str]


class Kind(StrEnum):
    """What can be asked."""

    QUERY = "query"
    GET = "get"
    SEARCH = "search"


_ROUTES: dict[Kind, RecordRoute[Any]] = {
    Kind.QUERY: query.query,
    Kind.GET: records.get,
    Kind.SEARCH: search.search,
}


class Asked(msgspec.Struct):
    """What a pane asks.

    body:        as the wire takes it
    similar_to:  of a query: the record whose embedding is looked for, in place of `query_embeddings`
    """

    kind: Kind
    body: msgspec.Raw
    similar_to: str | None = None


class _Embeddings(msgspec.Struct):
    embeddings: list[msgspec.Raw] | None = None


@dataclass(frozen=True)
class Outcome:
    """The wire's answer, also of a failure, and what it took.

    units:  of the answer, as `x-request-units` says them on the wire
    """

    status: int
    answer: bytes
    units: int
    scanned_bytes: int
    returned_bytes: int
    cost_nano: int
    duration_ms: float
    trace_id: str

    @property
    def is_found(self) -> bool:
        """Whether there are results, perhaps none."""
        return self.status == 200

    @property
    def error(self) -> dict[str, str]:
        """The wire's `error` and `message`; a body that is no JSON is a message."""
        try:
            found = orjson.loads(self.answer)
        except orjson.JSONDecodeError:
            return {"error": "", "message": self.answer.decode()}
        return {"error": str(found.get("error", "")), "message": str(found.get("message", ""))}


def run(request: HttpRequest, by: Actor, tenant_id: UUID, place: Place, asked: Asked) -> Outcome:
    """Ask, as a key of the tenant would: its limits, its budget, its ledger.

    place:   tenant, database and collection, as a path names them
    """
    started = time.perf_counter()
    spent: list[Used] = []
    try:
        identity = readers.identity_of(by, tenant_id)
        response = _ask(request, identity, place, asked, spent)
    except ServiceError as error:
        response = errors.answer(error)
    return Outcome(
        status=response.status_code,
        answer=response.content,
        units=sum(one.units for one in spent),
        scanned_bytes=sum(one.scanned_bytes for one in spent),
        returned_bytes=sum(one.returned_bytes for one in spent),
        cost_nano=sum(one.cost_nano for one in spent),
        duration_ms=(time.perf_counter() - started) * 1000,
        trace_id=tracing.current(),
    )


def _ask(
    request: HttpRequest, identity: Identity, place: Place, asked: Asked, spent: list[Used]
) -> HttpResponse:
    body = bytes(asked.body)
    if asked.kind is Kind.QUERY and asked.similar_to is not None:
        members = codec.decode(dict[str, msgspec.Raw], body)
        wanted = orjson.dumps({"ids": [asked.similar_to], "include": ["embeddings"]})
        response = _serve(request, identity, place, Kind.GET, wanted, spent)
        if response.status_code != 200:
            return response
        embeddings = msgspec.json.decode(response.content, type=_Embeddings).embeddings
        if not embeddings:
            raise NotFound(f"Record [{asked.similar_to}] not found")
        members["query_embeddings"] = msgspec.Raw(b"[" + bytes(embeddings[0]) + b"]")
        body = msgspec.json.encode(members)
    return _serve(request, identity, place, asked.kind, body, spent)


def _serve(
    request: HttpRequest, identity: Identity, place: Place, kind: Kind, body: bytes, spent: list[Used]
) -> HttpResponse:
    used = Used()
    response = _ROUTES[kind].serve(request, identity, place, lambda _: body, used)
    if response.status_code == 200:
        spent.append(used)
    return response
