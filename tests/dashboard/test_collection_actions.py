"""What a person does to collections and databases on the pages, in process: works, refused, inert, undone."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Mapping
from typing import Any

import pytest
from django.urls import reverse

from cloud.processes import Service
from tenants.billing import budgets
from tenants.roles import Action, Role, may
from tests.binned import BY, keep_for
from tests.control.caller import api_key
from tests.dashboard.cast import Cast
from tests.factories import Wire


@pytest.fixture
def own(database: Service) -> Cast:
    """A tenant that the test may change."""
    del database
    return Cast.make()


def address(cast: Cast, name: str, **parts: object) -> str:
    """Of a page, with the cast's parts where they are not given."""
    known = {**cast.parts, **parts}
    wanted = {
        "collection-create": ("tenant_name", "database_name"),
        "database-create": ("tenant_name",),
        "database-delete": ("tenant_name", "database_name"),
        "database": ("tenant_name", "database_name"),
        "recycle-bin": ("tenant_name",),
        "recycle-restore-collection": ("tenant_name", "deleted_collection_id"),
        "recycle-purge-collection": ("tenant_name", "deleted_collection_id"),
        "recycle-restore-database": ("tenant_name", "deleted_database_id"),
        "recycle-purge-database": ("tenant_name", "deleted_database_id"),
    }.get(name, ("tenant_name", "database_name", "collection_id"))
    return reverse(f"dashboard:{name}", kwargs={part: known[part] for part in wanted})


def send(
    cast: Cast, name: str, data: Mapping[str, Any], *, role: Role = Role.DEVELOPER, **parts: object
) -> Any:
    """Post a form of the page."""
    return cast.browser(role).post(address(cast, name, **parts), dict(data))


def text(response: Any) -> str:
    """The page as a person reads it."""
    return html.unescape(response.content.decode())


def wire(cast: Cast) -> Wire:
    """A key of the tenant."""
    return api_key(cast.tenant_id, cast.people[Role.OWNER])


def place(cast: Cast) -> str:
    """The collections of the cast's database, on the wire."""
    return f"/tenants/{cast.tenant_name}/databases/library/collections"


def names(cast: Cast) -> list[str]:
    """What the database has."""
    return [one["name"] for one in wire(cast).get(place(cast)).body]


NEW = {"name": "articles", "space": "cosine"}


def test_a_collection_is_made_as_the_form_says(own: Cast) -> None:
    more = {
        "ef_search": "50",
        "ef_construction": "200",
        "max_neighbors": "24",
        "metadata": '{"a": 1, "b": ["x"]}',
    }
    answer = send(own, "collection-create", {**NEW, **more})
    made = wire(own).get(f"{place(own)}/articles").body
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/databases/library/collections/{made['id']}")
    hnsw = made["configuration_json"]["hnsw"]
    assert (hnsw["space"], hnsw["ef_search"], hnsw["ef_construction"]) == ("cosine", 50, 200)
    assert (hnsw["max_neighbors"], made["metadata"]) == (24, {"a": 1, "b": ["x"]})


def test_what_is_left_out_takes_its_default(own: Cast) -> None:
    assert (
        send(own, "collection-create", {"name": "plain", "space": "l2", "metadata": "  "}).status_code == 302
    )
    made = wire(own).get(f"{place(own)}/plain").body
    assert (made["configuration_json"]["hnsw"]["max_neighbors"], made["metadata"]) == (16, None)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"name": ""}, "This field is required"),
        ({"name": "a b"}, "3-512 characters"),
        ({"name": "books"}, "already exists"),
        ({"name": "n" * 200}, "Name size"),
        ({"space": "hamming"}, "Select a valid choice"),
        ({"ef_search": "0"}, "greater than or equal to 1"),
        ({"max_neighbors": "x"}, "whole number"),
        ({"metadata": "{"}, "This is no JSON"),
        ({"metadata": "[1]"}, "Expected an object"),
        ({"metadata": "{}"}, "cannot be empty"),
        ({"metadata": '{"a": null}'}, "null"),
        ({"metadata": '{"#a": 1}'}, "cannot start with"),
        ({"metadata": '{"a": {"b": 1}}'}, "object"),
    ],
)
def test_what_cannot_be_is_said_at_the_form(cast: Cast, changed: dict[str, str], said: str) -> None:
    answer = send(cast, "collection-create", {**NEW, **changed})
    assert answer.status_code == 422
    assert said in text(answer)
    assert names(cast) == ["books"]


