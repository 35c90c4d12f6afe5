"""search: records ranked by expressions, grouped, and as much of them as is selected."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from msgspec import UNSET

from cloud.api import codec, shapes
from cloud.api.permissions import manifests
from cloud.api.schemas.records import GroupBy, ReadLevel, Search, SearchPayload
from cloud.api.views.record_route import Call, posting
from cloud.key_limits import forced_where
from tenants import quotas
from tenants.errors import InvalidArgument, Unprocessable
from tenants.identity import Verb
from tenants.quotas import Limits
from vectors import validation
from vectors.limits import MAX_SELECTED_KEYS
from vectors.query import rank
from vectors.query import search as searches
from vectors.query.score import Group
from vectors.query.search import SearchRequest
from vectors.types import Include, Rows
from vectors.units import query_units
from vectors.where import both

_ACTION = "Search"
_DOCUMENT, _EMBEDDING, _METADATA, _SCORE = "#document", "#embedding", "#metadata", "#score"
_MEMBERS = (_DOCUMENT, _EMBEDDING, _METADATA, _SCORE)
_INCLUDES = {
    _DOCUMENT: Include.DOCUMENTS,
    _EMBEDDING: Include.EMBEDDINGS,
    _METADATA: Include.METADATAS,
    _SCORE: Include.DISTANCES,
}


@posting(Verb.SEARCH, Search)
def search(call: Call[Search]) -> HttpResponse:
    """Each search's records, by ascending score."""
    body, limits = call.body, call.identity.limits
    quotas.check(limits, "search_payloads_count", len(body.searches), action=_ACTION)
    selected = [_selected(payload, f"searches[{place}]") for place, payload in enumerate(body.searches)]
    requests = [_request(call, place, keys) for place, keys in enumerate(selected)]
    found: list[Rows] = []
    if requests:
        is_index_only = body.read_level is ReadLevel.INDEX_ONLY
        found = searches.search(manifests, call.manifest, requests, is_index_only=is_index_only)
        units = sum(query_units(one.where, vectors_count=len(rank.knns(one.rank))) for one in requests)
        call.used.read(units, found[0].collection_bytes)
    return codec.answer(_columns(found, selected))


def _request(call: Call[Search], place: int, keys: list[str]) -> SearchRequest:
    """One search of the body, checked against the plan's quotas."""
    payload, path, limits = call.body.searches[place], f"searches[{place}]", call.identity.limits
    where = codec.read_search_filter(payload.filter, f"{path}.filter")
    validation.check_filter_quotas(where, limits, action=_ACTION)
    expression = codec.read_rank(payload.rank, f"{path}.rank")
    validation.check_rank_quotas(expression, limits, action=_ACTION)
    group = _group(payload.group_by, f"{path}.group_by", limits)
    if group is not None and expression is None:
        raise InvalidArgument(
            f"Validation error: {path}.group_by: group_by requires rank expression to be specified"
        )
    others = tuple(key for key in keys if key not in _MEMBERS)
    include = {_INCLUDES[key] for key in keys if key in _INCLUDES} | (
        {Include.METADATAS} if others else set()
    )
    limit = limits.limit_value if payload.limit.limit is None else payload.limit.limit
    return SearchRequest(
        where=both(forced_where(call.identity.forced_where), where),
        rank=expression,
        group=group,
        offset_count=payload.limit.offset,
        limit_count=min(limit, limits.limit_value),  # wire: the quota stands in (contract, section 4)
        include=[kind for kind in Include if kind in include],
        metadata_keys=None if _METADATA in keys else others,
    )


def _group(given: GroupBy, path: str, limits: Limits) -> Group | None:
    aggregate = given.aggregate
    kinds = [] if aggregate is None else [aggregate.min_k, aggregate.max_k]
    chosen = [kind for kind in kinds if kind is not UNSET]
    if aggregate is not None and len(chosen) != 1:
        raise Unprocessable(f"{shapes.PREFIX}{path}.aggregate: expected exactly one of `$min_k` and `$max_k`")
    quotas.check(limits, "group_by_keys_count", len(given.keys), action=_ACTION)
    sort_keys = [key for kind in chosen for key in kind.keys]
    quotas.check(limits, "aggregate_keys_count", len(sort_keys), action=_ACTION)
    validation.check_group(given.keys, sort_keys, [kind.k for kind in chosen], path)
    if not chosen:
        return None
    is_largest = aggregate is not None and aggregate.max_k is not UNSET
    return Group(tuple(given.keys), tuple(sort_keys), chosen[0].k, is_largest=is_largest)


def _selected(payload: SearchPayload, path: str) -> list[str]:
    """The selected keys, each once: the members, then metadata keys alphabetically."""
    keys = set(payload.select.keys)
    if len(keys) > MAX_SELECTED_KEYS:
        raise InvalidArgument(
            f"Validation error: {path}.select: expected at most {MAX_SELECTED_KEYS} keys, got {len(keys)}"
        )
    validation.check_keys(keys, f"{path}.select")
    return [key for key in _MEMBERS if key in keys] + sorted(keys.difference(_MEMBERS))


def _columns(found: list[Rows], selected: list[list[str]]) -> dict[str, Any]:
    def column(key: str, values: list[Any]) -> list[Any]:
        return [value if key in keys else None for value, keys in zip(values, selected, strict=True)]

    return {
        "ids": [rows.ids for rows in found],
        "documents": column(_DOCUMENT, [rows.documents for rows in found]),
        "embeddings": column(_EMBEDDING, [rows.embeddings for rows in found]),
        "metadatas": [codec.fragments(rows.metadatas) for rows in found],
        "scores": column(_SCORE, [rows.distances for rows in found]),
        "select": selected,
    }
