"""Embedding functions (contract, section 9): kept for the clients, never called."""

from __future__ import annotations

from typing import Any

import msgspec


class KnownFunction(msgspec.Struct, tag_field="type", tag="known"):
    """A function that clients can make again."""

    name: str
    config: Any


class LegacyFunction(msgspec.Struct, tag_field="type", tag="legacy"):
    """A function that could not be serialised."""


class UnknownFunction(msgspec.Struct, tag_field="type", tag="unknown"):
    """The client knows nothing of a function."""


EmbeddingFunction = KnownFunction | LegacyFunction | UnknownFunction
