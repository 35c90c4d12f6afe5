"""`manage.py remove_member --tenant T EMAIL`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import actors, members, tenants


class Command(OperatorCommand):
    """Remove a member."""

    help = "Remove a member from a tenant, with the API keys that they made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """EMAIL and the tenant."""
        parser.add_argument("email")
        parser.add_argument("--tenant", required=True)

    def run(self, *, email: str, tenant: str, **_: Any) -> str:
        """Remove them."""
        tenant_id = tenants.resolve(tenant)
        user_id = members.find(tenant_id, email)
        ended = members.remove(actors.command("remove_member"), tenant_id, user_id)
        return f"{email} is removed; {ended.revoked_keys_count} API keys of theirs are revoked"
