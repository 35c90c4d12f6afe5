"""`manage.py export_records FILE --tenant --database --collection`: export a collection, wait, save it."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings

from cloud.management import transfers as waiting
from cloud.management.base import OperatorCommand
from tenants.actors import command
from tenants.errors import InvalidArgument
from vectors import objects, transfers
from vectors.formats import Format, named


class Command(OperatorCommand):
    """Export a collection to a file."""

    help = "Have a worker write a collection to the object store, and save the file here."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which collection, and where to."""
        parser.add_argument("file", type=Path, help="its name says the format: .jsonl or .csv, and .gz")
        for name in ("--tenant", "--database", "--collection"):
            parser.add_argument(name, required=True)
        parser.add_argument("--numbers", action="store_true", help="embeddings as lists of numbers")
        parser.add_argument("--timeout-seconds", type=int, default=24 * 3600)

    def run(
        self,
        *,
        file: Path,
        tenant: str,
        database: str,
        collection: str,
        numbers: bool,
        timeout_seconds: int,
        **_: object,
    ) -> str:
        """Queue, report, save, and say how many rows there are."""
        file_format, is_gzip = named.guess(file.name, "")
        by = command("export_records")
        place, collection_id, limits = waiting.find(tenant, database, collection)
        if file_format is None:
            raise InvalidArgument("file: expected a name that ends in .jsonl, .csv, .jsonl.gz or .csv.gz")
        made = transfers.begin_export(
            by,
            place,
            collection_id,
            file_format=Format(file_format),
            is_gzip=is_gzip,
            as_numbers=numbers,
            limits=limits,
        )
        done = waiting.wait(by, place, made.transfer_id, timeout_seconds=timeout_seconds)
        store = objects.open_store(settings.OBJECT_STORE)
        with file.open("wb") as target:
            for chunk in transfers.open_export(by, place, made.transfer_id, store)[1]:
                target.write(chunk)
        exact = f", exactly as of log offset {done.log_to}" if done.is_exact else ""
        return f"{done.rows_done} rows exported{exact}"
