"""Pages of the dashboard. The tenant stands in the address, so that a link says where it leads."""

from __future__ import annotations

from allauth.account import views as accounts
from django.urls import include, path, register_converter
from django.views.generic import RedirectView

from cloud.dashboard.paths import DatabaseNameConverter, TenantNameConverter
from cloud.dashboard.views import billing, collections, databases, errors, invoices, keys, theme, usage

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
    path("usage", usage.usage_page, name="usage"),
    path("billing", billing.billing, name="billing"),
    path("billing/spend-cap", billing.spend_cap, name="billing-spend-cap"),
    path("billing/alerts", billing.create_alert, name="billing-alert"),
    path("billing/alerts/<uuid:alert_id>/delete", billing.delete_alert, name="billing-alert-delete"),
    path("billing/details", billing.details, name="billing-details"),
    path("invoices", invoices.invoices, name="invoices"),
    path("invoices/<str:number>", invoices.invoice, name="invoice"),
    path("invoices/<str:number>/print", invoices.invoice_print, name="invoice-print"),
    path("invoices/<str:number>/pdf", invoices.invoice_pdf, name="invoice-pdf"),
    path("invoices/<str:number>/csv", invoices.invoice_csv, name="invoice-csv"),
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
