"""What the service holds, read over the wire without any client."""

from __future__ import annotations

from typing import Any

import httpx

from tests.clients.programs import Account


def call(account: Account, method: str, path: str, body: object = None) -> Any:
    """An answer of the account's database, which must be a success."""
    base = f"{account.service.url}/api/v2/tenants/{account.tenant}/databases/{account.database}"
    answer = httpx.request(
        method, base + path, json=body, headers={"x-chroma-token": account.key}, timeout=30
    )
    assert answer.status_code in (200, 201), answer.text
    return answer.json()


def collections(account: Account, prefix: str = "") -> set[str]:
    """The names of all collections, or of those whose names begin so."""
    names = {found["name"] for found in call(account, "GET", "/collections")}
    return {name for name in names if name.startswith(prefix)}


def collection(account: Account, name: str) -> dict[str, Any]:
    """One collection as the wire describes it."""
    found: dict[str, Any] = call(account, "GET", f"/collections/{name}")
    return found


def records(account: Account, name: str) -> dict[str, dict[str, Any]]:
    """All records of a collection by id."""
    found = call(
        account,
        "POST",
        f"/collections/{collection(account, name)['id']}/get",
        {"include": ["embeddings", "documents", "metadatas"]},
    )
    members = zip(found["embeddings"], found["documents"], found["metadatas"], strict=True)
    return {
        record_id: {"embedding": embedding, "document": document, "metadata": metadata}
        for record_id, (embedding, document, metadata) in zip(found["ids"], members, strict=True)
    }
