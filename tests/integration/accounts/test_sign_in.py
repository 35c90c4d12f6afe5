"""Signing in: who is let in, how often one may try, and when a session ends."""

from __future__ import annotations

from importlib import import_module

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core import mail
from django.db import connection
from django.test.utils import override_settings

from cloud.accounts import sessions
from cloud.processes import Service
from tests import stage
from tests.integration.accounts.browser import PASSWORD, Visitor, person, seen, some_address

REFUSED = "The e-mail address or the password is not right."
TOO_MANY = "Too many attempts. Try again in 15 minutes."


def test_who_was_made_by_an_operator_signs_in_whatever_the_case(visitor: Visitor) -> None:
    user = person()
    answer = visitor.sign_in(user.email.upper())
    assert (answer.status_code, answer["Location"]) == (302, "/dashboard/")
    assert visitor.is_signed_in()


def test_who_was_made_before_addresses_were_kept_signs_in_too(visitor: Visitor, database: Service) -> None:
    user = person()
    EmailAddress.objects.filter(user=user).delete()
    adopt = import_module("cloud.accounts.migrations.0001_addresses").ADOPT
    with stage.role(database, "owner"), connection.cursor() as cursor:
        cursor.execute(adopt)
        cursor.execute(adopt)
    assert visitor.sign_in(user.email).status_code == 302
    assert visitor.is_signed_in()


def test_the_old_address_of_the_sign_in_leads_to_the_new_one_and_back(visitor: Visitor) -> None:
    answer = visitor.get("/dashboard/sign-in?next=/dashboard/t/x/keys")
    assert answer["Location"] == "/account/login/?next=/dashboard/t/x/keys"
    fields = {"login": person().email, "password": PASSWORD, "next": "/dashboard/t/x/keys"}
    assert visitor.post("/account/login/", **fields)["Location"] == "/dashboard/t/x/keys"
    assert visitor.post("/dashboard/sign-out")["Location"] == "/account/login/"
    assert not visitor.is_signed_in()


def test_no_page_elsewhere_is_gone_to(visitor: Visitor) -> None:
    fields = {"login": person().email, "password": PASSWORD, "next": "https://example.com/"}
    assert visitor.post("/account/login/", **fields)["Location"] == "/dashboard/"


def test_a_wrong_password_looks_like_an_unknown_address(visitor: Visitor) -> None:
    user, switched_off, nobody = person(), person(), some_address()
    switched_off.is_active = False
    switched_off.save()
    wrong = seen(visitor.sign_in(user.email, "not the password"), user.email)
    assert REFUSED in wrong[2]
    assert wrong == seen(visitor.sign_in(nobody, "not the password"), nobody)
    assert wrong == seen(visitor.sign_in(switched_off.email), switched_off.email)


def test_the_sixth_attempt_is_refused_there_and_for_that_account_only(visitor: Visitor) -> None:
    user, other = person(), person()
    for _ in range(5):
        assert REFUSED in visitor.sign_in(user.email, "wrong").content.decode()
    refused = visitor.sign_in(user.email)
    assert TOO_MANY in refused.content.decode()
    assert not visitor.is_signed_in()
    assert Visitor().sign_in(user.email).status_code == 302  # from elsewhere
    assert visitor.sign_in(other.email).status_code == 302


def test_a_right_password_is_not_counted(visitor: Visitor) -> None:
    user = person()
    for _ in range(6):
        assert visitor.sign_in(user.email).status_code == 302
        visitor.post("/account/logout/")


def test_an_unknown_address_is_limited_as_a_known_one_is(visitor: Visitor) -> None:
    nobody = some_address()
    texts = [visitor.sign_in(nobody, "wrong").content.decode() for _ in range(6)]
    assert [TOO_MANY in text for text in texts] == [False] * 5 + [True]


def test_without_valkey_nobody_is_locked_out(visitor: Visitor) -> None:
    user = person()
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        for _ in range(6):
            assert REFUSED in visitor.sign_in(user.email, "wrong").content.decode()
        assert visitor.sign_in(user.email).status_code == 302


def test_who_is_switched_off_is_out_with_the_next_request(visitor: Visitor) -> None:
    user = person()
    visitor.sign_in(user.email)
    user.is_active = False
    user.save()
    assert not visitor.is_signed_in()


def test_every_session_of_a_person_is_ended_and_nobody_elses(visitor: Visitor) -> None:
    user, other, elsewhere, bystander = person(), person(), Visitor(), Visitor()
    for browser, who in ((visitor, user), (elsewhere, user), (bystander, other)):
        browser.sign_in(who.email)
    sessions.end_all(user.user_id)
    assert [visitor.is_signed_in(), elsewhere.is_signed_in(), bystander.is_signed_in()] == [
        False,
        False,
        True,
    ]
    sessions.end_all(user.user_id)


def test_a_new_password_ends_the_other_sessions(visitor: Visitor, outbox: list[mail.EmailMessage]) -> None:
    user, elsewhere = person(), Visitor()
    visitor.sign_in(user.email)
    elsewhere.sign_in(user.email)
    new = {
        "oldpassword": PASSWORD,
        "password1": "another long password",
        "password2": "another long password",
    }
    assert visitor.post("/account/password/change/", **new).status_code == 302
    assert visitor.is_signed_in()
    assert not elsewhere.is_signed_in()
    assert outbox[-1].subject == "Your password was changed"
    assert outbox[-1].to == [user.email]


def test_a_common_or_short_password_is_refused(visitor: Visitor) -> None:
    user = person()
    visitor.sign_in(user.email)
    for bad in ("ninechars", "1234567890"):
        new = {"oldpassword": PASSWORD, "password1": bad, "password2": bad}
        assert visitor.post("/account/password/change/", **new).status_code == 200
    user.refresh_from_db()
    assert user.check_password(PASSWORD)
    assert user.password.startswith("bcrypt_sha256$")


def test_a_session_is_ended_on_the_page_by_its_owner_only(visitor: Visitor) -> None:
    user, elsewhere, stranger = person(), Visitor(), Visitor()
    visitor.sign_in(user.email)
    elsewhere.sign_in(user.email)
    stranger.sign_in(person().email)
    theirs = next(one for one in sessions.list_sessions(user.user_id) if one.ip == elsewhere.address)
    assert stranger.post(f"/account/sessions/{theirs.pk}/end").status_code == 404
    assert elsewhere.is_signed_in()
    assert visitor.get(f"/account/sessions/{theirs.pk}/end").status_code == 405
    assert visitor.post(f"/account/sessions/{theirs.pk}/end").status_code == 302
    assert not elsewhere.is_signed_in()
    assert visitor.is_signed_in()


def test_cookies_are_as_the_pages_need_them(visitor: Visitor) -> None:
    visitor.sign_in(person().email)
    cookie = visitor.client.cookies[settings.SESSION_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
