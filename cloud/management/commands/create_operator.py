"""`manage.py create_operator EMAIL`: the password comes from DASHBOARD_PASSWORD."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import members, user_access
from tenants.actors import command
from tenants.errors import InvalidArgument
from tenants.models import User


class Command(OperatorCommand):
    """Create a person who may enter the operators' console."""

    help = (
        "Create an operator with the password in the environment variable DASHBOARD_PASSWORD, or make an "
        "existing person one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """EMAIL."""
        parser.add_argument("email")

    def run(self, *, email: str, **_: Any) -> str:
        """Create the person, if need be, and let them in."""
        user = User.objects.filter(email=email.lower()).first()
        if user is None:
            password = os.environ.get("DASHBOARD_PASSWORD", "")
            if not password:
                raise InvalidArgument(
                    "set the environment variable DASHBOARD_PASSWORD to the operator's password"
                )
            user = members.create_user(email, password)
        user_access.set_operator(command("create_operator"), user.user_id, is_operator=True)
        return str(user.user_id)
