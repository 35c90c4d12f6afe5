"""`manage.py invite --tenant T --role R EMAIL`: send an invitation, and print its link."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.accounts import invitation_mail
from cloud.management.base import OperatorCommand
from tenants import actors, invitations, tenants
from tenants.roles import Role


class Command(OperatorCommand):
    """Invite somebody to a tenant."""

    help = "Invite somebody to a tenant by e-mail, and print the link, which is not to be had again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """EMAIL, and the place."""
        parser.add_argument("email")
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--role", choices=[role.value for role in Role], default=Role.OWNER.value)
        parser.add_argument("--print-only", action="store_true", help="send no e-mail")

    def run(self, *, email: str, tenant: str, role: str, print_only: bool, **_: Any) -> str:
        """Invite; an e-mail that cannot be sent is no failure, since the link is printed."""
        invitation_mail.link("")  # refuses before anything is made when no link could be
        tenant_id = tenants.resolve(tenant)
        made = invitations.invite(actors.command("invite"), tenant_id, email, Role(role))
        link = invitation_mail.link(made.token)
        if not print_only:
            invitation = invitations.get(tenant_id, made.invitation_id)
            if not invitation_mail.send(invitation, tenant_name=tenant, link=link):
                self.stderr.write("The e-mail was not sent; hand the link over yourself.")
        return link
