"""Every page of a tenant, read off the addresses: a page cannot be left out of the tests of all pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, reverse

from cloud.dashboard import urls
from tenants.roles import Action


@dataclass(frozen=True)
class Address:
    """A page of a tenant: the name of its address, the parts of its path, what its role must carry."""

    name: str
    parts: frozenset[str]
    action: Action | None

    def path(self, parts: Mapping[str, object]) -> str:
        """The path with these parts; a part that nobody gave is an error of the test's cast."""
        missing = self.parts - parts.keys()
        assert not missing, f"{self.name}: the cast of the tests has no {sorted(missing)}"
        return reverse(f"dashboard:{self.name}", kwargs={name: parts[name] for name in self.parts})


def addresses() -> list[Address]:
    """Every page under a tenant's address."""
    return sorted(_walk(urls.urlpatterns, frozenset()), key=lambda address: address.name)


def _walk(patterns: list[URLPattern | URLResolver], parts: frozenset[str]) -> Iterator[Address]:
    for pattern in patterns:
        more = parts | frozenset(pattern.pattern.converters)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, more)
        elif "tenant_name" in more and pattern.name:
            yield Address(pattern.name, more, _action(pattern.callback))


def _action(view: Callable[..., HttpResponse]) -> Action | None:
    while not hasattr(view, "action"):
        view = view.__wrapped__  # type: ignore[attr-defined]
    found: Action | None = view.action
    return found


ADDRESSES = addresses()
