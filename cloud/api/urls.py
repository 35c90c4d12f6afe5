"""Every route of /api/v2 (contract, section 5)."""

from __future__ import annotations

from django.urls import include, path

from cloud.api.views import (
    collections,
    databases,
    forks,
    query,
    records,
    search,
    system,
    tenants,
    unimplemented,
)

_T = "tenants/<str:tenant>"
_P = f"{_T}/databases/<str:database>"
_K = f"{_P}/collections/<str:collection>"
_get_later, _post_later = (
    unimplemented.OfCollection.as_view(http_method_names=[method]) for method in ("get", "post")
)

_of_collection = [
    path("", collections.Collection.as_view()),
    path("/query", query.query),
    path("/get", records.get),
    path("/count", records.count),
    path("/add", records.add),
    path("/upsert", records.upsert),
    path("/update", records.update),
    path("/delete", records.delete),
    path("/search", search.search),
    path("/indexing_status", records.indexing_status),
    path("/fork", forks.Fork.as_view()),
    path("/fork_count", forks.ForkCount.as_view()),
    path("/functions/attach", _post_later),
    path("/functions/<str:name>", _get_later),
    path("/attached_functions/<str:name>/add_input", _post_later),
    path("/attached_functions/<str:name>/detach", _post_later),
    path("/conditional/get", _post_later),
    path("/conditional/commit", _post_later),
]
urlpatterns = [
    # First, and under one prefix: finding a route costs as much as the patterns that are tried before it.
    path(f"/{_K}", include(_of_collection)),
    path("", system.heartbeat),
    path("/heartbeat", system.heartbeat),
    path("/healthcheck", system.healthcheck),
    path("/version", system.version),
    path("/pre-flight-checks", system.pre_flight_checks),
    path("/reset", system.Reset.as_view()),
    path("/auth/identity", system.identity),
    path("/tenants", tenants.Tenants.as_view()),
    path(f"/{_T}", tenants.Tenant.as_view()),
    path(f"/{_T}/databases", databases.Databases.as_view()),
    path(f"/{_P}", databases.Database.as_view()),
    path(f"/{_P}/collections", collections.Collections.as_view()),
    path(f"/{_P}/collections_count", collections.CollectionsCount.as_view()),
    path(f"/{_P}/collections/by-id/<str:collection>", collections.CollectionById.as_view()),
    path("/collections/<str:crn>", collections.CollectionByCrn.as_view()),
]
