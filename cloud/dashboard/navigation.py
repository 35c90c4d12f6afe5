"""The pages of a tenant as people find them: in the side, in the palette, by a key. One table. [pure]"""

from __future__ import annotations

from dataclasses import dataclass

from tenants.actors import Actor
from tenants.roles import Action


@dataclass(frozen=True)
class Entry:
    """A page that stands in the navigation.

    page:    the name of its address
    icon:    a symbol of static/icons.svg
    letter:  `g` and then this letter goes there
    covers:  how the names of the pages below it begin
    """

    label: str
    page: str
    icon: str
    action: Action
    letter: str
    covers: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        """The name of the page's address, with its namespace."""
        return f"dashboard:{self.page}"

    def is_current(self, page: str) -> bool:
        """Whether a page is this one or below it."""
        return page == self.page or page.startswith(self.covers)


@dataclass(frozen=True)
class Group:
    """Entries that belong together, under a heading."""

    label: str
    entries: tuple[Entry, ...]


GROUPS = (
    Group(
        "Data",
        (
            Entry(
                "Databases",
                "databases",
                "database",
                Action.VIEW_DATABASES,
                "d",
                ("database", "collection", "record", "import", "export"),
            ),
            Entry("Connect", "connect", "plug", Action.VIEW_DATABASES, "c"),
            Entry("Recycle bin", "recycle-bin", "bin", Action.VIEW_COLLECTIONS, "r", ("recycle",)),
        ),
    ),
    Group(
        "Watch",
        (
            Entry("Metrics", "metrics", "chart", Action.VIEW_USAGE, "m"),
            Entry("Usage", "usage", "coins", Action.VIEW_USAGE, "u"),
            Entry("Audit log", "audit", "scroll", Action.VIEW_AUDIT, "a", ("audit",)),
        ),
    ),
    Group(
        "Access",
        (
            Entry("API keys", "keys", "key", Action.VIEW_KEYS, "k", ("key",)),
            Entry("Members", "members", "users", Action.VIEW_MEMBERS, "p", ("member", "invitation")),
            Entry(
                "Service accounts",
                "service-accounts",
                "robot",
                Action.VIEW_SERVICE_ACCOUNTS,
                "x",
                ("service-account",),
            ),
        ),
    ),
    Group(
        "Tenant",
        (
            Entry("Billing", "billing", "receipt", Action.VIEW_BILLING, "b", ("billing", "invoice")),
            Entry("Quotas", "quotas", "gauge", Action.VIEW_QUOTAS, "q", ("quota",)),
            Entry("Settings", "settings", "settings", Action.VIEW_TENANT, "s", ("settings",)),
        ),
    ),
)


@dataclass(frozen=True)
class Tab:
    """A page of one collection, beside its others."""

    label: str
    page: str
    action: Action

    @property
    def address(self) -> str:
        """The name of the page's address, with its namespace."""
        return f"dashboard:{self.page}"


COLLECTION_TABS = (
    Tab("Data", "collection", Action.VIEW_COLLECTIONS),
    Tab("Playground", "collection-playground", Action.VIEW_RECORDS),
    Tab("Indexing", "collection-indexing", Action.VIEW_COLLECTIONS),
    Tab("Schema", "collection-schema", Action.VIEW_COLLECTIONS),
    Tab("Import and export", "collection-imports", Action.VIEW_COLLECTIONS),
)


def collection_tabs(by: Actor) -> list[Tab]:
    """The pages of a collection that the actor may see."""
    return [tab for tab in COLLECTION_TABS if by.may(tab.action)]


def offered(by: Actor) -> list[Group]:
    """The groups with what the actor may see, empty ones left out."""
    groups = [
        Group(group.label, tuple(one for one in group.entries if by.may(one.action))) for group in GROUPS
    ]
    return [group for group in groups if group.entries]
