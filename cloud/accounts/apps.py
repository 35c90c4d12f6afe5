"""The application: its signals, and allauth's accounts in our own layers."""

from __future__ import annotations

import logging

from allauth.account.apps import AccountConfig
from django.apps import AppConfig
from django.conf import settings

log = logging.getLogger("tessera.accounts")


class Accounts(AppConfig):
    """Ours."""

    name = "cloud.accounts"
    label = "cloud_accounts"
    default = True

    def ready(self) -> None:
        """Connect the signals, and say what is missing."""
        from cloud.accounts import addresses  # noqa: PLC0415 (models are there from here on)

        addresses.connect()
        if not settings.IS_DEVELOPMENT and not settings.EMAIL_URL and settings.DATABASE_ROLE == "web":
            log.warning(
                "EMAIL_URL is not set: e-mail goes to standard output and reaches nobody, and whoever reads "
                "that output can open the links in it."
            )


class AllauthAccounts(AccountConfig):
    """Allauth's accounts; its middleware is in PAGE_MIDDLEWARE, where its own check does not look."""

    default = False

    def ready(self) -> None:
        """Register the checks."""
        from allauth.account import checks  # noqa: F401, PLC0415
