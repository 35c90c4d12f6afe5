"""The text of a secret: prefix, 40 random hex digits (160 bits), 8 digits of CRC-32 over them. [pure]

The checksum refuses a typing error without asking the database, and a leaked secret is recognised by its form
alone. Stored is an HMAC-SHA-256 under the server's pepper: a stolen table opens nothing. A slow hash is for
passwords, which are guessable.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import zlib

DISPLAY_CHARACTERS = 9
_RANDOM_DIGITS = 40


def generate(prefix: str) -> str:
    """A new secret in the form above."""
    random = secrets.token_hex(_RANDOM_DIGITS // 2)
    return f"{prefix}{random}{zlib.crc32(random.encode()):08x}"


def is_well_formed(secret: str, *, prefix: str) -> bool:
    """Whether the text has the prefix, length and checksum; says nothing about its being issued."""
    body = secret.removeprefix(prefix)
    if body == secret or len(body) != _RANDOM_DIGITS + 8 or not body.isascii():
        return False
    return body[_RANDOM_DIGITS:] == f"{zlib.crc32(body[:_RANDOM_DIGITS].encode()):08x}"


def digest(secret: str, *, pepper: str) -> bytes:
    """What is stored of a secret: 32 bytes."""
    return hmac.new(pepper.encode(), secret.encode(), hashlib.sha256).digest()


def pepper_id(pepper: str) -> str:
    """Names a pepper without telling it: 8 hex digits."""
    return hashlib.sha256(b"pepper " + pepper.encode()).hexdigest()[:8]
