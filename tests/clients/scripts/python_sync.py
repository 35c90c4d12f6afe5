"""The Python client: one tour over everything, by HttpClient and by CloudClient. Prints what it saw."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import chromadb

HOST = os.environ["TESSERA_HOST"]
PORT = int(os.environ["TESSERA_PORT"])
TENANT = os.environ["TESSERA_TENANT"]
DATABASE = os.environ["TESSERA_DATABASE"]
KEY = os.environ["TESSERA_KEY"]


def connect_by_http(key: str = KEY) -> chromadb.ClientAPI:
    """A client with the key as a header."""
    return chromadb.HttpClient(
        host=HOST, port=PORT, headers={"x-chroma-token": key}, tenant=TENANT, database=DATABASE
    )


def connect_to_cloud(key: str = KEY) -> chromadb.ClientAPI:
    """A client as for Chroma Cloud."""
    return chromadb.CloudClient(
        tenant=TENANT,
        database=DATABASE,
        api_key=key,
        cloud_host=HOST,
        cloud_port=PORT,
        enable_ssl=False,
    )


def tour(client: chromadb.ClientAPI, name: str) -> dict[str, Any]:
    """Everything that a collection can do."""
    seen: dict[str, Any] = {"heartbeat": client.heartbeat(), "version": client.get_version()}
    food = client.create_collection(
        name,
        metadata={"topic": "food"},
        configuration={"hnsw": {"space": "l2"}},
        embedding_function=None,
    )
    seen["created"] = {"name": food.name, "metadata": food.metadata}
    seen["is_the_same"] = client.get_or_create_collection(name, embedding_function=None).id == food.id
    write(food)
    seen |= read(food)
    by_ids = food.delete(ids=["banana"])
    by_filter = food.delete(where={"grams": {"$gt": 350}})
    seen["deleted"] = [by_ids["deleted"], by_filter["deleted"]]
    seen["left"] = food.get(include=[])["ids"]

    client.create_collection(f"{name}-short-lived", embedding_function=None)
    client.delete_collection(f"{name}-short-lived")
    food.modify(name=f"{name}-renamed", metadata={"topic": "groceries"})
    renamed = client.get_collection(f"{name}-renamed", embedding_function=None)
    seen["renamed"] = {
        "name": renamed.name,
        "metadata": renamed.metadata,
        "is_the_same": renamed.id == food.id,
    }
    seen["listed"] = [found.name for found in client.list_collections() if found.name.startswith(name)]
    seen["errors"] = {
        "not_found": failure(lambda: client.get_collection(f"{name}-missing")),
        "deleted": failure(lambda: client.delete_collection(f"{name}-short-lived")),
        "duplicate": failure(lambda: client.create_collection(f"{name}-renamed", embedding_function=None)),
        "dimension": failure(lambda: food.add(ids=["flat"], embeddings=[[1.0, 2.0]])),
        "quota": failure(
            lambda: food.add(ids=["long"], embeddings=[[1.0, 2.0, 3.0]], documents=["x" * 16_385])
        ),
    }
    return seen


def write(food: chromadb.Collection) -> None:
    """Add, upsert and update."""
    food.add(
        ids=["apple", "banana", "carrot", "daikon"],
        embeddings=[[1, 0, 0], [0.9, 0.1, 0], [0, 1, 0], [0, 0.9, 0.1]],
        documents=["a red apple", "a yellow banana", "an orange carrot", "a white daikon"],
        metadatas=[
            {"kind": "fruit", "grams": 150},
            {"kind": "fruit", "grams": 120},
            {"kind": "vegetable", "grams": 60},
            {"kind": "vegetable", "grams": 400},
        ],
    )
    food.upsert(
        ids=["carrot", "eggplant"],
        embeddings=[[0, 1, 0.25], [0, 0.5, 0.5]],
        documents=["a purple carrot", "a purple eggplant"],
        metadatas=[{"grams": 70}, {"kind": "vegetable", "grams": 300, "price": 0.25}],
    )
    food.update(ids=["apple"], metadatas=[{"grams": 200, "ripe": True}])
    food.update(ids=["apple"], embeddings=[[1, 0, 0.5]], documents=["a green apple"])
    food.update(ids=["apple"], embeddings=[[1, 0, 0]])


def read(food: chromadb.Collection) -> dict[str, Any]:
    """Get, query, count and peek."""
    found = food.get(ids=["eggplant", "apple"], include=["embeddings", "documents", "metadatas"])
    nearest = food.query(
        query_embeddings=[[1, 0, 0]],
        n_results=2,
        where={"grams": {"$gte": 100}},
        where_document={"$not_contains": "yellow"},
        include=["distances", "documents", "metadatas"],
    )
    return {
        "count": food.count(),
        "by_ids": {
            "ids": found["ids"],
            "embeddings": [[float(number) for number in row] for row in found["embeddings"]],
            "documents": found["documents"],
            "metadatas": found["metadatas"],
        },
        "where": food.get(where={"$and": [{"kind": "vegetable"}, {"grams": {"$gt": 65}}]})["ids"],
        "where_document": food.get(where_document={"$contains": "purple"})["ids"],
        "page": food.get(limit=2, offset=1, include=[])["ids"],
        "query": {name: nearest[name] for name in ("ids", "distances", "documents", "metadatas")},
        "peek": food.peek(limit=3)["ids"],
    }


def failure(call: Callable[[], object]) -> list[str]:
    """Class and message of the error that must come."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 (which class comes is what the test asks)
        return [type(error).__name__, str(error)]
    raise AssertionError("it was not refused")


seen_by_http = tour(connect_by_http(), "food-http")
seen_by_http["errors"]["wrong_key"] = failure(lambda: connect_by_http("ck-wrong"))
seen_in_cloud = tour(connect_to_cloud(), "food-cloud")
seen_in_cloud["errors"]["wrong_key"] = failure(lambda: connect_to_cloud("ck-wrong"))
print(json.dumps({"http": seen_by_http, "cloud": seen_in_cloud}))
