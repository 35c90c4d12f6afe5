"""The values that cross modules, frozen. [pure]"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt

Float32Matrix = npt.NDArray[np.float32]


class Operation(Enum):
    """A write's kind; the value stands in the ledger."""

    ADD = "add"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"


@dataclass(frozen=True)
class RecordBatch:
    """The records of one write, column by column.

    Shapes:  every given column has one entry per id; embeddings (number present, d), with
             `has_embedding` (n,) marking which records carry one (None: all)
    metadatas: JSON texts of flat objects; a null value in one means "remove the key"
    """

    ids: Sequence[str]
    embeddings: Float32Matrix | None
    has_embedding: npt.NDArray[np.bool_] | None = None
    documents: Sequence[str | None] | None = None
    uris: Sequence[str | None] | None = None
    metadatas: Sequence[bytes | None] | None = None

    @property
    def dimension(self) -> int | None:
        """The embeddings' dimension; None when there are none."""
        return None if self.embeddings is None or not len(self.embeddings) else int(self.embeddings.shape[1])


@dataclass(frozen=True, eq=False)
class Segment:
    """A sealed segment as the planner sees it."""

    segment_id: int
    rows: int
    zero_rows: int
    graph: str | None
    statistics: dict[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> str:
        """The name of its table."""
        return f"segment_{self.segment_id}"

    @property
    def array_keys(self) -> Collection[str] | None:
        """The metadata keys under which a row has an array; None: it may be any.

        A segment older than this fact has no arrays.
        """
        found: Collection[str] | None = self.statistics.get("array_keys", ())
        return found


@dataclass(frozen=True)
class Indexed:
    """What a collection's schema lets filters ask.

    kinds:      value types that have an inverted index unless a key says otherwise
    exceptions: pairs (key, value type) that do say otherwise
    """

    kinds: frozenset[str]
    exceptions: frozenset[tuple[str, str]]
    has_full_text: bool

    def allows(self, key: str, kind: str) -> bool:
        """Whether values of this type under this key may be compared."""
        return (kind in self.kinds) is not ((key, kind) in self.exceptions)


@dataclass(frozen=True, eq=False)
class Manifest:
    """What serves a collection at one version; immutable, so that processes may keep it.

    indexed: what filters may ask; None: anything
    """

    collection_id: UUID
    tenant_id: UUID
    database_id: UUID
    database_name: str
    cell: str
    space: str
    ef_search: int
    dimension: int | None
    version: int
    compacted_to: int
    segments: tuple[Segment, ...]
    indexed: Indexed | None = None


class Include(Enum):
    """What a read returns beside ids."""

    EMBEDDINGS = "embeddings"
    DOCUMENTS = "documents"
    METADATAS = "metadatas"
    URIS = "uris"
    DISTANCES = "distances"


@dataclass(frozen=True)
class Rows:
    """Records in order, column by column; a column that was not asked for is None.

    embeddings: (n, d) float32; metadatas: JSON texts; distances: as the wire reports them
    collection_bytes: logical bytes of the whole collection, as the read saw it
    """

    ids: Sequence[str]
    embeddings: Float32Matrix | None = None
    documents: Sequence[str | None] | None = None
    metadatas: Sequence[str | None] | None = None
    uris: Sequence[str | None] | None = None
    distances: npt.NDArray[np.float32] | None = None
    collection_bytes: int = 0


@dataclass(frozen=True)
class BrowsedRecord:
    """A record as a list shows it.

    document:             its beginning; None: it has none
    document_characters:  of the whole document
    distance:             from what it was compared with, as the wire reports it; None: with nothing
    """

    record_id: str
    ordinal: int
    document: str | None
    document_characters: int
    uri: str | None
    metadata_json: str | None
    distance: float | None = None

    @property
    def is_cut(self) -> bool:
        """Whether there is more of the document."""
        return self.document is not None and len(self.document) < self.document_characters
