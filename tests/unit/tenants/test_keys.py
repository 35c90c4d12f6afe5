"""The form of a key, and what is stored of it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from tenants import secret_text


def test_it_generates_keys_that_are_well_formed_and_never_the_same() -> None:
    made = {secret_text.generate("ck-") for _ in range(200)}
    assert len(made) == 200
    assert all(secret_text.is_well_formed(secret, prefix="ck-") for secret in made)
    assert all(secret.startswith("ck-") and len(secret) == 51 and secret.isascii() for secret in made)


def test_it_notices_any_single_character_that_is_wrong() -> None:
    secret = secret_text.generate("ck-")
    for place in range(len(secret)):
        other = "0" if secret[place] != "0" else "1"
        assert not secret_text.is_well_formed(secret[:place] + other + secret[place + 1 :], prefix="ck-")


@pytest.mark.parametrize(
    "change", [str.upper, lambda s: s[3:], lambda s: s + "0", lambda s: s[:-1], lambda s: s + " "]
)
def test_it_notices_another_form(change: object) -> None:
    assert callable(change)
    assert not secret_text.is_well_formed(change(secret_text.generate("ck-")), prefix="ck-")


@pytest.mark.parametrize("text", ["", "ck-", "None", "é" * 51, "ck-" + "é" * 48, "ck-" + "0" * 48])
def test_it_takes_no_other_text_for_a_key(text: str) -> None:
    assert not secret_text.is_well_formed(text, prefix="ck-")


def test_it_digests_under_the_pepper() -> None:
    secret = secret_text.generate("ck-")
    expected = hmac.new(b"pepper", secret.encode(), hashlib.sha256).digest()
    assert secret_text.digest(secret, pepper="pepper") == expected
    assert secret_text.digest(secret, pepper="salt") != expected
