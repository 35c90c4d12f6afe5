"""Bodies of the record routes (contract, sections 11 and 13)."""

from __future__ import annotations

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
