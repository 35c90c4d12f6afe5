"""How much one request and one tenant may be: a plan's limits, and the wire's words when passed. [pure]"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from tenants import observed
from tenants.errors import InvalidArgument, QuotaExceeded

MAX_LIMIT = 2**53 - 1  # what every JSON reader keeps exact


@dataclass(frozen=True)
class Limits:
    """A plan's limits; the defaults are Chroma Cloud's (contract, section 4).

    Where Cloud documents none, the default of the reference's code stands, but for a value to filter by: what
    can be stored can also be looked for.
    """

    records_per_write_count: int = 300
    embedding_dimension: int = 4_096
    sparse_vector_dimension: int = 4_096
    id_bytes: int = 128
    document_bytes: int = 16_384
    uri_bytes: int = 256
    metadata_key_bytes: int = 36
    metadata_value_bytes: int = 8_182
    metadata_keys_count: int = 32
    collection_metadata_value_bytes: int = 256
    name_bytes: int = 128
    where_predicates_count: int = 8
    where_value_bytes: int = 8_182
    where_document_predicates_count: int = 8
    where_document_characters: int = 256
    regex_characters: int = 256
    limit_value: int = 300
    results_count: int = 300
    query_embeddings_count: int = 20
    query_ids_count: int = 1_000
    rank_limit_value: int = 384
    search_payloads_count: int = 5
    knn_per_rank_count: int = 5
    group_by_keys_count: int = 16
    aggregate_keys_count: int = 16
    collection_records_count: int = 5_000_000
    collections_count: int = 1_000_000
    databases_count: int = 10
    forks_count: int = 256
    functions_count: int = 10
    import_bytes: int = 1_073_741_824
    unfinished_transfers_count: int = 4
    requests_per_minute_count: int = 600_000
    concurrent_reads_count: int = 10
    concurrent_writes_count: int = 10

    @classmethod
    def from_overrides(cls, overrides: Mapping[str, int]) -> Limits:
        """The defaults with a plan's or a tenant's own values; what is no limit or no integer is ignored."""
        known = {limit.name for limit in fields(cls)}
        return cls(
            **{name: value for name, value in overrides.items() if name in known and type(value) is int}
        )


USAGE_NAMES = {
    "records_per_write_count": "Number of records",
    "embedding_dimension": "Embedding dimension",
    "sparse_vector_dimension": "Sparse vector populated dimension",
    "id_bytes": "ID size (bytes)",
    "document_bytes": "Document size (bytes)",
    "uri_bytes": "URI size (bytes)",
    "metadata_key_bytes": "Size of metadata dictionary key (bytes)",
    "metadata_value_bytes": "Size of metadata dictionary value (bytes)",
    "metadata_keys_count": "Number of metadata dictionary keys",
    "collection_metadata_value_bytes": "Size of metadata dictionary value (bytes)",
    "name_bytes": "Name size (bytes)",
    "where_predicates_count": "Number of where clause predicates",
    "where_value_bytes": "Size of where clause value (bytes)",
    "where_document_predicates_count": "Number of where document predicates",
    "where_document_characters": "Length of where document value",
    "regex_characters": "Length of regex pattern",
    "limit_value": "Limit value",
    "results_count": "Number of results",
    "query_embeddings_count": "Number of query embeddings",
    "query_ids_count": "Number of IDs to filter by in a query",
    "rank_limit_value": "Limit value in rank expression",
    "search_payloads_count": "Number of search payloads in a search",
    "knn_per_rank_count": "Number of knn searches in a rank expression",
    "group_by_keys_count": "Number of group by keys in a search payload",
    "aggregate_keys_count": "Number of aggregate keys in a search payload",
    "collection_records_count": "Collection size (records)",
    "collections_count": "Number of collections",
    "databases_count": "Number of databases",
    "forks_count": "Number of forks",
    "functions_count": "Number of functions attached to a collection",
    "import_bytes": "Import size (bytes)",
    "unfinished_transfers_count": "Number of unfinished imports and exports",
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
    observed.note(limit_name, usage)


def parse_overrides(words: Mapping[str, str]) -> dict[str, int]:
    """Limits as an operator writes them, checked.

    Raises:  InvalidArgument for a name that is no limit, or a value that is no count
    """
    known = {limit.name for limit in fields(Limits)}
    for name, value in words.items():
        if name not in known:
            raise InvalidArgument(f"{name!r} is no limit; the limits are {', '.join(sorted(known))}")
        if not value.isascii() or not value.isdigit() or int(value) > 2**62:
            raise InvalidArgument(f"{name} must be an integer of at least 0, got {value!r}")
    return {name: int(value) for name, value in words.items()}
