"""What a process notes of keys between two flushes: bounded, whatever happens."""

from __future__ import annotations

import uuid

import pytest

from cloud.api import key_use
from cloud.api.key_use import MAX_REFUSALS, MAX_REFUSALS_OF_KEY, Notebook, Refusal
from tenants.key_authentication import printable

TENANT, KEY = uuid.uuid4(), uuid.uuid4()


def refusal(key_id: uuid.UUID = KEY, action: str = "collection:add") -> Refusal:
    """Of a verb."""
    return Refusal(TENANT, key_id, action, "/somewhere", "verb")


def test_alike_refusals_are_one_with_a_count() -> None:
    notes = Notebook(has_thread=False)
    for _ in range(5):
        notes.refused(refusal(), "10.0.0.1", "x")
    assert [how.count for how in notes._refusals.values()] == [5]


def test_a_key_that_is_refused_everything_fills_no_log() -> None:
    notes = Notebook(has_thread=False)
    for number in range(500):
        notes.refused(refusal(action=f"action {number}"), None, "")
    counts = {what.reason: how.count for what, how in notes._refusals.items()}
    assert len(notes._refusals) == MAX_REFUSALS_OF_KEY + 1
    assert counts["others"] == 500 - MAX_REFUSALS_OF_KEY


def test_many_keys_that_are_refused_fill_no_log_either() -> None:
    notes = Notebook(has_thread=False)
    for _ in range(500):
        notes.refused(refusal(uuid.uuid4()), None, "")
    assert (len(notes._refusals), notes._lost_count) == (MAX_REFUSALS, 500 - MAX_REFUSALS)


def test_uses_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_use, "MAX_USES", 3)
    notes = Notebook(has_thread=False)
    first = [uuid.uuid4() for _ in range(3)]
    for key_id in [*first, uuid.uuid4(), first[0]]:
        notes.used(key_id, "10.0.0.1", str(key_id))
    assert set(notes._uses) == set(first)


def test_a_programs_name_is_cut_and_harmless() -> None:
    assert printable("Chroma Python Client\x1b[31m v1\r\n\x00") == "Chroma Python Client[31m v1"
    assert len(printable("x" * 10_000)) == 256
