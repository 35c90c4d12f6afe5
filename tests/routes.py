"""The routes below /api/v2 as Django resolves them, nested lists included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.urls import URLPattern, get_resolver
from django.urls.resolvers import RoutePattern, URLResolver


def patterns() -> Iterator[tuple[str, URLPattern]]:
    """Each route's text below /api/v2, such as `/tenants/<str:tenant>`, and its pattern."""
    (api,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "api/v2"]
    assert isinstance(api, URLResolver)
    yield from _below("", api.url_patterns)


def _below(prefix: str, entries: Sequence[URLPattern | URLResolver]) -> Iterator[tuple[str, URLPattern]]:
    for entry in entries:
        assert isinstance(entry.pattern, RoutePattern)
        text = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from _below(text, entry.url_patterns)
        else:
            yield text, entry
