"""What the page of quotas shows: each limit in words, in groups, with how much of it is used. [pure]"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenants.quota_standing import Standing
from tenants.quotas import USAGE_NAMES

_GROUPS = {
    "What you have": (
        "databases_count",
        "collections_count",
        "collection_records_count",
        "forks_count",
        "functions_count",
    ),
    "How fast": ("requests_per_minute_count", "concurrent_reads_count", "concurrent_writes_count"),
    "A record": (
        "id_bytes",
        "document_bytes",
        "uri_bytes",
        "embedding_dimension",
        "sparse_vector_dimension",
        "metadata_keys_count",
        "metadata_key_bytes",
        "metadata_value_bytes",
    ),
    "A request": (),  # the rest
}
_WORDS = {
    "requests_per_minute_count": "Requests a minute",
    "concurrent_reads_count": "Reads at once, of a collection",
    "concurrent_writes_count": "Writes at once, of a collection",
    "collection_records_count": "Records of a collection",
    "collections_count": "Collections of a database",
    "forks_count": "Forks of a collection’s tree",
    "collection_metadata_value_bytes": "Size of a value in a collection’s metadata (bytes)",
}


@dataclass(frozen=True)
class Quota:
    """One limit in the table.

    percent:  of the limit that is used now or was at its peak; None where nothing is measured
    tone:     good, warn from 80 %, bad from 100 %
    """

    name: str
    label: str
    limit: int
    source: str
    used: int | None
    is_peak: bool
    percent: int | None

    @property
    def tone(self) -> str:
        """How near the limit is."""
        if self.percent is None or self.percent < 80:
            return "good"
        return "warn" if self.percent < 100 else "bad"


def label(limit_name: str) -> str:
    """A limit in words."""
    return _WORDS.get(limit_name) or USAGE_NAMES.get(limit_name, limit_name)


def groups(standings: Iterable[Standing]) -> list[tuple[str, Sequence[Quota]]]:
    """The limits under their headings."""
    by_name = {one.limit_name: _shown(one) for one in standings}
    named = {name for names in _GROUPS.values() for name in names}
    rest = tuple(name for name in by_name if name not in named)
    return [
        (heading, [by_name[name] for name in names or rest if name in by_name])
        for heading, names in _GROUPS.items()
    ]


def _shown(one: Standing) -> Quota:
    used = one.current if one.current is not None else one.peak
    return Quota(
        name=one.limit_name,
        label=label(one.limit_name),
        limit=one.limit,
        source=one.source,
        used=used,
        is_peak=one.current is None,
        percent=None if used is None or one.limit <= 0 else min(100, used * 100 // one.limit),
    )
