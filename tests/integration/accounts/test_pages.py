"""Every page that allauth may show is ours: in our frame, in our words, within the policy."""

from __future__ import annotations

from pathlib import Path

import allauth
import pytest
from django.conf import settings
from django.template.loader import get_template

from tests.integration.accounts.browser import Visitor, person

OURS = Path(settings.BASE_DIR) / "templates"
THEIRS = Path(allauth.__file__).parent / "templates"
# Switched off by our settings, or extended by nothing but pages that ours replace.
NEVER_SHOWN = {
    "account/base_confirm_code.html",
    "account/base_entrance.html",
    "account/base_manage.html",
    "account/base_manage_email.html",
    "account/base_manage_password.html",
    "account/base_manage_phone.html",
    "account/base_reauthenticate.html",
    "account/confirm_email_verification_code.html",
    "account/confirm_login_code.html",
    "account/confirm_password_reset_code.html",
    "account/confirm_phone_verification_code.html",
    "account/email.html",
    "account/email/login_code_message.txt",
    "account/email/login_code_subject.txt",
    "account/email/password_reset_code_message.txt",
    "account/email/password_reset_code_subject.txt",
    "account/email/password_reset_message.txt",
    "account/email/password_reset_subject.txt",
    "account/messages/login_code_sent.txt",
    "account/messages/phone_verification_sent.txt",
    "account/messages/phone_verified.txt",
    "account/phone_change.html",
    "account/request_login_code.html",
    "account/signup_by_passkey.html",
    "account/snippets/already_logged_in.html",
    "account/snippets/warn_no_email.html",
    "mfa/base_entrance.html",
    "mfa/base_manage.html",
    "mfa/recovery_codes/base.html",
    "mfa/totp/base.html",
    "mfa/trust.html",
    "mfa/webauthn/base.html",
    "mfa/webauthn/signup_form.html",
    "mfa/webauthn/snippets/login_script.html",
    "mfa/webauthn/snippets/scripts.html",
    "socialaccount/base_entrance.html",
    "socialaccount/base_manage.html",
    "socialaccount/snippets/login.html",
    "socialaccount/snippets/login_extra.html",
    "socialaccount/snippets/provider_list.html",
    "usersessions/base_manage.html",
}
TEMPLATES = [
    name
    for folder in ("account", "mfa", "usersessions", "socialaccount")
    for path in sorted((THEIRS / folder).rglob("*.*"))
    if (name := str(path.relative_to(THEIRS))) not in NEVER_SHOWN
]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_is_ours(name: str) -> None:
    found = get_template(name).origin.name  # type: ignore[attr-defined]
    assert Path(found).is_relative_to(OURS)


def test_nothing_that_is_ours_leans_on_what_is_never_shown() -> None:
    texts = [path.read_text("utf-8") for path in OURS.rglob("*.*")]
    assert [name for name in NEVER_SHOWN for text in texts if f'"{name}"' in text] == []


OUTSIDE = [
    "login/",
    "signup/",
    "inactive/",
    "password/reset/",
    "password/reset/done/",
    "password/reset/key/done/",
    "password/reset/key/x-y/",
    "confirm-email/",
    "confirm-email/x/",
    "3rdparty/login/cancelled/",
    "3rdparty/login/error/",
]
INSIDE = ["email/", "password/change/", "2fa/", "sessions/", "3rdparty/", "2fa/webauthn/", "logout/"]


@pytest.mark.parametrize("path", OUTSIDE + INSIDE)
def test_every_page_has_our_frame_and_nothing_inline(visitor: Visitor, path: str) -> None:
    if path in INSIDE:
        visitor.client.force_login(person())
    answer = visitor.get(f"/account/{path}")
    text = answer.content.decode()
    assert answer.status_code == (401 if path.endswith("error/") else 200)
    assert "· Tessera</title>" in text
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert answer["Content-Security-Policy"].endswith("form-action 'self'")
    for inline in (" style=", "<style", "onclick=", "javascript:", "<script>"):
        assert inline not in text


@pytest.mark.parametrize("path", INSIDE)
def test_what_is_ones_own_asks_to_sign_in(visitor: Visitor, path: str) -> None:
    if path != "logout/":
        assert visitor.get(f"/account/{path}")["Location"] == f"/account/login/?next=/account/{path}"


def test_an_address_that_is_no_page_is_said_in_our_words(visitor: Visitor) -> None:
    for path in ("/account/nothing/", "/account/oidc/oidc/login/", "/account/saml/sso/login/"):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "There is no such page" in answer.content.decode()
    assert visitor.get("/account")["Location"] == "/account/email/"
