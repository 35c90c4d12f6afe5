"""What an API key may: templates of verbs, and the checks of everything that narrows a key. [pure]"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, StrEnum
from functools import lru_cache
from typing import TypeAlias
from uuid import UUID

from tenants.errors import InvalidArgument
from tenants.identity import ALL_VERBS, READ_VERBS, Verb

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

DEFAULT_LIFETIME = timedelta(days=90)
MAX_LIFETIME = timedelta(days=3_653)  # ten years, leap days included
DEFAULT_OVERLAP = timedelta(days=1)
MAX_OVERLAP = timedelta(days=30)
MAX_NETWORKS = 32
MAX_COLLECTIONS = 100
MAX_RATE = 10_000_000
MAX_NAME_CHARACTERS = 128
_MAPPED_PREFIX = 96  # of ::ffff:0:0/96, where IPv6 has IPv4


class Default(Enum):
    """Says that nothing was said: None already means never."""

    DEFAULT = "default"


DEFAULT = Default.DEFAULT
Expiry: TypeAlias = datetime | Default | None


class Template(StrEnum):
    """A use that keys are made for."""

    FULL = "full"
    READ_ONLY = "read_only"
    INGEST_ONLY = "ingest_only"
    ONE_COLLECTION = "one_collection"


_FINDING = frozenset(
    {
        Verb.GET_TENANT,
        Verb.GET_DATABASE,
        Verb.LIST_DATABASES,
        Verb.LIST_COLLECTIONS,
        Verb.COUNT_COLLECTIONS,
        Verb.GET_COLLECTION,
        Verb.GET_COLLECTION_BY_CRN,
    }
)
_WRITING = frozenset({Verb.ADD, Verb.UPDATE, Verb.UPSERT})
_RECORDS = frozenset({*_WRITING, Verb.DELETE, Verb.GET, Verb.QUERY, Verb.SEARCH, Verb.COUNT})
# What a key for some collections never may: what makes another one, or reaches past them.
_BEYOND_COLLECTIONS = frozenset(
    {
        Verb.UPDATE_TENANT,
        Verb.CREATE_DATABASE,
        Verb.DELETE_DATABASE,
        Verb.CREATE_COLLECTION,
        Verb.FORK_COLLECTION,
    }
)
# All that a key with a forced filter may: what applies the filter, and what shows no record.
_FILTERED = _FINDING | _RECORDS | {Verb.CREATE_DATABASE, Verb.CREATE_COLLECTION, Verb.COUNT_FORKS}

TEMPLATES: dict[Template, frozenset[Verb]] = {
    Template.FULL: ALL_VERBS,
    Template.READ_ONLY: READ_VERBS,
    Template.INGEST_ONLY: _FINDING | _WRITING | {Verb.COUNT},
    Template.ONE_COLLECTION: ALL_VERBS - _BEYOND_COLLECTIONS,
}
DESCRIPTIONS = {
    Template.FULL: "Everything that a key may do in its databases.",
    Template.READ_ONLY: "Reads, and changes nothing.",
    Template.INGEST_ONLY: "Adds, updates, upserts and counts records; reads and deletes none.",
    Template.ONE_COLLECTION: "Everything in one collection, and nothing outside it.",
}


@dataclass(frozen=True)
class Scopes:
    """What narrows a key; the defaults narrow nothing.

    verbs:         None: those of `template`
    forced_where:  canonical JSON of a filter, checked by whoever knows the filter's language
    """

    template: Template = Template.FULL
    verbs: frozenset[Verb] | None = None
    database_ids: frozenset[UUID] = frozenset()
    collection_ids: frozenset[UUID] | None = None
    allowed_networks: tuple[str, ...] = ()
    forced_where: str | None = None
    requests_per_minute_count: int | None = None

    def check(self) -> None:
        """Refuse scopes that no key can have.

        Raises:  InvalidArgument, naming the field
        """
        if self.verbs is not None:
            if self.template is not Template.FULL:
                raise InvalidArgument("verbs: expected a template or verbs, got both")
            if not self.verbs or self.verbs - ALL_VERBS:
                raise InvalidArgument("verbs: expected at least one, and none of an operator's")
        if self.template is Template.ONE_COLLECTION and len(self.collection_ids or ()) != 1:
            count = len(self.collection_ids or ())
            raise InvalidArgument(
                f"collection_ids: the template one_collection takes exactly one, got {count}"
            )
        if self.collection_ids is not None and not 1 <= len(self.collection_ids) <= MAX_COLLECTIONS:
            count = len(self.collection_ids)
            raise InvalidArgument(f"collection_ids: expected 1 to {MAX_COLLECTIONS}, got {count}")
        check_rate(self.requests_per_minute_count)

    @property
    def stored_verbs(self) -> list[str] | None:
        """As a key has them; None for all."""
        verbs = TEMPLATES[self.template] if self.verbs is None else self.verbs
        return None if verbs == ALL_VERBS else sorted(verb.value for verb in verbs)


def effective_verbs(
    verbs: Collection[str] | None, *, is_for_collections: bool, has_forced_filter: bool
) -> frozenset[Verb]:
    """What is left of a key's verbs by its other limits."""
    allowed = ALL_VERBS if verbs is None else ALL_VERBS & {Verb(verb) for verb in verbs}
    if is_for_collections:
        allowed -= _BEYOND_COLLECTIONS
    return allowed & _FILTERED if has_forced_filter else allowed


