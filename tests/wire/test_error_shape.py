"""One assertion over a table of failures: `{"error", "message"}`, a status, a trace (contract, section 2)."""

from __future__ import annotations

import uuid

import pytest

from tests.factories import Place, Wire
from tests.wire.helpers import INVALID, MISSING, PLAIN, assert_error

NOWHERE = uuid.UUID(int=1)
FAILURES = {
    "not json": ("POST", "{K}/get", b"{", 400, INVALID),
    "a rule of a body": ("POST", "{K}/add", b'{"ids":[""],"embeddings":[[1,1,1,1,1,1,1,1]]}', 400, INVALID),
    "a filter": ("POST", "{K}/query", b'{"query_embeddings":[[1,1,1,1,1,1,1,1]],"where":{}}', 400, INVALID),
    "a query string": ("GET", "{P}/collections?limit=abc", b"", 400, INVALID),
    "a read level": ("GET", "{K}/count?read_level=none", b"", 400, INVALID),
    "an id that is none": ("POST", "{P}/collections/not-a-uuid/get", b"{}", 400, INVALID),
    "an id that is none, in a change": ("PUT", "{P}/collections/not-a-uuid", b"{}", 400, INVALID),
    "a short database": ("GET", "/tenants/{T}/databases/ab", b"", 400, INVALID),
    "a short database of collections": ("GET", "/tenants/{T}/databases/ab/collections", b"", 400, INVALID),
    "a short database of records": (
        "POST",
        "/tenants/{T}/databases/ab/collections/{C}/get",
        b"{}",
        400,
        INVALID,
    ),
    "a bad name": ("POST", "{P}/collections", b'{"name":"a"}', 400, INVALID),
    "nobody": ("GET", "/auth/identity", b"", 401, PLAIN),
    "nobody's records": ("POST", "{K}/get", b"{}", 401, PLAIN),
    "nobody's collections": ("GET", "{P}/collections", b"", 401, PLAIN),
    "another tenant": ("GET", "/tenants/somebody-else", b"", 403, PLAIN),
    "another tenant's database": ("GET", "/tenants/somebody-else/databases/main", b"", 403, PLAIN),
    "a tenant too many": ("POST", "/tenants", b'{"name":"another"}', 403, PLAIN),
    "reset": ("POST", "/reset", b"", 403, PLAIN),
    "a missing collection": ("GET", "{P}/collections/missing", b"", 404, MISSING),
    "a missing id": ("POST", f"{{P}}/collections/{NOWHERE}/get", b"{}", 404, MISSING),
    "a shape before a missing id": ("POST", f"{{P}}/collections/{NOWHERE}/add", b"{}", 422, PLAIN),
    "a missing id to count": ("GET", f"{{P}}/collections/{NOWHERE}/count", b"", 404, MISSING),
    "a missing database": ("GET", "/tenants/{T}/databases/missing", b"", 404, MISSING),
    "a missing database of collections": (
        "POST",
        "/tenants/{T}/databases/missing/collections",
        b"{}",
        404,
        MISSING,
    ),
    "a name that is taken": ("POST", "{P}/collections", b'{"name":"shelf"}', 409, PLAIN),
    "a database that is taken": ("POST", "/tenants/{T}/databases", b'{"name":"main"}', 409, PLAIN),
    "another shape": ("POST", "{K}/get", b'{"include":["data"]}', 422, PLAIN),
    "a quota": ("POST", "{K}/get", b'{"limit":4294967295}', 422, PLAIN),
    "not there yet": ("POST", "{K}/functions/attach", b"{}", 501, PLAIN),
}


@pytest.mark.parametrize(("method", "route", "body", "status", "name"), FAILURES.values(), ids=list(FAILURES))
def test_it_fails_in_one_shape(
    shelf: Place, method: str, route: str, body: bytes, status: int, name: str
) -> None:
    cast = shelf.cast
    path = route.format(T=cast.name, P=cast.place, K=shelf.path, C=shelf.collection_id)
    wire = Wire(None) if status == 401 else cast.wire
    assert_error(wire.send(method, path, body), status, name)
