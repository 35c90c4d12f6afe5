"""From rows of a read to the columns that the wire asks for. [pure]"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from vectors.cells.parameters import read_vectors
from vectors.query.parts import hydrated
from vectors.types import Include, Rows

_FIELDS = {
    Include.DOCUMENTS: "documents",
    Include.METADATAS: "metadatas",
    Include.URIS: "uris",
    Include.EMBEDDINGS: "embeddings",
}


def columns(
    rows: Sequence[tuple[Any, ...]],
    include: Collection[Include],
    *,
    id_place: int,
    distance_place: int | None = None,
) -> Rows:
    """Columns of rows whose hydrated values stand last, in the order of `parts.hydrated`.

    The second value of each row is the collection's logical bytes.
    Shapes:  rows n, each of the same width; a row without id stands for "nothing matched" and is left out
    """
    found = [row for row in rows if row[id_place] is not None]
    collection_bytes = int(rows[0][1]) if rows else 0
    asked = hydrated(include)
    if not found:
        empty: dict[str, Any] = {_FIELDS[column]: [] for column in asked}
        if Include.EMBEDDINGS in asked:
            empty["embeddings"] = np.zeros((0, 0), dtype=np.float32)
        distances = None if distance_place is None else np.zeros(0, dtype=np.float32)
        return Rows(ids=[], distances=distances, collection_bytes=collection_bytes, **empty)
    by_column = list(zip(*found, strict=True))
    values: dict[str, Any] = {}
    for column, column_values in zip(asked, by_column[len(by_column) - len(asked) :], strict=True):
        values[_FIELDS[column]] = column_values
    if "embeddings" in values:
        payloads = values["embeddings"]
        values["embeddings"] = read_vectors(payloads, (len(payloads[0]) - 4) // 4)
    if distance_place is not None:
        values["distances"] = np.array(by_column[distance_place], dtype=np.float32)
    return Rows(ids=by_column[id_place], collection_bytes=collection_bytes, **values)
