"""Every route of /api/v2, in the order of the public reference (contract, section 5)."""

from __future__ import annotations

from django.urls import path

from cloud.api.views import collections, databases, query, records, system, tenants, unimplemented

_T = "tenants/<str:tenant>"
_P = f"{_T}/databases/<str:database>"
_K = f"{_P}/collections/<str:collection>"
_get_later, _post_later = (
    unimplemented.OfCollection.as_view(http_method_names=[method]) for method in ("get", "post")
)

urlpatterns = [
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
    path("/collections/<str:crn>", unimplemented.OfServer.as_view()),
    path(f"/{_K}", collections.Collection.as_view()),
    path(f"/{_K}/fork", _post_later),
    path(f"/{_K}/fork_count", _get_later),
    path(f"/{_K}/add", records.add),
    path(f"/{_K}/update", records.update),
    path(f"/{_K}/upsert", records.upsert),
    path(f"/{_K}/delete", records.delete),
    path(f"/{_K}/get", records.get),
    path(f"/{_K}/query", query.query),
    path(f"/{_K}/count", records.count),
    path(f"/{_K}/indexing_status", records.indexing_status),
    path(f"/{_K}/search", _post_later),
    path(f"/{_K}/functions/attach", _post_later),
    path(f"/{_K}/functions/<str:name>", _get_later),
    path(f"/{_K}/attached_functions/<str:name>/add_input", _post_later),
    path(f"/{_K}/attached_functions/<str:name>/detach", _post_later),
    path(f"/{_K}/conditional/get", _post_later),
    path(f"/{_K}/conditional/commit", _post_later),
]
