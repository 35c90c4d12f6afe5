"""Shapes of one's own account."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer


class Place(Answer):
    """A tenant that the caller may enter, and as what."""

    tenant_id: UUID
    name: str
    role: str


class Me(Answer):
    """Who is signed in; `second_factors` has the kinds set up: `totp`, `webauthn`, `recovery_codes`."""

    user_id: UUID
    email: str
    is_email_verified: bool
    second_factors: list[str]
    tenants: list[Place]


class Session(Answer):
    """A browser in which the caller is signed in."""

    session_id: int
    address: str
    client: str
    created_at: datetime
    last_used_at: datetime
    is_current: bool


class Sessions(Answer):
    """The caller's sessions, the last used first."""

    items: list[Session]
