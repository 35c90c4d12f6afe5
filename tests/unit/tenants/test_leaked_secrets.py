"""Keys of ours in somebody's text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import re2

from tenants import secret_text
from tenants.leaked_secrets import PATTERN, find

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "keys.md"


@pytest.mark.parametrize("prefix", ["ck-", "sa-"])
@pytest.mark.parametrize(
    "around", ["{}", "key={}", '"{}"', "Bearer {}\r", "https://x/?k={}&y", "({}),", "{}\x00"]
)
def test_it_finds_a_key_wherever_it_stands(prefix: str, around: str) -> None:
    secret = secret_text.generate(prefix)
    (found,) = find(["nothing here\n", around.format(secret)])
    assert (found.line, found.secret) == (2, secret)
    assert found.kind == {"ck-": "API key", "sa-": "key of a service account"}[prefix]
    assert found.shown == f"{secret[:9]}…"
    assert secret not in repr(found)


def test_it_finds_every_key_of_a_line() -> None:
    secrets = [secret_text.generate("ck-") for _ in range(3)]
    assert [one.secret for one in find([" ".join(secrets)])] == secrets


def test_it_takes_nothing_else_for_a_key() -> None:
    secret = secret_text.generate("ck-")
    others = [secret[:-1], secret + "0", secret.upper(), "ck-" + "0" * 48, "xx-" + secret[3:], "x" + secret]
    assert list(find(others)) == []


def test_the_documented_expression_is_this_one_and_matches_in_both_engines() -> None:
    assert f"\n    {PATTERN}\n" in DOCUMENT.read_text(encoding="utf-8")
    for prefix in ("ck-", "sa-"):
        for _ in range(50):
            secret = secret_text.generate(prefix)
            assert re.fullmatch(PATTERN, secret)
            assert re2.search(PATTERN, f"token: {secret}\n")
