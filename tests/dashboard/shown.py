"""A collection of the cast, its pages, and what stands on them."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from cloud.processes import Service
from tenants.models import Tenant
from tenants.roles import Role
from tenants.scope import tenant_transaction
from tests import stage
from tests.compact import cell_of
from tests.control.caller import api_key
from tests.dashboard.cast import Cast
from tests.factories import GENEROUS, Place
from tests.factories import Cast as Wired
from vectors.cells.transaction import connect


class Shown:
    """A collection of a cast, and its pages."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        with tenant_transaction(cast.tenant_id):
            Tenant.objects.filter(tenant_id=cast.tenant_id).update(quota_overrides=GENEROUS)
        wire = api_key(cast.tenant_id, cast.people[Role.OWNER])
        self.place = Wired(cast.tenant_id, cast.tenant_name, "library", wire, wire).collection()

    def path(self, page: str = "collection", **more: object) -> str:
        """Of a page of the collection."""
        parts = {"tenant_name": self.cast.tenant_name, "database_name": "library"}
        return reverse(
            f"dashboard:{page}", kwargs={**parts, "collection_id": self.place.collection_id, **more}
        )

    def get(self, page: str = "collection", role: Role = Role.OWNER, query: Any = (), **more: object) -> Any:
        """GET a page."""
        return self.cast.browser(role).get(self.path(page, **more) + "?" + urlencode(query, doseq=True))

    def post(self, page: str, data: Any = None, role: Role = Role.OWNER, **more: object) -> Any:
        """POST to a page."""
        return self.cast.browser(role).post(self.path(page, **more), data or {})


def ids_on(answer: Any) -> list[str]:
    """The ids of the records on a page, in order."""
    return [unescape(one) for one in re.findall(r'name="id" value="([^"]*)"', answer.content.decode())]


def link(answer: Any, rel: str) -> str:
    """The address of a link by its relation."""
    found = re.search(rf'rel="{rel}" href="([^"]*)"', answer.content.decode())
    assert found is not None
    return unescape(found[1])


def chip(key: str, operator: str, value: object) -> str:
    """A filter as an address has it."""
    return json.dumps([key, operator, value])


class _Fields(HTMLParser):
    """The fields of a page's forms, as a browser would send them back."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self._name = ""
        self._area: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element begins."""
        given = {name: value or "" for name, value in attrs}
        if tag == "input" and given.get("type") != "checkbox" and "name" in given:
            self.values[given["name"]] = given.get("value", "")
        elif tag in ("select", "textarea"):
            self._name, self._area = given["name"], "" if tag == "textarea" else None
        elif tag == "option" and ("selected" in given or self._name not in self.values):
            self.values[self._name] = given.get("value", "")

    def handle_data(self, data: str) -> None:
        """Text."""
        if self._area is not None:
            self._area += data

    def handle_endtag(self, tag: str) -> None:
        """An element ends; a browser leaves out the first line end of a text field."""
        if tag == "textarea":
            text = (self._area or "").removeprefix("\n")
            self.values[self._name] = re.sub(r"\r\n|\r|\n", "\r\n", text)
            self._area = None


def rows_of(answer: Any) -> dict[str, str]:
    """The fields of the form for metadata."""
    found = _Fields(answer.content.decode()).values
    return {name: value for name, value in found.items() if name.startswith("row-")}


def row_of(fields: dict[str, str], key: str) -> str:
    """The beginning of the names of a key's fields; of the last new key, for an empty one."""
    found = [name for name, value in fields.items() if name.endswith("-key") and value == key]
    return found[-1].removesuffix("-key")


def words_of(answer: Any) -> str:
    """What a page says."""
    return unescape(" ".join(re.sub(r"<[^>]*>", " ", answer.content.decode()).split()))


def metadata_of(shown: Shown, record_id: str) -> Any:
    """A record's metadata over the wire."""
    return shown.place.call("get", {"ids": [record_id]})["metadatas"][0]


def up_to_of(answer: Any) -> str:
    """The place of the count in a question."""
    found = re.search(r'name="up_to" value="(\d+)"', answer.content.decode())
    assert found is not None, answer.content
    return found[1]


def clean_jobs(database: Service, place: Place) -> None:
    """Leave no job behind for another test to find."""
    with stage.role(database, "worker"):
        connect().execute(
            f"DELETE FROM {cell_of(place)}.job WHERE collection_id = %s".encode(), [place.collection_id]
        )
