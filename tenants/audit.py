"""The audit log: append in the transaction of what was done, read, verify, export.

    h₀ = 32 zero bytes      hₙ = SHA-256(hₙ₋₁ ‖ canonical JSON of entry n)

An entry that is altered, taken out or put in between breaks every hash behind it; what is cut off at the end
is noticed by whoever kept an earlier head (`export` carries it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from tenants.actors import Actor
from tenants.models import AuditEntry, AuditHead
from tenants.roles import Action
from tenants.scope import tenant_transaction

INSTALLATION = UUID(int=0)
_HASHED = [
    "tenant_id",
    "sequence",
    "at",
    "action",
    "outcome",
    "actor_kind",
    "actor_id",
    "actor_label",
    "impersonator",
    "subject_id",
    "subject_label",
    "address",
    "client",
    "trace_id",
    "details",
]
_PAGE = 1_000


@dataclass(frozen=True)
class Verdict:
    """What verifying a chain found.

    broken_at:  the first sequence number that does not follow from the one before; None: all of it does
    """

    entry_count: int
    head: bytes
    broken_at: int | None


def record(
    by: Actor,
    tenant_id: UUID | None,
    action: Action | str,
    *,
    subject_id: object = "",
    subject_label: str = "",
    outcome: str = "done",
    details: Mapping[str, Any] | None = None,
) -> None:
    """Append an entry; call it last, since it locks the end of the tenant's chain until the transaction ends.

    tenant_id:   None for what is done to the installation
    details:     JSON, small, never a secret
    Transaction: joins the open one, or opens one
    """
    chain = tenant_id or INSTALLATION
    with tenant_transaction(chain):
        AuditHead.objects.bulk_create([AuditHead(tenant_id=chain)], ignore_conflicts=True)
        head = AuditHead.objects.select_for_update().get(tenant_id=chain)
        entry = AuditEntry(
            tenant_id=chain,
            sequence=head.sequence + 1,
            at=datetime.now(UTC),
            action=action.value if isinstance(action, Action) else action,
            outcome=outcome,
            actor_kind=by.kind.value,
            actor_id=by.actor_id,
            actor_label=by.label[:254],
            impersonator=by.impersonator[:254],
            subject_id=str(subject_id)[:64],
            subject_label=subject_label[:512],
            address=by.address,
            client=by.client[:256],
            trace_id=by.trace_id,
            details=dict(details or {}),
            previous_hash=bytes(head.hash),
        )
        entry.hash = hash_of(entry)
        entry.save(force_insert=True)
        AuditHead.objects.filter(tenant_id=chain).update(sequence=entry.sequence, hash=entry.hash)


def hash_of(entry: AuditEntry) -> bytes:
    """What the entry's hash must be, from its content and the hash before it. [pure]"""
    content = {name: getattr(entry, name) for name in _HASHED}
    content["at"] = entry.at.astimezone(UTC).isoformat(timespec="microseconds")
    canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(bytes(entry.previous_hash) + canonical).digest()


def read(tenant_id: UUID | None, *, limit_count: int, before: int | None = None) -> list[AuditEntry]:
    """The newest entries with a sequence below `before`, newest first."""
    chain = tenant_id or INSTALLATION
    with tenant_transaction(chain):
        rows = AuditEntry.objects.filter(tenant_id=chain).order_by("-sequence")
        if before is not None:
            rows = rows.filter(sequence__lt=before)
        return list(rows[:limit_count])


def walk(tenant_id: UUID | None) -> Iterator[AuditEntry]:
    """Every entry, oldest first, a page at a time."""
    chain = tenant_id or INSTALLATION
    after = 0
    while True:
        with tenant_transaction(chain):
            rows = AuditEntry.objects.filter(tenant_id=chain, sequence__gt=after).order_by("sequence")
            page = list(rows[:_PAGE])
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].sequence


def chains() -> list[UUID]:
    """Whose chains there are, the nil UUID for the installation: all of them to the owner of the database."""
    return list(AuditHead.objects.order_by("tenant_id").values_list("tenant_id", flat=True))


def verify(tenant_id: UUID | None) -> Verdict:
    """Follow the chain from its beginning to its head."""
    chain = tenant_id or INSTALLATION
    with tenant_transaction(chain):
        known = AuditHead.objects.filter(tenant_id=chain).first() or AuditHead(tenant_id=chain)
    before, count = bytes(32), 0
    for entry in walk(tenant_id):
        if entry.sequence > known.sequence:  # appended since
            break
        follows = entry.sequence == count + 1 and bytes(entry.previous_hash) == before
        if not follows or bytes(entry.hash) != hash_of(entry):
            return Verdict(count, before, count + 1)
        before, count = bytes(entry.hash), count + 1
    is_whole = count == known.sequence and before == bytes(known.hash)
    return Verdict(count, before, None if is_whole else count + 1)
