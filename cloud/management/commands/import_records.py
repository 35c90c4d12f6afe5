"""`manage.py import_records FILE --tenant --database --collection`: import a file, and wait."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from django.conf import settings

from cloud.api import uploads
from cloud.management import transfers as waiting
from cloud.management.base import OperatorCommand
from tenants.actors import command
from tenants.errors import InvalidArgument
from vectors import objects, transfers
from vectors.formats import Format, named
from vectors.transfer import Upload
from vectors.types import Operation


class Command(OperatorCommand):
    """Import records from a file."""

    help = "Put a file of JSON Lines or CSV into the object store, and wait until a worker has imported it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which file, and where to."""
        parser.add_argument("file", type=Path)
        for name in ("--tenant", "--database", "--collection"):
            parser.add_argument(name, required=True)
        parser.add_argument("--format", choices=list(Format), help="when the file's name does not say it")
        parser.add_argument("--add", action="store_true", help="leave records that exist as they are")
        parser.add_argument("--timeout-seconds", type=int, default=24 * 3600)

    def run(
        self,
        *,
        file: Path,
        tenant: str,
        database: str,
        collection: str,
        timeout_seconds: int,
        **options: str | bool | None,
    ) -> str:
        """Upload, report, and say how many rows there were; the first that failed stand on standard error."""
        by_name, is_gzip = named.guess(file.name, "")
        file_format = str(options["format"] or by_name or "")
        if not file_format:
            raise InvalidArgument("The file's name does not say its format; give --format")
        if not file.is_file():
            raise InvalidArgument(f"There is no file {file}")
        by, most_bytes = command("import_records"), settings.MAX_IMPORT_BYTES
        place, collection_id, limits = waiting.find(tenant, database, collection)
        operation = Operation.ADD if options["add"] else Operation.UPSERT
        wanted = Upload(file.name, Format(file_format), is_gzip, file.stat().st_size, operation)
        made = transfers.begin_import(by, place, collection_id, wanted, limits=limits, most_bytes=most_bytes)
        store = objects.open_store(settings.OBJECT_STORE)
        with file.open("rb") as source:
            key = (by, place, made.transfer_id, store, source)
            transfers.upload(*key, from_byte=0, most_bytes=uploads.most_file_bytes(limits))
        done = waiting.wait(by, place, made.transfer_id, timeout_seconds=timeout_seconds)
        for error in transfers.errors(by, place, done):
            self.stderr.write(f"line {error.line}: {error.field}: {error.message}")
        return f"{done.rows_done} rows imported, {done.rows_failed} failed"
