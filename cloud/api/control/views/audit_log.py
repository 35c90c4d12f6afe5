"""The audit log: page, verify, export."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import msgspec
from django.http import StreamingHttpResponse

from cloud.api.control.endpoint import check_limit
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import audit_log as shapes
from cloud.api.control.schemas.shape import PageQuery
from tenants import audit
from tenants.errors import InvalidArgument
from tenants.models import AuditEntry
from tenants.roles import Action

_PATH = "/tenants/{tenant}/audit"


@route("GET", _PATH, Door.MEMBER, action=Action.VIEW_AUDIT, query=PageQuery, answer=shapes.AuditPage)
def list_audit_entries(call: Call[None]) -> shapes.AuditPage:
    """List what was done in a tenant, newest first."""
    limit, after = check_limit(call.query.limit), call.query.after
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 19):
        raise InvalidArgument(f"after: expected the `next` of a page, got {after[:40]!r}")
    found = audit.read(call.tenant_id, limit_count=limit + 1, before=None if after is None else int(after))
    is_last = len(found) <= limit
    return shapes.AuditPage(
        items=[shown(entry) for entry in found[:limit]],
        next=None if is_last else str(found[limit - 1].sequence),
    )


@route("GET", _PATH + "/verify", Door.MEMBER, action=Action.VIEW_AUDIT, answer=shapes.AuditVerdict)
def verify_audit_log(call: Call[None]) -> shapes.AuditVerdict:
    """Verify the chain of hashes from the first entry to the last."""
    verdict = audit.verify(call.tenant_id)
    return shapes.AuditVerdict(
        entry_count=verdict.entry_count, head=verdict.head.hex(), broken_at=verdict.broken_at
    )


@route("GET", _PATH + "/export", Door.MEMBER, action=Action.VIEW_AUDIT, raw="application/x-ndjson")
def export_audit_log(call: Call[None]) -> StreamingHttpResponse:
    """Export every entry, oldest first, one JSON object per line."""
    return download(call.tenant_id)


def download(tenant_id: UUID) -> StreamingHttpResponse:
    """The whole log of a tenant as a file."""
    response = StreamingHttpResponse(_lines(tenant_id), content_type="application/x-ndjson")
    response["Content-Disposition"] = 'attachment; filename="audit.jsonl"'
    return response


def _lines(tenant_id: UUID) -> Iterator[bytes]:
    for entry in audit.walk(tenant_id):
        yield msgspec.json.encode(shown(entry)) + b"\n"


def shown(entry: AuditEntry) -> shapes.AuditEntry:
    """An entry as the API has it."""
    plain = {name: getattr(entry, name) for name in shapes.AuditEntry.__struct_fields__ if name != "hash"}
    return shapes.AuditEntry(hash=bytes(entry.hash).hex(), **plain)
