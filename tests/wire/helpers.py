"""What the wire's tests share: the shape of a failure, the answers of an outsider, keys of other kinds."""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Callable, Sequence

import numpy as np
from django.test import Client

from tenants import databases
from tests.factories import Answer, Cast, Place, Wire, issue

Settle = Callable[[Place], None]
INVALID = "InvalidArgumentError"
MISSING = "NotFoundError"
PLAIN = "ChromaError"
UNSHAPED = "Failed to deserialize the JSON body into the target type: "
UNPARSED = "Failed to parse the request body as JSON: "


def assert_error(answer: Answer, status: int, name: str, message: str = "") -> None:
    """The answer is a failure in the wire's shape, and its message begins so."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/json"
    assert set(answer.body) == {"error", "message"}
    assert answer.body["error"] == name
    assert isinstance(answer.body["message"], str)
    assert answer.body["message"].startswith(message), answer.body
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["chroma-trace-id"])


def assert_forbidden(answer: Answer) -> None:
    """The key has not the verb or the place."""
    assert_error(answer, 403, PLAIN, "Permission denied.")


def over(usage: str, action: str, current: int, limit: int) -> str:
    """The words of a quota that is passed."""
    return (
        f"Quota exceeded: '{usage}' exceeded quota limit for action '{action}': "
        f"current usage of {current} exceeds limit of {limit}"
    )


def create(cast: Cast, **body: object) -> Answer:
    """POST a collection, by a name of its own unless one is given."""
    return cast.wire.post(f"{cast.place}/collections", {"name": f"c-{uuid.uuid4().hex[:8]}", **body})


def outside(stranger: Cast, place: Place, method: str, route: str, body: object = None) -> None:
    """A stranger's key learns nothing of a record route, by the owner's path and by its own."""
    missing = f"Collection [{place.collection_id}] does not exist."
    for path in (place.path, f"{stranger.place}/collections/{place.collection_id}"):
        assert_error(stranger.wire.send(method, f"{path}/{route}", body), 404, MISSING, missing)


def operator(cast: Cast) -> Wire:
    """A client with an operator's key."""
    return Wire(issue(cast.tenant_id, is_operator=True).secret)


def limited(cast: Cast, *names: str) -> Wire:
    """A client whose key reaches only these databases."""
    wanted = frozenset(databases.get(cast.tenant_id, name).database_id for name in names)
    return Wire(issue(cast.tenant_id, database_ids=wanted).secret)


def strict(wire: Wire, method: str, path: str, body: bytes = b"") -> Answer:
    """What a real client gets: with the checks that Django's test client leaves out, and the body as sent."""
    response = Client(enforce_csrf_checks=True, raise_request_exception=False).generic(
        method,
        path,
        body,
        content_type="application/json",
        headers={"x-chroma-token": wire.key or ""},
    )
    return Answer(response.status_code, response.content, dict(response.headers))


def text(cast: Cast, method: str, path: str, body: bytes = b"") -> str:
    """The JSON text of a success, as it was sent."""
    answer = strict(cast.wire, method, f"/api/v2{path}", body)
    assert answer.status in (200, 201), answer
    return bytes(answer.body).decode()


def base64_of(values: Sequence[float]) -> str:
    """An embedding as little-endian float32 in base64."""
    return base64.b64encode(np.array(values, dtype="<f4").tobytes()).decode()
