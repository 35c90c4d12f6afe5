"""One view of Django REST framework per path: who, how often, where, the body, call, answer.

Order of refusals: credentials (401), rate (429), place (404), role (403), query and body (400, 422). What is
refused for lack of permission is written to the tenant's audit log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from cloud.api import admission, codec, errors
from cloud.api.control import authentication
from cloud.api.control.routes import Call, Door, Route
from tenants import audit, flags
from tenants.actors import SYSTEM, Actor
from tenants.errors import InvalidArgument, PermissionDenied, Unprocessable

_NOWHERE = UUID(int=0)


class Endpoint(APIView):
    """A path of the control API; what it does is in its routes."""

    authentication_classes = ()  # ours are asked in `_call`, so that their failures look like all others
    permission_classes = ()
    routes: Sequence[Route] = ()

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Find the route of the method and answer; every failure in the one shape."""
        del args
        found = next((route for route in self.routes if route.method == request.method), None)
        if found is None:
            allowed = ", ".join(route.method for route in self.routes)
            return HttpResponse(status=405, headers={"Allow": allowed})
        try:
            return self._call(found, self.initialize_request(request), kwargs)
        except Exception as error:  # noqa: BLE001 (the edge)
            return errors.answer(error)

    def _call(self, route: Route, request: Request, path: dict[str, str]) -> HttpResponseBase:
        actor = SYSTEM if route.door is Door.ANYBODY else authentication.authenticate(request)
        if actor.actor_id is not None:
            admission.limiter().admit(actor.actor_id, settings.CONTROL_REQUESTS_PER_MINUTE)
        tenant_id, tenant_name = _NOWHERE, path.pop("tenant", "")
        if tenant_name:
            actor, tenant_id = authentication.enter(actor, tenant_name)
        try:
            _check_role(route, actor)
            _check_suspension(route, actor)
            if route.method != "GET" and route.door is not Door.OPERATOR:
                flags.refuse_in_maintenance(None if tenant_id == _NOWHERE else tenant_id)
            call = Call(
                actor=actor,
                tenant_id=tenant_id,
                tenant_name=tenant_name,
                path=path,
                query=_query(route, request),
                body=codec.decode(route.body, codec.read_body(request._request)) if route.body else None,  # noqa: SLF001
                request=request,
            )
            answer = route.function(call)
        except PermissionDenied:
            _note_refusal(route, actor, tenant_id)
            raise
        return answer if isinstance(answer, HttpResponseBase) else _answer(answer, route.status)


def _check_role(route: Route, actor: Actor) -> None:
    if route.door is Door.OPERATOR and not actor.is_operator:
        raise PermissionDenied("Permission denied. This is for operators of the installation.")
    if route.action is not None:
        actor.require(route.action)


def _check_suspension(route: Route, actor: Actor) -> None:
    """Members of a suspended tenant may look, and change nothing."""
    if route.method != "GET" and actor.suspension is not None and not actor.is_operator:
        raise PermissionDenied(f"This tenant is suspended. {actor.suspension}".strip())


def _note_refusal(route: Route, actor: Actor, tenant_id: UUID) -> None:
    chain = None if tenant_id == _NOWHERE else tenant_id
    unnamed = f"operator.{route.name}" if route.door is Door.OPERATOR else route.name
    action = route.action.value if route.action else unnamed
    audit.record(actor, chain, action, outcome="refused", subject_label=f"{route.method} {route.path}")


def _query(route: Route, request: Request) -> Any:
    given = request.query_params.dict()
    try:
        return msgspec.convert(given, route.query, strict=False)
    except msgspec.ValidationError as error:
        raise InvalidArgument(f"Failed to deserialize query string: {error}") from error


def _answer(value: Any, status: int) -> HttpResponse:
    content = msgspec.json.encode(value)
    return HttpResponse(content, status=status, content_type="application/json")


def check_limit(limit: int) -> int:
    """How many entries a page may have.

    Raises:  InvalidArgument outside 1 to 200
    """
    if not 1 <= limit <= 200:
        raise InvalidArgument(f"limit: expected 1 to 200, got {limit}")
    return limit


def check_after(after: str | None) -> str:
    """The name that a page begins behind; empty for the first page.

    Raises:  InvalidArgument for what nothing is called
    """
    if after is not None and ("\x00" in after or not 1 <= len(after) <= 512):
        raise InvalidArgument(f"after: expected the `next` of a page, got {after[:40]!r}")
    return after or ""


def one_of(kind: Any, text: str, member: str) -> Any:
    """The member of an enum by its value.

    Raises:  Unprocessable, naming the body's member and what was expected
    """
    try:
        return kind(text)
    except ValueError as error:
        expected = ", ".join(one.value for one in kind)
        raise Unprocessable(f"{member}: expected one of {expected}, got {text[:64]!r}") from error
