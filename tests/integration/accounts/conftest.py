"""E-mail that stays in memory, passwords that are hashed in a moment. Imports wait until Django is set up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.core import mail
from django.test.utils import override_settings

from cloud.processes import Service

if TYPE_CHECKING:
    from tests.integration.accounts.browser import Visitor


@pytest.fixture
def outbox(database: Service) -> Iterator[list[mail.EmailMessage]]:
    """What was sent, newest last."""
    del database
    mail.outbox = []
    with override_settings(
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
        PASSWORD_HASHERS=["tests.integration.accounts.browser.QuickHasher"],
    ):
        yield mail.outbox


@pytest.fixture
def visitor(database: Service, outbox: list[mail.EmailMessage]) -> Visitor:
    """A browser."""
    from tests.integration.accounts.browser import Visitor  # noqa: PLC0415

    del database, outbox
    return Visitor()
