"""`manage.py remove_second_factors EMAIL`: for somebody who lost their telephone and their recovery codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.accounts import second_factors
from cloud.management.base import OperatorCommand
from tenants import actors
from tenants.errors import NotFound
from tenants.models import User


class Command(OperatorCommand):
    """Remove second factors."""

    help = "Remove a person's second factors and end their sessions. Make sure that it is they who ask."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """EMAIL."""
        parser.add_argument("email")

    def run(self, *, email: str, **_: Any) -> str:
        """Remove them."""
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            raise NotFound(f"User [{email}] not found")
        count = second_factors.remove_all(actors.command("remove_second_factors"), user.user_id)
        return f"{count} second factors of {email} are removed, and their sessions are ended"
