"""What an operator does about a person's access: deactivate, reactivate, end sessions, make an operator."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from tenants import audit
from tenants.actors import Actor
from tenants.errors import InvalidArgument, NotFound
from tenants.models import User


def set_active(by: Actor, user_id: UUID, *, is_active: bool) -> None:
    """Refuse a person from their next request on, or let them sign in again; their places stay.

    Raises:      PermissionDenied, NotFound, InvalidArgument for oneself
    Transaction: opens one
    """
    by.require_operator()
    if not is_active and by.actor_id == user_id:
        raise InvalidArgument("Nobody deactivates themselves: ask another operator.")
    with transaction.atomic():
        user = _locked(user_id)
        user.is_active = is_active
        user.session_epoch += not is_active
        user.save(update_fields=["is_active", "session_epoch"])
        action = "users.reactivate" if is_active else "users.deactivate"
        audit.record(by, None, action, subject_id=user_id, subject_label=user.email)


def set_operator(by: Actor, user_id: UUID, *, is_operator: bool) -> None:
    """Make a person an operator of the installation, or an ordinary one again.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require_operator()
    with transaction.atomic():
        user = _locked(user_id)
        user.is_staff = is_operator
        user.save(update_fields=["is_staff"])
        details = {"is_operator": is_operator}
        audit.record(
            by, None, "users.set_operator", subject_id=user_id, subject_label=user.email, details=details
        )


def end_sessions(by: Actor, user_id: UUID) -> None:
    """Sign a person out everywhere, from their next request on.

    Raises:      PermissionDenied, NotFound
    Transaction: opens one
    """
    by.require_operator()
    with transaction.atomic():
        user = _locked(user_id)
        user.session_epoch += 1
        user.save(update_fields=["session_epoch"])
        audit.record(by, None, "users.end_sessions", subject_id=user_id, subject_label=user.email)


def _locked(user_id: UUID) -> User:
    user = User.objects.select_for_update().filter(user_id=user_id).first()
    if user is None:
        raise NotFound(f"User [{user_id}] not found")
    return user
