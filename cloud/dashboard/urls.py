"""Pages of the dashboard. The tenant stands in the address, so that a link says where it leads."""

from __future__ import annotations

from allauth.account import views as accounts
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from cloud.dashboard.paths import DatabaseNameConverter, TenantNameConverter
from cloud.dashboard.views import collections, databases, errors, imports, keys, theme

register_converter(DatabaseNameConverter, "database")
register_converter(TenantNameConverter, "tenant")

app_name = "dashboard"
_COLLECTION = "databases/<database:database_name>/collections/<uuid:collection_id>"
_tenant = [
    path("", databases.entrance, name="tenant"),
    path("databases", databases.databases, name="databases"),
    path("databases/<database:database_name>", databases.database, name="database"),
    path(
        "databases/<database:database_name>/collections/<uuid:collection_id>",
        collections.collection,
        name="collection",
    ),
    path(
        "databases/<database:database_name>/collections/<uuid:collection_id>/indexing",
        collections.indexing,
        name="indexing",
    ),
    path("databases/<database:database_name>/imports", imports.database, name="imports"),
    path(f"{_COLLECTION}/imports", imports.collection, name="collection-imports"),
    path(f"{_COLLECTION}/imports/new", imports.begin_import, name="import-new"),
    path(f"{_COLLECTION}/exports/new", imports.begin_export, name="export-new"),
    path(f"{_COLLECTION}/imports/<uuid:transfer_id>", imports.detail, name="import-detail"),
    path(f"{_COLLECTION}/imports/<uuid:transfer_id>/errors.csv", imports.errors, name="import-errors"),
    path(f"{_COLLECTION}/imports/<uuid:transfer_id>/file", imports.download, name="export-file"),
    *(
        path(
            f"{_COLLECTION}/imports/<uuid:transfer_id>/{did}",
            imports.change,
            {"did": did},
            name=f"import-{did}",
        )
        for did in ("cancel", "resume", "restart")
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
