"""Who does something to a tenant: a person, a program, a command, or the service itself. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tenants.errors import PermissionDenied
from tenants.roles import WITHHELD_FROM_IMPERSONATORS, Action, Role, may, may_give


class ActorKind(StrEnum):
    """What kind of actor; the values stand in the audit log."""

    USER = "user"
    SERVICE_ACCOUNT = "service_account"
    API_KEY = "api_key"
    COMMAND = "command"
    SYSTEM = "system"


@dataclass(frozen=True)
class Actor:
    """Who acts, as what, and from where.

    role:          in the tenant that is acted on; None for operators and for strangers
    is_operator:   acts for the installation, and may do everything
    home:          the id and the name of a service account's tenant
    impersonator:  the operator behind the person, when there is one
    suspension:    why the tenant that is acted on is suspended; None: it is not
    """

    kind: ActorKind
    actor_id: UUID | None
    label: str
    role: Role | None = None
    is_operator: bool = False
    home: tuple[UUID, str] | None = None
    impersonator: str = ""
    address: str | None = None
    client: str = ""
    trace_id: str = ""
    suspension: str | None = None

    def may(self, action: Action) -> bool:
        """Whether the actor carries the action in the tenant."""
        if self.impersonator and action in WITHHELD_FROM_IMPERSONATORS:
            return False
        return self.is_operator or (self.role is not None and may(self.role, action))

    def require(self, action: Action) -> None:
        """The actor carries the action.

        Raises:  PermissionDenied, which names the role and the action
        """
        if self.impersonator and action in WITHHELD_FROM_IMPERSONATORS:
            raise PermissionDenied(
                f"Permission denied. {action.value} is not allowed while an operator acts as a member."
            )
        if not self.may(action):
            role = self.role.value if self.role else "no"
            raise PermissionDenied(f"Permission denied. {action.value} is not allowed with {role} role.")

    def require_to_give(self, role: Role) -> None:
        """The actor may make somebody this: nobody gives what they do not have.

        Raises:  PermissionDenied, which names both roles
        """
        if not self.is_operator and (self.role is None or not may_give(self.role, role)):
            own = self.role.value if self.role else "no"
            raise PermissionDenied(f"Permission denied. The {role.value} role is not given with {own} role.")

    def require_operator(self) -> None:
        """The actor acts for the installation.

        Raises:  PermissionDenied
        """
        if not self.is_operator:
            raise PermissionDenied("Permission denied. This is for operators of the installation.")


# What the service does on its own: expiry, retention, invoices.
SYSTEM = Actor(ActorKind.SYSTEM, None, "system", is_operator=True)


def command(name: str) -> Actor:
    """Whoever runs `manage.py <name>` on a machine of the installation."""
    return Actor(ActorKind.COMMAND, None, f"manage.py {name}", is_operator=True)
