"""`manage.py create_user --tenant T --role R EMAIL`: the password comes from DASHBOARD_PASSWORD."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import actors, members, tenants
from tenants.errors import InvalidArgument
from tenants.models import Role


class Command(OperatorCommand):
    """Create a person who can sign in to the dashboard."""

    help = "Create a dashboard user with the password in the environment variable DASHBOARD_PASSWORD."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """EMAIL, and the person's place."""
        parser.add_argument("email")
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--role", choices=[role.value for role in Role], default=Role.OWNER)

    def run(self, *, email: str, tenant: str, role: str, **_: Any) -> str:
        """Create the person and the place."""
        password = os.environ.get("DASHBOARD_PASSWORD", "")
        if not password:
            raise InvalidArgument("set the environment variable DASHBOARD_PASSWORD to the user's password")
        tenant_id = tenants.resolve(tenant)
        user = members.create_user(email, password)
        members.join(tenant_id, user.user_id, Role(role), by=actors.command("create_user"))
        return str(user.user_id)
