"""Pages of the dashboard. The tenant stands in the address, so that a link says where it leads."""

from __future__ import annotations

from allauth.account import views as accounts
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from cloud.dashboard.paths import DatabaseNameConverter, TenantNameConverter
from cloud.dashboard.views import (
    collection_actions,
    collections,
    database_actions,
    databases,
    errors,
    keys,
    recycle_bin,
    theme,
)

register_converter(DatabaseNameConverter, "database")
register_converter(TenantNameConverter, "tenant")

app_name = "dashboard"
_database = "databases/<database:database_name>"
_collection = f"{_database}/collections/<uuid:collection_id>"
_binned_database = "recycle-bin/databases/<uuid:deleted_database_id>"
_binned_collection = "recycle-bin/collections/<uuid:deleted_collection_id>"
_actions = [
    path("new-database", database_actions.create, name="database-create"),
    path(f"{_database}/delete", database_actions.delete, name="database-delete"),
    path(f"{_database}/new-collection", collection_actions.create, name="collection-create"),
    path(f"{_collection}/fork", collection_actions.fork, name="collection-fork"),
    path(f"{_collection}/rename", collection_actions.rename, name="collection-rename"),
    path(f"{_collection}/delete", collection_actions.delete, name="collection-delete"),
    path("recycle-bin", recycle_bin.deleted, name="recycle-bin"),
    path(f"{_binned_database}/restore", recycle_bin.restore_database, name="recycle-restore-database"),
    path(f"{_binned_database}/purge", recycle_bin.purge_database, name="recycle-purge-database"),
    path(f"{_binned_collection}/restore", recycle_bin.restore_collection, name="recycle-restore-collection"),
    path(f"{_binned_collection}/purge", recycle_bin.purge_collection, name="recycle-purge-collection"),
]
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
    *_actions,
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
