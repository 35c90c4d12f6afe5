"""Chroma's MCP server on the service, in a session as a chat program has it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients import programs, stored
from tests.clients.embeddings_api import embeddings_api
from tests.clients.programs import Account
from tests.clients.tls import Terminator

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def openai() -> Iterator[dict[str, str]]:
    """The tools take texts only, and this is where they have them embedded."""
    with embeddings_api() as url:
        yield {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": url}


def converse(way: str, account: Account, environment: dict[str, str], folder: Path) -> None:
    """Hold the session of `mcp_session.py`, and look at what it saw and what is stored then."""
    before = stored.collections(account)
    seen = programs.run_python("mcp_session.py", environment, folder, arguments=[way])
    name = f"mcp-{way}"
    assert seen.pop("missing").endswith(f"Collection [{name}-missing] does not exist")
    assert "The following IDs already exist" in seen.pop("twice")
    assert set(seen.pop("before")) == (before or {"__NO_COLLECTIONS_FOUND__"})
    assert set(seen.pop("after")) == before | {f"{name}-renamed"}
    assert "'ids': ['apple']" in seen.pop("peek")[0]
    assert "'count': 2" in seen.pop("info")[0]
    nearest, page = seen.pop("nearest"), seen.pop("page")
    assert seen == {"count": ["3"]}
    assert (nearest["ids"], nearest["distances"]) == ([["apple"]], [[0.0]])
    assert (page["ids"], page["documents"]) == (["banana"], ["a blue banana"])
    assert stored.records(account, f"{name}-renamed") == {
        "apple": {"embedding": [1, 0, 0, 0], "document": "a red apple", "metadata": {"grams": 150}},
        "banana": {"embedding": [0, 0, 0, 1], "document": "a blue banana", "metadata": {"grams": 121}},
    }


def test_it_converses_by_http_with_the_key_as_a_password(
    account: Account, openai: dict[str, str], folder: Path
) -> None:
    converse("http", account, {**account.environment, **openai}, folder)


def test_it_converses_as_with_chroma_cloud(
    account: Account, openai: dict[str, str], terminator: Terminator, folder: Path
) -> None:
    # The host of Chroma Cloud is written into this client: a proxy leads it here.
    environment = {
        **account.environment,
        **openai,
        "HTTPS_PROXY": f"http://127.0.0.1:{terminator.port}",
        "SSL_CERT_FILE": str(terminator.authority),
    }
    converse("cloud", account, environment, folder)
    assert set(terminator.connected_to) == {"api.trychroma.com:8000"}
