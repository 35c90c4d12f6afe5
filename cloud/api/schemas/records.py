"""Bodies of the record routes (contract, sections 11, 13 and 16)."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import msgspec

from vectors.types import Include

U32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Embedding = str | list[float]
Array = list[str | int | float | bool]  # of one type, which `vectors/metadata.py` checks
Flat = dict[str, str | int | float | bool | Array]
FlatOrNull = dict[str, str | int | float | bool | Array | None]
Texts = list[str | None]
_NO_FILTER = msgspec.Raw(b"null")


def _no_filter() -> msgspec.Raw:
    return _NO_FILTER


class Add(msgspec.Struct):
    """`POST K/add`: embeddings are required, metadata has no nulls."""

    ids: list[str]
    embeddings: list[Embedding]
    documents: Texts | None = None
    metadatas: list[Flat | None] | None = None
    uris: Texts | None = None


class Upsert(msgspec.Struct):
    """`POST K/upsert`: a null in metadata removes the key."""

    ids: list[str]
    embeddings: list[Embedding]
    documents: Texts | None = None
    metadatas: list[FlatOrNull | None] | None = None
    uris: Texts | None = None


class Update(msgspec.Struct):
    """`POST K/update`: everything but ids is optional."""

    ids: list[str]
    embeddings: list[Embedding | None] | None = None
    documents: Texts | None = None
    metadatas: list[FlatOrNull | None] | None = None
    uris: Texts | None = None


class Delete(msgspec.Struct):
    """`POST K/delete`."""

    ids: list[str] | None = None
    where: msgspec.Raw = msgspec.field(default_factory=_no_filter)
    where_document: msgspec.Raw = msgspec.field(default_factory=_no_filter)
    limit: U32 | None = None


class Get(msgspec.Struct):
    """`POST K/get`."""

    ids: list[str] | None = None
    where: msgspec.Raw = msgspec.field(default_factory=_no_filter)
    where_document: msgspec.Raw = msgspec.field(default_factory=_no_filter)
    limit: U32 | None = None
    offset: U32 | None = None
    include: list[Include] = msgspec.field(default_factory=lambda: [Include.DOCUMENTS, Include.METADATAS])


class Query(msgspec.Struct):
    """`POST K/query`: query embeddings are always numbers."""

    query_embeddings: list[list[float]]
    n_results: U32 | None = None
    ids: list[str] | None = None
    where: msgspec.Raw = msgspec.field(default_factory=_no_filter)
    where_document: msgspec.Raw = msgspec.field(default_factory=_no_filter)
    include: list[Include] = msgspec.field(
        default_factory=lambda: [Include.METADATAS, Include.DOCUMENTS, Include.DISTANCES],
    )


class ReadLevel(Enum):
    """Whether a read counts records that are in no index yet."""

    INDEX_AND_WAL = "index_and_wal"
    INDEX_ONLY = "index_only"
    INDEX_AND_BOUNDED_WAL = "index_and_bounded_wal"


class SortKeys(msgspec.Struct):
    """At most k records, by these keys: metadata keys or `#score`."""

    keys: list[str]
    k: U32


class Aggregate(msgspec.Struct, forbid_unknown_fields=True):
    """Which records of a group are kept: exactly one member."""

    min_k: SortKeys | msgspec.UnsetType = msgspec.field(name="$min_k", default=msgspec.UNSET)
    max_k: SortKeys | msgspec.UnsetType = msgspec.field(name="$max_k", default=msgspec.UNSET)


class GroupBy(msgspec.Struct):
    """Groups of the ranked records by metadata keys; empty, none."""

    keys: list[str] = msgspec.field(default_factory=list)
    aggregate: Aggregate | None = None


class Page(msgspec.Struct):
    """Which of the records, in their order."""

    offset: U32 = 0
    limit: U32 | None = None


class Select(msgspec.Struct):
    """What is returned beside the ids."""

    keys: list[str] = msgspec.field(default_factory=list)


class SearchPayload(msgspec.Struct):
    """One search of several."""

    filter: msgspec.Raw = msgspec.field(default_factory=_no_filter)
    rank: msgspec.Raw = msgspec.field(default_factory=_no_filter)
    group_by: GroupBy = msgspec.field(default_factory=GroupBy)
    limit: Page = msgspec.field(default_factory=Page)
    select: Select = msgspec.field(default_factory=Select)


class Search(msgspec.Struct):
    """`POST K/search`."""

    searches: list[SearchPayload]
    read_level: ReadLevel = ReadLevel.INDEX_AND_WAL
