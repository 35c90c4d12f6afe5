"""Pages of the dashboard. The tenant stands in the address, so that a link says where it leads."""

from __future__ import annotations

from allauth.account import views as accounts
from django.urls import URLPattern, URLResolver, include, path, register_converter
from django.views.generic import RedirectView

from cloud.dashboard.paths import DatabaseNameConverter, TenantNameConverter
from cloud.dashboard.views import (
    audit,
    collection_actions,
    collections,
    connect,
    database_actions,
    databases,
    errors,
    keys,
    members,
    quotas,
    recycle_bin,
    service_accounts,
    settings,
    theme,
)

register_converter(DatabaseNameConverter, "database")
register_converter(TenantNameConverter, "tenant")

app_name = "dashboard"
_database = "databases/<database:database_name>"
_collection = f"{_database}/collections/<uuid:collection_id>"
_binned_database = "recycle-bin/databases/<uuid:deleted_database_id>"
_binned_collection = "recycle-bin/collections/<uuid:deleted_collection_id>"
_actions: list[URLPattern | URLResolver] = [
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
_service_account: list[URLPattern | URLResolver] = [
    path("", service_accounts.service_account, name="service-account"),
    path("role", service_accounts.change_role, name="service-account-role"),
    path("disable", service_accounts.disable, name="service-account-disable"),
    path("keys/new", service_accounts.add_key, name="service-account-key"),
    path("keys/<uuid:account_key_id>/revoke", service_accounts.revoke_key, name="service-account-revoke-key"),
]
_tenant: list[URLPattern | URLResolver] = [
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
    path("keys/new", keys.create, name="key-create"),
    path("keys/<uuid:key_id>", keys.key, name="key"),
    path("keys/<uuid:key_id>/rotate", keys.rotate, name="key-rotate"),
    path("keys/<uuid:key_id>/revoke", keys.revoke, name="key-revoke"),
    path("connect", connect.connect, name="connect"),
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
    path("quotas", quotas.quotas, name="quotas"),
    path("quotas/<slug:limit_name>/request", quotas.request_quota, name="quota-request"),
    path("quotas/requests/<uuid:request_id>/withdraw", quotas.withdraw, name="quota-withdraw"),
    path("audit", audit.audit, name="audit"),
    path("audit/verify", audit.verify, name="audit-verify"),
    path("audit/export", audit.export, name="audit-export"),
    path("settings", settings.settings, name="settings"),
    path("settings/delete", settings.delete, name="settings-delete"),
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
