"""Second factors: encrypted where they are stored, readable as long as their pepper is known."""

from __future__ import annotations

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.test.utils import override_settings

from cloud.accounts import second_factors
from cloud.processes import Service
from cloud.servers.errors import ServerError
from tests.integration.accounts.browser import PASSWORD, Visitor, person

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code() -> str:
    """What the app shows now, and for some seconds more."""
    left_seconds = 30 - time.time() % 30
    if left_seconds < 5:
        time.sleep(left_seconds)
    return str(format_hotp_value(hotp_value(SECRET, next(iter(yield_hotp_counters_from_time())))))


def test_a_secret_is_encrypted_at_rest_and_outlives_a_change_of_pepper(visitor: Visitor) -> None:
    user = person()
    TOTP.activate(user, SECRET)
    stored = Authenticator.objects.get(user=user)
    assert SECRET not in str(stored.data)
    with override_settings(KEY_PEPPERS=["a new one", *settings.KEY_PEPPERS]):
        assert stored.wrap().validate_code(code())
    with override_settings(KEY_PEPPERS=["a new one"]), pytest.raises(InvalidToken):
        stored.wrap().validate_code(code())


def test_the_password_alone_does_not_open_an_account_with_a_second_factor(visitor: Visitor) -> None:
    user = person()
    TOTP.activate(user, SECRET)
    assert second_factors.kinds(user) == ["totp"]
    assert visitor.sign_in(user.email)["Location"] == "/account/2fa/authenticate/"
    assert not visitor.is_signed_in()
    assert (
        "The code is not right." in visitor.post("/account/2fa/authenticate/", code="000000").content.decode()
    )
    right = code()
    assert visitor.post("/account/2fa/authenticate/", code=right)["Location"] == "/dashboard/"
    assert visitor.is_signed_in()
    again = Visitor()
    again.sign_in(user.email)
    again.post("/account/2fa/authenticate/", code=right)
    assert not again.is_signed_in()  # a code works once


def test_a_reset_by_e_mail_does_not_pass_the_second_factor(visitor: Visitor) -> None:
    user = person()
    TOTP.activate(user, SECRET)
    user.set_password("another long password")
    user.save()
    visitor.sign_in(user.email, "another long password")
    assert not visitor.is_signed_in()


def test_guessing_codes_is_limited_from_every_address_together(visitor: Visitor) -> None:
    user = person()
    TOTP.activate(user, SECRET)
    texts = []
    for _ in range(6):
        visitor = Visitor()
        visitor.sign_in(user.email)
        texts.append(visitor.post("/account/2fa/authenticate/", code="000000").content.decode())
    assert "Too many attempts" in texts[-1]
    assert "Too many attempts" not in texts[0]


@pytest.mark.parametrize(
    "path",
    ["totp/activate/", "webauthn/add/", "recovery-codes/", "recovery-codes/generate/", "totp/deactivate/"],
)
def test_changing_them_asks_for_the_password_again(visitor: Visitor, path: str) -> None:
    user = person()
    if path != "totp/activate/":
        TOTP.activate(user, SECRET)
        RecoveryCodes.activate(user)
    visitor.client.force_login(user)
    answer = visitor.get(f"/account/2fa/{path}")
    assert answer["Location"].startswith("/account/reauthenticate/?next=")
    assert visitor.post(answer["Location"], password="wrong").status_code == 200
    assert visitor.post(answer["Location"], password=PASSWORD)["Location"] == f"/account/2fa/{path}"


def test_an_operator_removes_what_was_lost(visitor: Visitor, database: Service) -> None:
    user, other = person(), person()
    TOTP.activate(user, SECRET)
    TOTP.activate(other, SECRET)
    signed_in = Visitor()
    signed_in.client.force_login(user)
    assert signed_in.is_signed_in()
    said = database.manage("remove_second_factors", user.email)
    assert said.startswith(f"1 second factors of {user.email} are removed")
    assert not signed_in.is_signed_in()
    assert visitor.sign_in(user.email)["Location"] == "/dashboard/"
    assert Authenticator.objects.filter(user=other).count() == 1
    with pytest.raises(ServerError, match="not found"):
        database.manage("remove_second_factors", "nobody@example.com")
