"""How CloudClient finds its tenant and database, and what it says to a key that may not."""

from __future__ import annotations

import chromadb
import pytest
from chromadb.errors import ChromaError

from tests.journeys.conftest import Customer


def test_it_connects_with_tenant_and_database_given(customer: Customer) -> None:
    assert customer.client().heartbeat() > 0


def test_it_finds_tenant_and_only_database_by_the_key(customer: Customer) -> None:
    key = customer.service.manage("create_key", "--tenant", customer.tenant, "--database", "main").strip()
    client = customer.client(tenant=None, database=None, api_key=key)
    assert (client.tenant, client.database) == (customer.tenant, "main")


def test_it_asks_for_a_database_when_the_key_has_several(customer: Customer) -> None:
    customer.service.manage("create_database", "--tenant", customer.tenant, "second")
    arguments = ("--database", "main", "--database", "second")
    key = customer.service.manage("create_key", "--tenant", customer.tenant, *arguments).strip()
    with pytest.raises(ChromaError, match="database"):
        customer.client(tenant=None, database=None, api_key=key)
    assert customer.client(tenant=None, database="second", api_key=key).database == "second"


def test_it_refuses_a_database_that_the_key_may_not_use(customer: Customer) -> None:
    customer.service.manage("create_database", "--tenant", customer.tenant, "other")
    key = customer.service.manage("create_key", "--tenant", customer.tenant, "--database", "main").strip()
    with pytest.raises((ChromaError, ValueError)):
        customer.client(database="other", api_key=key)


@pytest.mark.parametrize("key", ["ck-unknown", "None"])
def test_it_refuses_an_unknown_key(customer: Customer, key: str) -> None:
    with pytest.raises(
        (ChromaError, ValueError, Exception), match=r"(?i)permission denied|could not connect"
    ):
        customer.client(api_key=key)


def test_it_serves_the_plain_http_client_with_the_token_as_header(customer: Customer) -> None:
    client = chromadb.HttpClient(
        host="127.0.0.1",
        port=customer.service.port,
        headers={"x-chroma-token": customer.key},
        tenant=customer.tenant,
        database=customer.database,
    )
    collection = client.get_or_create_collection("plain", embedding_function=None)
    collection.add(ids=["a"], embeddings=[[1.0, 2.0]], documents=["x"], metadatas=[{"k": 2.0}])
    assert collection.get()["metadatas"] == [{"k": 2.0}]
    assert [found.name for found in client.list_collections()] == ["plain"]
