"""OpenID Connect and SAML: a verified address connects, the mode of sign-up holds, forgeries are refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import orjson
import pytest
from allauth.socialaccount.models import SocialAccount
from django.core.exceptions import ImproperlyConfigured
from django.test.utils import override_settings

from cloud.accounts.single_sign_on import Oidc, Saml, origins, providers
from tenants.models import User
from tests.integration.accounts.browser import PASSWORD, Visitor, person, some_address

NO_OIDC, NO_SAML = Oidc("", "", "", "", verifies_email=False), Saml("", "", "", "", verifies_email=False)


@dataclass
class Provider:
    """An OpenID Connect provider that vouches for whoever `claims` says."""

    claims: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, list[str]]] = field(default_factory=list)
    url: str = ""

    def answer(self, path: str, form: dict[str, list[str]]) -> dict[str, Any]:
        """What it answers to a request."""
        if path.endswith("openid-configuration"):
            places = {
                "authorization_endpoint": "authorize",
                "token_endpoint": "token",
                "userinfo_endpoint": "userinfo",
                "jwks_uri": "keys",
            }
            return {"issuer": self.url} | {name: f"{self.url}/{place}" for name, place in places.items()}
        if path == "/token":
            self.asked.append(form)
            more = {"iss": self.url, "aud": "tessera", "exp": int(time.time()) + 60}
            return {
                "access_token": "a",
                "token_type": "bearer",
                "id_token": jwt.encode(self.claims | more, "k" * 32),
            }
        return self.claims


@pytest.fixture
def provider() -> Iterator[Provider]:
    """One on a port of its own, in the settings."""
    made = Provider()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._answer(parse_qs(self.rfile.read(length).decode()))

        def _answer(self, form: dict[str, list[str]]) -> None:
            body = orjson.dumps(made.answer(urlsplit(self.path).path, form))
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    oidc = Oidc(made.url, "tessera", "secret", "Example ID", verifies_email=False)
    with override_settings(SOCIALACCOUNT_PROVIDERS=providers(oidc=oidc, saml=NO_SAML)):
        yield made
    server.shutdown()
    server.server_close()


def come(visitor: Visitor, provider: Provider, process: str = "login", **claims: Any) -> Any:
    """Go to the provider, and come back as whom the claims describe."""
    provider.claims = claims
    there = visitor.post(f"/account/oidc/oidc/login/?process={process}")
    assert there["Location"].startswith(f"{provider.url}/authorize?")
    query = parse_qs(urlsplit(there["Location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    return visitor.get(f"/account/oidc/oidc/login/callback/?code=c&state={query['state'][0]}")


def test_a_verified_address_opens_its_account_and_stays_connected(
    visitor: Visitor, provider: Provider
) -> None:
    user = person()
    answer = come(visitor, provider, sub="s-1" + user.email, email=user.email, email_verified=True)
    assert answer["Location"] == "/dashboard/"
    assert visitor.is_signed_in()
    assert SocialAccount.objects.get(user=user).provider == "oidc"
    assert provider.asked[0]["code_verifier"]
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


@pytest.mark.parametrize("verified", [False, None, "false", "true", 1])
@pytest.mark.parametrize("mode", ["invitation", "open"])
def test_an_address_that_is_not_verified_opens_nothing(
    visitor: Visitor, provider: Provider, verified: object, mode: str
) -> None:
    user = person()
    with override_settings(SIGN_UP=mode):
        come(visitor, provider, sub="s-2" + user.email, email=user.email, email_verified=verified)
    assert not visitor.is_signed_in()
    assert not SocialAccount.objects.filter(user=user).exists()


@pytest.mark.parametrize(("mode", "is_made"), [("open", True), ("invitation", False), ("closed", False)])
def test_somebody_new_is_held_to_the_mode(
    visitor: Visitor, provider: Provider, mode: str, is_made: bool
) -> None:
    email = some_address()
    with override_settings(SIGN_UP=mode):
        come(visitor, provider, sub="s-3" + email, email=email, email_verified=True)
    assert visitor.is_signed_in() is is_made
    assert User.objects.filter(email=email).exists() is is_made


def test_a_callback_that_nobody_asked_for_is_refused(visitor: Visitor, provider: Provider) -> None:
    user = person()
    provider.claims = {"sub": "s-4", "email": user.email, "email_verified": True}
    answer = visitor.get("/account/oidc/oidc/login/callback/?code=c&state=made-up")
    assert "That did not work" in answer.content.decode()
    assert not visitor.is_signed_in()


def test_a_link_alone_neither_signs_in_nor_connects(visitor: Visitor, provider: Provider) -> None:
    for process in ("login", "connect"):
        answer = visitor.get(f"/account/oidc/oidc/login/?process={process}")
        assert answer.status_code == 200
        assert "Example ID" in answer.content.decode()


def test_somebody_connects_it_and_disconnects_it(visitor: Visitor, provider: Provider) -> None:
    user = person()
    visitor.sign_in(user.email)
    visitor.post("/account/reauthenticate/", password=PASSWORD)
    email = some_address()
    come(visitor, provider, "connect", sub="s-5" + email, email=email, email_verified=True)
    account = SocialAccount.objects.get(user=user)
    assert account.uid in visitor.get("/account/3rdparty/").content.decode()
    visitor.post("/account/3rdparty/", account=str(account.pk))
    assert not SocialAccount.objects.filter(user=user).exists()


SAML = Saml("https://idp.example.com", "https://idp.example.com/sso", "MIIB", "Corp", verifies_email=True)


def test_saml_leads_to_the_identity_provider_and_refuses_what_it_did_not_sign(visitor: Visitor) -> None:
    with override_settings(SOCIALACCOUNT_PROVIDERS=providers(oidc=NO_OIDC, saml=SAML)):
        metadata = visitor.get("/account/saml/sso/metadata/").content.decode()
        assert "/account/saml/sso/acs/" in metadata
        there = visitor.post("/account/saml/sso/login/")
        assert there["Location"].startswith("https://idp.example.com/sso?SAMLRequest=")
        for forged in ("", "x", "PHNhbWxwOlJlc3BvbnNlLz4=", "PGE+PC9hPg=="):
            finish = visitor.post("/account/saml/sso/acs/", SAMLResponse=forged)
            answer = visitor.get(finish["Location"])
            assert (answer.status_code, "That did not work" in answer.content.decode()) == (401, True)
    assert not visitor.is_signed_in()


def test_a_provider_is_configured_wholly_or_not_at_all() -> None:
    assert providers(oidc=NO_OIDC, saml=NO_SAML) == {}
    half = Oidc("https://id.example.com/realm/", "x", "", "", verifies_email=False)
    with pytest.raises(ImproperlyConfigured, match="OIDC_CLIENT_SECRET must be set too"):
        providers(oidc=half, saml=NO_SAML)
    no_url = Oidc("id.example.com", "x", "y", "", verifies_email=False)
    with pytest.raises(ImproperlyConfigured, match="OIDC_ISSUER must be a URL"):
        providers(oidc=no_url, saml=NO_SAML)
    whole = Oidc("https://id.example.com/realm/", "x", "y", "", verifies_email=False)
    assert origins(providers(oidc=whole, saml=SAML)) == ["https://id.example.com", "https://idp.example.com"]
