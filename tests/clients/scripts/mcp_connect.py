"""Starts the MCP server that a chat program's configuration names, and asks it for its collections."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

configuration = json.loads(Path(sys.argv[1]).read_text("utf-8"))
arguments = configuration["mcpServers"]["chroma"]["args"]


async def main() -> None:
    """Connect; `uvx` is played by this virtual environment."""
    server = StdioServerParameters(
        command=str(Path(sys.executable).with_name("chroma-mcp")),
        args=arguments[arguments.index("chroma-mcp") + 1 :],
        env=dict(os.environ),
    )
    async with stdio_client(server) as (answers, questions), ClientSession(answers, questions) as session:
        await session.initialize()
        answer = await session.call_tool("chroma_list_collections", {})
        print(json.dumps([part.text for part in answer.content]))


asyncio.run(main())
