"""Bodies: every request of the bench as JSON bytes, made before the clock starts.

Written as the Python client writes them: embeddings of records as base64 of little-endian float32 (both
servers allow it in their pre-flight answer), query embeddings as numbers, `include` with the client's
defaults.
"""

import base64
from collections.abc import Iterable, Sequence

import numpy as np
import orjson
from numpy.typing import NDArray

from bench.data import Dataset, Vectors
from bench.filters import NEIGHBORS, Filter

BATCH_RECORDS = 300  # the plan's records-per-write limit on the wire reference's cloud
GET_IDS = 100
GET_LIMIT = 100
REVISION_KEY = "bench_revision"


def batches(dataset: Dataset) -> list[bytes]:
    """All records of a data set in write bodies of at most BATCH_RECORDS."""
    return [batch(dataset, start) for start in range(0, len(dataset), BATCH_RECORDS)]


def batch(dataset: Dataset, start: int, *, revision: int = 0) -> bytes:
    """The write body of the records from `start` on.

    A revision other than 0 makes changed images of them: another record's embedding, a longer document, and
    the revision in the metadata.
    """
    rows = np.arange(start, min(start + BATCH_RECORDS, len(dataset)))
    documents = [dataset.documents[row] for row in rows]
    metadatas = [dataset.metadatas[row] for row in rows]
    if revision:
        documents = [f"{document} (revision {revision})" for document in documents]
        metadatas = [{**metadata, REVISION_KEY: revision} for metadata in metadatas]
    little_endian = revised_embeddings(dataset, rows, revision=revision).astype("<f4")
    return orjson.dumps(
        {
            "ids": [dataset.ids[row] for row in rows],
            "embeddings": [base64.b64encode(vector.tobytes()).decode() for vector in little_endian],
            "documents": documents,
            "metadatas": metadatas,
            "uris": None,
        }
    )


def revised_embeddings(dataset: Dataset, rows: NDArray[np.int_], *, revision: int) -> Vectors:
    """The embeddings that `rows` have at a revision: those of the records `revision` places further on."""
    return dataset.embeddings[(rows + revision) % len(dataset)]


def queries(vectors: Vectors, chosen: Filter) -> list[bytes]:
    return [
        orjson.dumps(
            {
                "query_embeddings": [vector],
                "n_results": NEIGHBORS,
                "ids": None,
                "where": chosen.where,
                "where_document": chosen.where_document,
                "include": ["metadatas", "documents", "distances"],
            },
            option=orjson.OPT_SERIALIZE_NUMPY,
        )
        for vector in vectors
    ]


def searches(vectors: Vectors, chosen: Filter) -> list[bytes]:
    """The same questions as `queries`, as the Search API asks them; for a filter of metadata alone."""
    return [
        orjson.dumps(
            {
                "searches": [
                    {
                        "filter": chosen.where,
                        "rank": {"$knn": {"query": vector, "key": "#embedding", "limit": NEIGHBORS}},
                        "group_by": {},
                        "limit": {"offset": 0, "limit": NEIGHBORS},
                        "select": {"keys": ["#document", "#metadata", "#score"]},
                    }
                ],
                "read_level": "index_and_wal",
            },
            option=orjson.OPT_SERIALIZE_NUMPY,
        )
        for vector in vectors
    ]


def search_as_query(answer: bytes) -> bytes:
    """A search's answer with the member names of a query's."""
    found = orjson.loads(answer)
    return orjson.dumps({**found, "distances": found["scores"]})


def get_by_ids(groups: Iterable[Sequence[str]]) -> list[bytes]:
    return [_get(ids=list(ids), where=None, row_limit=None) for ids in groups]


def get_where(chosen: Filter) -> bytes:
    return _get(ids=None, where=chosen.where, row_limit=GET_LIMIT)


def _get(*, ids: list[str] | None, where: dict[str, object] | None, row_limit: int | None) -> bytes:
    return orjson.dumps(
        {
            "ids": ids,
            "where": where,
            "where_document": None,
            "limit": row_limit,
            "offset": 0 if row_limit else None,
            "include": ["metadatas", "documents"],
        }
    )
