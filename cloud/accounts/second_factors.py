"""Second factors at rest: what an authenticator app shares with us is encrypted before it is stored."""

from __future__ import annotations

import base64
import hashlib
import hmac
from uuid import UUID

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.db import transaction

from tenants import audit, user_access
from tenants.actors import Actor
from tenants.models import User


def remove_all(by: Actor, user_id: UUID) -> int:
    """Take a person's second factors and sign them out everywhere, who then sign in by password alone.

    Raises:      PermissionDenied for whoever is no operator, NotFound
    Transaction: opens one
    """
    with transaction.atomic():
        user_access.end_sessions(by, user_id)
        factors = Authenticator.objects.filter(user_id=user_id)
        kinds = sorted(factors.values_list("type", flat=True))
        factors.delete()
        audit.record(by, None, "users.remove_second_factors", subject_id=user_id, details={"factors": kinds})
    return len(kinds)


class SecondFactors(DefaultMFAAdapter):
    """What allauth asks about second factors."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "The code is not right.",
        "unverified_email": "Confirm your e-mail address first, by the link that we sent to it.",
    }

    def encrypt(self, text: str) -> str:
        """Under KEY_PEPPER."""
        return _ciphers().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Under KEY_PEPPER, or one of KEY_PEPPERS_BEFORE.

        Raises:  InvalidToken when it was encrypted under none of these
        """
        return _ciphers().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:  # noqa: A002 (allauth's)
        """A name for a new passkey."""
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {count + 1}"

    def _get_site_name(self) -> str:
        return "Tessera"


def kinds(user: User) -> list[str]:
    """The kinds of second factors that somebody has: `totp`, `webauthn`, `recovery_codes`."""
    rows = Authenticator.objects.filter(user_id=user.pk)
    return sorted(set(rows.values_list("type", flat=True)))


def _ciphers() -> MultiFernet:
    keys = [
        base64.urlsafe_b64encode(hmac.new(pepper.encode(), b"second factors", hashlib.sha256).digest())
        for pepper in settings.KEY_PEPPERS
    ]
    return MultiFernet([Fernet(key) for key in keys])
