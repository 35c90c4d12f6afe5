"""The parts of a page's address that are names."""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

_PLAIN_ID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\Z", re.ASCII)


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


class RecordIdConverter:
    """A record's id as one part of a path. It may be any text, also `..` or one with slashes.

    A plain id stands as it is; any other is `~` and its bytes in base64, which nothing on the way rewrites.
    """

    regex = "[A-Za-z0-9._~-]+"

    def to_python(self, value: str) -> str:
        """The id behind a part of a path; ValueError, which is a 404, for what is none."""
        if not value.startswith("~"):
            return value
        text = value[1:]
        try:
            return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode()
        except binascii.Error as error:
            raise ValueError(value) from error

    def to_url(self, value: str) -> str:
        """The part of a path for an id."""
        if _PLAIN_ID.match(value):
            return value
        return "~" + base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")
