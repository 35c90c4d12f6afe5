"""Bodies of the tenant, database and collection routes (contract, sections 7 to 9)."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from cloud.api.schemas.functions import EmbeddingFunction

Space = Literal["l2", "cosine", "ip"]
Whole = Annotated[int, msgspec.Meta(ge=0)]


class NewName(msgspec.Struct):
    """Create a tenant or a database."""

    name: str


class NewResourceName(msgspec.Struct):
    """Name a tenant in CRNs."""

    resource_name: str


class HnswChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What can be changed of an HNSW index."""

    ef_search: Whole | None = None
    max_neighbors: Whole | None = None
    resize_factor: float | None = None
    sync_threshold: Whole | None = None
    num_threads: Whole | None = None
    batch_size: Whole | None = None


class Hnsw(HnswChange):
    """An HNSW index: null and absent members take their default."""

    space: Space | None = None
    ef_construction: Whole | None = None


class Spann(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A SPANN index: only its space is kept."""

    space: Space | None = None
    search_nprobe: Whole | None = None
    write_nprobe: Whole | None = None
    ef_construction: Whole | None = None
    ef_search: Whole | None = None
    max_neighbors: Whole | None = None
    reassign_neighbor_count: Whole | None = None
    split_threshold: Whole | None = None
    merge_threshold: Whole | None = None


class SpannChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What can be changed of a SPANN index."""

    search_nprobe: Whole | None = None
    ef_search: Whole | None = None


class Configuration(msgspec.Struct):
    """The configuration of a new collection."""

    hnsw: Hnsw | None = None
    spann: Spann | None = None
    embedding_function: EmbeddingFunction | None = None


class ConfigurationChange(msgspec.Struct):
    """The configuration of an update."""

    hnsw: HnswChange | None = None
    spann: SpannChange | None = None
    embedding_function: EmbeddingFunction | None = None


Metadata = dict[str, str | int | float | bool | list[Any] | dict[str, Any] | None]


class CreateCollection(msgspec.Struct):
    """`POST P/collections`."""

    name: str
    metadata: Metadata | None = None
    configuration: Configuration | None = None
    schema: dict[str, Any] | None = None
    get_or_create: bool = False


class UpdateCollection(msgspec.Struct):
    """`PUT K`."""

    new_name: str | None = None
    new_metadata: Metadata | None = None
    new_configuration: ConfigurationChange | None = None


class ForkCollection(msgspec.Struct):
    """`POST K/fork`."""

    new_name: str


def members(struct: msgspec.Struct | None) -> dict[str, Any] | None:
    """The members of a structure that are not null, as plain values."""
    if struct is None:
        return None
    plain: dict[str, Any] = msgspec.to_builtins(struct)
    return {name: value for name, value in plain.items() if value is not None}
