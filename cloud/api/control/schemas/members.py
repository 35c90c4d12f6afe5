"""Shapes of members."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class Member(Answer):
    """A person in a tenant."""

    user_id: UUID
    email: str
    role: str
    joined_at: datetime


class MembersPage(Answer):
    """Members by address; `next` is the `after` of the next page, null on the last."""

    items: list[Member]
    next: str | None


class RoleChange(Body):
    """What somebody shall be."""

    role: str


class Departure(Answer):
    """What ended with a place: the API keys that the person made, and invitations from and to them."""

    revoked_keys_count: int
    revoked_invitations_count: int
