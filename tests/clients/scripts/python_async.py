"""The asynchronous Python client: the same tour by AsyncHttpClient. Prints what it saw."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable
from typing import Any

import chromadb
from chromadb.api import AsyncClientAPI
from chromadb.api.models.AsyncCollection import AsyncCollection


async def connect() -> AsyncClientAPI:
    """A client with the key as a header."""
    return await chromadb.AsyncHttpClient(
        host=os.environ["TESSERA_HOST"],
        port=int(os.environ["TESSERA_PORT"]),
        headers={"x-chroma-token": os.environ["TESSERA_KEY"]},
        tenant=os.environ["TESSERA_TENANT"],
        database=os.environ["TESSERA_DATABASE"],
    )


async def tour(client: AsyncClientAPI, name: str) -> dict[str, Any]:
    """Everything that a collection can do."""
    seen: dict[str, Any] = {"heartbeat": await client.heartbeat(), "version": await client.get_version()}
    food = await client.create_collection(
        name,
        metadata={"topic": "food"},
        configuration={"hnsw": {"space": "l2"}},
        embedding_function=None,
    )
    seen["created"] = {"name": food.name, "metadata": food.metadata}
    again = await client.get_or_create_collection(name, embedding_function=None)
    seen["is_the_same"] = again.id == food.id
    await write(food)
    seen |= await read(food)
    by_ids = await food.delete(ids=["banana"])
    by_filter = await food.delete(where={"grams": {"$gt": 350}})
    seen["deleted"] = [by_ids["deleted"], by_filter["deleted"]]
    seen["left"] = (await food.get(include=[]))["ids"]

    await client.create_collection(f"{name}-short-lived", embedding_function=None)
    await client.delete_collection(f"{name}-short-lived")
    await food.modify(name=f"{name}-renamed", metadata={"topic": "groceries"})
    renamed = await client.get_collection(f"{name}-renamed", embedding_function=None)
    seen["renamed"] = {
        "name": renamed.name,
        "metadata": renamed.metadata,
        "is_the_same": renamed.id == food.id,
    }
    seen["listed"] = [found.name for found in await client.list_collections() if found.name.startswith(name)]
    seen["errors"] = {
        "not_found": await failure(client.get_collection(f"{name}-missing")),
        "deleted": await failure(client.delete_collection(f"{name}-short-lived")),
        "duplicate": await failure(client.create_collection(f"{name}-renamed", embedding_function=None)),
        "dimension": await failure(food.add(ids=["flat"], embeddings=[[1.0, 2.0]])),
        "quota": await failure(
            food.add(ids=["long"], embeddings=[[1.0, 2.0, 3.0]], documents=["x" * 16_385])
        ),
    }
    return seen


async def write(food: AsyncCollection) -> None:
    """Add, upsert and update."""
    await food.add(
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
    await food.upsert(
        ids=["carrot", "eggplant"],
        embeddings=[[0, 1, 0.25], [0, 0.5, 0.5]],
        documents=["a purple carrot", "a purple eggplant"],
        metadatas=[{"grams": 70}, {"kind": "vegetable", "grams": 300, "price": 0.25}],
    )
    await food.update(ids=["apple"], metadatas=[{"grams": 200, "ripe": True}])
    await food.update(ids=["apple"], embeddings=[[1, 0, 0.5]], documents=["a green apple"])
    await food.update(ids=["apple"], embeddings=[[1, 0, 0]])


async def read(food: AsyncCollection) -> dict[str, Any]:
    """Get, query, count and peek."""
    found = await food.get(ids=["eggplant", "apple"], include=["embeddings", "documents", "metadatas"])
    nearest = await food.query(
        query_embeddings=[[1, 0, 0]],
        n_results=2,
        where={"grams": {"$gte": 100}},
        where_document={"$not_contains": "yellow"},
        include=["distances", "documents", "metadatas"],
    )
    vegetables = {"$and": [{"kind": "vegetable"}, {"grams": {"$gt": 65}}]}
    return {
        "count": await food.count(),
        "by_ids": {
            "ids": found["ids"],
            "embeddings": [[float(number) for number in row] for row in found["embeddings"]],
            "documents": found["documents"],
            "metadatas": found["metadatas"],
        },
        "where": (await food.get(where=vegetables))["ids"],
        "where_document": (await food.get(where_document={"$contains": "purple"}))["ids"],
        "page": (await food.get(limit=2, offset=1, include=[]))["ids"],
        "query": {name: nearest[name] for name in ("ids", "distances", "documents", "metadatas")},
        "peek": (await food.peek(limit=3))["ids"],
    }


async def failure(call: Awaitable[object]) -> list[str]:
    """Class and message of the error that must come."""
    try:
        await call
    except Exception as error:  # noqa: BLE001 (which class comes is what the test asks)
        return [type(error).__name__, str(error)]
    raise AssertionError("it was not refused")


async def main() -> None:
    """Take the tour."""
    print(json.dumps(await tour(await connect(), "food-async")))


asyncio.run(main())