def test_a_fork_is_made_and_leads_to_itself(own: Cast) -> None:
    asked = own.browser(Role.DEVELOPER).get(address(own, "collection-fork"))
    assert "the same 2 records" in text(asked)
    assert "USD 0.03, once" in text(asked)
    answer = send(own, "collection-fork", {"new_name": "books-fork"})
    made = wire(own).get(f"{place(own)}/books-fork").body
    assert answer["Location"].endswith(made["id"])
    assert wire(own).get(f"{place(own)}/{made['id']}/count").body == 2
    assert "1 of 256" in text(own.browser(Role.DEVELOPER).get(address(own, "collection-fork")))


@pytest.mark.parametrize("page", ["collection-fork", "collection-rename"])
def test_a_name_that_is_taken_or_bad_is_said_at_the_form(own: Cast, page: str) -> None:
    assert wire(own).post(place(own), {"name": "taken"}).status == 200
    for name, said in (("taken", "already exists"), ("a b", "3-512 characters"), ("", "required")):
        answer = send(own, page, {"new_name": name})
        assert (answer.status_code, said in text(answer)) == (422, True), name
    assert names(own) == ["books", "taken"]


def test_a_fork_past_the_spend_cap_is_refused(own: Cast) -> None:
    budgets.set_cap(BY, own.tenant_id, 0)
    answer = send(own, "collection-fork", {"new_name": "books-fork"})
    assert answer.status_code == 422
    assert "Billing limit exceeded" in text(answer)
    assert names(own) == ["books"]


def test_a_collection_is_renamed(own: Cast) -> None:
    answer = send(own, "collection-rename", {"new_name": "novels"})
    assert answer["Location"] == address(own, "collection")
    assert names(own) == ["novels"]


def test_what_is_deleted_is_named_first_and_comes_back(own: Cast) -> None:
    send(own, "collection-fork", {"new_name": "kept"})
    asked = text(own.browser(Role.DEVELOPER).get(address(own, "collection-delete")))
    for words in ("2 records", "1 other collection of its tree of forks keeps", "can be restored"):
        assert words in asked
    assert send(own, "collection-delete", {})["Location"] == address(own, "database")
    assert names(own) == ["kept"]
    collection_id = own.parts["collection_id"]
    page = text(own.browser(Role.DEVELOPER).get(address(own, "recycle-bin")))
    assert "books" in page
    developer = own.people[Role.DEVELOPER].user
    assert developer is not None
    assert developer.email in page
    back = send(own, "recycle-restore-collection", {"new_name": "books"}, deleted_collection_id=collection_id)
    assert back["Location"] == address(own, "collection")
    assert sorted(names(own)) == ["books", "kept"]


def test_without_a_bin_the_name_must_be_typed(own: Cast) -> None:
    keep_for(own.tenant_id, 0)
    asked = text(own.browser(Role.DEVELOPER).get(address(own, "collection-delete")))
    assert "cannot be undone" in asked
    for typed in ("", "Books", "books "):
        assert send(own, "collection-delete", {"confirmation": typed}).status_code == 422
    assert names(own) == ["books"]
    assert send(own, "collection-delete", {"confirmation": "books"}).status_code == 302
    assert names(own) == []
    assert "Your plan keeps nothing here" in text(own.browser(Role.VIEWER).get(address(own, "recycle-bin")))


