"""From headers to an Identity.

An identity is kept for one second per process, so that a warm request asks nothing and a revoked key is
refused everywhere within that second, whatever the state of Valkey.
"""

from __future__ import annotations

import base64
import time
from collections import OrderedDict
from datetime import UTC, datetime
from threading import Lock

from django.conf import settings
from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from cloud.api import key_use, request_metrics
from cloud.api.addresses import client_address
from tenants import key_authentication, key_scopes, secret_text
from tenants.errors import PermissionDenied, Unauthenticated
from tenants.identity import Identity

_CAPACITY = 20_000
_USE = "key.use"


class _Cache:
    """Identities by the digest of their key, each until a moment of the monotonic clock."""

    def __init__(self) -> None:
        self._kept: OrderedDict[bytes, tuple[float, Identity]] = OrderedDict()
        self._lock = Lock()

    def get(self, digest: bytes) -> Identity | None:
        with self._lock:
            until, identity = self._kept.get(digest, (0.0, None))
        return identity if until > time.monotonic() else None

    def put(self, digest: bytes, identity: Identity, *, asked: float) -> None:
        """Keep what was asked for at this moment; counted from there, a slow answer lengthens nothing."""
        with self._lock:
            self._kept[digest] = (asked + settings.KEY_CACHE_SECONDS, identity)
            self._kept.move_to_end(digest)
            while len(self._kept) > _CAPACITY:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()


_cache = _Cache()


def forget_all() -> None:
    """Ask the database again about every key; called where a key was revoked."""
    _cache.clear()


def authenticate(request: HttpRequest) -> Identity:
    """Who sent the request.

    Raises:  Unauthenticated, PermissionDenied for a suspended tenant and from outside the key's networks
    """
    secret = _secret(request)
    if not secret:
        raise Unauthenticated
    digest = secret_text.digest(secret, pepper=settings.KEY_PEPPER)
    identity = _cache.get(digest)
    if identity is None:
        asked = time.monotonic()
        identity = key_authentication.authenticate(
            secret, peppers=settings.KEY_PEPPERS, may_operate=settings.IS_DEVELOPMENT
        )
        _cache.put(digest, identity, asked=asked)
    if identity.expires_at is not None and identity.expires_at <= datetime.now(UTC):
        raise Unauthenticated
    request_metrics.of_tenant(identity.tenant_id)
    address = client_address(request)
    if identity.networks and not key_scopes.is_within(address, identity.networks):
        key_use.note_refusal(request, identity, action=_USE, reason="network")
        shown = "an unknown address" if address is None else address
        raise PermissionDenied(f"Permission denied. This key may not be used from {shown}.")
    if identity.suspension is not None:
        key_use.note_refusal(request, identity, action=_USE, reason="suspended")
    identity.require_service()
    key_use.note_use(request, identity, address)
    return identity


def _secret(request: HttpRequest) -> str:
    """The key in `x-chroma-token`, else in `Authorization`."""
    return request.headers.get("x-chroma-token", "") or bearer_secret(request)


def bearer_secret(request: HttpRequest) -> str:
    """The secret in `Authorization`: a bearer token, or the password of Basic; empty without one."""
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return credentials.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(credentials, validate=True).decode().partition(":")[2]
        except ValueError:
            return ""
    return ""


class KeyAuthentication(BaseAuthentication):
    """The same for Django REST framework's views."""

    def authenticate(self, request: Request) -> tuple[Identity, None]:
        """The identity, or Unauthenticated."""
        return authenticate(request._request), None  # noqa: SLF001 (the framework offers no other way)

    def authenticate_header(self, request: Request) -> str:
        """Makes the framework answer 401 rather than 403."""
        del request
        return "x-chroma-token"
