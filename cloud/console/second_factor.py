"""Whether an operator may enter: staff, active, and with a second factor where one is asked for."""

from __future__ import annotations

from django.apps import apps
from django.conf import settings
from django.utils.module_loading import import_string

from tenants.models import User


def refusal(user: object) -> str:
    """Why somebody who signed in may not enter the console, as a sentence; empty: they may."""
    if not isinstance(user, User) or not user.is_active or not user.is_staff:
        return "This is for operators of the installation."
    if settings.OPERATORS_NEED_SECOND_FACTOR and not _has_second_factor(user):
        return "Operators need a second factor. Add one to your account, then come back."
    return ""


def _has_second_factor(user: User) -> bool:
    if not apps.is_installed("allauth.mfa"):
        return False  # what cannot be had cannot be shown: the setting says whether to do without
    authenticators = import_string("allauth.mfa.models.Authenticator").objects
    # Recovery codes alone are no factor: they stand in for one.
    return bool(authenticators.filter(user_id=user.pk).exclude(type="recovery_codes").exists())
