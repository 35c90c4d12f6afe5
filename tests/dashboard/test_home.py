"""The team's home and a database's page, in process: lists, first steps, the sample, the finder."""

from __future__ import annotations

import html
import re
import time
import uuid
from collections.abc import Iterator

import pytest
from django.test import Client

from cloud import sample
from cloud.processes import Service
from tenants import audit, databases, tenants
from tenants.models import Member
from tenants.quotas import Limits
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests import crowd
from tests.control.caller import Caller, api_key, person
from tests.dashboard.cast import Cast

PAYLOAD = "<script>alert(1)</script>"


class Fresh:
    """A tenant with nothing in it, and its owner."""

    def __init__(self) -> None:
        tenant = tenants.create(f"fresh-{uuid.uuid4().hex[:10]}")
        self.tenant_id, self.name = tenant.tenant_id, tenant.name
        self.owner = person(tenant.tenant_id)

    def get(self, path: str, who: Caller | None = None, *, is_part: bool = False) -> tuple[int, str]:
        """Status and text of a page below the tenant's address, or of the part that htmx asks for."""
        client: Client = (who or self.owner).client
        headers = {"HX-Request": "true"} if is_part else {}
        answer = client.get(f"/dashboard/t/{self.name}{path}", headers=headers)
        return answer.status_code, html.unescape(answer.content.decode())

    def post(self, path: str, who: Caller | None = None, **fields: str) -> tuple[int, str]:
        """Status and where it leads."""
        answer = (who or self.owner).client.post(f"/dashboard/t/{self.name}{path}", fields)
        return answer.status_code, answer.get("Location", "")


@pytest.fixture
def fresh(database: Service) -> Fresh:
    """A tenant of the test's own."""
    del database
    return Fresh()


def steps(page: str) -> list[bool]:
    """Which of the first steps are done; empty when they are not shown."""
    rail = re.search(r'<ol class="rail">(.*?)</ol>', page, re.DOTALL)
    return [] if rail is None else ["done" in one[:20] for one in re.split("<li", rail[1])[1:]]


def links(page: str, label: str) -> str:
    """The query of the head of a column."""
    found = re.search(rf'href="(\?[^"]*)" data-list-link>{label}', page)
    assert found, label
    return found[1]


def test_the_first_steps_know_what_is_done_and_end_with_a_look(fresh: Fresh) -> None:
    assert steps(fresh.get("/databases")[1]) == [False, False, False]
    api_key(fresh.tenant_id, fresh.owner)
    assert steps(fresh.get("/databases")[1]) == [True, False, False]
    status, place = fresh.post("/sample")
    assert status == 302
    page = fresh.get("/databases")[1]
    assert steps(page) == [True, True, False]
    assert "2,000 records of the sample are in" in page
    assert fresh.owner.client.get(place).status_code == 200
    assert steps(fresh.get("/databases")[1]) == []


def test_the_first_steps_can_be_hidden_for_good(fresh: Fresh) -> None:
    assert fresh.post("/first-steps/hide")[0] == 302
    assert steps(fresh.get("/databases")[1]) == []
    with tenant_transaction(fresh.tenant_id):
        assert Member.objects.get(tenant_id=fresh.tenant_id).looked_at is not None
    other = person(fresh.tenant_id, Role.DEVELOPER)
    assert steps(fresh.get("/databases", other)[1]) == [False, False, False]
    assert steps(fresh.get("/databases", person(fresh.tenant_id, Role.VIEWER))[1]) == []


def test_the_sample_is_there_within_seconds_and_once(fresh: Fresh) -> None:
    began = time.thread_time()
    first = fresh.post("/sample")[1]
    assert time.thread_time() - began < 5
    again = fresh.post("/sample")[1]
    assert first == again
    assert "was in “debian-packages” already" in fresh.get("/databases")[1]
    wire = api_key(fresh.tenant_id, fresh.owner)
    place = f"/tenants/{fresh.name}/databases/samples/collections/{first.rpartition('/')[2]}"
    assert wire.get(f"{place}/count").body == 2_000
    query = sample.queries()[0].embedding.tolist()
    assert wire.post(f"{place}/query", {"query_embeddings": [query], "n_results": 3}).status == 200
    loaded = [one for one in audit.read(fresh.tenant_id, limit_count=9) if one.action == "records.write"]
    assert [one.details["records"] for one in loaded] == [2_000]


