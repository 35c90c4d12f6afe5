"""Two tenants with somebody in every role, an operator, and nobody. Imports wait until Django is set up."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core import mail
from django.core.mail import EmailMessage
from django.test import override_settings

from cloud.processes import Service

if TYPE_CHECKING:
    from tests.control.caller import Caller, Office


@pytest.fixture
def acme(database: Service) -> Office:
    """A tenant of the test's own."""
    from tests.control.caller import office  # noqa: PLC0415

    del database
    return office("acme")


@pytest.fixture
def globex(database: Service) -> Office:
    """The outsider."""
    from tests.control.caller import office  # noqa: PLC0415

    del database
    return office("globex")


@pytest.fixture(scope="session")
def operator(database: Service) -> Caller:
    """A service account of the installation; only the owner of the database can make one."""
    from tenants import service_accounts  # noqa: PLC0415
    from tests import stage  # noqa: PLC0415
    from tests.control.caller import BY, Caller  # noqa: PLC0415

    with stage.role(database, "owner"):
        made = service_accounts.create_operator(
            BY, f"operator {uuid.uuid4().hex[:6]}", pepper=settings.KEY_PEPPERS[0]
        )
    return Caller(secret=made.secret)


@pytest.fixture
def nobody(database: Service) -> Caller:
    """Without credentials."""
    from tests.control.caller import Caller  # noqa: PLC0415

    del database
    return Caller()


@pytest.fixture
def outbox() -> Iterator[list[EmailMessage]]:
    """The e-mails that were sent."""
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend"):
        mail.outbox = []
        yield mail.outbox
        del mail.outbox
