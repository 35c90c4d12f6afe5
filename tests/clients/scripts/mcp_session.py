"""chroma-mcp: a session with Chroma's MCP server over stdio, as a chat program has it.

The argument is the way by which the server connects: http or cloud.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

BY_HTTP = [
    *("--client-type", "http"),
    *("--host", os.environ["TESSERA_HOST"]),
    *("--port", os.environ["TESSERA_PORT"]),
    *("--ssl", "false"),
    *("--custom-auth-credentials", f"key:{os.environ['TESSERA_LIMITED_KEY']}"),
]
IN_CLOUD = [
    *("--client-type", "cloud"),
    *("--tenant", os.environ["TESSERA_TENANT"]),
    *("--database", os.environ["TESSERA_DATABASE"]),
    *("--api-key", os.environ["TESSERA_KEY"]),
]
WAY = sys.argv[1]
SERVER = StdioServerParameters(
    command=str(Path(sys.executable).with_name("chroma-mcp")),
    args=BY_HTTP if WAY == "http" else IN_CLOUD,
    env=dict(os.environ),
)


async def converse(session: ClientSession, name: str) -> dict[str, Any]:
    """What a model asks of the tools, one after the other."""

    async def call(tool: str, **arguments: Any) -> Any:
        answer = await session.call_tool(f"chroma_{tool}", arguments)
        texts = [part.text for part in answer.content]
        assert not answer.isError, texts
        return texts

    async def complaint(tool: str, **arguments: Any) -> str:
        answer = await session.call_tool(f"chroma_{tool}", arguments)
        assert answer.isError
        return str(answer.content[0].text)

    seen: dict[str, Any] = {"before": await call("list_collections")}
    await call("create_collection", collection_name=name, embedding_function_name="openai")
    await call(
        "add_documents",
        collection_name=name,
        documents=["a red apple", "a yellow banana", "a green pear"],
        ids=["apple", "banana", "pear"],
        metadatas=[{"grams": 150}, {"grams": 120}, {"grams": 180}],
    )
    seen["count"] = await call("get_collection_count", collection_name=name)
    [nearest] = await call(
        "query_documents",
        collection_name=name,
        query_texts=["something red"],
        n_results=1,
        where={"grams": {"$lt": 170}},
        where_document={"$contains": "a "},
    )
    seen["nearest"] = json.loads(nearest)
    await call(
        "update_documents",
        collection_name=name,
        ids=["banana"],
        documents=["a blue banana"],
        metadatas=[{"grams": 121}],
    )
    await call("delete_documents", collection_name=name, ids=["pear"])
    seen["peek"] = await call("peek_collection", collection_name=name, limit=1)
    seen["info"] = await call("get_collection_info", collection_name=name)
    [page] = await call(
        "get_documents",
        collection_name=name,
        where_document={"$regex": "b[a-z]+e"},
        limit=1,
        offset=0,
    )
    seen["page"] = json.loads(page)
    seen["twice"] = await complaint("add_documents", collection_name=name, documents=["x"], ids=["apple"])
    seen["missing"] = await complaint("get_collection_count", collection_name=f"{name}-missing")
    await call("modify_collection", collection_name=name, new_name=f"{name}-renamed")
    await call("create_collection", collection_name=f"{name}-short-lived", embedding_function_name="openai")
    await call("delete_collection", collection_name=f"{name}-short-lived")
    seen["after"] = await call("list_collections", limit=100, offset=0)
    return seen


async def main() -> None:
    """Start the server, take the session, print what was seen."""
    async with stdio_client(SERVER) as (answers, questions), ClientSession(answers, questions) as session:
        await session.initialize()
        print(json.dumps(await converse(session, f"mcp-{WAY}")))


asyncio.run(main())
