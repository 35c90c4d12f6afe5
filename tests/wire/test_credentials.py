"""Where a key may stand, and what the names that clients send untold mean (contract, section 3)."""

from __future__ import annotations

import base64

import pytest

from tests.factories import Cast, Place, Wire, batch
from tests.wire.helpers import MISSING, PLAIN, assert_error, assert_forbidden, limited

NOBODY = Wire(None)
ALIASED = "/tenants/default_tenant/databases/default_database"


def basic(user: str, password: str) -> str:
    """The header of HTTP's Basic scheme."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_it_takes_the_key_from_any_of_three_places(shelf: Place) -> None:
    key = shelf.cast.wire.key or ""
    for authorization in (f"Bearer {key}", f"bearer  {key}", basic("", key), basic("anyone", key)):
        for path in ("/auth/identity", f"{shelf.path}/count", f"{shelf.cast.place}/collections"):
            assert NOBODY.send("GET", path, authorization=authorization).status == 200


def test_it_prefers_the_wires_own_header(shelf: Place) -> None:
    answer = shelf.cast.wire.send("GET", "/auth/identity", authorization="Bearer somebody-else")
    assert answer.status == 200


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic",
        "Basic !!",
        "Basic /////w==",
        basic("key", ""),
        "Digest x",
        "Bearer None",
    ],
)
def test_it_refuses_what_holds_no_key(shelf: Place, authorization: str) -> None:
    answer = NOBODY.send("GET", f"{shelf.path}/count", authorization=authorization)
    assert_error(answer, 401, PLAIN, "Permission denied.")


def test_it_resolves_the_default_names_to_the_keys_own(acme: Cast) -> None:
    place = acme.collection(name="shelf")
    place.call("add", batch(3))
    for key in (acme.wire, acme.read_only, limited(acme, "main")):
        assert key.get("/tenants/default_tenant").body["name"] == acme.name
        assert key.get(ALIASED).body["name"] == "main"
        found = key.get(f"{ALIASED}/collections/shelf").body
        assert (found["tenant"], found["database"]) == (acme.name, "main")
        assert key.get(f"{ALIASED}/collections/{place.collection_id}/count").body == 3


def test_it_resolves_no_database_among_several(acme: Cast) -> None:
    place = acme.collection(name="shelf")
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "second"})
    fresh = limited(acme, "main", "second")
    assert_forbidden(fresh.get(ALIASED))
    assert_error(fresh.get(f"{ALIASED}/collections/{place.collection_id}/count"), 404, MISSING)
    assert limited(acme, "second").get(ALIASED).body["name"] == "second"


def test_it_means_a_database_of_that_name_where_there_is_one(acme: Cast) -> None:
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "default_database"})
    assert limited(acme, "main", "default_database").get(ALIASED).body["name"] == "default_database"


def test_it_never_leads_into_another_tenant(shelf: Place, globex: Cast) -> None:
    path = f"{ALIASED}/collections/{shelf.collection_id}/count"
    assert_error(globex.wire.get(path), 404, MISSING)
    assert_error(globex.wire.get(f"{ALIASED}/collections/shelf"), 404, MISSING)
