"""Secrets of ours in a text: found by their form, shown only by their beginning, revoked if live."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.db import connection, transaction

from tenants import audit, keys, secret_text, service_accounts
from tenants.actors import Actor
from tenants.errors import PermissionDenied
from tenants.models import ServiceAccountKey
from tenants.roles import Action

# For secret scanners too: docs/keys.md has it, and RE2 reads it.
PATTERN = r"\b(?:ck|sa)-[0-9a-f]{48}\b"
_KINDS = {keys.PREFIX: "API key", service_accounts.PREFIX: "key of a service account"}
_found = re.compile(PATTERN)


@dataclass(frozen=True)
class Found:
    """A secret with its checksum right, in a line of a text; its repr does not tell it."""

    line: int
    kind: str
    secret: str = field(repr=False)

    @property
    def shown(self) -> str:
        """Its beginning, as lists of keys show it."""
        return f"{self.secret[: secret_text.DISPLAY_CHARACTERS]}…"


def find(lines: Iterable[str]) -> Iterator[Found]:
    """Every well-formed secret, in the order of the text. [pure]"""
    for number, line in enumerate(lines, start=1):
        for match in _found.finditer(line):
            for prefix, kind in _KINDS.items():
                if secret_text.is_well_formed(match.group(), prefix=prefix):
                    yield Found(number, kind, match.group())


def revoke(by: Actor, secret: str, *, peppers: Sequence[str]) -> bool:
    """Revoke the key of this secret; whether there was a live one. As the owner of the database.

    Raises:      PermissionDenied for anybody but an operator
    Transaction: opens one
    """
    if not by.is_operator:
        raise PermissionDenied("Permission denied. Only an operator revokes a key by its secret.")
    digests = [secret_text.digest(secret, pepper=pepper) for pepper in peppers]
    if secret.startswith(keys.PREFIX):
        with connection.cursor() as cursor:
            cursor.execute("SELECT key_id, tenant_id FROM tenants_identify(%s)", [digests])
            row = cursor.fetchone()
        if row is None:
            return False
        keys.revoke(by, row[1], row[0])
        return True
    with transaction.atomic():
        live = ServiceAccountKey.objects.select_for_update(of=("self",)).filter(revoked_at=None)
        key = live.select_related("service_account").filter(digest__in=digests).first()
        if key is None:
            return False
        key.revoked_at = datetime.now(UTC)
        key.save(update_fields=["revoked_at"])
        account = key.service_account
        audit.record(
            by,
            key.tenant_id,
            Action.MANAGE_SERVICE_ACCOUNTS,
            subject_id=account.pk,
            subject_label=account.name,
            details={"did": "revoke key", "display_prefix": key.display_prefix},
        )
    return True
