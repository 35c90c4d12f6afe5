"""How much one request and one tenant may be: a plan's limits, and the wire's words when passed. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from tenants.errors import QuotaExceeded


@dataclass(frozen=True)
class Limits:
    """A plan's limits; the defaults are Chroma Cloud's documented ones (contract, section 4)."""

    records_per_write_count: int = 300
    embedding_dimension: int = 4_096
    id_bytes: int = 128
    document_bytes: int = 16_384
    uri_bytes: int = 256
    name_bytes: int = 128
    limit_value: int = 300
    results_count: int = 300
    query_embeddings_count: int = 20
    collection_records_count: int = 5_000_000
    databases_count: int = 10

    @classmethod
    def from_overrides(cls, overrides: Mapping[str, int]) -> Limits:
        """The defaults with a plan's or a tenant's own values; names that are not limits are ignored."""
        known = {limit.name for limit in fields(cls)}
        return cls(**{name: value for name, value in overrides.items() if name in known})


USAGE_NAMES = {
    "records_per_write_count": "Number of records",
    "embedding_dimension": "Embedding dimension",
    "id_bytes": "ID size (bytes)",
    "document_bytes": "Document size (bytes)",
    "uri_bytes": "URI size (bytes)",
    "name_bytes": "Name size (bytes)",
    "limit_value": "Limit value",
    "results_count": "Number of results",
    "query_embeddings_count": "Number of query embeddings",
    "collection_records_count": "Collection size (records)",
    "databases_count": "Number of databases",
}


def check(limits: Limits, limit_name: str, usage: int, *, action: str) -> None:
    """Refuse a usage above its limit.

    Raises:  QuotaExceeded, in the text that clients recognise by its first words
    Source:  contract, section 4
    """
    limit = getattr(limits, limit_name)
    if usage > limit:
        raise QuotaExceeded(
            f"Quota exceeded: '{USAGE_NAMES[limit_name]}' exceeded quota limit for action '{action}': "
            f"current usage of {usage} exceeds limit of {limit}",
        )
