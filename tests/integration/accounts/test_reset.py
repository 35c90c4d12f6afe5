"""A forgotten password, a new account, another address: by e-mail, and without telling who has an account."""

from __future__ import annotations

from unittest.mock import patch

from django.core import mail
from django.test.utils import override_settings

from cloud.accounts.addresses import is_verified
from tests.integration.accounts.browser import PASSWORD, Visitor, link_in, person, seen, some_address

NEW = "another long password"


def test_a_reset_answers_the_same_for_everybody(visitor: Visitor, outbox: list[mail.EmailMessage]) -> None:
    user, nobody = person(), some_address()
    known = seen(visitor.post("/account/password/reset/", email=user.email), user.email)
    unknown = seen(visitor.post("/account/password/reset/", email=nobody), nobody)
    assert known == unknown == (302, "/account/password/reset/done/", "")
    # One e-mail each, so that neither answer waits for less. What it says, only the mailbox's owner reads.
    assert [message.to for message in outbox] == [[user.email], [nobody]]
    assert "no account" in str(outbox[1].body)


def test_a_reset_sets_a_password_once_and_ends_every_session(
    visitor: Visitor, outbox: list[mail.EmailMessage]
) -> None:
    user, elsewhere = person(), Visitor()
    elsewhere.sign_in(user.email)
    visitor.post("/account/password/reset/", email=user.email)
    link = link_in(outbox[-1])
    form = visitor.get(link)["Location"]
    assert link.split("-", 1)[1].strip("/") not in form  # the key is not in the page's address
    assert visitor.post(form, password1=NEW, password2=NEW)["Location"] == "/account/password/reset/key/done/"
    assert not elsewhere.is_signed_in()
    assert "used or out of date" in Visitor().get(link).content.decode()
    assert visitor.sign_in(user.email, NEW).status_code == 302


def test_a_reset_is_limited_per_address(visitor: Visitor) -> None:
    nobody = some_address()
    statuses = [visitor.post("/account/password/reset/", email=nobody).status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429]


def test_a_sign_up_answers_the_same_for_everybody(visitor: Visitor, outbox: list[mail.EmailMessage]) -> None:
    user, somebody = person(), some_address()
    with override_settings(SIGN_UP="open"):
        fresh = Visitor().post("/account/signup/", email=somebody, password1=PASSWORD)
        taken = Visitor().post("/account/signup/", email=user.email, password1=PASSWORD)
    assert seen(fresh, somebody) == seen(taken, user.email) == (302, "/account/confirm-email/", "")
    assert [message.to for message in outbox] == [[somebody], [user.email]]
    assert [message.subject for message in outbox] == [
        "Confirm your e-mail address",
        "You have an account already",
    ]


def test_both_sign_ups_hash_a_password(visitor: Visitor) -> None:
    user, somebody = person(), some_address()
    with (
        override_settings(SIGN_UP="open"),
        patch("django.contrib.auth.hashers.BCryptSHA256PasswordHasher.encode", autospec=True) as encode,
    ):
        encode.return_value = "bcrypt_sha256$x"
        counts = []
        for email in (somebody, user.email):
            encode.reset_mock()
            Visitor().post("/account/signup/", email=email, password1=PASSWORD)
            counts.append(encode.call_count)
    assert counts == [1, 1]


def test_an_address_is_proven_by_its_link_and_not_by_a_look_at_it(
    visitor: Visitor, outbox: list[mail.EmailMessage]
) -> None:
    somebody = some_address()
    with override_settings(SIGN_UP="open"):
        visitor.post("/account/signup/", email=somebody.upper(), password1=PASSWORD)
    assert visitor.sign_in(somebody)["Location"] == "/account/confirm-email/"
    assert not visitor.is_signed_in()
    link = link_in(outbox[0])
    assert "Is <strong" in visitor.get(link).content.decode()  # scanners of e-mail look, and confirm nothing
    assert not Visitor().is_signed_in()
    visitor.post(link)
    assert Visitor().sign_in(somebody).status_code == 302


def test_another_address_takes_over_when_its_link_is_opened(
    visitor: Visitor, outbox: list[mail.EmailMessage]
) -> None:
    user, new = person(), some_address()
    visitor.sign_in(user.email)
    asked = visitor.post("/account/email/", email=new, action_add="")
    assert asked["Location"] == "/account/reauthenticate/?next=%2Faccount%2Femail%2F"
    visitor.post(asked["Location"], password=PASSWORD)
    user.refresh_from_db()
    assert user.email != new
    visitor.post(link_in(outbox[-1]))
    user.refresh_from_db()
    assert (user.email, is_verified(user)) == (new, True)
    assert "was changed from" in str(outbox[-1].body)
    assert Visitor().sign_in(new).status_code == 302


def test_a_mail_server_that_is_away_is_said_to_be(visitor: Visitor) -> None:
    away = {"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend", "EMAIL_HOST": "127.0.0.1"}
    user, nobody = person(), some_address()
    with override_settings(**away, EMAIL_PORT=1, EMAIL_USE_TLS=False, EMAIL_USE_SSL=False):
        answers = [visitor.post("/account/password/reset/", email=email) for email in (user.email, nobody)]
    assert [answer.status_code for answer in answers] == [503, 503]
    visitor.sign_in(user.email)
    change = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    with override_settings(**away, EMAIL_PORT=1, EMAIL_USE_TLS=False, EMAIL_USE_SSL=False):
        assert visitor.post("/account/password/change/", **change).status_code == 302
    assert Visitor().sign_in(user.email, NEW).status_code == 302
