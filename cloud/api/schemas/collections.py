"""Bodies of the tenant, database and collection routes (contract, sections 7 to 9)."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Space = Literal["l2", "cosine", "ip"]


class NewName(msgspec.Struct):
    """Create a tenant or a database."""

    name: str


class HnswChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What can be changed of an HNSW index."""

    ef_search: int | None = None
    max_neighbors: int | None = None
    resize_factor: float | None = None
    sync_threshold: int | None = None
    num_threads: int | None = None
    batch_size: int | None = None


class Hnsw(HnswChange):
    """An HNSW index: null and absent members take their default."""

    space: Space | None = None
    ef_construction: int | None = None


class Spann(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A SPANN index: only its space is kept."""

    space: Space | None = None
    search_nprobe: int | None = None
    write_nprobe: int | None = None
    ef_construction: int | None = None
    ef_search: int | None = None
    max_neighbors: int | None = None
    reassign_neighbor_count: int | None = None
    split_threshold: int | None = None
    merge_threshold: int | None = None


class SpannChange(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What can be changed of a SPANN index."""

    search_nprobe: int | None = None
    ef_search: int | None = None


class Configuration(msgspec.Struct):
    """The configuration of a new collection."""

    hnsw: Hnsw | None = None
    spann: Spann | None = None
    embedding_function: Any = None


class ConfigurationChange(msgspec.Struct):
    """The configuration of an update."""

    hnsw: HnswChange | None = None
    spann: SpannChange | None = None
    embedding_function: Any = None


Metadata = dict[str, str | int | float | bool | list[Any] | dict[str, Any] | None]


class CreateCollection(msgspec.Struct):
    """`POST P/collections`."""

    name: str
    metadata: Metadata | None = None
    configuration: Configuration | None = None
    schema: Any = None
    get_or_create: bool = False


class UpdateCollection(msgspec.Struct):
    """`PUT K`."""

    new_name: str | None = None
    new_metadata: Metadata | None = None
    new_configuration: ConfigurationChange | None = None


def members(struct: msgspec.Struct | None) -> dict[str, Any] | None:
    """The members of a structure that are not null."""
    if struct is None:
        return None
    return {name: value for name, value in msgspec.structs.asdict(struct).items() if value is not None}
