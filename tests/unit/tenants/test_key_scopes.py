"""What narrows a key, and what is no such thing."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta

import pytest

from tenants import key_scopes
from tenants.errors import InvalidArgument
from tenants.identity import ALL_VERBS, OPERATOR_VERBS, READ_VERBS, Verb
from tenants.key_scopes import DEFAULT, DESCRIPTIONS, TEMPLATES, Scopes, Template

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def test_every_template_is_described_and_gives_no_operators_verb() -> None:
    assert TEMPLATES.keys() == DESCRIPTIONS.keys() == set(Template)
    assert all(verbs and not verbs & OPERATOR_VERBS for verbs in TEMPLATES.values())


def test_a_key_of_all_verbs_is_stored_as_one_of_all_that_there_will_be() -> None:
    assert Scopes().stored_verbs is None
    assert Scopes(verbs=ALL_VERBS).stored_verbs is None
    stored = Scopes(template=Template.READ_ONLY).stored_verbs
    assert stored is not None
    assert {Verb(name) for name in stored} == READ_VERBS


def test_limits_take_verbs_away_and_give_none() -> None:
    def left(verbs: list[str] | None, *, collections: bool = False, forced: bool = False) -> frozenset[Verb]:
        return key_scopes.effective_verbs(verbs, is_for_collections=collections, has_forced_filter=forced)

    assert left(None) == ALL_VERBS
    assert not left(None, collections=True) & {
        Verb.CREATE_COLLECTION,
        Verb.CREATE_DATABASE,
        Verb.UPDATE_TENANT,
    }
    forced = left(None, forced=True)
    assert not forced & {
        Verb.UPDATE_COLLECTION,
        Verb.DELETE_COLLECTION,
        Verb.FORK_COLLECTION,
        Verb.DELETE_DATABASE,
    }
    assert {
        Verb.ADD,
        Verb.UPDATE,
        Verb.UPSERT,
        Verb.DELETE,
        Verb.GET,
        Verb.QUERY,
        Verb.SEARCH,
        Verb.COUNT,
    } <= forced
    assert left(["collection:get"], collections=True, forced=True) == {Verb.GET}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("10.0.0.0/8", "10.0.0.0/8"),
        (" 203.0.113.7 ", "203.0.113.7/32"),
        ("2001:DB8::/32", "2001:db8::/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::/0", "::/0"),
    ],
)
def test_networks_have_one_notation(given: str, kept: str) -> None:
    assert key_scopes.parse_networks([given, given]) == (kept,)


@pytest.mark.parametrize(
    "text", ["", "x", "10.0.0.1/8", "10.0.0.0/33", "10.0.0", "1.2.3.4/", "[::1]", "10.0.0.0/8;"]
)
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(InvalidArgument, match="allowed_networks"):
        key_scopes.parse_networks([text])


@pytest.mark.parametrize(
    ("address", "is_in"),
    [
        ("10.9.9.9", True),
        ("::ffff:10.9.9.9", True),
        ("::ffff:0a09:0909", True),
        ("11.0.0.0", False),
        ("2001:db8::1", True),
        ("2001:db8::1%eth0", True),
        ("2001:db9::1", False),
        ("", False),
        ("unix:", False),
        (None, False),
    ],
)
def test_an_address_is_in_a_network_or_not(address: str | None, is_in: bool) -> None:
    assert key_scopes.is_within(address, ("10.0.0.0/8", "2001:db8::/32")) is is_in


def test_expiry_is_in_ninety_days_unless_said_otherwise() -> None:
    assert key_scopes.settle_expiry(DEFAULT, now=NOW) == NOW + timedelta(days=90)
    assert key_scopes.settle_expiry(None, now=NOW) is None
    assert key_scopes.settle_expiry(NOW + timedelta(days=3_653), now=NOW) == NOW + timedelta(days=3_653)


@pytest.mark.parametrize(
    "moment",
    [NOW, NOW - timedelta(1), NOW + timedelta(days=3_654), datetime(2027, 1, 1)],  # noqa: DTZ001
)
def test_expiry_is_neither_past_nor_too_far(moment: datetime) -> None:
    with pytest.raises(InvalidArgument, match="expires_at"):
        key_scopes.settle_expiry(moment, now=NOW)


@pytest.mark.parametrize(
    ("scopes", "named"),
    [
        (Scopes(verbs=frozenset()), "verbs"),
        (Scopes(verbs=frozenset({Verb.RESET})), "verbs"),
        (Scopes(template=Template.READ_ONLY, verbs=READ_VERBS), "verbs"),
        (Scopes(template=Template.ONE_COLLECTION), "collection_ids"),
        (
            Scopes(template=Template.ONE_COLLECTION, collection_ids=frozenset({uuid.uuid4(), uuid.uuid4()})),
            "one",
        ),
        (Scopes(collection_ids=frozenset(uuid.uuid4() for _ in range(101))), "collection_ids"),
        (Scopes(requests_per_minute_count=0), "requests_per_minute_count"),
    ],
)
def test_scopes_that_no_key_can_have_are_refused(scopes: Scopes, named: str) -> None:
    with pytest.raises(InvalidArgument, match=named):
        scopes.check()


@pytest.mark.parametrize("seconds", [-1, 31 * 86_400])
def test_an_overlap_is_at_most_thirty_days(seconds: int) -> None:
    key_scopes.check_overlap(timedelta(days=30))
    with pytest.raises(InvalidArgument, match="overlap_seconds"):
        key_scopes.check_overlap(timedelta(seconds=seconds))
