"""The two servers that the suite is run against: a whole service of ours, and single-node Chroma.

Each listens on a free port of 127.0.0.1, keeps its data in a folder of its own, and is gone afterwards.
"""

from __future__ import annotations

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cloud.processes import Service, temporary_data_dir
from cloud.servers.children import Child, spawn
from cloud.servers.errors import ServerError
from cloud.servers.valkey import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / ".venv-conformance"
TENANT, DATABASE = "default_tenant", "default_database"
PEER_BATCH = 5_461  # records in one write that the peer takes; the suite makes its large batches from it
START_SECONDS = 60.0

# Every limit far above what the suite does. An operator's own limits hold in every tenant it enters, so the
# tenants that the suite makes over the wire need nothing of their own.
_TENANT_WITHOUT_LIMITS = f"""
from dataclasses import fields
from django.conf import settings
from tenants import databases, tenants
from tenants.quotas import Limits
from tenants.scope import tenant_transaction
tenant = tenants.create({TENANT!r})
databases.create(tenant.tenant_id, {DATABASE!r}, limits=Limits(), cell_count=settings.CELL_COUNT)
with tenant_transaction(tenant.tenant_id):
    tenant.quota_overrides = {{limit.name: 1_000_000 for limit in fields(Limits)}}
    tenant.quota_overrides["records_per_write_count"] = {PEER_BATCH}
    tenant.save()
"""

Part = Literal["single", "cluster"]


@dataclass(frozen=True)
class Target:
    """A running server, and the key to it."""

    name: str
    port: int
    key: str | None


# As a single node ours shows the keys of records at once, as a cluster with the compaction: either is pinned.
_SETTINGS: dict[Part, dict[str, str]] = {
    "single": {"COMPACT_AFTER_ROWS": "100", "SCHEMA_KEYS_AT": "write"},
    "cluster": {"COMPACT_AFTER_ROWS": "1"},
}


@contextmanager
def ours(part: Part) -> Iterator[Target]:
    """The service of this checkout, with an operator's key of the tenant that the suite takes for granted.

    A low threshold puts part of what the suite writes into segments while it looks; what else a part expects
    of its server is a matter of settings.
    """
    environment = {
        # Whatever the caller's shell names: the suite resets what it is given.
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "TESSERA_PROFILE": "development",
        "SWEEP_SECONDS": "1",
        "WEB_WORKERS": "2",
        **_SETTINGS[part],
    }
    with temporary_data_dir() as folder, Service(folder, port=0, environment=environment) as service:
        service.manage("shell", "-c", _TENANT_WITHOUT_LIMITS)
        key = service.manage("create_key", "--tenant", TENANT, "--operator").strip()
        yield Target("tessera", service.port, key)


@contextmanager
def peer() -> Iterator[Target]:
    """The released Chroma server, as `chroma run` starts it, allowed to reset."""
    with temporary_data_dir() as folder:
        port = free_port()
        configuration = folder / "chroma.yaml"
        settings = {
            "port": port,
            "listen_address": "127.0.0.1",
            "persist_path": str(folder / "data"),
            "allow_reset": True,
        }
        configuration.write_text(json.dumps(settings), encoding="utf-8")  # JSON is YAML
        child = spawn(
            "chroma",
            [str(FOLDER / "bin" / "chroma"), "run", str(configuration)],
            log=folder / "chroma.log",
            environment={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
            folder=folder,
        )
        try:
            _wait_until_ready(child, port)
            yield Target("chroma run", port, None)
        finally:
            child.end()


def _wait_until_ready(child: Child, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while time.monotonic() < deadline and child.is_alive():
        try:
            with direct.open(f"http://127.0.0.1:{port}/api/v2/heartbeat", timeout=5):
                return
        except (OSError, urllib.error.URLError):
            time.sleep(0.05)
    raise ServerError(f"chroma run did not answer within {START_SECONDS:.0f} s:\n{child.log_tail()}")


def environment_of(target: Target, *, is_cluster: bool) -> Mapping[str, str]:
    """How the suite is told about an external server, in its own variables, and how our plugin is."""
    suite = (
        {"CHROMA_CLUSTER_TEST_ONLY": "1", "CHROMA_SERVER_HOST": f"localhost:{target.port}"}
        if is_cluster
        else {
            "CHROMA_INTEGRATION_TEST_ONLY": "1",
            "CHROMA_SERVER_HOST": "localhost",
            "CHROMA_SERVER_HTTP_PORT": str(target.port),
        }
    )
    return {
        **suite,
        "CONFORMANCE_PORT": str(target.port),
        **({} if target.key is None else {"CONFORMANCE_KEY": target.key}),
    }
