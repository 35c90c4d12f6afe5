"""Bodies of the record routes (contract, sections 11 and 13)."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from vectors.types import Include

U32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
Embedding = str | list[float]
Flat = dict[str, str | int | float | bool]
FlatOrNull = dict[str, str | int | float | bool | None]
Texts = list[str | None]


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
    where: Any = None
    where_document: Any = None
    limit: U32 | None = None


class Get(msgspec.Struct):
    """`POST K/get`."""

    ids: list[str] | None = None
    where: Any = None
    where_document: Any = None
    limit: U32 | None = None
    offset: U32 | None = None
    include: list[Include] = msgspec.field(default_factory=lambda: [Include.DOCUMENTS, Include.METADATAS])


class Query(msgspec.Struct):
    """`POST K/query`: query embeddings are always numbers."""

    query_embeddings: list[list[float]]
    n_results: U32 | None = None
    ids: list[str] | None = None
    where: Any = None
    where_document: Any = None
    include: list[Include] = msgspec.field(
        default_factory=lambda: [Include.METADATAS, Include.DOCUMENTS, Include.DISTANCES],
    )
