"""`manage.py create_key --tenant T`: the key, alone on standard output."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings

from cloud import key_limits
from cloud.management.base import OperatorCommand
from tenants import actors, databases, key_scopes, keys, tenants
from tenants.errors import InvalidArgument
from tenants.key_scopes import DEFAULT, Expiry, Scopes, Template
from vectors import collections


class Command(OperatorCommand):
    """Create an API key."""

    help = "Create an API key of a tenant and print it; it is not stored and cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Where the key reaches and what it may do."""
        parser.add_argument("--tenant", required=True)
        parser.add_argument("--name", default="created by an operator")
        parser.add_argument("--database", action="append", default=[], help="only this one; may be repeated")
        parser.add_argument(
            "--collection",
            action="append",
            default=[],
            metavar="DATABASE/NAME",
            help="only this one; may be repeated",
        )
        use = parser.add_mutually_exclusive_group()
        use.add_argument("--template", choices=[one.value for one in Template], default=Template.FULL.value)
        use.add_argument("--read-only", action="store_true", help="the same as --template read_only")
        end = parser.add_mutually_exclusive_group()
        end.add_argument("--expires-days", type=int, help="90 unless said otherwise")
        end.add_argument("--never-expires", action="store_true")
        parser.add_argument(
            "--network", action="append", default=[], help="only from here, in CIDR notation; may be repeated"
        )
        parser.add_argument(
            "--where", help="a filter of metadata (JSON), AND-ed into all it reads and writes"
        )
        parser.add_argument("--requests-per-minute", type=int)
        parser.add_argument(
            "--operator", action="store_true", help="may create tenants; development profile only"
        )

    def run(self, *, tenant: str, name: str, **options: Any) -> str:
        """Create it."""
        tenant_id = tenants.resolve(tenant)
        issued = keys.issue(
            actors.command("create_key"),
            tenant_id,
            pepper=settings.KEY_PEPPERS[0],
            name=name,
            scopes=_scopes(tenant_id, options),
            expires_at=_expiry(options),
            is_operator=options["operator"],
        )
        return issued.secret


def _scopes(tenant_id: UUID, options: dict[str, Any]) -> Scopes:
    database_ids = frozenset(databases.get(tenant_id, one).database_id for one in options["database"])
    collection_ids = [_collection(tenant_id, place) for place in options["collection"]]
    if collection_ids:
        database_ids = key_limits.databases_of(tenant_id, collection_ids, database_ids=database_ids)
    return Scopes(
        template=Template.READ_ONLY if options["read_only"] else Template(options["template"]),
        database_ids=database_ids,
        collection_ids=frozenset(collection_ids) if collection_ids else None,
        allowed_networks=key_scopes.parse_networks(options["network"]),
        forced_where=_forced_where(options["where"]),
        requests_per_minute_count=options["requests_per_minute"],
    )


def _collection(tenant_id: UUID, place: str) -> UUID:
    database, separator, name = place.partition("/")
    if not separator:
        raise InvalidArgument(f"--collection: expected DATABASE/NAME, got {place!r}")
    return collections.get_by_name(databases.get(tenant_id, database), name).collection_id


def _forced_where(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return key_limits.canonical_forced_where(json.loads(text))
    except json.JSONDecodeError as error:
        raise InvalidArgument(f"--where: expected JSON: {error}") from error


def _expiry(options: dict[str, Any]) -> Expiry:
    if options["never_expires"]:
        return None
    days: int | None = options["expires_days"]
    try:
        return DEFAULT if days is None else datetime.now(UTC) + timedelta(days=days)
    except OverflowError as error:
        raise InvalidArgument(f"--expires-days: expected at most ten years, got {days}") from error
