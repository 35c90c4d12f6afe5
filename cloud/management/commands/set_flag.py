"""`manage.py set_flag maintenance on|off [--tenant T]`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants import flags, tenants
from tenants.actors import command

_POSITIONS = {"on": True, "off": False, "as-others": None}


class Command(OperatorCommand):
    """Turn a flag."""

    help = (
        "Turn a flag on or off, for all or for one tenant, in force within 5 s; docs/operators.md lists them."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """NAME and position."""
        parser.add_argument("name", choices=sorted(flags.KNOWN))
        parser.add_argument("position", choices=sorted(_POSITIONS), help="as-others: of a tenant only")
        parser.add_argument("--tenant")

    def run(self, *, name: str, position: str, tenant: str | None, **_: Any) -> str:
        """Turn it."""
        by = command("set_flag")
        if tenant is None:
            flags.turn(by, name, is_on=bool(_POSITIONS[position]))
        else:
            flags.turn_for(by, name, tenants.resolve(tenant), is_on=_POSITIONS[position])
        return f"{name} is {position}" + (f" for {tenant}" if tenant else "")