def test_a_name_that_was_taken_meanwhile_asks_for_another(own: Cast) -> None:
    assert wire(own).post(place(own), {"name": "gone"}).status == 200
    refused = send(own, "recycle-restore-collection", {"new_name": "gone"})
    assert (refused.status_code, "already exists; restore it under a new name" in text(refused)) == (
        422,
        True,
    )
    assert send(own, "recycle-restore-collection", {"new_name": "gone-again"}).status_code == 302
    assert "gone-again" in names(own)


@pytest.mark.parametrize("kind", ["collection", "database"])
def test_what_is_purged_must_be_typed_and_is_gone(own: Cast, kind: str) -> None:
    page = f"recycle-purge-{kind}"
    assert send(own, page, {"confirmation": "something"}).status_code == 422
    name = {"collection": "gone", "database": "attic"}[kind]
    assert send(own, page, {"confirmation": name}).status_code == 302
    assert send(own, page, {"confirmation": name}).status_code == 404
    assert send(own, f"recycle-restore-{kind}", {"new_name": name}).status_code == 404
    shown = own.browser(Role.VIEWER).get(address(own, "recycle-bin") + f"?kind={kind}s")
    assert "Nothing was deleted" in text(shown)


def test_a_database_is_made_deleted_and_restored(own: Cast) -> None:
    assert send(own, "database-create", {"new_name": "second"}).status_code == 302
    assert send(own, "database-create", {"new_name": "second"}).status_code == 422
    asked = text(own.browser(Role.DEVELOPER).get(address(own, "database-delete")))
    assert "1 collection" in asked
    assert "2 records" in asked
    assert send(own, "database-delete", {"confirmation": "second"}).status_code == 422
    assert send(own, "database-delete", {"confirmation": "library"}).status_code == 302
    listed = own.people[Role.OWNER].get(f"/tenants/{own.tenant_name}/recycle-bin/databases").body["items"]
    (database_id,) = [one["database_id"] for one in listed if one["name"] == "library"]
    back = send(own, "recycle-restore-database", {"new_name": "library"}, deleted_database_id=database_id)
    assert back["Location"] == address(own, "database")
    assert names(own) == ["books"]


ACTIONS = [
    ("collection-create", NEW, Action.CREATE_COLLECTION),
    ("collection-fork", {"new_name": "mine"}, Action.FORK_COLLECTION),
    ("collection-rename", {"new_name": "mine"}, Action.MANAGE_COLLECTIONS),
    ("collection-delete", {}, Action.DELETE_COLLECTION),
    ("database-create", {"new_name": "mine"}, Action.CREATE_DATABASE),
    ("database-delete", {"confirmation": "library"}, Action.DELETE_DATABASE),
    ("recycle-restore-collection", {"new_name": "gone"}, Action.RESTORE_COLLECTION),
    ("recycle-purge-collection", {"confirmation": "gone"}, Action.DELETE_COLLECTION),
    ("recycle-restore-database", {"new_name": "attic"}, Action.RESTORE_DATABASE),
    ("recycle-purge-database", {"confirmation": "attic"}, Action.DELETE_DATABASE),
]


@pytest.mark.parametrize(("page", "data", "action"), ACTIONS)
def test_who_may_not_is_refused_when_it_is_posted_anyway(
    cast: Cast, page: str, data: dict[str, str], action: Action
) -> None:
    for role in (Role.VIEWER, Role.BILLING):
        assert not may(role, action)
        assert send(cast, page, data, role=role).status_code == 403
    outsider = cast.outsider.client.post(address(cast, page), data)
    assert outsider.status_code == 404
    assert names(cast) == ["books"]


def test_what_a_role_may_not_do_is_not_offered(cast: Cast) -> None:
    for page in ("collection", "database", "recycle-bin"):
        for role, is_offered in ((Role.VIEWER, False), (Role.DEVELOPER, True)):
            shown = text(cast.browser(role).get(address(cast, page)))
            found = [
                one for one in ("/delete", "/fork", "/rename", "/restore", "/purge") if f'{one}"' in shown
            ]
            assert bool(found) == is_offered, (page, role, found)


