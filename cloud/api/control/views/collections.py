"""Collections of a database: list them, sorted and filtered."""

from __future__ import annotations

import msgspec

from cloud import sample_loading
from cloud.api.control.endpoint import check_limit
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import collections as shapes
from tenants import databases
from tenants.roles import Action
from vectors import listing
from vectors.listing import Asked


@route(
    "GET",
    "/tenants/{tenant}/databases/{database}/collections",
    Door.MEMBER,
    action=Action.VIEW_COLLECTIONS,
    query=shapes.CollectionsQuery,
    answer=shapes.CollectionsPage,
)
def list_collections(call: Call[None]) -> shapes.CollectionsPage:
    """List the collections of a database, sorted and filtered."""
    query = call.query
    asked = Asked(query.sort, query.order == "desc", query.name, query.state, query.after)
    found = databases.get(call.tenant_id, call.path["database"])
    page = listing.page(call.actor, found, asked, limit_count=check_limit(query.limit))
    items = [msgspec.convert(row, shapes.Collection, from_attributes=True) for row in page.rows]
    return shapes.CollectionsPage(items=items, next=page.next)


@route(
    "POST",
    "/tenants/{tenant}/databases/{database}/sample",
    Door.MEMBER,
    action=Action.WRITE_RECORDS,
    answer=shapes.LoadedSample,
)
def load_sample(call: Call[None]) -> shapes.LoadedSample:
    """Load the sample that is shipped into a collection of its own; what is there stays as it is."""
    loaded = sample_loading.load(call.actor, call.tenant_id, call.path["database"])
    return msgspec.convert(loaded, shapes.LoadedSample, from_attributes=True)
