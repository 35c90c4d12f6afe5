"""`manage.py scrub`: rewrite the tables that have bytes of purged data, now and whatever their size."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from cloud.management.base import OperatorCommand
from tenants.errors import Unavailable
from vectors.erasure import Marked
from workers import recycle

_POLL_SECONDS = 1.0


class Command(OperatorCommand):
    """Rewrite what is marked."""

    help = "Rewrite the tables in which there was purged data; each rests while it is rewritten."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """For how long to go on."""
        parser.add_argument("--timeout-seconds", type=int, default=300)

    def run(self, *, timeout_seconds: int, **_: Any) -> None:
        """Rewrite, and try again what was in use."""
        deadline = time.monotonic() + timeout_seconds
        while not recycle.scrub(after_seconds=0, most_bytes=None, report=self._say):
            if time.monotonic() > deadline:
                raise Unavailable(
                    f"Some tables could not be rewritten within {timeout_seconds} s: "
                    "end long transactions, or try again at a quieter time."
                )
            time.sleep(_POLL_SECONDS)

    def _say(self, table: Marked, outcome: str) -> None:
        if outcome == "forbidden":
            raise Unavailable(
                f"{table.relation} keeps samples of purged data. "
                "Run deploy/postgres/init.sql in this database as a superuser, then this again."
            )
        self.stderr.write(f"{table.relation} ({table.bytes} bytes): {outcome}")
