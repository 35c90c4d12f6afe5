"""Chroma's JavaScript client on Node: ChromaClient over plain HTTP, CloudClient over TLS."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import programs, tour
from tests.clients.programs import Account
from tests.clients.tls import Terminator

pytestmark = pytest.mark.clients


def check_errors(errors: dict[str, list[str]]) -> None:
    """The class that a user catches; this client chooses it by status and has words of its own for some."""
    assert errors["not_found"][0] == errors["deleted"][0] == "ChromaNotFoundError"
    assert errors["duplicate"][0] == "ChromaUniqueError"
    assert errors["dimension"][0] == "ChromaClientError"
    assert "Collection expecting embedding with dimension of 3, got 2" in errors["dimension"][1]
    assert errors["quota"][0] == "ChromaQuotaExceededError"
    assert "'Document size (bytes)' exceeded quota limit for action 'Add'" in errors["quota"][1]
    assert errors["wrong_key"] == ["ChromaUnauthorizedError", "Unauthorized"]


def test_it_takes_the_whole_tour_over_plain_http(account: Account, folder: Path) -> None:
    seen = programs.run_node("http.mjs", account.environment, folder)
    check_errors(seen["errors"])
    tour.check(seen, account, "food-http")


def test_cloud_client_takes_the_whole_tour_over_tls(
    account: Account, terminator: Terminator, folder: Path
) -> None:
    environment = {
        **account.environment,
        "TESSERA_PORT": str(terminator.port),
        "NODE_EXTRA_CA_CERTS": str(terminator.authority),
    }
    seen = programs.run_node("cloud.mjs", environment, folder)
    assert seen.pop("found") == {"tenant": account.tenant, "database": account.database}
    check_errors(seen["errors"])
    tour.check(seen, account, "food-cloud")


def test_cloud_client_refuses_a_certificate_that_nobody_vouches_for(
    account: Account, terminator: Terminator, folder: Path
) -> None:
    environment = {**account.environment, "TESSERA_PORT": str(terminator.port)}
    with pytest.raises(AssertionError, match="ChromaConnectionError"):
        programs.run_node("cloud.mjs", environment, folder)