def test_the_sample_goes_into_the_database_that_was_chosen(fresh: Fresh) -> None:
    for name in ("alpha", "beta"):
        databases.create(fresh.tenant_id, name, limits=Limits(), cell_count=1)
    assert "/databases/beta/collections/" in fresh.post("/sample", database="beta")[1]
    assert fresh.post("/sample", database="gamma")[0] == 404
    for role in (Role.VIEWER, Role.BILLING):
        assert fresh.post("/sample", person(fresh.tenant_id, role))[0] == 403
    assert fresh.post("/sample", person())[0] == 404


def test_the_api_loads_the_sample_too(fresh: Fresh) -> None:
    databases.create(fresh.tenant_id, "main", limits=Limits(), cell_count=1)
    path = f"/tenants/{fresh.name}/databases/main/sample"
    assert fresh.owner.post(path).body["added_count"] == 2_000
    assert fresh.owner.post(path).body["added_count"] == 0
    assert person(fresh.tenant_id, Role.VIEWER).post(path).status == 403
    assert fresh.owner.post(path.replace("/main/", "/none/")).status == 404


def test_a_sample_over_the_plan_is_refused_in_plain_words(fresh: Fresh) -> None:
    with tenant_transaction(fresh.tenant_id):
        tenant = tenants.get(fresh.tenant_id)
        tenant.quota_overrides = {"collection_records_count": 500}
        tenant.save()
    status, _ = fresh.post("/sample")
    assert status == 422


@pytest.fixture(scope="module")
def shelves(database: Service) -> Iterator[Fresh]:
    """A tenant with 60 databases; the first two have 130 collections."""
    fresh = Fresh()
    made = crowd.found(fresh.tenant_id, 60)
    crowd.settle(database, made[:2], 130)
    yield fresh
    crowd.clear(database, made)


def names(page: str) -> list[str]:
    """What is in the list."""
    return re.findall(r'<th scope="row"><a class="name" href="[^"]+">([^<]+)</a>', page)


def test_databases_are_sorted_filtered_and_paged_by_their_address(shelves: Fresh) -> None:
    page = shelves.get("/databases")[1]
    assert names(page) == [f"crowd-{number:05d}" for number in range(25)]
    following = re.search(r'rel="next" href="(\?[^"]+)"', page)
    assert following
    assert names(shelves.get(f"/databases{following[1]}")[1])[0] == "crowd-00025"
    by_records = links(page, "Records")
    assert by_records == "?sort=records&order=desc"
    sorted_page = shelves.get(f"/databases{by_records}")[1]
    assert set(names(sorted_page)[:2]) == {"crowd-00000", "crowd-00001"}
    assert 'aria-sort="descending"' in sorted_page
    assert links(sorted_page, "Records") == "?sort=records&order=asc"
    assert names(shelves.get("/databases?q=00059")[1]) == ["crowd-00059"]
    assert "No database matches" in shelves.get(f"/databases?q={PAYLOAD}")[1]


def test_collections_are_sorted_filtered_and_paged_by_their_address(shelves: Fresh) -> None:
    path = "/databases/crowd-00000"
    page = shelves.get(path)[1]
    assert len(names(page)) == 50
    assert names(page) == sorted(names(page), key=str.lower)
    assert len(names(shelves.get(f"{path}?state=parked")[1])) == 4
    assert len(names(shelves.get(f"{path}?state=empty&q=images&sort=size")[1])) == 7
    by_records = names(shelves.get(f"{path}{links(page, 'Records')}")[1])
    assert by_records != names(page)
    assert len(by_records) == 50
    assert "never" in shelves.get(f"{path}?sort=last_write")[1]


