"""Shapes of invitations; a token is in the e-mail and in no answer."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class NewInvitation(Body):
    """An invitation to be; it is good for seven days."""

    email: str
    role: str


class Invitation(Answer):
    """An invitation that is neither used nor revoked."""

    invitation_id: UUID
    email: str
    role: str
    invited_by: str
    created_at: datetime
    expires_at: datetime


class InvitationsPage(Answer):
    """Invitations by address; `next` is the `after` of the next page, null on the last."""

    items: list[Invitation]
    next: str | None


class SentInvitation(Answer):
    """A fresh invitation; unless `sent`, the e-mail could not be handed over: resend it."""

    invitation: Invitation
    sent: bool


class Acceptance(Body):
    """The token from the e-mail."""

    token: str


class Accepted(Answer):
    """The place that was taken up."""

    tenant_id: UUID
    tenant_name: str
    role: str
