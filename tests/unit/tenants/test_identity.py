"""What a key may."""

from __future__ import annotations

import uuid

import pytest

from tenants.identity import ALL_VERBS, OPERATOR_VERBS, READ_VERBS, Identity, Verb

HERE, THERE = uuid.uuid4(), uuid.uuid4()


def identity(verbs: frozenset[Verb] = ALL_VERBS, databases: dict[uuid.UUID, str] | None = None) -> Identity:
    """A key of some tenant."""
    return Identity(
        key_id=uuid.uuid4(),
        tenant_id=uuid.uuid4(),
        tenant_name="acme",
        databases=databases,
        verbs=verbs,
        is_operator=False,
        expires_at=None,
    )


def test_it_sorts_every_verb_into_ordinary_or_operators() -> None:
    assert set(Verb) == ALL_VERBS | OPERATOR_VERBS
    assert not ALL_VERBS & OPERATOR_VERBS
    assert READ_VERBS < ALL_VERBS


@pytest.mark.parametrize("verb", [verb for verb in Verb if verb not in READ_VERBS])
def test_it_keeps_a_read_only_key_from_every_verb_that_changes(verb: Verb) -> None:
    assert not identity(READ_VERBS).may(verb)


def test_it_reads_no_changing_verb_as_reading() -> None:
    words = ("create", "delete", "update", "upsert", "add", "reset", "fork_collection")
    assert not [verb for verb in READ_VERBS if verb.value.partition(":")[2].startswith(words)]


def test_it_reaches_all_databases_unless_limited() -> None:
    assert identity().may_use_database(HERE)
    limited = identity(databases={HERE: "here"})
    assert limited.may_use_database(HERE)
    assert not limited.may_use_database(THERE)
    assert not identity(databases={}).may_use_database(HERE)


def test_it_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        identity().tenant_name = "globex"  # type: ignore[misc]
