"""What a collection's records are like, and which indexes answer for them."""

from __future__ import annotations

import json
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cloud.dashboard import api_call
from cloud.dashboard.access import Visit, member, show
from cloud.dashboard.views import collection_page
from tenants.roles import Action
from vectors import configuration as configurations
from vectors import schema as schemas
from vectors import schema_facts


@require_safe
@member(Action.VIEW_COLLECTIONS)
def schema(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Keys, types, coverage, indexes; the schema as the API has it."""
    place = collection_page.enter(visit, database_name, collection_id)
    view = place.view
    answer = schemas.answer(view.schema, view.configuration, view.metadata_keys)
    configuration = configurations.to_wire(view.configuration)
    context = {
        **place.context,
        "facts": schema_facts.view(place.manifest, view.metadata_keys),
        "configuration": view.configuration,
        "embedding_function": configuration.get("embedding_function"),
        "embedding_json": json.dumps(configuration.get("embedding_function"), indent=2, ensure_ascii=False),
        "schema_json": json.dumps(answer, indent=2, ensure_ascii=False),
        "call": api_call.wire("GET", visit.tenant_name, database_name, "collections", view.name),
    }
    return show(request, visit, "dashboard/collection/schema.html", context)
