"""docs/search.md: its snippets run as they stand there; and searches by the Python and JavaScript clients."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cloud.processes import Service
from tests.clients import programs, stored
from tests.clients.programs import FULL_PYTHON, ROOT, THIN_PYTHON, Account

PAGE = (ROOT / "docs" / "search.md").read_text("utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def account(service: Service) -> Account:
    """A tenant for the page alone."""
    return programs.open_account(service)


@pytest.mark.parametrize(
    "python",
    [
        pytest.param(FULL_PYTHON, id="chromadb", marks=pytest.mark.clients),
        pytest.param(THIN_PYTHON, id="chromadb-client"),
    ],
)
def test_the_snippets_of_the_page_run_one_after_the_other(
    python: Path, account: Account, folder: Path
) -> None:
    environment = {
        "CHROMA_HOST": "127.0.0.1",
        "CHROMA_PORT": str(account.service.port),
        "CHROMA_TENANT": account.tenant,
        "CHROMA_DATABASE": account.database,
        "CHROMA_API_KEY": account.limited_key,
    }
    assert len(SNIPPETS) == 5
    (folder / "snippets.py").write_text("\n".join(SNIPPETS), "utf-8")
    programs.run([str(python), "snippets.py"], environment, folder)
    assert stored.records(account, "papers").keys() == {"a", "b", "c", "d"}


def check(seen: dict[str, object]) -> None:
    """What the programs saw; the records are (1, 0), (2, 0), (0, 1) and (0, 3)."""
    assert seen == {
        "ranked": {"ids": [["b", "a"]], "scores": [[0, 1]], "metadatas": [[{"n": 2}, {"n": 1}]]},
        "fused": [["a", "b", "c", "d"]],
        "grouped": [["a", "c"]],
        "many": [["a"], ["d"]],
        "rows": [["b", "more", 0], ["a", "first", 1]],
        "errors": ["Collection expecting embedding with dimension of 2, got 3", "SparseVector"],
    }


def test_the_python_client_searches(account: Account, folder: Path) -> None:
    check(programs.run_python("python_search.py", account.environment, folder, python=THIN_PYTHON))


@pytest.mark.clients
def test_the_javascript_client_searches(account: Account, folder: Path) -> None:
    check(programs.run_node("search.mjs", account.environment, folder))
