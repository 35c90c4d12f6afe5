"""Tenants, collections and records for tests: sensible, seeded, overridable."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
from django.conf import settings
from django.test import Client

from tenants import databases, keys, tenants
from tenants.actors import command
from tenants.key_scopes import DEFAULT, Expiry, Scopes, Template
from tenants.keys import IssuedKey
from tenants.quotas import Limits
from tenants.scope import tenant_transaction

Matrix = npt.NDArray[np.float32]
GENEROUS = {
    "records_per_write_count": 100_000,
    "limit_value": 1_000_000,
    "results_count": 5_000,
    "embedding_dimension": 16_000,
    "id_bytes": 4_000,
    "document_bytes": 10_000_000,
    "metadata_key_bytes": 10_000,
    "metadata_value_bytes": 1_000_000,
    "metadata_keys_count": 1_000,
    "where_predicates_count": 10_000,
    "where_value_bytes": 1_000_000,
    "where_document_predicates_count": 10_000,
    "where_document_characters": 1_000_000,
    "regex_characters": 100_000,
    "query_ids_count": 100_000,
}


_kept = threading.local()


def _client() -> Client:
    """This thread's client, which answers 500 as a server does; to make one costs more than most requests."""
    if not hasattr(_kept, "client"):
        _kept.client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client: Client = _kept.client
    return client


@dataclass(frozen=True)
class Answer:
    """What came back over the wire."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass(frozen=True)
class Wire:
    """Speaks the wire in process, with one key."""

    key: str | None

    def send(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """Send JSON (bytes are sent as they are) to a path below /api/v2."""
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        given = {"x-chroma-token": self.key} if self.key is not None else {}
        response = _client().generic(
            method,
            f"/api/v2{path}",
            content,
            content_type=headers.pop("content_type", "application/json"),
            headers={**given, **headers},
        )
        raw = response.content
        is_json = response.headers.get("Content-Type", "").startswith("application/json")
        return Answer(response.status_code, orjson.loads(raw) if is_json else raw, dict(response.headers))

    def get(self, path: str) -> Answer:
        """GET."""
        return self.send("GET", path)

    def post(self, path: str, body: object) -> Answer:
        """POST."""
        return self.send("POST", path, body)

    def delete(self, path: str) -> Answer:
        """DELETE."""
        return self.send("DELETE", path)


@dataclass(frozen=True)
class Cast:
    """A tenant of a test: names, and a client for each kind of key."""

    tenant_id: uuid.UUID
    name: str
    database: str
    wire: Wire
    read_only: Wire

    @property
    def place(self) -> str:
        """The path of its database."""
        return f"/tenants/{self.name}/databases/{self.database}"

    def collection(self, *, space: str = "l2", name: str | None = None, **hnsw: object) -> Place:
        """Make a collection over the wire."""
        wanted = {
            "name": name or f"c-{uuid.uuid4().hex[:8]}",
            "configuration": {"hnsw": {"space": space, **hnsw}},
        }
        made = self.wire.post(f"{self.place}/collections", wanted)
        assert made.status == 200, made
        return Place(self, uuid.UUID(made.body["id"]), made.body["name"])


@dataclass(frozen=True)
class Place:
    """A collection of a test."""

    cast: Cast
    collection_id: uuid.UUID
    name: str

    @property
    def path(self) -> str:
        """The path of its record routes."""
        return f"{self.cast.place}/collections/{self.collection_id}"

    def call(self, verb: str, body: object) -> Any:
        """POST to a record route that must succeed; the body that came back."""
        answer = self.cast.wire.post(f"{self.path}/{verb}", body)
        assert answer.status in (200, 201), answer
        return answer.body

    def count(self) -> int:
        """How many records there are."""
        return int(self.cast.wire.get(f"{self.path}/count").body)

    def ids(self, **body: object) -> list[str]:
        """The ids that a get finds."""
        found: list[str] = self.call("get", {"include": [], **body})["ids"]
        return found

    def nearest(self, embedding: list[float], count: int = 10, **body: object) -> list[str]:
        """The ids that a query finds."""
        wanted = {"query_embeddings": [embedding], "n_results": count, "include": [], **body}
        found: list[str] = self.call("query", wanted)["ids"][0]
        return found


def make_tenant(kind: str, quotas: Mapping[str, int] = MappingProxyType(GENEROUS)) -> Cast:
    """A fresh tenant with a database and its keys; with `{}` it has the default plan."""
    tenant = tenants.create(f"{kind}-{uuid.uuid4().hex[:12]}")
    with tenant_transaction(tenant.tenant_id):
        tenant.quota_overrides = dict(quotas)
        tenant.save()
    database = databases.create(
        tenant.tenant_id,
        "main",
        limits=Limits(),
        cell_count=settings.CELL_COUNT,
    )
    everything, reading = issue(tenant.tenant_id), issue(tenant.tenant_id, template=Template.READ_ONLY)
    return Cast(tenant.tenant_id, tenant.name, database.name, Wire(everything.secret), Wire(reading.secret))


def issue(
    tenant_id: uuid.UUID, *, is_operator: bool = False, expires_at: Expiry = DEFAULT, **scopes: Any
) -> IssuedKey:
    """A key of a tenant; `scopes` are those of `key_scopes.Scopes`."""
    return keys.issue(
        command("tests"),
        tenant_id,
        pepper=settings.KEY_PEPPERS[0],
        scopes=Scopes(**scopes),
        expires_at=expires_at,
        is_operator=is_operator,
    )


def vectors(count: int, dimension: int = 8, *, seed: int = 0) -> Matrix:
    """Rows of standard normal float32."""
    return np.random.default_rng(seed).standard_normal((count, dimension)).astype(np.float32)


def batch(count: int, *, dimension: int = 8, first: int = 0, seed: int = 0) -> dict[str, Any]:
    """The body of a write: `count` records r<first>…, with a document and metadata each."""
    numbers = range(first, first + count)
    return {
        "ids": [f"r{number}" for number in numbers],
        "embeddings": vectors(count, dimension, seed=seed + first).tolist(),
        "documents": [f"document number {number}" for number in numbers],
        "metadatas": [{"n": number, "even": number % 2 == 0, "tag": f"t{number % 5}"} for number in numbers],
    }
