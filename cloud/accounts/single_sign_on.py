"""Single sign-on by OpenID Connect and by SAML, from settings; nothing is fetched before somebody uses it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True)
class Oidc:
    """An OpenID Connect provider: OIDC_ISSUER and its kind."""

    issuer: str
    client_id: str
    client_secret: str
    name: str
    verifies_email: bool


@dataclass(frozen=True)
class Saml:
    """A SAML identity provider: SAML_IDP_ENTITY_ID and its kind."""

    entity_id: str
    sso_url: str
    certificate: str
    name: str
    verifies_email: bool


def providers(*, oidc: Oidc, saml: Saml) -> dict[str, Any]:
    """The providers as allauth's settings have them; one without any variable is left out.

    Raises:  ImproperlyConfigured when some variables of a provider are set and others not
    """
    found: dict[str, Any] = {}
    if _is_wanted(
        OIDC_ISSUER=oidc.issuer, OIDC_CLIENT_ID=oidc.client_id, OIDC_CLIENT_SECRET=oidc.client_secret
    ):
        found["openid_connect"] = {
            "APPS": [
                {
                    "provider_id": "oidc",
                    "name": oidc.name,
                    "client_id": oidc.client_id,
                    "secret": oidc.client_secret,
                    "settings": {
                        "server_url": _url("OIDC_ISSUER", oidc.issuer).rstrip("/"),
                        "verified_email": oidc.verifies_email,
                    },
                }
            ],
            "OAUTH_PKCE_ENABLED": True,
        }
    if _is_wanted(
        SAML_IDP_ENTITY_ID=saml.entity_id,
        SAML_IDP_SSO_URL=saml.sso_url,
        SAML_IDP_CERTIFICATE=saml.certificate,
    ):
        found["saml"] = {
            "APPS": [
                {
                    "provider_id": saml.entity_id,
                    "name": saml.name,
                    "client_id": "sso",
                    "settings": {
                        "idp": {
                            "entity_id": saml.entity_id,
                            "sso_url": _url("SAML_IDP_SSO_URL", saml.sso_url),
                            "x509cert": saml.certificate,
                        },
                        "advanced": {"want_assertion_signed": True, "allow_single_label_domains": True},
                        "verified_email": saml.verifies_email,
                    },
                }
            ]
        }
    return found


def origins(configured: dict[str, Any]) -> list[str]:
    """Where the forms of these providers lead first."""
    urls = [
        app["settings"].get("server_url") or app["settings"]["idp"]["sso_url"]
        for provider in configured.values()
        for app in provider["APPS"]
    ]
    return [f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls)]


def _is_wanted(**values: str) -> bool:
    missing = [name for name, value in values.items() if not value]
    if missing and len(missing) < len(values):
        raise ImproperlyConfigured(f"{' and '.join(missing)} must be set too, for single sign-on to work")
    return not missing


def _url(name: str, value: str) -> str:
    if urlsplit(value).scheme not in ("https", "http") or not urlsplit(value).netloc:
        raise ImproperlyConfigured(f"{name} must be a URL that begins with https://, got {value!r}")
    return value
