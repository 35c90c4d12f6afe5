"""LangChain: the Chroma vector store, by host and header, and with a CloudClient handed to it."""

from __future__ import annotations

import json
import os

import chromadb
from langchain_chroma import Chroma
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings

COLOURS = ["red", "yellow", "green", "blue"]


class CountColours(Embeddings):
    """How often each colour is named: an embedding without a model."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """One vector for each text."""
        return [[float(text.count(colour)) for colour in COLOURS] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        """The vector of a question."""
        return self.embed_documents([text])[0]


# --- a store of its own, by host, header, tenant and database -----------------------------------------
fruit = Chroma.from_texts(
    ["a red apple", "a yellow banana", "a green pear", "a red cherry, red all over"],
    CountColours(),
    metadatas=[{"grams": 150}, {"grams": 120}, {"grams": 180}, {"grams": 8}],
    ids=["apple", "banana", "pear", "cherry"],
    collection_name="langchain-fruit",
    host=os.environ["TESSERA_HOST"],
    port=int(os.environ["TESSERA_PORT"]),
    headers={"x-chroma-token": os.environ["TESSERA_KEY"]},
    tenant=os.environ["TESSERA_TENANT"],
    database=os.environ["TESSERA_DATABASE"],
    collection_configuration={"hnsw": {"space": "cosine"}},
)
seen = {
    "similar": [found.id for found in fruit.similarity_search("red", k=2)],
    "heavy": [
        (found.page_content, found.metadata, round(score, 5))
        for found, score in fruit.similarity_search_with_score("red", k=2, filter={"grams": {"$gt": 100}})
    ],
    "relevant": [round(score, 5) for _, score in fruit.similarity_search_with_relevance_scores("red", k=1)],
    "containing": [
        found.id for found in fruit.similarity_search("red", k=4, where_document={"$contains": "all over"})
    ],
    "diverse": [
        found.id for found in fruit.max_marginal_relevance_search("red", k=2, fetch_k=4, lambda_mult=0.25)
    ],
}
fruit.update_document("banana", Document("a blue banana", metadata={"grams": 121}))
fruit.add_documents([Document("a green lime", metadata={"grams": 60}, id="lime")])
fruit.delete(ids=["pear"])
retriever = fruit.as_retriever(search_kwargs={"k": 1, "filter": {"grams": {"$lt": 100}}})
seen["retrieved"] = [found.page_content for found in retriever.invoke("green")]
seen["left"] = fruit.get()["ids"]
seen["by_ids"] = [found.page_content for found in fruit.get_by_ids(["banana"])]

# --- a client handed over -----------------------------------------------------------------------------
cloud = chromadb.CloudClient(
    tenant=os.environ["TESSERA_TENANT"],
    database=os.environ["TESSERA_DATABASE"],
    api_key=os.environ["TESSERA_KEY"],
    cloud_host=os.environ["TESSERA_HOST"],
    cloud_port=int(os.environ["TESSERA_PORT"]),
    enable_ssl=False,
)
trees = Chroma(client=cloud, collection_name="langchain-trees", embedding_function=CountColours())
trees.add_texts(["a green fir", "a red maple"], ids=["fir", "maple"])
seen["trees"] = [found.id for found in trees.similarity_search("green", k=1)]
trees.delete_collection()

print(json.dumps(seen))
