"""Asking for a higher limit, and what operators answer: request, withdraw, approve, decline.

pending ──▶ approved    the limit is the tenant's own from then on, within KEY_CACHE_SECONDS
        ├─▶ declined
        └─▶ withdrawn   by the tenant
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core import mail
from django.db import IntegrityError, connection, transaction

from tenants import audit, tenants
from tenants.actors import Actor, ActorKind
from tenants.errors import AlreadyExists, Conflict, InvalidArgument, NotFound
from tenants.models import QuotaRequest
from tenants.quotas import MAX_LIMIT, Limits
from tenants.roles import Action
from tenants.scope import tenant_transaction

State = QuotaRequest.State
MAX_TEXT_CHARACTERS = 2_000
_MAIL_SECONDS = 10

log = logging.getLogger("tessera.mail")


@dataclass(frozen=True)
class Listed:
    """A request as operators see it, of whichever tenant."""

    request_id: UUID
    tenant_name: str
    limit_name: str
    wanted: int
    reason: str
    requested_by: str
    state: str
    decided_by: str
    decided_at: datetime | None
    note: str
    created_at: datetime


def request(by: Actor, tenant_id: UUID, limit_name: str, wanted: int, reason: str) -> QuotaRequest:
    """Ask for a limit above the one in force; one request per limit can be pending.

    Raises:      PermissionDenied, InvalidArgument, AlreadyExists while another is pending
    Transaction: opens one
    """
    by.require(Action.REQUEST_QUOTA)
    reason = _checked_text(reason, "reason", at_least=1)
    if limit_name not in {limit.name for limit in fields(Limits)}:
        raise InvalidArgument(f"limit: expected a limit of GET …/quotas, got {limit_name[:64]!r}")
    try:
        with tenant_transaction(tenant_id):
            current = getattr(tenants.limits_of(tenants.get(tenant_id)), limit_name)
            if not current < wanted <= MAX_LIMIT:
                raise InvalidArgument(
                    f"wanted: expected more than the {current} of now and at most {MAX_LIMIT}, got {wanted}"
                )
            made = QuotaRequest.objects.create(
                tenant_id=tenant_id,
                limit_name=limit_name,
                wanted=wanted,
                reason=reason,
                requested_by=by.label,
                notify=by.label if by.kind is ActorKind.USER and not by.impersonator else "",
            )
            _record(by, made, "request", {"current": current})
    except IntegrityError as error:
        raise AlreadyExists(f"A request for {limit_name} is pending already; withdraw it first") from error
    return made


def list_requests(
    by: Actor, tenant_id: UUID, *, limit_count: int, after: UUID | None = None
) -> list[QuotaRequest]:
    """The tenant's requests, newest first, from the one after `after`.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_QUOTAS)
    with tenant_transaction(tenant_id):
        rows = QuotaRequest.objects.filter(tenant_id=tenant_id).order_by("-created_at", "-request_id")
        if after is not None:
            last = rows.filter(request_id=after).first()
            if last is None:
                raise InvalidArgument(f"after: expected the `next` of a page, got '{after}'")
            older = rows.filter(created_at__lt=last.created_at)
            rows = older | rows.filter(created_at=last.created_at, request_id__lt=last.request_id)
        return list(rows[:limit_count])


def list_all(
    by: Actor, state: QuotaRequest.State, *, limit_count: int, after: UUID | None = None
) -> list[Listed]:
    """The requests of all tenants in one state, oldest first, from the one after `after`.

    Raises:  PermissionDenied
    """
    by.require_operator()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tenants_quota_requests(%s, %s, %s)", [state.value, after, limit_count])
        return [Listed(*row) for row in cursor.fetchall()]


def withdraw(by: Actor, tenant_id: UUID, request_id: UUID) -> None:
    """Take a pending request back.

    Raises:      PermissionDenied, NotFound, Conflict when it was decided
    Transaction: opens one
    """
    by.require(Action.REQUEST_QUOTA)
    with tenant_transaction(tenant_id):
        found = _pending(tenant_id, request_id)
        _decide(by, found, State.WITHDRAWN, "")
        _record(by, found, "withdraw", {})


def approve(by: Actor, tenant_id: UUID, request_id: UUID, note: str = "") -> None:
    """Give the tenant the limit that it asked for, and tell who asked.

    Raises:      PermissionDenied, InvalidArgument for a long note, NotFound, Conflict when it was decided
    Transaction: opens one
    """
    by.require_operator()
    note = _checked_text(note, "note")
    with tenant_transaction(tenant_id):
        found = _pending(tenant_id, request_id)
        _decide(by, found, State.APPROVED, note)
        tenants.override_limits(tenant_id, {found.limit_name: found.wanted}, by=by)
        _record(by, found, "approve", {"note": note})
        _tell(found)


def decline(by: Actor, tenant_id: UUID, request_id: UUID, note: str = "") -> None:
    """Leave the limit as it is, and tell who asked.

    Raises:      PermissionDenied, InvalidArgument for a long note, NotFound, Conflict when it was decided
    Transaction: opens one
    """
    by.require_operator()
    note = _checked_text(note, "note")
    with tenant_transaction(tenant_id):
        found = _pending(tenant_id, request_id)
        _decide(by, found, State.DECLINED, note)
        _record(by, found, "decline", {"note": note})
        _tell(found)


def _checked_text(text: str, member: str, *, at_least: int = 0) -> str:
    text = text.strip()
    if not at_least <= len(text) <= MAX_TEXT_CHARACTERS or "\x00" in text:
        raise InvalidArgument(
            f"{member}: expected {at_least} to {MAX_TEXT_CHARACTERS} characters, got {len(text)}"
        )
    return text


def _pending(tenant_id: UUID, request_id: UUID) -> QuotaRequest:
    rows = QuotaRequest.objects.select_for_update().filter(tenant_id=tenant_id, request_id=request_id)
    found = rows.first()
    if found is None:
        raise NotFound(f"Quota request [{request_id}] not found")
    if found.state != State.PENDING:
        raise Conflict(f"Quota request [{request_id}] is {found.state} already")
    return found


def _decide(by: Actor, found: QuotaRequest, state: QuotaRequest.State, note: str) -> None:
    found.state, found.note = state, note
    found.decided_by, found.decided_at = by.label, datetime.now(UTC)
    found.save(update_fields=["state", "note", "decided_by", "decided_at"])


def _record(by: Actor, found: QuotaRequest, did: str, details: Mapping[str, Any]) -> None:
    audit.record(
        by,
        found.tenant_id,
        Action.REQUEST_QUOTA if did in ("request", "withdraw") else f"quotas.{did}",
        subject_id=found.request_id,
        subject_label=found.limit_name,
        details={"did": did, "limit": found.limit_name, "wanted": found.wanted, **details},
    )


def _tell(found: QuotaRequest) -> None:
    """Send the decision once it is committed; a mail server that is away does not undo it."""
    if not found.notify:
        return
    lines = [f"Your request to raise {found.limit_name} to {found.wanted:,} is {found.state}."]
    if found.state == State.APPROVED:
        lines.append("The new limit is in force.")
    if found.note:
        lines += ["", "The operator's note:", "", found.note]
    message = mail.EmailMessage(
        subject=f"Quota request {found.state}: {found.limit_name}", body="\n".join(lines), to=[found.notify]
    )

    def send() -> None:
        try:
            message.connection = mail.get_connection(timeout=_MAIL_SECONDS)
            message.send()
        except Exception:
            log.exception("the decision on quota request %s could not be mailed", found.request_id)

    transaction.on_commit(send)
