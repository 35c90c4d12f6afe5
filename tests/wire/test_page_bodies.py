"""Pages and the control API are sent little: a larger body is refused before it is read."""

from __future__ import annotations

import pytest
from django.test import Client

from cloud.processes import Service


@pytest.mark.parametrize("path", ["/account/login/", "/api/control/v1/tenants", "/account/saml/x/acs/"])
def test_a_large_body_is_refused_unread(database: Service, path: str) -> None:
    client = Client(raise_request_exception=False)
    body = b"x" * (1024 * 1024 + 1)
    answer = client.post(path, body, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert b"1048576 bytes" in answer.content
