"""The cast and the stage: real servers, two tenants, and clients that speak the wire.

`database`  PostgreSQL and Valkey of this run, prepared; Django of this process talks to it as the web role
`service`   a whole service of its own: gunicorn, worker and beat, as `make up` runs them
`acme`      a tenant with a database and its keys; `globex` the outsider
"""

from __future__ import annotations

import gc
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from _pytest.nodeid import coerce_node_id

from cloud.processes import Service, temporary_data_dir
from tests.quick_commands import QuickService

_SECRETS = {"SECRET_KEY": "tests-" + "s" * 40, "KEY_PEPPER": "tests-" + "p" * 40}
# Of the service: early, so that a short load is sealed. A tail below it stays in the log, by policy.
COMPACT_AFTER_ROWS = 1_000
USAGE_FLUSH_SECONDS = 3


def pytest_configure(config: pytest.Config) -> None:
    """Set Django up as the web does, before any test module imports a model."""
    del config
    for name in ("DATABASE_URL", "REDIS_URL", "WEB_DATABASE_URL", "WORKER_DATABASE_URL"):
        os.environ.pop(name, None)
    nowhere = str(Path(tempfile.gettempdir()) / "tessera-tests-have-no-data-dir")
    settings = {"TESSERA_PROFILE": "development", "DATA_DIR": nowhere, "DATABASE_ROLE": "web", **_SECRETS}
    before = {name: os.environ.get(name) for name in settings}
    os.environ.update(settings, DJANGO_SETTINGS_MODULE="cloud.settings")
    import django  # noqa: PLC0415

    django.setup()
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test an id of its own; of two with the same, workers would run one.

    Tests from an API description are named by their operation, but pytest 9.2 leaves that out of the id.
    """
    for item in items:
        operation = getattr(item, "operation_label", None)
        if operation is not None and operation not in item.nodeid:
            item._id = coerce_node_id(f"{item.nodeid}[{operation}]")
    counts = Counter(item.nodeid for item in items)
    repeated = [nodeid for nodeid, count in counts.items() if count > 1]
    if repeated:
        raise pytest.UsageError(f"several tests have the id {repeated[0]}")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Keep what thousands of tests are made of out of every collection of garbage."""
    del session
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def database() -> Iterator[Service]:
    """Prepared servers without web, worker or beat: nothing happens but what a test does."""
    from tests import stage  # noqa: PLC0415

    with temporary_data_dir() as data_dir:
        service = QuickService(data_dir, port=0, environment=_SECRETS)
        try:
            service.start_servers()
            service.prepare_database()
            stage.use(service)
            yield service
        finally:
            stage.leave()
            service.stop()


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """Everything that `make up` starts, with short leases and an early threshold."""
    environment = {
        **_SECRETS,
        "COMPACT_AFTER_ROWS": str(COMPACT_AFTER_ROWS),
        "SWEEP_SECONDS": "1",
        "JOB_LEASE_SECONDS": "3",
        "WEB_WORKERS": "2",
        "CONTROL_REQUESTS_PER_MINUTE": "100000",
        "USAGE_FLUSH_SECONDS": str(USAGE_FLUSH_SECONDS),
    }
    with temporary_data_dir() as data_dir:
        environment["EMAIL_URL"] = f"file://{data_dir}/mail"
        with QuickService(data_dir, port=0, environment=environment) as running:
            yield running


@pytest.fixture
def acme(database: Service) -> object:
    """A tenant of the test's own."""
    from tests.factories import make_tenant  # noqa: PLC0415

    del database
    return make_tenant("acme")


@pytest.fixture
def globex(database: Service) -> object:
    """The outsider."""
    from tests.factories import make_tenant  # noqa: PLC0415

    del database
    return make_tenant("globex")
