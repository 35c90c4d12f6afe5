"""An operator who acts as a member: who does now, where that is allowed, and its entries in the audit log.

The edge says at the beginning of a request which operator is behind the person; everything below asks
`acting`, so that no caller can forget to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import UUID

from django.db import connection, transaction

from tenants import audit
from tenants.actors import Actor
from tenants.models import User

_acting: ContextVar[str] = ContextVar("acting operator", default="")


def acting() -> str:
    """The operator behind the person of this request; empty when the person is there."""
    return _acting.get()


@contextmanager
def acting_as_member(operator_label: str) -> Iterator[None]:
    """What happens in the block is done by this operator; by nobody's when the label is empty."""
    token = _acting.set(operator_label)
    try:
        yield
    finally:
        _acting.reset(token)


def enterable(user_id: UUID) -> set[UUID]:
    """The ids of the person's tenants that let operators act as their members."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenants_impersonable(%s)", [user_id])
        return {tenant_id for (tenant_id,) in cursor.fetchall()}


def refusal(operator: User, person: User) -> str:
    """Why the operator must not act as the person, as a sentence; empty: they may."""
    if not (operator.is_active and operator.is_staff):
        return "Only an operator acts as somebody else."
    if person.is_staff or person.is_superuser:
        return "Nobody acts as an operator."
    if not person.is_active:
        return "The person is deactivated."
    if not enterable(person.user_id):
        return "No tenant of the person allows operators to act as its members."
    return ""


def note(by: Actor, person: User, *, begins: bool, reason: str = "") -> None:
    """Write the beginning or the end to the chains of the tenants concerned, and to the installation's.

    Transaction: joins the open one, or opens one
    """
    action = "impersonation.begin" if begins else "impersonation.end"
    details = {"reason": reason} if reason else {}
    with transaction.atomic():
        # In one order, since each locks the end of a chain.
        for chain in [*sorted(enterable(person.user_id)), None]:
            audit.record(
                by, chain, action, subject_id=person.user_id, subject_label=person.email, details=details
            )
