"""`manage.py set_role --tenant T EMAIL ROLE`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import actors, members, tenants
from tenants.roles import Role


class Command(OperatorCommand):
    """Change the role of a member."""

    help = "Change the role of a member of a tenant."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """EMAIL, ROLE and the tenant."""
        parser.add_argument("email")
        parser.add_argument("role", choices=[role.value for role in Role])
        parser.add_argument("--tenant", required=True)

    def run(self, *, email: str, role: str, tenant: str, **_: Any) -> str:
        """Change it."""
        tenant_id = tenants.resolve(tenant)
        user_id = members.find(tenant_id, email)
        members.change_role(actors.command("set_role"), tenant_id, user_id, Role(role))
        return f"{email} is {role} of {tenant}"
