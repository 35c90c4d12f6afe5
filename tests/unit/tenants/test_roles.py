"""The table of roles: what is given to whom, and that the page about it is up to date."""

from __future__ import annotations

import pytest

from cloud.management.commands import describe_permissions
from tenants.actors import SYSTEM, Actor, ActorKind
from tenants.errors import PermissionDenied
from tenants.roles import DESCRIPTIONS, MATRIX, Action, Role, may, may_give


def test_the_page_is_what_the_table_says() -> None:
    """`manage.py describe_permissions` writes it."""
    assert describe_permissions.PAGE.read_text(encoding="utf-8") == describe_permissions.page()


def test_every_action_is_described_once() -> None:
    assert set(DESCRIPTIONS) == set(Action)
    assert len(set(DESCRIPTIONS.values())) == len(Action)


def test_an_owner_may_everything_and_gives_everything() -> None:
    assert MATRIX[Role.OWNER] == set(Action)
    assert all(may_give(Role.OWNER, role) for role in Role)


def test_nobody_else_makes_owners() -> None:
    others = [role for role in Role if role is not Role.OWNER]
    assert not [role for role in others if may(role, Action.MANAGE_OWNERS) or may_give(role, Role.OWNER)]


@pytest.mark.parametrize("given", Role)
@pytest.mark.parametrize("giver", Role)
def test_what_is_given_is_never_more_than_the_giver_has(giver: Role, given: Role) -> None:
    is_more = any(may(given, action) and not may(giver, action) for action in Action)
    assert may_give(giver, given) != is_more
    by = Actor(ActorKind.USER, None, "somebody", role=giver)
    if is_more:
        with pytest.raises(PermissionDenied, match=f"{given.value} role .* {giver.value} role"):
            by.require_to_give(given)
    else:
        by.require_to_give(given)


def test_strangers_give_nothing_and_the_service_everything() -> None:
    stranger = Actor(ActorKind.USER, None, "somebody")
    for role in Role:
        SYSTEM.require_to_give(role)
        with pytest.raises(PermissionDenied, match="with no role"):
            stranger.require_to_give(role)
