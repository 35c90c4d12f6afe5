"""`manage.py describe_permissions`: writes docs/permissions.md from the table of roles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from tenants.roles import DESCRIPTIONS, Action, Role, may

PAGE = Path(settings.BASE_DIR) / "docs" / "permissions.md"
_INTRODUCTION = """# Permissions

What each role may do in a tenant. Made by `manage.py describe_permissions` from `tenants/roles.py`.

People and service accounts have one role in a tenant; a service account is never an owner. Nobody gives a
role that carries more than their own. Operators of the installation may do everything, and the audit log says
that they did. What an API key may do on the data plane is said by its verbs, not by a role.
"""


def page() -> str:
    """The text of the page. [pure]"""
    titles = "".join(f" {role.label} |" for role in Role)
    lines = [_INTRODUCTION, f"| action | |{titles}", f"|---|---|{':-:|' * len(Role)}"]
    for action in Action:
        marks = "".join(f" {'✓' if may(role, action) else ' '} |" for role in Role)
        lines.append(f"| `{action.value}` | {DESCRIPTIONS[action]} |{marks}")
    return "\n".join(lines) + "\n"


class Command(BaseCommand):
    """Write the page."""

    help = "Write docs/permissions.md from the table of roles."
    requires_system_checks: list[str] = []

    def handle(self, *_: Any, **__: Any) -> None:
        """Write it."""
        PAGE.write_text(page(), encoding="utf-8")
        self.stdout.write(str(PAGE))
