"""A tenant on the whole service, and clients that come over the network."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import chromadb
import httpx
import pytest
from chromadb.api import ClientAPI

from cloud.processes import Service


@dataclass(frozen=True)
class Customer:
    """A tenant with a database and a key, on the running service."""

    service: Service
    tenant: str
    database: str
    key: str

    def client(self, **changes: Any) -> ClientAPI:
        """The real CloudClient, as its users write it."""
        arguments = {"tenant": self.tenant, "database": self.database, "api_key": self.key, **changes}
        return chromadb.CloudClient(
            **arguments,
            cloud_host="127.0.0.1",
            cloud_port=self.service.port,
            enable_ssl=False,
        )

    def read(self, path: str) -> Any:
        """GET a path of the API."""
        answer = httpx.get(
            f"{self.service.url}/api/v2{path}", headers={"x-chroma-token": self.key}, timeout=30
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    def indexing(self, collection_id: uuid.UUID) -> dict[str, Any]:
        """How much of a collection is in segments."""
        path = f"/tenants/{self.tenant}/databases/{self.database}/collections/{collection_id}/indexing_status"
        found: dict[str, Any] = self.read(path)
        return found


@pytest.fixture
def customer(service: Service) -> Customer:
    """A fresh tenant of the service."""
    name = f"customer-{uuid.uuid4().hex[:10]}"
    service.manage("create_tenant", name)
    service.manage("create_database", "--tenant", name, "main")
    return Customer(service, name, "main", service.manage("create_key", "--tenant", name).strip())
