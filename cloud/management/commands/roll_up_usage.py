"""`manage.py roll_up_usage [--anew]`: add to the sums of usage what they have not, or make them all anew."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from vectors import usage
from workers import metering


class Command(OperatorCommand):
    """Roll up."""

    help = "Add to the sums what the ledgers have and they have not, as the beat does every minute."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Whether to begin anew."""
        parser.add_argument("--anew", action="store_true", help="forget the sums first; reports stay right")

    def run(self, *, anew: bool, **_: Any) -> str:
        """Roll up, and say how much."""
        return f"{metering.roll_up(usage.cells(), anew=anew)} rows of the ledgers rolled up"
