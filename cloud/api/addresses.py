"""Where a request came from, behind proxies too."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest

from tenants import key_scopes


def client_address(request: HttpRequest) -> str | None:
    """The address of the client, IPv4 within IPv6 as IPv4; None when nobody can say.

    X-Forwarded-For counts only from TRUSTED_PROXIES, from its end backwards: the last address that is not
    itself a trusted proxy's is the client's. What stands before it could be anybody's invention.
    """
    proxies: tuple[str, ...] = settings.TRUSTED_PROXIES
    address = _normal(request.META.get("REMOTE_ADDR", ""))
    if not proxies:
        return address
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    while address is not None and forwarded[-1].strip() and key_scopes.is_within(address, proxies):
        address = _normal(_without_port(forwarded.pop().strip()))
        forwarded = forwarded or [""]
    return address


def _normal(text: str) -> str | None:
    if ":" not in text and text:  # IPv4, as a server writes it: the usual case, and worth no parsing
        return text if text.replace(".", "").isdigit() else None
    address = key_scopes.parse_address(text)
    return None if address is None else str(address)


def _without_port(text: str) -> str:
    """Some proxies write 203.0.113.9:4711 or [2001:db8::1]:4711."""
    if text.startswith("["):
        return text[1:].partition("]")[0]
    return text.partition(":")[0] if text.count(":") == 1 else text
