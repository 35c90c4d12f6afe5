"""What every operator command shares: our errors on standard error, exit status 1, no stack trace."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from tenants.errors import ServiceError


class OperatorCommand(BaseCommand):
    """A command whose `run` may raise a ServiceError."""

    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **options: Any) -> str | None:
        """Run it, and say in a sentence what went wrong."""
        if not settings.DATABASE_URL:
            raise CommandError(
                "No database: DATABASE_URL is not set and no embedded server runs for "
                f"{settings.DATA_DIR}. Start one with `make up`, or set DATABASE_URL.",
            )
        try:
            return self.run(**options)
        except ServiceError as error:
            raise CommandError(error.message) from error
        except OperationalError as error:
            raise CommandError(f"PostgreSQL cannot be reached: {error}") from error

    def run(self, *args: Any, **options: Any) -> str | None:
        """What the command does; a returned text is printed."""
        raise NotImplementedError
