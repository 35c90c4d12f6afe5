"""`manage.py check_key [TEXT|FILE|-]`: whether a text has keys of ours in it; needs no database."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from cloud.management.base import OperatorCommand
from tenants import actors, leaked_secrets


class Command(OperatorCommand):
    """Find keys in a text by their form, and with `--revoke` take them out of use."""

    help = (
        "Find keys in a text, a file or standard input; a key is never printed in full. Ends with status 1 "
        "when there are some that were not revoked."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to look through."""
        parser.add_argument(
            "text", nargs="?", default="-", help="a file, a text, or - for standard input (the default)"
        )
        parser.add_argument(
            "--revoke", action="store_true", help="revoke those that are live; needs the database"
        )

    def handle(self, *arguments: Any, **options: Any) -> str | None:
        """Only revoking needs what other commands need."""
        if options["revoke"]:
            return super().handle(*arguments, **options)
        self.run(**options)
        return None

    def run(self, *, text: str, revoke: bool, **_: Any) -> None:
        """One line for each key."""
        count = 0
        for found in leaked_secrets.find(_lines(text)):
            count += 1
            fate = ""
            if revoke:
                by = actors.command("check_key")
                is_done = leaked_secrets.revoke(by, found.secret, peppers=settings.KEY_PEPPERS)
                fate = ": revoked" if is_done else ": not live here"
            self.stdout.write(f"line {found.line}: {found.kind} {found.shown}{fate}")
        if not count:
            self.stdout.write("No key found.")
        elif not revoke:
            raise CommandError(f"{count} found. Revoke them with --revoke, or rotate them.")


def _lines(text: str) -> Iterator[str]:
    """Of a file if there is one of this name; bytes that are no text hide nothing around them."""
    if text == "-":
        yield from sys.stdin
        return
    try:
        is_file = Path(text).is_file()
    except (OSError, ValueError):  # too long for a name
        is_file = False
    if not is_file:
        yield from text.splitlines()
        return
    with Path(text).open(encoding="utf-8", errors="replace") as lines:
        yield from lines
