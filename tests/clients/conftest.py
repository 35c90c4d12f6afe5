"""A tenant on the whole service, TLS in front of it, and where the clients are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.processes import Service
from tests.clients import programs
from tests.clients.programs import Account
from tests.clients.tls import Terminator


@pytest.fixture(scope="session")
def account(service: Service) -> Account:
    """A tenant that the clients share; each has collections of its own."""
    return programs.open_account(service)


@pytest.fixture(scope="session")
def terminator(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminator]:
    """TLS in front of the service, under a certificate authority of this run."""
    folder = tmp_path_factory.mktemp("certificates")
    programs.run_python("make_certificate.py", {}, folder)
    with Terminator(folder, service.port) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The empty folder in which a program runs; its home too."""
    return tmp_path
