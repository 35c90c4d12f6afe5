"""What the catalogue's views share: the typed identity, limits, the body, paging."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpRequest
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cloud.api import admission, codec, key_use, permissions
from tenants.errors import InvalidArgument
from tenants.identity import Identity

T = TypeVar("T")
_LARGEST = 2**32 - 1


class CatalogueView(APIView):
    """A view of Django REST framework whose user is an Identity."""

    # wire: 405 for the rest; OPTIONS belongs to CORS, HEAD to nobody
    http_method_names = ["get", "post", "put", "patch", "delete"]
    _identity: Identity | None = None  # until the request is authenticated

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Authenticate and limit; then the handler is called with the names that the path's names mean."""
        super().initial(request, *args, **kwargs)
        self._identity = identity_of(request)
        admission.admit(self._identity)
        tenant, database = (self.kwargs.get(name, "") for name in ("tenant", "database"))
        meant = self._identity.place_called(tenant, database)
        for name, value in zip(("tenant", "database"), meant, strict=True):
            if name in self.kwargs:
                self.kwargs[name] = value

    def handle_exception(self, exc: Exception) -> Response:
        """Note what is refused to a key, and answer."""
        reason = permissions.reason_of(exc)
        if self._identity is not None and reason:
            plain: HttpRequest = self.request._request  # noqa: SLF001 (as below)
            verb = exc.verb.value if isinstance(exc, permissions.MissingVerb) else None
            action = verb or f"{plain.method} {type(self).__name__}"
            key_use.note_refusal(plain, self._identity, action=action, reason=reason)
        return super().handle_exception(exc)

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        """Say what is left of the minute, on failures too."""
        if self._identity is not None:
            admission.tell(response, self._identity)
        return super().finalize_response(request, response, *args, **kwargs)


def identity_of(request: Request) -> Identity:
    """Who is asking."""
    identity: object = request.user
    if not isinstance(identity, Identity):
        raise TypeError(f"expected an Identity, got {type(identity).__name__}")
    return identity


def body_of(request: Request, kind: type[T]) -> T:
    """The body in this shape."""
    plain: HttpRequest = request._request  # noqa: SLF001 (the framework's own parsing is not wanted)
    return codec.decode(kind, codec.read_body(plain))


def page_of(request: Request) -> tuple[int | None, int]:
    """limit (None: all) and offset of a list.

    Raises:  InvalidArgument
    """
    limit, offset = (_u32(request, name) for name in ("limit", "offset"))
    return limit, offset or 0


def _u32(request: Request, name: str) -> int | None:
    raw = request.query_params.get(name)
    if raw is None:
        return None
    if not raw.isascii() or not raw.isdigit() or int(raw[:11]) > _LARGEST:
        raise InvalidArgument(
            f"Failed to deserialize query string: {name}: invalid digit found in {raw[:40]!r}"
        )
    return int(raw)
