"""`manage.py peppers`: how many keys are under each pepper, and which peppers can be retired."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from cloud.management.base import OperatorCommand
from tenants import key_authentication, secret_text

_UNNAMED = "made before peppers had names; the next use tells"
_UNKNOWN = "not set here: these keys are refused"


class Command(OperatorCommand):
    """Show the peppers, by their names and never by themselves."""

    help = "Show how many keys are under each pepper. An earlier one with none can be retired."

    def run(self, **_: Any) -> str:
        """One line each, those of the settings first."""
        counts = key_authentication.count_by_pepper()
        roles = {}
        for place, pepper in enumerate(settings.KEY_PEPPERS):
            roles[secret_text.pepper_id(pepper)] = "KEY_PEPPER" if place == 0 else "KEY_PEPPERS_BEFORE"
        lines = [f"{'pepper':<10}{'API keys':>10}{'service accounts':>18}  set as"]
        for name in dict.fromkeys([*roles, *sorted(counts)]):
            api_keys, accounts = counts.get(name, (0, 0))
            role = roles.get(name, _UNKNOWN if name else _UNNAMED)
            lines.append(f"{name or '-':<10}{api_keys:>10}{accounts:>18}  {role}")
        return "\n".join(lines)
