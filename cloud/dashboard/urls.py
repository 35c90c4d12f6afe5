"""Pages of the dashboard. The tenant stands in the address, so that a link says where it leads."""

from __future__ import annotations

from allauth.account import views as accounts
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from cloud.dashboard.paths import DatabaseNameConverter, TenantNameConverter
from cloud.dashboard.views import collections, databases, errors, keys, theme

register_converter(DatabaseNameConverter, "database")
register_converter(TenantNameConverter, "tenant")

app_name = "dashboard"
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
