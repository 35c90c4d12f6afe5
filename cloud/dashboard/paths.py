"""The parts of a page's address that are names."""

from __future__ import annotations

from urllib.parse import unquote


class TenantNameConverter:
    """A tenant's name as one part of a path. It may hold a slash, which travels escaped twice.

    Servers decode a path once before Django sees it; what we escape ourselves is still there afterwards.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """The name behind a part of a path."""
        return unquote(value)

    def to_url(self, value: str) -> str:
        """The part of a path for a name; Django escapes the rest, and our percent signs once more."""
        return value.replace("%", "%25").replace("/", "%2F")


class DatabaseNameConverter:
    """A database's name as one part of a path; what `tenants.names` would refuse is no address."""

    regex = "[a-zA-Z0-9._-]+"

    def to_python(self, value: str) -> str:
        """The name itself."""
        return value

    def to_url(self, value: str) -> str:
        """The name itself."""
        return value
