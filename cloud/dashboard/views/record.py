"""One record: all of it, and its metadata to be changed."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from cloud.api.member_calls import calling
from cloud.api.permissions import manifests
from cloud.dashboard import api_call, record_values
from cloud.dashboard.access import Visit, member, show
from cloud.dashboard.forms import MENDABLE, metadata
from cloud.dashboard.views import collection_page
from cloud.dashboard.views.collection_data import require_record
from cloud.dashboard.views.collection_page import Place
from tenants.identity import Verb
from tenants.roles import Action
from vectors import editing
from vectors.query.browse import WholeRecord

_COMPONENTS_COUNT = 64
_VALUE_CHARACTERS = 4_000


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.VIEW_RECORDS, post=Action.WRITE_RECORDS)
def record(
    request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID, record_id: str
) -> HttpResponse:
    """The record; a POST changes its metadata."""
    place = collection_page.enter(visit, database_name, collection_id)
    found = require_record(place, record_id)
    if request.method != "POST":
        return _page(request, place, found, metadata.shown(found.metadata_json))
    rows = metadata.MetadataRows(request.POST, prefix="row")
    refusal = ""
    if rows.is_valid():
        try:
            changed = _change(place, record_id, metadata.changes(rows))
        except MENDABLE as error:
            refusal = error.message
        else:
            messages.success(request, f"Changed {', '.join(changed)}." if changed else "Nothing was changed.")
            return redirect(place.address("record", record_id=record_id))
    return _page(request, place, found, rows, refusal=refusal, status=422)


def _change(place: Place, record_id: str, changes: dict[str, Any]) -> list[str]:
    """Write what was changed; the keys, cut to what a sentence bears."""
    if not changes:
        return []
    body_bytes = len(json.dumps(changes).encode())
    with calling(place.manifest, Verb.UPDATE, body_bytes=body_bytes) as allowed:
        written = editing.change_metadata(
            place.visit.by,
            manifests,
            place.manifest,
            record_id,
            changes,
            allowed.limits,
            notes_keys=settings.SCHEMA_KEYS_AT == "write",
        )
        allowed.wrote(written.written_bytes)
    return [record_values.cut(key, 40) for key in changes]


def _page(
    request: HttpRequest,
    place: Place,
    found: WholeRecord,
    rows: Any,
    *,
    refusal: str = "",
    status: int = 200,
) -> HttpResponse:
    components = found.embedding.tolist()
    current = {} if found.metadata_json is None else json.loads(found.metadata_json)
    parts = (place.visit.tenant_name, place.database_name, "collections", str(place.view.collection_id))
    context = {
        **place.context,
        "record": found,
        "cells": sorted(
            record_values.cells_of(found.metadata_json, most_characters=_VALUE_CHARACTERS),
            key=lambda cell: cell.name,
        ),
        "rows": rows,
        "refusal": refusal,
        "dimension": len(components),
        "components": ", ".join(f"{one:.6g}" for one in components[:_COMPONENTS_COUNT]),
        "is_cut": len(components) > _COMPONENTS_COUNT,
        "get_call": api_call.wire(
            "POST",
            *parts,
            "get",
            body={"ids": [found.record_id], "include": ["documents", "metadatas", "uris", "embeddings"]},
        ),
        "update_call": api_call.wire(
            "POST", *parts, "update", body={"ids": [found.record_id], "metadatas": [current]}
        ),
    }
    return show(request, place.visit, "dashboard/collection/record.html", context, status=status)
