"""What every record route shares: authenticate, limit, read the body, find the collection, answer failures.

Plain Django, no more: Django REST framework's request machinery costs 0.8 ms a call, a plain view 0.2 ms, and
these routes are the ones that are called thousands of times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Generic, TypeVar

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from cloud.api import admission, codec, errors, key_use, metering, permissions, request_metrics, spending
from cloud.api.authentication import authenticate
from cloud.api.metering import Used
from tenants import request_counts
from tenants.concurrency import KIND_OF
from tenants.errors import TooLarge
from tenants.identity import Identity, Verb
from vectors.types import Manifest

Body = TypeVar("Body")
View = Callable[..., HttpResponse]
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


def reading(verb: Verb) -> Callable[[Callable[[Call[None]], HttpResponse]], View]:
    """Guard a GET: its view is called only for a known collection and a key with the verb."""
    return _guard("GET", verb, shape=None)


def posting(verb: Verb, shape: type[Body]) -> Callable[[Callable[[Call[Body]], HttpResponse]], View]:
    """Guard a POST: its view is called only with a body of this shape, a known collection and the verb.

    Source:  contract, section 11.2: of two failures the body's shape is told before the missing collection
    """
    return _guard("POST", verb, shape=shape)


def _guard(
    method: str, verb: Verb, *, shape: type[Any] | None
) -> Callable[[Callable[[Call[Any]], HttpResponse]], View]:
    kind, operation = KIND_OF[verb], verb.value.partition(":")[2]
    counted_as = request_counts.OPERATION_OF.get(verb, request_counts.CATALOGUE)

    def guard(view: Callable[[Call[Any]], HttpResponse]) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, tenant: str, database: str, collection: str) -> HttpResponse:
            if request.method != method:
                return HttpResponse(status=405, headers={"Allow": method})
            request_metrics.of_operation(counted_as)
            try:
                identity = authenticate(request)
            except Exception as error:  # noqa: BLE001 (the edge)
                return errors.answer(error)
            try:
                admission.admit(identity)
                text = codec.read_body(request) if shape else b""
                with codec.room_for(text):
                    body = codec.decode(shape, text) if shape else None
                    place = identity.place_called(tenant, database)
                    manifest = permissions.enter_collection(identity, *place, collection, verb)
                    with (
                        spending.reserve(identity, verb, manifest, len(text)) as reservation,
                        admission.Working(identity, manifest.collection_id, kind),
                    ):
                        call = Call(request, identity, manifest, body)
                        response = view(call)
                        reservation.settle(
                            metering.settle(response, identity, manifest, call.used, operation)
                        )
            except Exception as error:  # noqa: BLE001 (the edge)
                if reason := permissions.reason_of(error):
                    key_use.note_refusal(request, identity, action=verb.value, reason=reason)
                response = _failure(error, verb)
            admission.tell(response, identity)
            return response

        return guarded

    return guard


def _failure(error: Exception, verb: Verb) -> HttpResponse:
    if isinstance(error, TooLarge) and verb in _BARE_WHEN_TOO_LARGE:
        return HttpResponse("Payload too large", status=413, content_type="text/plain")
    return errors.answer(error)
