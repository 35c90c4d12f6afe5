"""Heartbeat, version, health, pre-flight, identity; and what is gone or not there yet."""

from __future__ import annotations

import contextlib
import time

from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from rest_framework.request import Request

from cloud.api import admission, codec, errors
from cloud.api.authentication import authenticate
from cloud.api.views.catalogue_view import CatalogueView, identity_of
from tenants.errors import PermissionDenied, ServiceError
from tenants.identity import Verb
from tenants.quotas import Limits
from vectors import reset as resetting

# wire: a constant of the reference server
_VERSION = "1.0.0"


@csrf_exempt
@require_GET
def heartbeat(request: HttpRequest) -> HttpResponse:
    """Nanoseconds since the epoch."""
    del request
    return codec.answer({"nanosecond heartbeat": time.time_ns()})


@csrf_exempt
@require_GET
def version(request: HttpRequest) -> HttpResponse:
    """The version of the wire."""
    del request
    return codec.answer(_VERSION)


@csrf_exempt
@require_GET
def healthcheck(request: HttpRequest) -> HttpResponse:
    """Whether the stores that requests need answer."""
    del request
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        is_ready = True
    except DatabaseError:
        is_ready = False
    parts = {"is_executor_ready": is_ready, "is_log_client_ready": is_ready}
    return codec.answer(parts, status=200 if is_ready else 503)


@csrf_exempt
@require_GET
def pre_flight_checks(request: HttpRequest) -> HttpResponse:
    """What a client may send at once: its key's limit, or the default plan's without a key."""
    known = None
    with contextlib.suppress(ServiceError):  # wire: the route needs no key, so no limit refuses it either
        known = authenticate(request)
    limits = Limits() if known is None else known.limits
    response = codec.answer(
        {"max_batch_size": limits.records_per_write_count, "supports_base64_encoding": True},
    )
    if known is not None:
        admission.tell(response, known)
    return response


@csrf_exempt
@require_GET
def identity(request: HttpRequest) -> HttpResponse:
    """Who the key is. Exactly these members: clients refuse any other."""
    try:
        known = authenticate(request)
    except Exception as error:  # noqa: BLE001 (the edge)
        return errors.answer(error)
    try:
        admission.admit(known)
        names = ["*"] if known.databases is None else sorted(known.databases.values())
        members = {"user_id": str(known.key_id), "tenant": known.tenant_name, "databases": names}
        response = codec.answer(members)
    except Exception as error:  # noqa: BLE001 (the edge)
        response = errors.answer(error)
    admission.tell(response, known)
    return response


class Reset(CatalogueView):
    """`/reset`."""

    def post(self, request: Request) -> HttpResponse:
        """Delete everything of every tenant: operator keys of the development profile only."""
        if not identity_of(request).may(Verb.RESET):
            raise PermissionDenied("Reset is disabled by config")
        resetting.reset(cell_count=settings.CELL_COUNT)
        return codec.answer(True)


@csrf_exempt
def gone(request: HttpRequest, path: str) -> HttpResponse:
    """The API before version 2."""
    del path
    if request.method == "POST":
        return HttpResponse(status=405, headers={"Allow": "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"})
    return errors.body(410, "Unimplemented", "The v1 API is deprecated. Please use /v2 apis")
