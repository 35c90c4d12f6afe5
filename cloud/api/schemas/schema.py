"""The shape of a schema (contract, section 10.1), from the names that clients may write to the plain ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar

import msgspec

from cloud.api.schemas.functions import EmbeddingFunction
from tenants.errors import Unprocessable

T = TypeVar("T")
Whole = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    """The config of an index without members."""


class FullText(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The config of `fts_index`."""

    algorithm: Literal["trigram", "token_bitmap"] = "trigram"


class Hnsw(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`hnsw` of a vector index; its space stands beside it."""

    ef_construction: Whole | None = None
    max_neighbors: Whole | None = None
    ef_search: Whole | None = None
    num_threads: Whole | None = None
    batch_size: Whole | None = None
    sync_threshold: Whole | None = None
    resize_factor: float | None = None


class Spann(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """`spann` of a vector index."""

    search_nprobe: Whole | None = None
    search_rng_factor: float | None = None
    search_rng_epsilon: float | None = None
    nreplica_count: Whole | None = None
    write_rng_factor: float | None = None
    write_rng_epsilon: float | None = None
    split_threshold: Whole | None = None
    num_samples_kmeans: Whole | None = None
    initial_lambda: float | None = None
    reassign_neighbor_count: Whole | None = None
    merge_threshold: Whole | None = None
    num_centers_to_merge_to: Whole | None = None
    write_nprobe: Whole | None = None
    ef_construction: Whole | None = None
    ef_search: Whole | None = None
    max_neighbors: Whole | None = None
    center_drift_threshold: float | None = None
    quantize: Literal["none", "four_bit_rabit_q_with_u_search"] = "none"


class Vector(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The config of `vector_index`."""

    space: Literal["l2", "cosine", "ip"] | None = None
    embedding_function: EmbeddingFunction | None = None
    source_key: str | None = None
    hnsw: Hnsw | None = None
    spann: Spann | None = None


class Sparse(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The config of `sparse_vector_index`."""

    embedding_function: EmbeddingFunction | None = None
    source_key: str | None = None
    bm25: bool | None = None
    algorithm: Literal["wand", "max_score"] = "wand"


class InvertedIndex(msgspec.Struct):
    """An index over the values of one type."""

    enabled: bool
    config: Nothing


class FullTextIndex(msgspec.Struct):
    """An index over the parts of texts."""

    enabled: bool
    config: FullText


class VectorIndex(msgspec.Struct):
    """An index over embeddings."""

    enabled: bool
    config: Vector


class SparseIndex(msgspec.Struct):
    """An index over sparse vectors."""

    enabled: bool
    config: Sparse


class Strings(msgspec.Struct, omit_defaults=True):
    """Indexes over strings."""

    fts_index: FullTextIndex | None = None
    string_inverted_index: InvertedIndex | None = None


class Integers(msgspec.Struct, omit_defaults=True):
    """Indexes over integers."""

    int_inverted_index: InvertedIndex | None = None


class Floats(msgspec.Struct, omit_defaults=True):
    """Indexes over floats."""

    float_inverted_index: InvertedIndex | None = None


class Booleans(msgspec.Struct, omit_defaults=True):
    """Indexes over booleans."""

    bool_inverted_index: InvertedIndex | None = None


class FloatLists(msgspec.Struct, omit_defaults=True):
    """Indexes over lists of floats."""

    vector_index: VectorIndex | None = None


class SparseVectors(msgspec.Struct, omit_defaults=True):
    """Indexes over sparse vectors."""

    sparse_vector_index: SparseIndex | None = None


class ValueTypes(msgspec.Struct, omit_defaults=True):
    """Indexes by type of value, of one key or of all that have none of their own."""

    string: Strings | None = None
    float_list: FloatLists | None = None
    sparse_vector: SparseVectors | None = None
    integer: Integers | None = msgspec.field(default=None, name="int")
    number: Floats | None = msgspec.field(default=None, name="float")
    boolean: Booleans | None = msgspec.field(default=None, name="bool")


class Cmek(msgspec.Struct, forbid_unknown_fields=True):
    """A key of the customer's own: kept and given back."""

    gcp: str


_PREFIX = "Failed to deserialize the JSON body into the target type: "


def read(given: dict[str, Any]) -> dict[str, Any]:
    """A schema in plain names, without what it does not say.

    Raises:  Unprocessable with the path of what has another shape
    """
    top = _renamed("schema", given, lambda name: "keys" if name == "key_overrides" else name)
    for member in ("defaults", "keys"):
        if member not in top:
            raise Unprocessable(f"{_PREFIX}schema: missing field `{member}`")
    keys = _converted("schema.keys", top["keys"], dict[str, Any])
    plain = {
        "defaults": _value_types("schema.defaults", top["defaults"]),
        "keys": {key: _value_types(f"schema.keys.{key}", types) for key, types in keys.items()},
    }
    if top.get("cmek") is not None:
        plain["cmek"] = msgspec.to_builtins(_converted("schema.cmek", top["cmek"], Cmek))
    return plain


def _value_types(path: str, given: Any) -> Any:
    """wire: a value type may be written with `#` before it, an index with `$`."""
    types = _renamed(path, given, lambda name: name.removeprefix("#"))
    for kind, indexes in types.items():
        if isinstance(indexes, dict):
            types[kind] = _renamed(f"{path}.{kind}", indexes, lambda name: name.removeprefix("$"))
    return msgspec.to_builtins(_converted(path, types, ValueTypes))


def _renamed(path: str, given: Any, rename: Callable[[str], str]) -> dict[str, Any]:
    named: dict[str, Any] = {}
    for name, value in _converted(path, given, dict[str, Any]).items():
        if rename(name) in named:
            raise Unprocessable(f"{_PREFIX}{path}: duplicate field `{rename(name)}`")
        named[rename(name)] = value
    return named


def _converted(path: str, given: Any, kind: type[T]) -> T:
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as error:
        what, _, within = str(error).partition(" - at `$")
        raise Unprocessable(f"{_PREFIX}{path}{within.rstrip('`')}: {what}") from error
