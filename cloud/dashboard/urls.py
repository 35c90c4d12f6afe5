"""Pages of the dashboard. The tenant stands in the address, so that a link says where it leads."""

from __future__ import annotations

from allauth.account import views as accounts
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.views.generic import RedirectView

from cloud.dashboard.paths import DatabaseNameConverter, RecordIdConverter, TenantNameConverter
from cloud.dashboard.views import (
    collection_data,
    collection_indexing,
    collection_schema,
    databases,
    errors,
    keys,
    record,
    records_delete,
    theme,
)

register_converter(DatabaseNameConverter, "database")
register_converter(RecordIdConverter, "record")
register_converter(TenantNameConverter, "tenant")

app_name = "dashboard"
_collection: list[URLPattern | URLResolver] = [
    path("", collection_data.data, name="collection"),
    path("/records/delete", records_delete.delete, name="records-delete"),
    path("/record/<record:record_id>", record.record, name="record"),
    path("/indexing", collection_indexing.indexing, name="collection-indexing"),
    path("/indexing/compact", collection_indexing.compact, name="collection-compact"),
    path("/indexing/retry", collection_indexing.retry, name="collection-retry"),
    path("/schema", collection_schema.schema, name="collection-schema"),
]
_tenant: list[URLPattern | URLResolver] = [
    path("", databases.entrance, name="tenant"),
    path("databases", databases.databases, name="databases"),
    path("databases/<database:database_name>", databases.database, name="database"),
    path(
        "databases/<database:database_name>/collections/<uuid:collection_id>",
        include(_collection),
    ),
    path("keys", keys.keys, name="keys"),
    path("keys/<uuid:key_id>/revoke", keys.revoke, name="revoke-key"),
]
urlpatterns = [
    path("", databases.home, name="home"),
    path("sign-in", RedirectView.as_view(pattern_name="account_login", query_string=True), name="sign-in"),
    path("sign-out", accounts.logout, name="sign-out"),
    path("theme", theme.theme, name="theme"),
    path("t/<tenant:tenant_name>", databases.entrance),
    path("t/<tenant:tenant_name>/", include(_tenant)),
    path("<path:unknown>", errors.unknown),
]