def parse_verbs(names: Iterable[str]) -> frozenset[Verb]:
    """Verbs by their names on the wire.

    Raises:  InvalidArgument, naming the one that is none
    """
    known = {verb.value: verb for verb in ALL_VERBS}
    names = list(names)
    for name in names:
        if name not in known:
            raise InvalidArgument(f"verbs: expected some of {', '.join(sorted(known))}; got {name[:64]!r}")
    return frozenset(known[name] for name in names)


def parse_networks(texts: Iterable[str]) -> tuple[str, ...]:
    """Networks in their canonical notation, each once; those of IPv4 within IPv6 become IPv4's.

    Raises:  InvalidArgument, naming what is no network
    """
    found: dict[str, None] = {}
    for text in texts:
        try:
            network: Network = ipaddress.ip_network(text.strip())
        except ValueError as error:
            raise InvalidArgument(
                f"allowed_networks: expected CIDR notation, such as 203.0.113.0/24 or 2001:db8::/32: {error}"
            ) from error
        if isinstance(network, ipaddress.IPv6Network):
            mapped = network.network_address.ipv4_mapped
            if mapped is not None and network.prefixlen >= _MAPPED_PREFIX:
                network = ipaddress.ip_network((mapped, network.prefixlen - _MAPPED_PREFIX))
        found[str(network)] = None
    if len(found) > MAX_NETWORKS:
        raise InvalidArgument(f"allowed_networks: expected at most {MAX_NETWORKS}, got {len(found)}")
    return tuple(found)


def parse_address(text: str) -> Address | None:
    """An address, those of IPv4 within IPv6 as IPv4's; None when it is none."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


@lru_cache(maxsize=20_000)
def is_within(address: str | None, networks: tuple[str, ...]) -> bool:
    """Whether the address is in one of the networks; an unknown address is in none."""
    parsed = None if address is None else parse_address(address)
    return parsed is not None and any(parsed in network for network in _compiled(networks))


@lru_cache(maxsize=20_000)
def _compiled(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(map(ipaddress.ip_network, networks))


def check_name(name: str) -> str:
    """A key's name without blanks around it.

    Raises:  InvalidArgument
    """
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS:
        raise InvalidArgument(f"name: expected 1 to {MAX_NAME_CHARACTERS} characters, got {len(name)}")
    if any(unicodedata.category(character) == "Cc" for character in name):
        raise InvalidArgument("name: expected no control characters")
    return name.strip()


def check_rate(requests_per_minute_count: int | None) -> None:
    """A key's own rate is positive, or there is none.

    Raises:  InvalidArgument
    """
    if requests_per_minute_count is not None and not 1 <= requests_per_minute_count <= MAX_RATE:
        raise InvalidArgument(
            f"requests_per_minute_count: expected 1 to {MAX_RATE}, got {requests_per_minute_count}"
        )


def settle_expiry(expires_at: Expiry, *, now: datetime) -> datetime | None:
    """When a new key ends: after 90 days unless something was said; None is never.

    Raises:  InvalidArgument for a moment that is past, too far away, or without its time zone
    """
    if expires_at is DEFAULT:
        return now + DEFAULT_LIFETIME
    if expires_at is None:
        return None
    if expires_at.tzinfo is None:
        raise InvalidArgument("expires_at: expected a time with its zone, such as 2030-01-31T00:00:00Z")
    if expires_at <= now:
        raise InvalidArgument("expires_at: expected a time to come")
    if expires_at > now + MAX_LIFETIME:
        raise InvalidArgument("expires_at: expected at most ten years from now, or null for never")
    return expires_at


def overlap_of(seconds: int) -> timedelta:
    """A number of seconds as an overlap; any past the longest one is out of range too, and no timedelta."""
    return timedelta(seconds=max(-1, min(seconds, 2 * int(MAX_OVERLAP.total_seconds()))))


def check_overlap(overlap: timedelta) -> None:
    """How long the old key still works after a rotation.

    Raises:  InvalidArgument
    """
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        longest, got = int(MAX_OVERLAP.total_seconds()), int(overlap.total_seconds())
        raise InvalidArgument(f"overlap_seconds: expected 0 to {longest}, got {got}")