def test_somebody_elses_ids_are_not_found(cast: Cast, own: Cast) -> None:
    parts = ("collection_id", "deleted_collection_id", "deleted_database_id")
    theirs = {part: cast.parts[part] for part in parts}
    for page, data, _ in ACTIONS:
        if page not in ("collection-create", "database-create", "database-delete"):
            assert send(own, page, data, role=Role.OWNER, **theirs).status_code == 404, page
    assert names(cast) == ["books"]


def test_names_are_text_wherever_they_stand(own: Cast) -> None:
    evil = '<img src=x onerror="alert(1)">'
    made = wire(own).post(f"{place(own)}/{own.parts['collection_id']}/fork", {"new_name": evil}).body
    pages = [
        address(own, page, collection_id=uuid.UUID(made["id"]))
        for page in ("collection-fork", "collection-rename", "collection-delete")
    ]
    assert wire(own).send("PUT", f"{place(own)}/{made['id']}", {}).status == 200
    for path in pages:
        assert "<img src=x" not in own.browser(Role.OWNER).get(path).content.decode()
    deleted = send(own, "collection-delete", {}, collection_id=uuid.UUID(made["id"]))
    assert deleted.status_code == 302
    shown = own.browser(Role.OWNER).get(address(own, "recycle-bin")).content.decode()
    assert "<img src=x" not in shown
    assert evil in html.unescape(shown)
    back = send(
        own, "recycle-restore-collection", {"new_name": evil}, deleted_collection_id=uuid.UUID(made["id"])
    )
    assert back.status_code == 302  # its old name need not fit the pattern of new ones


def test_a_dialog_is_a_part_of_the_page_and_sends_the_whole_page_on(own: Cast) -> None:
    browser, asks = own.browser(Role.DEVELOPER), {"HX-Request": "true"}
    part = browser.get(address(own, "collection-rename"), headers=asks)
    assert "<html" not in part.content.decode()
    refused = browser.post(address(own, "collection-rename"), {"new_name": ""}, headers=asks)
    assert (refused.status_code, "<html" in refused.content.decode()) == (422, False)
    done = browser.post(address(own, "collection-rename"), {"new_name": "novels"}, headers=asks)
    assert (done.status_code, done["HX-Redirect"]) == (204, address(own, "collection"))


def test_the_bin_is_paged_by_its_own_keys(own: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    key = wire(own)
    for number in range(5):
        key.post(place(own), {"name": f"bin-{number}"})
        assert key.delete(f"{place(own)}/bin-{number}").status == 200
    monkeypatch.setattr("cloud.dashboard.views.recycle_bin._ROWS_PER_PAGE", 2)
    path, seen = address(own, "recycle-bin"), []
    for _ in range(3):
        page = own.browser(Role.VIEWER).get(path)
        seen += re.findall(r'<th scope="row" class="name">([^<]+)</th>', text(page))
        cursors = re.findall(r'rel="next" href="([^"]+)"', text(page))
        path = address(own, "recycle-bin") + (cursors or [""])[0]
    assert cursors == []
    assert seen == ["bin-4", "bin-3", "bin-2", "bin-1", "bin-0", "gone"]
    for wrong in ("x", "W10", "WzEsMl0", "Wy0xLCJ4Il0"):
        assert own.browser(Role.VIEWER).get(f"{address(own, 'recycle-bin')}?after={wrong}").status_code == 400


def test_each_page_tells_the_same_call_of_the_api(cast: Cast) -> None:
    for page, call in (
        ("collection-create", "curl -sS -X POST http://testserver/api/control/v1/tenants/"),
        ("collection-fork", f"/collections/{cast.parts['collection_id']}/fork"),
        ("collection-rename", "curl -sS -X PATCH"),
        ("collection-delete", "curl -sS -X DELETE"),
        ("recycle-restore-database", f"/recycle-bin/databases/{cast.parts['deleted_database_id']}/restore"),
    ):
        assert call in text(cast.browser(Role.DEVELOPER).get(address(cast, page))), page
