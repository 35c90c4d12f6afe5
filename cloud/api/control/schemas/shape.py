"""What the shapes share."""

from __future__ import annotations

import msgspec


class Body(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a route is sent; an unknown member is refused, for it is a mistake of the sender's."""


class Answer(msgspec.Struct, kw_only=True):
    """What a route answers."""


class NoQuery(Body):
    """A route without parameters."""


class PageQuery(Body):
    """Which page of a list: `after` is the `next` of the page before."""

    limit: int = 50
    after: str | None = None


class Nothing(Answer):
    """Done; there is nothing to say."""
