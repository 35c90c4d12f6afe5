"""What every record route shares: authenticate, limit, read the body, find the collection, answer failures.

Plain Django, no more: Django REST framework's request machinery costs 0.8 ms a call, a plain view 0.2 ms, and
these routes are the ones that are called thousands of times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import update_wrapper
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, HttpResponse

from cloud.api import admission, codec, errors, key_use, metering, permissions, request_metrics, spending
from cloud.api.authentication import authenticate
from cloud.api.metering import Used
from tenants import request_counts
from tenants.concurrency import KIND_OF
from tenants.errors import TooLarge
from tenants.identity import Identity, Verb
from vectors.types import Manifest

Body = TypeVar("Body")
# wire: where vectors are sent, a body over the limit is answered in these bare words (contract, section 2.3)
_BARE_WHEN_TOO_LARGE = frozenset({Verb.ADD, Verb.UPDATE, Verb.UPSERT, Verb.QUERY, Verb.SEARCH})


@dataclass(frozen=True)
class Call(Generic[Body]):
    """An authorised call of a record route; `body` has the route's shape, and is None without one.

    used: where the view notes what the call used
    """

    request: HttpRequest
    identity: Identity
    manifest: Manifest
    body: Body
    used: Used = field(default_factory=Used)


class RecordRoute(Generic[Body]):
    """A record route: the wire's view of it, and what it does for whoever has an Identity."""

    csrf_exempt = True  # a request of the wire bears a key and no cookie; see `serve` for the others

    def __init__(
        self,
        method: str,
        verb: Verb,
        view: Callable[[Call[Body]], HttpResponse],
        *,
        shape: type[Body] | None,
    ) -> None:
        self.verb = verb
        self._method, self._view, self._shape = method, view, shape
        self._counted_as = request_counts.OPERATION_OF.get(verb, request_counts.CATALOGUE)
        self._kind, self._operation = KIND_OF[verb], verb.value.partition(":")[2]
        update_wrapper(self, view)

    def __call__(self, request: HttpRequest, tenant: str, database: str, collection: str) -> HttpResponse:
        """Answer a request of the wire."""
        if request.method != self._method:
            return HttpResponse(status=405, headers={"Allow": self._method})
        request_metrics.of_operation(self._counted_as)
        try:
            identity = authenticate(request)
        except Exception as error:  # noqa: BLE001 (the edge)
            return errors.answer(error)
        return self.serve(request, identity, (tenant, database, collection), codec.read_body, Used())

    def serve(
        self,
        request: HttpRequest,
        identity: Identity,
        place: tuple[str, str, str],
        read_body: Callable[[HttpRequest], bytes],
        used: Used,
    ) -> HttpResponse:
        """Limit, parse, enter the collection, reserve, run, meter: the wire's answer, also of a failure.

        place:      tenant, database and collection, as a path names them
        read_body:  called once the request is admitted, and only of a route with a body
        used:       what the call used is noted here
        """
        try:
            admission.admit(identity)
            text = read_body(request) if self._shape else b""
            with codec.room_for(text):
                response = self._run(request, identity, place, text, used)
        except Exception as error:  # noqa: BLE001 (the edge)
            if reason := permissions.reason_of(error):
                key_use.note_refusal(request, identity, action=self.verb.value, reason=reason)
            response = _failure(error, self.verb)
        admission.tell(response, identity)
        return response

    def _run(
        self, request: HttpRequest, identity: Identity, place: tuple[str, str, str], text: bytes, used: Used
    ) -> HttpResponse:
        body: Any = codec.decode(self._shape, text) if self._shape else None
        tenant, database, collection = place
        inside = identity.place_called(tenant, database)
        manifest = permissions.enter_collection(identity, *inside, collection, self.verb)
        with (
            spending.reserve(identity, self.verb, manifest, len(text)) as reservation,
            admission.Working(identity, manifest.collection_id, self._kind),
        ):
            response = self._view(Call(request, identity, manifest, body, used))
            reservation.settle(metering.settle(response, identity, manifest, used, self._operation))
        return response


def reading(verb: Verb) -> Callable[[Callable[[Call[None]], HttpResponse]], RecordRoute[None]]:
    """Guard a GET: its view is called only for a known collection and a key with the verb."""
    return lambda view: RecordRoute("GET", verb, view, shape=None)


def posting(
    verb: Verb, shape: type[Body]
) -> Callable[[Callable[[Call[Body]], HttpResponse]], RecordRoute[Body]]:
    """Guard a POST: its view is called only with a body of this shape, a known collection and the verb.

    Source:  contract, section 11.2: of two failures the body's shape is told before the missing collection
    """
    return lambda view: RecordRoute("POST", verb, view, shape=shape)


def _failure(error: Exception, verb: Verb) -> HttpResponse:
    if isinstance(error, TooLarge) and verb in _BARE_WHEN_TOO_LARGE:
        return HttpResponse("Payload too large", status=413, content_type="text/plain")
    return errors.answer(error)
