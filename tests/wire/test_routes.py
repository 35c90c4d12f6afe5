"""Every route of the wire is there, with its methods and no others (contract, section 5)."""

from __future__ import annotations

import re

import pytest

from tests.factories import Place
from tests.routes import patterns
from tests.wire.helpers import strict

P = "/tenants/{T}/databases/{D}"
K = f"{P}/collections/{{C}}"
ROUTES = {
    "": {"GET"},
    "/heartbeat": {"GET"},
    "/healthcheck": {"GET"},
    "/version": {"GET"},
    "/pre-flight-checks": {"GET"},
    "/reset": {"POST"},
    "/auth/identity": {"GET"},
    "/tenants": {"POST"},
    "/tenants/{T}": {"GET", "PATCH"},
    "/tenants/{T}/databases": {"GET", "POST"},
    P: {"GET", "DELETE"},
    f"{P}/collections": {"GET", "POST"},
    f"{P}/collections_count": {"GET"},
    f"{P}/collections/by-id/{{C}}": {"GET"},
    "/collections/{crn}": {"GET"},
    K: {"GET", "PUT", "DELETE"},
    f"{K}/fork": {"POST"},
    f"{K}/fork_count": {"GET"},
    f"{K}/add": {"POST"},
    f"{K}/update": {"POST"},
    f"{K}/upsert": {"POST"},
    f"{K}/delete": {"POST"},
    f"{K}/get": {"POST"},
    f"{K}/query": {"POST"},
    f"{K}/count": {"GET"},
    f"{K}/indexing_status": {"GET"},
    f"{K}/search": {"POST"},
    f"{K}/functions/attach": {"POST"},
    f"{K}/functions/{{name}}": {"GET"},
    f"{K}/attached_functions/{{name}}/add_input": {"POST"},
    f"{K}/attached_functions/{{name}}/detach": {"POST"},
    f"{K}/conditional/get": {"POST"},
    f"{K}/conditional/commit": {"POST"},
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SHORT = {"tenant": "T", "database": "D", "collection": "C"}


def served() -> list[str]:
    """The routes below /api/v2, spelled as in the contract."""
    return [re.sub(r"<str:(\w+)>", lambda m: f"{{{SHORT.get(m[1], m[1])}}}", text) for text, _ in patterns()]


def test_it_serves_the_routes_of_the_contract_and_no_others() -> None:
    assert len(served()) == 33
    assert set(served()) == set(ROUTES)


@pytest.mark.parametrize(("route", "methods"), ROUTES.items())
def test_it_allows_the_methods_of_the_contract_and_no_others(
    shelf: Place, route: str, methods: set[str]
) -> None:
    cast = shelf.cast
    path = route.format(T=cast.name, D=cast.database, C=shelf.collection_id, name="counter", crn="a:b:c")
    for method in METHODS:
        if method not in methods:
            answer = strict(cast.wire, method, f"/api/v2{path}")
            assert (answer.status, answer.body) == (405, b""), (method, answer)
            assert set(answer.headers["Allow"].split(", ")) == methods


def test_it_takes_percent_encoded_segments_once(shelf: Place) -> None:
    answer = shelf.cast.wire.get(f"{shelf.cast.place}/collections/%73helf")
    assert answer.body["id"] == str(shelf.collection_id)
    missing = shelf.cast.wire.get(f"{shelf.cast.place}/collections/a%252Fb")
    assert missing.body["message"] == "Collection [a%2Fb] does not exist"
