"""What each role may do: one table, from which the documentation and the tests are made. [pure]

The verbs of the control plane call `require` themselves, so that no edge can forget it. Whoever acts for the
installation (an operator, a command, the service itself) may do everything.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person or a service account is in a tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    VIEWER = "viewer"
    BILLING = "billing"

    @property
    def label(self) -> str:
        """As people read it."""
        return self.value.capitalize()


class Action(StrEnum):
    """What can be done in a tenant; the values are the names in the audit log."""

    VIEW_TENANT = "tenant.view"
    UPDATE_TENANT = "tenant.update"
    DELETE_TENANT = "tenant.delete"
    VIEW_MEMBERS = "members.view"
    INVITE_MEMBER = "members.invite"
    CHANGE_ROLE = "members.change_role"
    REMOVE_MEMBER = "members.remove"
    MANAGE_OWNERS = "members.manage_owners"
    VIEW_SERVICE_ACCOUNTS = "service_accounts.view"
    MANAGE_SERVICE_ACCOUNTS = "service_accounts.manage"
    VIEW_DATABASES = "databases.view"
    CREATE_DATABASE = "databases.create"
    DELETE_DATABASE = "databases.delete"
    RESTORE_DATABASE = "databases.restore"
    VIEW_COLLECTIONS = "collections.view"
    CREATE_COLLECTION = "collections.create"
    FORK_COLLECTION = "collections.fork"
    MANAGE_COLLECTIONS = "collections.manage"
    DELETE_COLLECTION = "collections.delete"
    RESTORE_COLLECTION = "collections.restore"
    VIEW_RECORDS = "records.view"
    WRITE_RECORDS = "records.write"
    IMPORT_RECORDS = "records.import"
    EXPORT_RECORDS = "records.export"
    VIEW_KEYS = "keys.view"
    CREATE_KEY = "keys.create"
    ROTATE_KEY = "keys.rotate"
    REVOKE_KEY = "keys.revoke"
    VIEW_QUOTAS = "quotas.view"
    REQUEST_QUOTA = "quotas.request"
    VIEW_USAGE = "usage.view"
    VIEW_METRICS = "metrics.view"
    VIEW_BILLING = "billing.view"
    MANAGE_BILLING = "billing.manage"
    VIEW_AUDIT = "audit.view"


# What each action is, for docs/permissions.md.
DESCRIPTIONS: dict[Action, str] = {
    Action.VIEW_TENANT: "See the tenant and its settings",
    Action.UPDATE_TENANT: "Change the tenant's settings",
    Action.DELETE_TENANT: "Delete the tenant, once it has no databases",
    Action.VIEW_MEMBERS: "See members and invitations",
    Action.INVITE_MEMBER: "Invite people; send an invitation again, revoke it",
    Action.CHANGE_ROLE: "Change a member's role",
    Action.REMOVE_MEMBER: "Remove a member, with the API keys that they made",
    Action.MANAGE_OWNERS: "Make somebody an owner; change or remove an owner",
    Action.VIEW_SERVICE_ACCOUNTS: "See service accounts and their keys, never a secret",
    Action.MANAGE_SERVICE_ACCOUNTS: "Create, change and disable service accounts; make and revoke their keys",
    Action.VIEW_DATABASES: "See databases",
    Action.CREATE_DATABASE: "Create databases",
    Action.DELETE_DATABASE: "Delete databases with what they hold",
    Action.RESTORE_DATABASE: "Take databases back out of the recycle bin",
    Action.VIEW_COLLECTIONS: "See collections, their configuration and how far they are indexed",
    Action.CREATE_COLLECTION: "Create collections",
    Action.FORK_COLLECTION: "Fork collections",
    Action.MANAGE_COLLECTIONS: "Rename and change collections",
    Action.DELETE_COLLECTION: "Delete collections",
    Action.RESTORE_COLLECTION: "Take collections back out of the recycle bin",
    Action.VIEW_RECORDS: "Read and query records",
    Action.WRITE_RECORDS: "Add, change and delete records",
    Action.IMPORT_RECORDS: "Import records from a file; cancel, resume and restart imports",
    Action.EXPORT_RECORDS: "Export collections to a file and download it; cancel, resume and restart exports",
    Action.VIEW_KEYS: "See API keys, never a secret",
    Action.CREATE_KEY: "Create API keys",
    Action.ROTATE_KEY: "Replace an API key by a new one with the same rights",
    Action.REVOKE_KEY: "Revoke API keys",
    Action.VIEW_QUOTAS: "See quotas and how much of them is used",
    Action.REQUEST_QUOTA: "Ask for higher quotas",
    Action.VIEW_USAGE: "See usage and what it costs",
    Action.VIEW_METRICS: "See requests, errors and latencies",
    Action.VIEW_BILLING: "See plan, invoices and payments",
    Action.MANAGE_BILLING: "Change plan, payment and spend cap",
    Action.VIEW_AUDIT: "Read, verify and export the audit log",
}


_BILLING = frozenset(
    {
        Action.VIEW_TENANT,
        Action.VIEW_MEMBERS,
        Action.VIEW_QUOTAS,
        Action.VIEW_USAGE,
        Action.VIEW_BILLING,
        Action.MANAGE_BILLING,
    }
)
_VIEWER = frozenset(
    {
        Action.VIEW_TENANT,
        Action.VIEW_MEMBERS,
        Action.VIEW_DATABASES,
        Action.VIEW_COLLECTIONS,
        Action.VIEW_RECORDS,
        Action.VIEW_QUOTAS,
        Action.VIEW_USAGE,
        Action.VIEW_METRICS,
    }
)
_DEVELOPER = _VIEWER | {
    Action.CREATE_DATABASE,
    Action.DELETE_DATABASE,
    Action.RESTORE_DATABASE,
    Action.CREATE_COLLECTION,
    Action.FORK_COLLECTION,
    Action.MANAGE_COLLECTIONS,
    Action.DELETE_COLLECTION,
    Action.RESTORE_COLLECTION,
    Action.WRITE_RECORDS,
    Action.IMPORT_RECORDS,
    Action.EXPORT_RECORDS,
    Action.VIEW_KEYS,
    Action.CREATE_KEY,
    Action.ROTATE_KEY,
    Action.REVOKE_KEY,
    Action.REQUEST_QUOTA,
}
_ADMIN = frozenset(Action) - {Action.DELETE_TENANT, Action.MANAGE_OWNERS, Action.MANAGE_BILLING}

MATRIX: dict[Role, frozenset[Action]] = {
    Role.OWNER: frozenset(Action),
    Role.ADMIN: _ADMIN,
    Role.DEVELOPER: _DEVELOPER,
    Role.VIEWER: _VIEWER,
    Role.BILLING: _BILLING,
}

# What an operator who acts as a member must not do: see a secret, take data along, let somebody in,
# spend or destroy for good.
WITHHELD_FROM_IMPERSONATORS = frozenset(
    {
        Action.CREATE_KEY,
        Action.ROTATE_KEY,
        Action.MANAGE_SERVICE_ACCOUNTS,
        Action.INVITE_MEMBER,
        Action.MANAGE_OWNERS,
        Action.MANAGE_BILLING,
        Action.DELETE_TENANT,
        Action.EXPORT_RECORDS,
    }
)


def may(role: Role, action: Action) -> bool:
    """Whether the role carries the action."""
    return action in MATRIX[role]


def may_give(giver: Role, given: Role) -> bool:
    """Whether somebody in one role may put others into another: nobody gives what they do not have."""
    return MATRIX[given] <= MATRIX[giver]
