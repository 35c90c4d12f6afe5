"""query: the nearest records to each vector."""

from __future__ import annotations

from typing import Any

import numpy as np
from django.http import HttpResponse

from cloud.api import codec
from cloud.api.permissions import manifests
from cloud.api.schemas.records import Query
from cloud.api.views.record_route import Call, posting
from cloud.key_limits import forced_where
from tenants import quotas
from tenants.errors import InvalidArgument
from tenants.identity import Verb
from vectors import validation
from vectors.query import execute
from vectors.query.execute import QueryRequest
from vectors.types import Include, Rows
from vectors.units import query_units
from vectors.where import both

_DEFAULT_RESULTS = 10


@posting(Verb.QUERY, Query)
def query(call: Call[Query]) -> HttpResponse:
    """The nearest records, nearest first."""
    body = call.body
    results_count = _DEFAULT_RESULTS if body.n_results is None else body.n_results
    quotas.check(call.identity.limits, "results_count", results_count, action="Query")
    quotas.check(call.identity.limits, "query_embeddings_count", len(body.query_embeddings), action="Query")
    quotas.check(call.identity.limits, "query_ids_count", len(body.ids or ()), action="Query")
    validation.check_searched_ids(body.ids)
    where = codec.read_filter(body.where, body.where_document)
    validation.check_filter_quotas(where, call.identity.limits, action="Query")
    found: list[Rows] = []
    if body.query_embeddings:
        embeddings = codec.from_numbers(body.query_embeddings)
        if not np.isfinite(embeddings).all():
            raise InvalidArgument(
                "Validation error: query_embeddings: Embeddings must not contain NaN or Infinity values",
            )
        where = both(forced_where(call.identity.forced_where), where)
        request = QueryRequest(embeddings, results_count, where, body.ids, body.include)
        found = execute.query(manifests, call.manifest, request)
        call.used.read(query_units(where, vectors_count=len(found)), found[0].collection_bytes)
    return codec.answer(_columns(found, body.include))


def _columns(found: list[Rows], include: list[Include]) -> dict[str, Any]:
    def column(kind: Include, values: list[Any]) -> list[Any] | None:
        return values if kind in include else None

    return {
        "ids": [rows.ids for rows in found],
        "embeddings": column(Include.EMBEDDINGS, [rows.embeddings for rows in found]),
        "documents": column(Include.DOCUMENTS, [rows.documents for rows in found]),
        "uris": column(Include.URIS, [rows.uris for rows in found]),
        "metadatas": column(Include.METADATAS, [codec.fragments(rows.metadatas) for rows in found]),
        "distances": column(Include.DISTANCES, [rows.distances for rows in found]),
        "include": [one.value for one in include],
    }
