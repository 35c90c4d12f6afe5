"""`manage.py create_service_account NAME --operator | --tenant T --role R`: an account for programs."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from cloud.management.base import OperatorCommand
from tenants import actors, service_accounts, tenants
from tenants.roles import Role


class Command(OperatorCommand):
    """Make a service account and print its key."""

    help = "Make a service account for the control API and print its key, this once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Its name, and where it acts."""
        parser.add_argument("name")
        place = parser.add_mutually_exclusive_group(required=True)
        place.add_argument("--operator", action="store_true", help="acts for the installation")
        place.add_argument("--tenant")
        parser.add_argument("--role", choices=[one.value for one in Role], default=Role.ADMIN.value)

    def run(self, *, name: str, operator: bool, tenant: str | None, role: str, **_: Any) -> None:
        """Make it and print the key alone, so that a script can keep it."""
        by, pepper = actors.command("create_service_account"), settings.KEY_PEPPERS[0]
        if operator:
            made = service_accounts.create_operator(by, name, pepper=pepper)
        else:
            tenant_id = tenants.resolve(tenant or "")
            made = service_accounts.create(by, tenant_id, name, Role(role), pepper=pepper)
        self.stdout.write(made.secret)