def test_htmx_gets_the_list_alone(shelves: Fresh) -> None:
    for path in ("/databases", "/databases/crowd-00000"):
        whole = shelves.get(path)[1]
        part = shelves.get(path, is_part=True)[1]
        assert "<html" in whole
        assert "<html" not in part
        assert names(part) == names(whole)


@pytest.mark.parametrize("query", ["sort=colour", "order=up", "after=nonsense", "q=" + "x" * 129])
def test_an_address_that_does_not_fit_is_refused(shelves: Fresh, query: str) -> None:
    for path in ("/databases", "/databases/crowd-00000"):
        assert shelves.get(f"{path}?{query}")[0] == 400
    assert shelves.get("/databases/crowd-00000?state=broken")[0] == 400


def test_what_somebody_types_is_text(shelves: Fresh) -> None:
    for path in ("/databases", "/databases/crowd-00000"):
        client = shelves.owner.client
        answer = client.get(f"/dashboard/t/{shelves.name}{path}", {"q": f'"{PAYLOAD}'}).content.decode()
        assert PAYLOAD not in answer
        assert "&lt;script&gt;" in answer


def test_a_role_sees_what_it_may(shelves: Fresh) -> None:
    viewer = person(shelves.tenant_id, Role.VIEWER)
    page = shelves.get("/databases/crowd-00059", viewer)[1]
    assert "Load the sample" not in page
    assert "Create a key" not in page
    billing = person(shelves.tenant_id, Role.BILLING)
    assert shelves.get("/databases", billing)[0] == 403
    status, place = shelves.get("", billing)
    assert (status, place) == (301, "") or status == 302
    entered = billing.client.get(f"/dashboard/t/{shelves.name}/", follow=True)
    assert entered.status_code == 200


def test_an_empty_database_teaches(shelves: Fresh) -> None:
    page = shelves.get("/databases/crowd-00059")[1]
    assert "No collections yet" in page
    assert 'client.create_collection("my-collection")' in page
    assert "Load the sample" in page


def found(fresh: Fresh, text: str, who: Caller | None = None) -> dict[str, list[str]]:
    """What the palette finds: labels by group."""
    client = (who or fresh.owner).client
    answer = client.get(f"/dashboard/t/{fresh.name}/find", {"q": text})
    assert answer.status_code == 200
    for group in answer.json()["groups"]:
        for option in group["options"]:
            assert client.get(option["address"]).status_code == 200, option
    return {
        group["label"]: [option["label"] for option in group["options"]] for group in answer.json()["groups"]
    }


def test_the_palette_finds_databases_collections_keys_and_pages(database: Service) -> None:
    cast = Cast.make()
    fresh = Fresh()
    fresh.tenant_id, fresh.name, fresh.owner = cast.tenant_id, cast.tenant_name, cast.people[Role.OWNER]
    assert "API keys" in found(fresh, "")["Pages"]
    assert found(fresh, "libr") == {"Databases": ["library"]}
    assert found(fresh, "BOOK") == {"Collections": ["books"]}
    assert found(fresh, "made by") == {"API keys": ["made by a person"]}
    assert found(fresh, "made by", cast.people[Role.VIEWER]) == {}
    assert found(fresh, "member") == {"Pages": ["Members"]}
    assert found(fresh, PAYLOAD) == {}
    outsider = cast.outsider.client.get(f"/dashboard/t/{cast.tenant_name}/find?q=b")
    assert outsider.status_code == 404
    assert (
        cast.browser(Role.OWNER).get(f"/dashboard/t/{cast.tenant_name}/find?q={'x' * 129}").status_code == 400
    )


def test_the_home_of_a_large_tenant_asks_few_things(shelves: Fresh) -> None:
    shelves.get("/databases")
    for path in ("/databases?sort=records&order=desc", "/databases/crowd-00000"):
        began = time.thread_time()
        assert shelves.get(path)[0] == 200
        assert time.thread_time() - began < 0.5
