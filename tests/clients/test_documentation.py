"""docs/clients.md: each snippet runs as it stands there, and the releases are those that are tested.

README's own snippet has the demo tenant written in; here it runs with another in its place.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cloud.processes import Service
from tests.clients import programs, stored
from tests.clients.programs import FULL_PYTHON, NPM, ROOT, Account
from tests.clients.tls import Terminator

pytestmark = pytest.mark.clients

PAGE = (ROOT / "docs" / "clients.md").read_text("utf-8")
SECTIONS = dict(section.split("\n", 1) for section in PAGE.split("\n## ")[1:])
SNIPPETS = {
    heading: re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)
    for heading, text in SECTIONS.items()
}
COLLECTIONS = {
    "Python": "python-notes",
    "Python, plain": "plain-notes",
    "Python, asynchronous": "async-notes",
    "JavaScript": "js-notes",
    "JavaScript, over TLS": "js-tls-notes",
    "LangChain": "langchain-notes",
    "LlamaIndex": "llama-notes",
    "Haystack": "haystack-notes",
}


@pytest.fixture(scope="module")
def account(service: Service) -> Account:
    """A tenant for the page alone."""
    return programs.open_account(service)


def environment_of(account: Account) -> dict[str, str]:
    """What dev.env has for clients."""
    return {
        "CHROMA_HOST": "127.0.0.1",
        "CHROMA_PORT": str(account.service.port),
        "CHROMA_TENANT": account.tenant,
        "CHROMA_DATABASE": account.database,
        "CHROMA_API_KEY": account.limited_key,
    }


def test_it_shows_one_snippet_for_each_client() -> None:
    assert {heading: len(found) for heading, found in SNIPPETS.items()} == dict.fromkeys(
        [*COLLECTIONS, "MCP"], 1
    )


@pytest.mark.parametrize("heading", COLLECTIONS)
def test_its_snippet_stores_two_records(
    heading: str, account: Account, terminator: Terminator, folder: Path
) -> None:
    [(language, code)] = SNIPPETS[heading]
    environment = environment_of(account)
    if "TLS" in heading:
        environment |= {
            "CHROMA_PORT": str(terminator.port),
            "NODE_EXTRA_CA_CERTS": str(terminator.authority),
        }
    program = folder / ("snippet.py" if language == "python" else "snippet.mjs")
    program.write_text(code, "utf-8")
    (folder / "node_modules").symlink_to(NPM / "node_modules")
    command = str(FULL_PYTHON) if language == "python" else "node"
    programs.run([command, str(program)], environment, folder)
    found = stored.records(account, COLLECTIONS[heading])
    assert {record_id: record["document"] for record_id, record in found.items()} == {
        "a": "first",
        "b": "second",
    }


def test_the_snippet_of_the_readme_stores_two_records(account: Account, folder: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    [code] = re.findall(r"^```python\n(.*?)^```$", readme, flags=re.MULTILINE | re.DOTALL)
    for demo, own in {
        'tenant="demo"': f'tenant="{account.tenant}"',
        'database="demo"': f'database="{account.database}"',
        'api_key="ck-…"': f'api_key="{account.key}"',
        "cloud_port=8000": f"cloud_port={account.service.port}",
    }.items():
        assert demo in code
        code = code.replace(demo, own)
    (folder / "snippet.py").write_text(code, "utf-8")
    programs.run([str(FULL_PYTHON), "snippet.py"], {}, folder)
    found = stored.records(account, "notes")
    assert {record_id: record["metadata"] for record_id, record in found.items()} == {
        "a": {"n": 1},
        "b": {"n": 2},
    }


def test_its_configuration_starts_the_mcp_server(account: Account, folder: Path) -> None:
    [(_, configuration)] = SNIPPETS["MCP"]
    own = configuration.replace("8000", str(account.service.port)).replace("ck-…", account.limited_key)
    (folder / "configuration.json").write_text(own, "utf-8")
    stored.call(account, "POST", "/collections", {"name": "mcp-notes", "get_or_create": True})
    seen = programs.run_python("mcp_connect.py", {}, folder, arguments=["configuration.json"])
    assert set(seen) == stored.collections(account)


def test_it_names_the_releases_that_are_tested() -> None:
    releases = re.findall(r"^\| `.+? \| ([\d.]+) \|", PAGE, flags=re.MULTILINE)
    requirements = ROOT / "deploy" / "requirements"
    locked = {
        name: version
        for lock in ("dev.txt", "clients.txt")
        for name, version in re.findall(
            r"^([a-z-]+)==([\d.]+)", (requirements / lock).read_text("utf-8"), flags=re.MULTILINE
        )
    }
    javascript = json.loads((NPM / "package-lock.json").read_text("utf-8"))["packages"]
    assert locked["chromadb-client"] == locked["chromadb"]
    assert releases == [
        locked["chromadb"],
        javascript["node_modules/chromadb"]["version"],
        locked["langchain-chroma"],
        locked["llama-index-vector-stores-chroma"],
        locked["chroma-haystack"],
        locked["chroma-mcp"],
    ]
