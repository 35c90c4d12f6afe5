"""LlamaIndex: an index over a Chroma collection, by CloudClient, and by host and header alone."""

from __future__ import annotations

import json
import os

import chromadb
from llama_index.core import MockEmbedding, StorageContext, VectorStoreIndex
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.schema import TextNode
from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters
from llama_index.vector_stores.chroma import ChromaVectorStore

COLOURS = ["red", "yellow", "green", "blue"]
HOST, PORT = os.environ["TESSERA_HOST"], int(os.environ["TESSERA_PORT"])


class CountColours(BaseEmbedding):
    """How often each colour is named: an embedding without a model."""

    def _get_text_embedding(self, text: str) -> list[float]:
        return [float(text.count(colour)) for colour in COLOURS]

    def _get_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_text_embedding(query)


def node(name: str, text: str, grams: int) -> TextNode:
    """A piece of text with its metadata."""
    return TextNode(id_=name, text=text, metadata={"grams": grams})


# --- by CloudClient: the way that LlamaIndex describes ------------------------------------------------
client = chromadb.CloudClient(
    tenant=os.environ["TESSERA_TENANT"],
    database=os.environ["TESSERA_DATABASE"],
    api_key=os.environ["TESSERA_KEY"],
    cloud_host=HOST,
    cloud_port=PORT,
    enable_ssl=False,
)
collection = client.get_or_create_collection("llama-fruit", embedding_function=None)
store = ChromaVectorStore(chroma_collection=collection)
nodes = [
    node("apple", "a red apple", 150),
    node("banana", "a yellow banana", 120),
    node("pear", "a green pear", 180),
]
index = VectorStoreIndex(
    nodes,
    storage_context=StorageContext.from_defaults(vector_store=store),
    embed_model=CountColours(),
)
index.insert_nodes([node("cherry", "a red cherry", 8)])
light = MetadataFilters(filters=[MetadataFilter(key="grams", value=100, operator=FilterOperator.LT)])
seen = {
    "nearest": [
        (found.node.node_id, found.node.get_content())
        for found in index.as_retriever(similarity_top_k=1).retrieve("yellow")
    ],
    "light": [found.node.node_id for found in index.as_retriever(filters=light).retrieve("red")],
}
store.delete_nodes(["apple"])
seen["left"] = sorted(found.node_id for found in store.get_nodes(None))

# --- a second program that opens what is there --------------------------------------------------------
opened = VectorStoreIndex.from_vector_store(
    ChromaVectorStore.from_collection(client.get_collection("llama-fruit", embedding_function=None)),
    embed_model=CountColours(),
)
seen["opened"] = [found.node.node_id for found in opened.as_retriever(similarity_top_k=1).retrieve("green")]

# --- by host and header alone: this way has no arguments for tenant and database ----------------------
plain = ChromaVectorStore.from_params(
    "llama-plain",
    host=HOST,
    port=PORT,
    headers={"x-chroma-token": os.environ["TESSERA_LIMITED_KEY"]},
    collection_kwargs={"embedding_function": None},
)
VectorStoreIndex(
    [node("plum", "a blue plum", 30)],
    storage_context=StorageContext.from_defaults(vector_store=plain),
    embed_model=MockEmbedding(embed_dim=4),
)
seen["plain"] = [found.node_id for found in plain.get_nodes(None)]

print(json.dumps(seen))
