"""E-mail addresses as allauth keeps them, for people whom an operator made: nobody has to prove those."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress

from tenants import members
from tenants.models import User


def connect() -> None:
    """Hear of every person that is made by `members.create_user`."""
    members.user_created.connect(_trust, dispatch_uid="cloud.accounts.addresses")


def is_verified(user: User) -> bool:
    """Whether the person's address is proven."""
    return bool(EmailAddress.objects.filter(user_id=user.pk, email=user.email, verified=True).exists())


def _trust(sender: object, user: User, **more: Any) -> None:
    del sender, more
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
