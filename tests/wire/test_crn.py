"""`GET /collections/{crn}`: a collection by its full name (contract, section 8.3)."""

from __future__ import annotations

import uuid

import pytest

from tests.factories import Cast, Place, Wire
from tests.wire.helpers import INVALID, MISSING, PLAIN, assert_error, limited


def named(cast: Cast) -> str:
    """The tenant's resource name, freshly given."""
    name = f"inc-{uuid.uuid4()}"
    assert cast.wire.send("PATCH", f"/tenants/{cast.name}", {"resource_name": name}).status == 200
    return name


def test_it_finds_a_collection_by_its_full_name(acme: Cast) -> None:
    place = acme.collection(name="shelf")
    path = f"/collections/{named(acme)}:main:shelf"
    for key in (acme.wire, acme.read_only, limited(acme, "main")):
        answer = key.get(path)
        assert answer.status == 200
        assert answer.body == acme.wire.get(f"{acme.place}/collections/shelf").body
        assert answer.body["id"] == str(place.collection_id)


def test_it_gives_an_outsider_nothing(acme: Cast, globex: Cast) -> None:
    acme.collection(name="shelf")
    crn = f"{named(acme)}:main:shelf"
    named(globex)
    assert_error(globex.wire.get(f"/collections/{crn}"), 404, MISSING, f"Collection [{crn}] does not exist")


def test_it_knows_nothing_of_other_names(acme: Cast) -> None:
    acme.collection(name="shelf")
    acme.wire.post(f"/tenants/{acme.name}/databases", {"name": "second"})
    name = named(acme)
    for crn in (f"{name}:main:other", f"{name}:other:shelf", f"{acme.name}:main:shelf", "a:b:c%00"):
        assert_error(acme.wire.get(f"/collections/{crn}"), 404, MISSING, "Collection [")
    assert_error(limited(acme, "second").get(f"/collections/{name}:main:shelf"), 404, MISSING)


@pytest.mark.parametrize("crn", ["a", "a:b", "a:b:c:d", ":b:c", "a::c", "a:b:", "::"])
def test_it_refuses_what_is_not_three_parts(shelf: Place, crn: str) -> None:
    assert_error(
        shelf.cast.wire.get(f"/collections/{crn}"), 400, INVALID, "Validation error: crn: CRN must be"
    )


def test_it_refuses_strangers(shelf: Place) -> None:
    assert_error(Wire(None).get("/collections/a:b:c"), 401, PLAIN)
