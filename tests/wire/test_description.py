"""The description and its page: there for anybody, cached, under a strict policy (contract, section 1)."""

from __future__ import annotations

import orjson
from django.test import Client

from cloud.api.openapi.document import document


def test_it_is_there_for_anybody_and_cached() -> None:
    answer = Client().get("/openapi.json")
    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.content == document().content
    assert (
        orjson.loads(answer.content)["components"]["securitySchemes"]["ApiKeyAuth"]["name"]
        == "x-chroma-token"
    )
    assert answer["Cache-Control"] == "public, max-age=300"
    assert Client().get("/openapi.json", headers={"if-none-match": answer["ETag"]}).status_code == 304


def test_it_is_only_read() -> None:
    for path in ("/openapi.json", "/docs/", "/docs"):
        assert Client().post(path).status_code == 405


def test_the_page_runs_no_script_but_ours() -> None:
    answer = Client().get("/docs/")
    assert answer.status_code == 200
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert b"<script>" not in answer.content
    assert b"http" not in answer.content.replace(b"http-equiv", b"")


def test_it_leads_to_the_page_and_leaves_the_root_empty() -> None:
    answer = Client().get("/docs")
    assert (answer.status_code, answer["Location"]) == (303, "/docs/")
    root = Client().get("/")
    assert (root.status_code, root.content) == (404, b"")


def test_other_pages_keep_their_own_policy() -> None:
    policy = Client().get("/dashboard/sign-in")["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "form-action 'self'" in policy
