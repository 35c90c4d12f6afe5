"""The Python client: searches of every kind. Prints what it saw."""

from __future__ import annotations

import json
import os
from collections.abc import Callable

import chromadb
from chromadb.base_types import SparseVector
from chromadb.execution.expression import GroupBy, K, Knn, MinK, Rrf, Search

client = chromadb.HttpClient(
    host=os.environ["TESSERA_HOST"],
    port=int(os.environ["TESSERA_PORT"]),
    headers={"x-chroma-token": os.environ["TESSERA_KEY"]},
    tenant=os.environ["TESSERA_TENANT"],
    database=os.environ["TESSERA_DATABASE"],
)
places = client.create_collection("python-searched", embedding_function=None)
places.add(
    ids=["a", "b", "c", "d"],
    embeddings=[[1, 0], [2, 0], [0, 1], [0, 3]],
    documents=["first", "more", "third", None],
    metadatas=[{"n": 1, "kind": "x"}, {"n": 2, "kind": "x"}, {"n": 3, "kind": "y"}, {"n": 4, "kind": "y"}],
)


def failure(search: Callable[[], object]) -> str:
    """What the client says when a search is refused."""
    try:
        search()
    except Exception as error:  # noqa: BLE001 (whatever the client makes of it)
        return str(error)
    raise AssertionError("it was not refused")


near_b = Search().where(K("kind") == "x").rank(Knn(query=[2, 0])).limit(2)
ranked = places.search(near_b.select("n", K.SCORE))
rows = places.search(near_b.select(K.DOCUMENT, K.SCORE)).rows()
ranks = [Knn(query=query, return_rank=True) for query in ([1, 0], [1, 0])]
grouped = Search().rank(Knn(query=[1, 0]))
sparse = Knn(query=SparseVector(indices=[1], values=[1.0]), key="terms")
print(
    json.dumps(
        {
            "ranked": {member: ranked[member] for member in ("ids", "scores", "metadatas")},
            "fused": places.search(Search().rank(Rrf(ranks)))["ids"],
            "grouped": places.search(
                grouped.group_by(GroupBy(keys=K("kind"), aggregate=MinK(keys=K.SCORE, k=1)))
            )["ids"],
            "many": places.search([Search().limit(1), Search().rank(Knn(query=[0, 3], limit=1))])["ids"],
            "rows": [[row["id"], row["document"], row["score"]] for row in rows[0]],
            "errors": [
                failure(lambda: places.search(Search().rank(Knn(query=[1, 2, 3])))).split(" (trace")[0],
                "SparseVector"
                if "'SparseVector'" in failure(lambda: places.search(Search().rank(sparse)))
                else "",
            ],
        }
    )
)
