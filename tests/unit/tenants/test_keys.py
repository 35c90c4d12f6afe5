"""The form of a key, and what is stored of it."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from tenants import keys


def test_it_generates_keys_that_are_well_formed_and_never_the_same() -> None:
    made = {keys.generate() for _ in range(200)}
    assert len(made) == 200
    assert all(keys.is_well_formed(secret) for secret in made)
    assert all(secret.startswith("ck-") and len(secret) == 51 and secret.isascii() for secret in made)


def test_it_notices_any_single_character_that_is_wrong() -> None:
    secret = keys.generate()
    for place in range(len(secret)):
        other = "0" if secret[place] != "0" else "1"
        assert not keys.is_well_formed(secret[:place] + other + secret[place + 1 :])


@pytest.mark.parametrize(
    "change", [str.upper, lambda s: s[3:], lambda s: s + "0", lambda s: s[:-1], lambda s: s + " "]
)
def test_it_notices_another_form(change: object) -> None:
    assert callable(change)
    assert not keys.is_well_formed(change(keys.generate()))


@pytest.mark.parametrize("text", ["", "ck-", "None", "é" * 51, "ck-" + "é" * 48, "ck-" + "0" * 48])
def test_it_takes_no_other_text_for_a_key(text: str) -> None:
    assert not keys.is_well_formed(text)


def test_it_digests_under_the_pepper() -> None:
    secret = keys.generate()
    expected = hmac.new(b"pepper", secret.encode(), hashlib.sha256).digest()
    assert keys.digest(secret, pepper="pepper") == expected
    assert keys.digest(secret, pepper="salt") != expected
