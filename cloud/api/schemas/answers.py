"""The shapes of answers: what the API description promises, and what tests read answers into.

Views build their answers from plain values, for speed; these structures are not on that path. They are
closed: a member that is not here is a difference between the service and its description.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from cloud.api.schemas.collections import Space
from cloud.api.schemas.records import U32
from vectors.types import Include


class Answer(msgspec.Struct, forbid_unknown_fields=True):
    """What all answers share: members that are not listed do not occur."""


class Error(Answer):
    """Every failure: `error` names its kind, `message` says what was expected."""

    error: str
    message: str


class Nothing(Answer):
    """The answer of a write that has nothing to say."""


class Heartbeat(Answer):
    """Nanoseconds since 1970."""

    nanoseconds: int = msgspec.field(name="nanosecond heartbeat")


class Health(Answer):
    """Whether the stores answer."""

    is_executor_ready: bool
    is_log_client_ready: bool


class PreFlight(Answer):
    """What a client may send at once."""

    max_batch_size: U32
    supports_base64_encoding: bool


class Identity(Answer):
    """Who the key is; `databases` is `["*"]` for a key that reaches all of its tenant's."""

    user_id: str
    tenant: str
    databases: list[str]


class Tenant(Answer):
    """A tenant."""

    name: str
    resource_name: str | None


class Database(Answer):
    """A database."""

    id: UUID
    name: str
    tenant: str


class HnswConfiguration(Answer):
    """The parameters of an HNSW index."""

    space: Space
    ef_construction: int
    ef_search: int
    max_neighbors: int
    resize_factor: float
    sync_threshold: int


class SpannConfiguration(Answer):
    """The parameters of a SPANN index."""

    space: Space
    search_nprobe: int
    write_nprobe: int
    ef_construction: int
    ef_search: int
    max_neighbors: int
    reassign_neighbor_count: int
    split_threshold: int
    merge_threshold: int


class CollectionConfiguration(Answer):
    """Exactly one of `hnsw` and `spann` is not null."""

    hnsw: HnswConfiguration | None
    spann: SpannConfiguration | None
    embedding_function: Any


class HnswParameters(Answer):
    """The same in a schema, where the space stands outside."""

    ef_construction: int
    max_neighbors: int
    ef_search: int
    num_threads: int
    batch_size: int
    sync_threshold: int
    resize_factor: float


class SpannParameters(Answer):
    """The same in a schema, with what a configuration does not show."""

    search_nprobe: int | UnsetType = UNSET
    search_rng_factor: float | UnsetType = UNSET
    search_rng_epsilon: float | UnsetType = UNSET
    nreplica_count: int | UnsetType = UNSET
    write_nprobe: int | UnsetType = UNSET
    write_rng_factor: float | UnsetType = UNSET
    write_rng_epsilon: float | UnsetType = UNSET
    split_threshold: int | UnsetType = UNSET
    num_samples_kmeans: int | UnsetType = UNSET
    initial_lambda: float | UnsetType = UNSET
    reassign_neighbor_count: int | UnsetType = UNSET
    merge_threshold: int | UnsetType = UNSET
    num_centers_to_merge_to: int | UnsetType = UNSET
    ef_construction: int | UnsetType = UNSET
    ef_search: int | UnsetType = UNSET
    max_neighbors: int | UnsetType = UNSET
    center_drift_threshold: float | UnsetType = UNSET
    quantize: str | UnsetType = UNSET


class NoConfig(Answer):
    """An index without parameters."""


class FtsConfig(Answer):
    """A full-text index."""

    algorithm: Literal["trigram", "token_bitmap"] | UnsetType = UNSET


class VectorConfig(Answer):
    """The index of the embeddings."""

    space: Space | UnsetType = UNSET
    embedding_function: Any = UNSET
    source_key: str | UnsetType = UNSET
    hnsw: HnswParameters | UnsetType = UNSET
    spann: SpannParameters | UnsetType = UNSET


