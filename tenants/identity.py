"""Who is asking: the tenant, databases, verbs and limits of a key or a person, for one request. [pure]"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from uuid import UUID

from tenants.errors import PermissionDenied
from tenants.prices import Prices
from tenants.quotas import Limits

# What clients send when they were given no name (contract, section 3.4).
DEFAULT_TENANT = "default_tenant"
DEFAULT_DATABASE = "default_database"


class Verb(Enum):
    """What a key may be allowed to do; the strings are the wire's (contract, section 3.1)."""

    RESET = "system:reset"
    CREATE_TENANT = "tenant:create_tenant"
    GET_TENANT = "tenant:get_tenant"
    UPDATE_TENANT = "tenant:update_tenant"
    CREATE_DATABASE = "db:create_database"
    GET_DATABASE = "db:get_database"
    DELETE_DATABASE = "db:delete_database"
    LIST_DATABASES = "db:list_databases"
    LIST_COLLECTIONS = "db:list_collections"
    COUNT_COLLECTIONS = "db:count_collections"
    CREATE_COLLECTION = "db:create_collection"
    GET_COLLECTION = "collection:get_collection"
    GET_COLLECTION_BY_CRN = "collection:get_collection_by_crn"
    UPDATE_COLLECTION = "collection:update_collection"
    DELETE_COLLECTION = "collection:delete_collection"
    FORK_COLLECTION = "collection:fork_collection"
    COUNT_FORKS = "collection:count_forks"
    ADD = "collection:add"
    DELETE = "collection:delete"
    GET = "collection:get"
    QUERY = "collection:query"
    COUNT = "collection:count"
    UPDATE = "collection:update"
    UPSERT = "collection:upsert"
    SEARCH = "collection:search"


OPERATOR_VERBS = frozenset({Verb.RESET, Verb.CREATE_TENANT})
ALL_VERBS = frozenset(Verb) - OPERATOR_VERBS
READ_VERBS = frozenset(
    {
        Verb.GET_TENANT,
        Verb.GET_DATABASE,
        Verb.LIST_DATABASES,
        Verb.LIST_COLLECTIONS,
        Verb.COUNT_COLLECTIONS,
        Verb.GET_COLLECTION,
        Verb.GET_COLLECTION_BY_CRN,
        Verb.COUNT_FORKS,
        Verb.GET,
        Verb.QUERY,
        Verb.COUNT,
        Verb.SEARCH,
    },
)


@dataclass(frozen=True)
class Identity:
    """An authenticated key, or a person who reads records through the dashboard.

    `databases` maps the ids of the only databases the key may use to their names; None means all of
    the tenant. `only_database` is the name of the one database that the key reaches, when it is one.
    `tenant_id` is what row-level security compares with: it comes from the key, never
    from a path.

    key_id:                     None: a person, whom no key stands for
    collections:                ids of the only collections that the key may use; None: all of its databases
    networks:                   where it may be used from, in CIDR notation; empty: anywhere
    forced_where:               a filter (JSON) that is AND-ed into everything it reads, writes and deletes
    requests_per_minute_count:  of this key, beside its tenant's
    suspension:                 why its tenant is suspended; None: it is not
    """

    key_id: UUID | None
    tenant_id: UUID
    tenant_name: str
    databases: dict[UUID, str] | None
    verbs: frozenset[Verb]
    is_operator: bool
    expires_at: datetime | None
    only_database: str | None = None
    limits: Limits = field(default_factory=Limits)
    collections: frozenset[UUID] | None = None
    networks: tuple[str, ...] = ()
    forced_where: str | None = None
    requests_per_minute_count: int | None = None
    prices: Prices = field(default_factory=Prices)
    spend_cap_nano: int | None = None
    suspension: str | None = None

    # Django REST framework asks this of whatever stands in `request.user`.
    is_authenticated = True

    def may(self, verb: Verb) -> bool:
        """Whether the key carries the verb."""
        return verb in self.verbs

    def require_service(self) -> None:
        """The tenant is served.

        Raises:  PermissionDenied for a suspended one, with the reason that was given
        """
        if self.suspension is not None:
            why = f": {self.suspension}" if self.suspension else "."
            raise PermissionDenied(f"Permission denied. The tenant is suspended{why}")

    def place_called(self, tenant_name: str, database_name: str) -> tuple[str, str]:
        """What the names of a path mean: `default_tenant` is the key's own, `default_database` its only one.

        Clients that were told no names send these. An operator enters every tenant, so its names are literal.
        """
        if self.is_operator:
            return tenant_name, database_name
        if tenant_name == DEFAULT_TENANT:
            tenant_name = self.tenant_name
        if database_name == DEFAULT_DATABASE:
            database_name = self.only_database or database_name
        return tenant_name, database_name

    def may_use_database(self, database_id: UUID) -> bool:
        """Whether the key reaches the database (of its own tenant; the tenant is checked apart)."""
        return self.databases is None or database_id in self.databases
