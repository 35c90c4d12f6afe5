"""The e-mail that carries an invitation; the only place where its token is in clear."""

from __future__ import annotations

import logging
from datetime import UTC
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMessage
from django.http import HttpRequest
from django.template.loader import render_to_string

from tenants.errors import InvalidArgument
from tenants.models import Invitation
from tenants.roles import Role

log = logging.getLogger("tessera.accounts")

# A tenant's name is free text of somebody who is unknown to the reader: enough to recognise it by, no more.
_NAME_CHARACTERS = 60


def link(token: str, request: HttpRequest | None = None) -> str:
    """Where the token is taken up: below PUBLIC_URL, else where the request came in.

    Raises:  InvalidArgument when neither is known, but for the development profile, which is on this machine
    """
    path = f"/invitations/{token}"
    if settings.PUBLIC_URL:
        return f"{settings.PUBLIC_URL}{path}"
    if request is not None:
        return request.build_absolute_uri(path)
    if settings.IS_DEVELOPMENT:
        return f"http://127.0.0.1:{settings.PORT}{path}"
    raise InvalidArgument(
        "set PUBLIC_URL to where people reach the pages, such as https://vectors.example.com"
    )


def send(invitation: Invitation, *, tenant_name: str, link: str) -> bool:
    """Hand the invitation to the mail server; whether it was taken. What went wrong is in the log.

    Transaction: none, so that no lock waits for a mail server
    """
    name = _short(tenant_name)
    context = {
        "tenant_name": name,
        "invited_by": _short(invitation.invited_by),
        "role": Role(invitation.role).label,
        "link": link,
        "expires_at": invitation.expires_at.astimezone(UTC).strftime("%d %B %Y, %H:%M UTC"),
    }
    text = render_to_string("account/email/invitation.txt", context)
    message = EmailMessage(f"Invitation to {name}", text, to=[invitation.email])
    try:
        return message.send() == 1
    except (OSError, SMTPException) as error:
        log.warning("the invitation %s was not sent: %s", invitation.invitation_id, type(error).__name__)
        return False


def _short(text: str) -> str:
    """In one line, and never so that a mail program makes a link of it."""
    line = " ".join(text.split()).replace("://", " ")
    return line if len(line) <= _NAME_CHARACTERS else line[: _NAME_CHARACTERS - 1] + "…"
