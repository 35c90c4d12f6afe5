"""Chroma's own Python packages: `chromadb` and `chromadb-client`, synchronous and asynchronous."""

from __future__ import annotations

from pathlib import Path

import pytest

from cloud.processes import Service
from tests.clients import programs, stored, tour
from tests.clients.programs import FULL_PYTHON, THIN_PYTHON, Account
from tests.clients.tls import Terminator


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(FULL_PYTHON, id="chromadb", marks=pytest.mark.clients),
        pytest.param(THIN_PYTHON, id="chromadb-client"),
    ],
)
def python(request: pytest.FixtureRequest) -> Path:
    """The interpreter that has the package."""
    found: Path = request.param
    return found


@pytest.fixture(scope="module")
def account(service: Service, python: Path) -> Account:
    """A tenant for each package."""
    del python
    return programs.open_account(service)


def test_it_takes_the_whole_tour_by_http_client_and_by_cloud_client(
    python: Path, account: Account, folder: Path
) -> None:
    seen = programs.run_python("python_sync.py", account.environment, folder, python=python)
    for way in ("http", "cloud"):
        assert seen[way]["errors"]["wrong_key"] == ["ChromaError", "Permission denied."]
        check_errors(seen[way]["errors"], f"food-{way}")
        tour.check(seen[way], account, f"food-{way}")


def test_it_takes_the_whole_tour_by_the_asynchronous_client(
    python: Path, account: Account, folder: Path
) -> None:
    seen = programs.run_python("python_async.py", account.environment, folder, python=python)
    check_errors(seen["errors"], "food-async")
    tour.check(seen, account, "food-async")


def test_it_refuses_a_wrong_key_to_the_asynchronous_client(
    python: Path, account: Account, folder: Path
) -> None:
    # In a process of its own: clients of one event loop share the connection, and the key, of the first.
    environment = {**account.environment, "TESSERA_KEY": "ck-wrong"}
    with pytest.raises(AssertionError, match=r"ChromaError: Permission denied\."):
        programs.run_python("python_async.py", environment, folder, python=python)


def test_cloud_client_needs_nothing_but_a_key_for_one_database(
    python: Path, account: Account, folder: Path
) -> None:
    environment = {**account.environment, "TESSERA_KEY": account.limited_key}
    seen = programs.run_python("python_identity.py", environment, folder, python=python)
    assert (seen["tenant"], seen["database"]) == (account.tenant, account.database)
    assert stored.records(account, "notes") == {
        "a": {"embedding": [1, 2], "document": "first", "metadata": None}
    }
    # This client sends the word None for a key that stands in CHROMA_API_KEY alone; the answer must say so.
    name, message = seen["environment_alone"]
    assert name == "ChromaError"
    assert "None" in message
    assert "api_key" in message


@pytest.mark.clients  # which make the certificate
def test_cloud_client_speaks_tls(
    python: Path, account: Account, terminator: Terminator, folder: Path
) -> None:
    environment = {
        **account.environment,
        "TESSERA_PORT": str(terminator.port),
        "SSL_CERT_FILE": str(terminator.authority),
    }
    assert programs.run_python("python_tls.py", environment, folder, python=python) == {"count": 1}
    assert stored.records(account, "over-tls").keys() == {"a"}


def check_errors(errors: dict[str, list[str]], name: str) -> None:
    """The class that a user catches, and what it says."""
    assert errors["not_found"] == ["NotFoundError", f"Collection [{name}-missing] does not exist"]
    assert errors["deleted"] == ["NotFoundError", f"Collection [{name}-short-lived] does not exist"]
    assert errors["duplicate"] == ["ChromaError", f"Collection [{name}-renamed] already exists"]
    assert errors["dimension"] == [
        "InvalidArgumentError",
        "Collection expecting embedding with dimension of 3, got 2",
    ]
    assert errors["quota"][0] == "ChromaError"
    assert errors["quota"][1].startswith(
        "Quota exceeded: 'Document size (bytes)' exceeded quota limit for action 'Add': "
        "current usage of 16385 exceeds limit of 16384"
    )
