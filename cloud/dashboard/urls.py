"""Pages of the dashboard. The tenant stands in the address, so that a link says where it leads."""

from __future__ import annotations

from allauth.account import views as accounts
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.views.generic import RedirectView

from cloud.dashboard.paths import DatabaseNameConverter, RecordIdConverter, TenantNameConverter
from cloud.dashboard.views import (
    audit,
    billing,
    collection_actions,
    collection_data,
    collection_indexing,
    collection_schema,
    connect,
    database_actions,
    databases,
    errors,
    find,
    first_steps,
    imports,
    invoices,
    keys,
    members,
    metrics,
    playground,
    quotas,
    record,
    records_delete,
    recycle_bin,
    service_accounts,
    settings,
    theme,
    usage,
)

register_converter(DatabaseNameConverter, "database")
register_converter(RecordIdConverter, "record")
register_converter(TenantNameConverter, "tenant")

app_name = "dashboard"
Patterns = list[URLPattern | URLResolver]
_service_account: Patterns = [
    path("", service_accounts.service_account, name="service-account"),
    path("role", service_accounts.change_role, name="service-account-role"),
    path("disable", service_accounts.disable, name="service-account-disable"),
    path("keys/new", service_accounts.add_key, name="service-account-key"),
    path("keys/<uuid:account_key_id>/revoke", service_accounts.revoke_key, name="service-account-revoke-key"),
]
_transfer: Patterns = [
    path("", imports.detail, name="import-detail"),
    path("/errors.csv", imports.errors, name="import-errors"),
    path("/file", imports.download, name="export-file"),
    path("/cancel", imports.change, {"did": "cancel"}, name="import-cancel"),
    path("/resume", imports.change, {"did": "resume"}, name="import-resume"),
    path("/restart", imports.change, {"did": "restart"}, name="import-restart"),
]
_collection: Patterns = [
    path("", collection_data.data, name="collection"),
    path("/records/delete", records_delete.delete, name="records-delete"),
    path("/record/<record:record_id>", record.record, name="record"),
    path("/indexing", collection_indexing.indexing, name="collection-indexing"),
    path("/indexing/compact", collection_indexing.compact, name="collection-compact"),
    path("/indexing/retry", collection_indexing.retry, name="collection-retry"),
    path("/playground", playground.playground, name="collection-playground"),
    path("/schema", collection_schema.schema, name="collection-schema"),
    path("/imports", imports.collection, name="collection-imports"),
    path("/imports/new", imports.begin_import, name="import-new"),
    path("/exports/new", imports.begin_export, name="export-new"),
    path("/imports/<uuid:transfer_id>", include(_transfer)),
    path("/fork", collection_actions.fork, name="collection-fork"),
    path("/rename", collection_actions.rename, name="collection-rename"),
    path("/delete", collection_actions.delete, name="collection-delete"),
]
_database: Patterns = [
    path("", databases.database, name="database"),
    path("/delete", database_actions.delete, name="database-delete"),
    path("/imports", imports.database, name="imports"),
    path("/new-collection", collection_actions.create, name="collection-create"),
    path("/collections/<uuid:collection_id>", include(_collection)),
]
_deleted_database: Patterns = [
    path("/restore", recycle_bin.restore_database, name="recycle-restore-database"),
    path("/purge", recycle_bin.purge_database, name="recycle-purge-database"),
]
_deleted_collection: Patterns = [
    path("/restore", recycle_bin.restore_collection, name="recycle-restore-collection"),
    path("/purge", recycle_bin.purge_collection, name="recycle-purge-collection"),
]
_recycle_bin: Patterns = [
    path("", recycle_bin.deleted, name="recycle-bin"),
    path("/databases/<uuid:deleted_database_id>", include(_deleted_database)),
    path("/collections/<uuid:deleted_collection_id>", include(_deleted_collection)),
]
_money: Patterns = [
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
_access: Patterns = [
    path("keys", keys.keys, name="keys"),
    path("keys/new", keys.create, name="key-create"),
    path("keys/<uuid:key_id>", keys.key, name="key"),
    path("keys/<uuid:key_id>/rotate", keys.rotate, name="key-rotate"),
    path("keys/<uuid:key_id>/revoke", keys.revoke, name="key-revoke"),
    path("members", members.members, name="members"),
    path("members/invite", members.invite, name="member-invite"),
    path("members/leave", members.leave, name="member-leave"),
    path("members/<uuid:user_id>/role", members.change_role, name="member-role"),
    path("members/<uuid:user_id>/remove", members.remove, name="member-remove"),
    path("invitations/<uuid:invitation_id>/resend", members.resend, name="invitation-resend"),
    path("invitations/<uuid:invitation_id>/revoke", members.revoke_invitation, name="invitation-revoke"),
    path("service-accounts", service_accounts.service_accounts, name="service-accounts"),
    path("service-accounts/new", service_accounts.create, name="service-account-create"),
    path("service-accounts/<uuid:service_account_id>/", include(_service_account)),
]
_tenant: Patterns = [
    path("", databases.entrance, name="tenant"),
    path("databases", databases.databases, name="databases"),
    path("new-database", database_actions.create, name="database-create"),
    path("databases/<database:database_name>", include(_database)),
    path("alerts", first_steps.alerts_page, name="databases-alerts"),
    path("sample", first_steps.load_sample, name="database-sample"),
    path("first-steps/hide", first_steps.hide, name="databases-first-steps"),
    path("recycle-bin", include(_recycle_bin)),
    path("find", find.find, name="find"),
    path("connect", connect.connect, name="connect"),
    path("metrics", metrics.metrics, name="metrics"),
    path("quotas", quotas.quotas, name="quotas"),
    path("quotas/<slug:limit_name>/request", quotas.request_quota, name="quota-request"),
    path("quotas/requests/<uuid:request_id>/withdraw", quotas.withdraw, name="quota-withdraw"),
    path("audit", audit.audit, name="audit"),
    path("audit/verify", audit.verify, name="audit-verify"),
    path("audit/export", audit.export, name="audit-export"),
    path("settings", settings.settings, name="settings"),
    path("settings/delete", settings.delete, name="settings-delete"),
    *_access,
    *_money,
]
urlpatterns = [
    path("", databases.home, name="home"),
    path("sign-in", RedirectView.as_view(pattern_name="account_login", query_string=True), name="sign-in"),
    path("sign-out", accounts.logout, name="sign-out"),
    path("tenants/new", settings.create, name="tenant-create"),
    path("theme", theme.theme, name="theme"),
    path("t/<tenant:tenant_name>", databases.entrance),
    path("t/<tenant:tenant_name>/", include(_tenant)),
    path("<path:unknown>", errors.unknown),
]
