"""One of everything that a page of a tenant can be about, made over the control API with a page's session."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Page

from tests.e2e.people import Place


@dataclass(frozen=True)
class _Session:
    """The control API as the person of a page calls it."""

    page: Page
    place: Place

    def get(self, below: str) -> dict[str, Any]:
        """GET below the tenant."""
        found: dict[str, Any] = self.page.request.get(self._url + below).json()
        return found

    def post(self, below: str, body: object, *, content_type: str = "application/json") -> dict[str, Any]:
        """POST below the tenant."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self._headers, "content-type": content_type}
        answer = self.page.request.post(self._url + below, data=data, headers=headers)
        assert answer.ok, (below, answer.text())
        found: dict[str, Any] = answer.json()
        return found

    def delete(self, below: str) -> None:
        """DELETE below the tenant."""
        answer = self.page.request.delete(self._url + below, headers=self._headers)
        assert answer.ok, (below, answer.text())

    @property
    def _url(self) -> str:
        return f"{self.place.service.url}/api/control/v1/tenants/{self.place.tenant}"

    @property
    def _headers(self) -> dict[str, str]:
        token = next(one["value"] for one in self.page.context.cookies() if one["name"] == "csrftoken")
        return {"x-csrftoken": token, "origin": self.place.service.url}


def make_the_rest(
    page: Page, place: Place, collection_id: uuid.UUID, *, text: str = "many customers"
) -> dict[str, object]:
    """The parts of the paths of pages, beside tenant, database, collection and record.

    text:  stands wherever people may write freely
    """
    api = _Session(page, place)
    invited = api.post("/invitations", {"email": "ada@example.com", "role": "viewer"})
    account = api.post("/service-accounts", {"name": text[:128], "role": "viewer"})["service_account_id"]
    account_keys = api.get(f"/service-accounts/{account}/keys")["items"]
    wish = {"limit": "databases_count", "wanted": 1_000_000, "reason": text}
    return {
        "key_id": uuid.UUID(api.get("/keys")["items"][0]["key_id"]),
        "user_id": uuid.UUID(api.get("/members")["items"][0]["user_id"]),
        "invitation_id": uuid.UUID(invited["invitation"]["invitation_id"]),
        "service_account_id": uuid.UUID(account),
        "account_key_id": uuid.UUID(account_keys[0]["key_id"]),
        "limit_name": "collections_count",
        "request_id": uuid.UUID(api.post("/quota-requests", wish)["request_id"]),
        "alert_id": uuid.UUID(api.post("/billing/alerts", {"amount_nano": 5 * 10**9})["alert_id"]),
        "number": place.bill(),
        "transfer_id": _import_with_an_error(api, collection_id, text),
        **_delete_some(api),
    }


def _import_with_an_error(api: _Session, collection_id: uuid.UUID, text: str) -> uuid.UUID:
    """An import whose file has a row that is none."""
    path = f"/databases/{api.place.database}/collections/{collection_id}/imports"
    rows = b'{"id": "z", "embedding": [1, 1]}\n' + text.encode() + b"\n"
    name = quote(f"{text}.jsonl", safe="")
    made = api.post(f"{path}?file_name={name}", rows, content_type="application/x-ndjson")
    return uuid.UUID(made["id"])


def _delete_some(api: _Session) -> dict[str, object]:
    """A collection and a database in the recycle bin."""
    api.post("/databases", {"name": "attic"})
    api.delete("/databases/attic")
    collections = f"/databases/{api.place.database}/collections"
    gone = api.post(collections, {"name": "gone"})["collection_id"]
    api.delete(f"{collections}/{gone}")
    deleted = {kind: api.get(f"/recycle-bin/{kind}")["items"][0] for kind in ("collections", "databases")}
    return {
        "deleted_collection_id": uuid.UUID(deleted["collections"]["collection_id"]),
        "deleted_database_id": uuid.UUID(deleted["databases"]["database_id"]),
    }
