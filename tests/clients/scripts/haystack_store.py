"""Haystack: the Chroma document store. It has no arguments for tenant and database: the key decides them."""

from __future__ import annotations

import json
import os
from typing import Any

from haystack import Document, Pipeline
from haystack.document_stores.errors import DuplicateDocumentError
from haystack.document_stores.types import DuplicatePolicy
from haystack_integrations.components.retrievers.chroma import ChromaEmbeddingRetriever
from haystack_integrations.document_stores.chroma import ChromaDocumentStore

KEY = os.environ["TESSERA_LIMITED_KEY"]


def open_store(name: str, **settings: Any) -> ChromaDocumentStore:
    """A store that sends the key as a bearer token, unless its settings name another header."""
    return ChromaDocumentStore(
        collection_name=name,
        host=os.environ["TESSERA_HOST"],
        port=int(os.environ["TESSERA_PORT"]),
        distance_function="cosine",
        client_settings={
            "chroma_client_auth_provider": "chromadb.auth.token_authn.TokenAuthClientProvider",
            "chroma_client_auth_credentials": KEY,
            "anonymized_telemetry": False,
            **settings,
        },
    )


def fruit(name: str, colour: list[float], grams: int) -> Document:
    """A document with an embedding of its own."""
    return Document(id=name, content=f"one {name}", embedding=colour, meta={"grams": grams})


store = open_store("haystack-fruit")
apple = fruit("apple", [1.0, 0.0, 0.0], 150)
written = store.write_documents(
    [apple, fruit("banana", [0.0, 1.0, 0.0], 120), fruit("pear", [0.0, 0.0, 1.0], 180)]
)
try:
    store.write_documents([apple], policy=DuplicatePolicy.FAIL)
    duplicate = "written twice"
except DuplicateDocumentError:
    duplicate = "refused"
store.write_documents([fruit("apple", [0.8, 0.6, 0.0], 151)], policy=DuplicatePolicy.OVERWRITE)

heavy = {"field": "meta.grams", "operator": ">", "value": 130}
pipeline = Pipeline()
pipeline.add_component("retriever", ChromaEmbeddingRetriever(store, top_k=1))
search = {"retriever": {"query_embedding": [0.0, 1.0, 0.0], "filters": heavy}}
nearest = pipeline.run(search)["retriever"]["documents"]

seen = {
    "written": written,
    "duplicate": duplicate,
    "heavy": sorted(found.id for found in store.filter_documents(heavy)),
    "nearest": [(found.id, found.content, found.meta, round(found.score or 0.0, 5)) for found in nearest],
}
store.delete_documents(["pear"])
seen["count"] = store.count_documents()

# The same key in the header of Chroma's own clients.
same = open_store("haystack-fruit", chroma_auth_token_transport_header="X-Chroma-Token")
seen["opened"] = sorted(found.id for found in same.filter_documents())

print(json.dumps(seen))
