"""Pages of other origins (contract, section 1)."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from cloud.processes import Service
from tests.factories import Place, Wire
from tests.wire.helpers import strict

ORIGIN = "https://app.example.com"
PREFLIGHT = {"origin": ORIGIN, "access-control-request-method": "POST"}


def test_it_is_off_by_default(shelf: Place) -> None:
    answer = shelf.cast.wire.send("GET", "/version", origin=ORIGIN)
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    assert strict(Wire(None), "OPTIONS", f"/api/v2{shelf.path}/get").status == 405


@pytest.mark.parametrize(
    ("origins", "allowed"),
    [(["*"], "*"), ([ORIGIN, "https://other.example"], ORIGIN), (["https://other.example"], None)],
)
def test_it_answers_a_preflight(shelf: Place, origins: list[str], allowed: str | None) -> None:
    with override_settings(CORS_ORIGINS=origins):
        answer = Client().options(f"/api/v2{shelf.path}/get", headers=PREFLIGHT)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers.get("access-control-allow-origin") == allowed
    assert answer.headers["access-control-allow-methods"] == "*"
    assert answer.headers["access-control-allow-headers"] == "*"


def test_it_names_the_origin_on_answers_and_failures(shelf: Place) -> None:
    with override_settings(CORS_ORIGINS=[ORIGIN]):
        for path, status in (("/version", 200), ("/auth/identity", 401)):
            answer = Wire(None).send("GET", path, origin=ORIGIN)
            assert answer.status == status
            assert answer.headers["access-control-allow-origin"] == ORIGIN
            assert answer.headers["Vary"] == (
                "origin, access-control-request-method, access-control-request-headers"
            )


def test_it_shares_no_page_of_the_dashboard(database: Service) -> None:
    with override_settings(CORS_ORIGINS=["*"]):
        answer = Client().get("/dashboard/sign-in", headers={"origin": ORIGIN})
    assert "access-control-allow-origin" not in answer.headers