class SparseVectorConfig(Answer):
    """An index of sparse vectors."""

    embedding_function: Any = UNSET
    source_key: str | UnsetType = UNSET
    bm25: bool | UnsetType = UNSET
    algorithm: Literal["wand", "max_score"] | UnsetType = UNSET


class InvertedIndex(Answer):
    """An index of the values of one type."""

    enabled: bool
    config: NoConfig


class FtsIndex(Answer):
    """An index of the substrings of documents."""

    enabled: bool
    config: FtsConfig


class VectorIndex(Answer):
    """An index of the nearest neighbours."""

    enabled: bool
    config: VectorConfig


class SparseVectorIndex(Answer):
    """An index of sparse vectors."""

    enabled: bool
    config: SparseVectorConfig


class StringIndexes(Answer):
    """The indexes of strings."""

    fts_index: FtsIndex | UnsetType = UNSET
    string_inverted_index: InvertedIndex | UnsetType = UNSET


class IntIndexes(Answer):
    """The indexes of integers."""

    int_inverted_index: InvertedIndex | UnsetType = UNSET


class FloatIndexes(Answer):
    """The indexes of floats."""

    float_inverted_index: InvertedIndex | UnsetType = UNSET


class BoolIndexes(Answer):
    """The indexes of booleans."""

    bool_inverted_index: InvertedIndex | UnsetType = UNSET


class FloatListIndexes(Answer):
    """The indexes of embeddings."""

    vector_index: VectorIndex | UnsetType = UNSET


class SparseVectorIndexes(Answer):
    """The indexes of sparse vectors."""

    sparse_vector_index: SparseVectorIndex | UnsetType = UNSET


class ValueTypes(Answer):
    """Which indexes there are, by the type of the value."""

    string: StringIndexes | UnsetType = UNSET
    float_list: FloatListIndexes | UnsetType = UNSET
    sparse_vector: SparseVectorIndexes | UnsetType = UNSET
    int: IntIndexes | UnsetType = UNSET
    float: FloatIndexes | UnsetType = UNSET
    bool: BoolIndexes | UnsetType = UNSET


class CustomerKey(Answer):
    """A key that the customer manages."""

    gcp: str


class Schema(Answer):
    """The indexes of a collection: of the keys that have their own, and of all others."""

    defaults: ValueTypes
    keys: dict[str, ValueTypes]
    cmek: CustomerKey | UnsetType = UNSET


class Collection(Answer):
    """A collection; all members are always present."""

    id: UUID
    name: str
    configuration_json: CollectionConfiguration
    schema: Schema
    metadata: dict[str, Any] | None
    dimension: U32 | None
    tenant: str
    database: str
    log_position: int
    version: int


class Deleted(Answer):
    """How many records a delete removed, or the number of ids when only ids were given."""

    deleted: U32


class Records(Answer):
    """Records column by column, in order of insertion; a column that was not asked for is null."""

    ids: list[str]
    embeddings: list[list[float]] | None
    documents: list[str | None] | None
    uris: list[str | None] | None
    metadatas: list[dict[str, Any] | None] | None
    include: list[Include]


class Neighbors(Answer):
    """A list per query embedding, nearest first; a column that was not asked for is null."""

    ids: list[list[str]]
    embeddings: list[list[list[float]]] | None
    documents: list[list[str | None]] | None
    uris: list[list[str | None]] | None
    metadatas: list[list[dict[str, Any] | None]] | None
    distances: list[list[float | None]] | None
    include: list[Include]


class ForkCount(Answer):
    """How many forks the tree of a collection has."""

    count: U32


class Found(Answer):
    """An entry per search in each member; null where it did not select the member."""

    ids: list[list[str]]
    documents: list[list[str | None] | None]
    embeddings: list[list[list[float]] | None]
    metadatas: list[list[dict[str, Any] | None] | None]
    scores: list[list[float | None] | None]
    select: list[list[str]]


class IndexingStatus(Answer):
    """How many operations of the log are in the index."""

    op_indexing_progress: float
    num_unindexed_ops: int
    num_indexed_ops: int
    total_ops: int
