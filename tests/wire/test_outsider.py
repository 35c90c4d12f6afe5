"""A key of globex against every route, with acme's names and ids: 403 or 404, and never data."""

from __future__ import annotations

import pytest

from tests.factories import Cast, batch

RECORD_ROUTES = ("add", "update", "upsert", "delete", "get", "query", "search", "fork", "functions/attach")


def routes(acme: Cast, name: str, collection_id: str) -> list[tuple[str, str, object]]:
    """Every route that names a place: method, path, body."""
    tenant, place = f"/tenants/{acme.name}", acme.place
    record = f"{place}/collections/{collection_id}"
    bodies = {
        "query": {"query_embeddings": [[0.0] * 8]},
        "search": {"searches": [{"rank": {"$knn": {"query": [0.0] * 8}}}]},
        "get": {},
        "delete": {"ids": ["r0"]},
        "fork": {"new_name": "copy"},
    }
    found: list[tuple[str, str, object]] = [
        ("GET", tenant, None),
        ("POST", "/tenants", {"name": acme.name}),
        ("GET", f"{tenant}/databases", None),
        ("POST", f"{tenant}/databases", {"name": "intruder"}),
        ("GET", place, None),
        ("DELETE", place, None),
        ("GET", f"{place}/collections", None),
        ("POST", f"{place}/collections", {"name": name, "get_or_create": True}),
        ("GET", f"{place}/collections_count", None),
        ("GET", f"{place}/collections/{name}", None),
        ("GET", f"{place}/collections/by-id/{collection_id}", None),
        ("PUT", record, {"new_name": "stolen"}),
        ("DELETE", f"{place}/collections/{name}", None),
        ("GET", f"{record}/count", None),
        ("GET", f"{record}/indexing_status", None),
        ("GET", f"{record}/fork_count", None),
    ]
    found += [("POST", f"{record}/{verb}", bodies.get(verb, batch(2))) for verb in RECORD_ROUTES]
    return found


def test_it_gives_an_outsider_nothing_on_any_route(acme: Cast, globex: Cast) -> None:
    place = acme.collection(name="secrets")
    place.call("add", batch(5))
    for method, path, body in routes(acme, place.name, str(place.collection_id)):
        answer = globex.wire.send(method, path, body)
        assert answer.status in (403, 404), (method, path, answer)
        assert set(answer.body) == {"error", "message"}, (method, path, answer)
    assert place.ids() == [f"r{number}" for number in range(5)]


def test_it_gives_an_outsider_nothing_under_its_own_names(acme: Cast, globex: Cast) -> None:
    place = acme.collection(name="secrets")
    place.call("add", batch(5))
    path = f"{globex.place}/collections/{place.collection_id}"
    for verb in RECORD_ROUTES:
        body = {"query_embeddings": [[0.0] * 8], "searches": [{}], "new_name": "copy", **batch(2)}
        answer = globex.wire.post(f"{path}/{verb}", body)
        assert answer.status == 404, (verb, answer)
    assert globex.wire.get(f"{globex.place}/collections/by-id/{place.collection_id}").status == 404


@pytest.mark.parametrize("verb", RECORD_ROUTES)
def test_it_answers_a_strangers_id_like_one_that_never_was(acme: Cast, globex: Cast, verb: str) -> None:
    place = acme.collection()
    nobodys = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
    body = {"query_embeddings": [[0.0] * 8], "searches": [{}], "new_name": "copy", **batch(2)}
    stranger = globex.wire.post(f"{globex.place}/collections/{place.collection_id}/{verb}", body)
    never = globex.wire.post(f"{globex.place}/collections/{nobodys}/{verb}", body)
    text = stranger.body["message"].replace(str(place.collection_id), nobodys)
    assert (stranger.status, text) == (never.status, never.body["message"])
