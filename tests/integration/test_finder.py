"""Finding places by a part of their name: what a role may see, in an order that helps, of one tenant."""

from __future__ import annotations

import uuid

import pytest

from tenants import databases, keys
from tenants.actors import Actor, ActorKind
from tenants.errors import InvalidArgument, PermissionDenied
from tenants.quotas import Limits
from tenants.roles import Role
from tests.factories import Cast, issue
from vectors import finder
from vectors.finder import Found


def by(role: Role | None) -> Actor:
    """Somebody in this role."""
    return Actor(ActorKind.USER, uuid.uuid4(), "somebody@example.com", role=role)


def names(found: Found) -> tuple[list[str], list[str], list[str]]:
    """What databases, collections and keys are called."""
    return (
        list(found.databases),
        [one.name for one in found.collections],
        [one.name for one in found.keys],
    )


def test_what_begins_with_the_text_comes_first(acme: Cast) -> None:
    for name in ("old-Docs", "docs-b", "Docs-a", "images"):
        acme.collection(name=name)
    databases.create(acme.tenant_id, "docs", limits=Limits(), cell_count=1)
    databases.create(acme.tenant_id, "a-docs", limits=Limits(), cell_count=1)
    found = finder.find(by(Role.OWNER), acme.tenant_id, " DOCS ", limit_count=5)
    assert names(found) == (["docs", "a-docs"], ["Docs-a", "docs-b", "old-Docs"], [])
    assert {one.database_name for one in found.collections} == {acme.database}
    few = finder.find(by(Role.OWNER), acme.tenant_id, "docs", limit_count=1)
    assert names(few) == (["docs"], ["Docs-a"], [])


def test_keys_are_found_by_name_and_by_their_beginning(acme: Cast) -> None:
    made = issue(acme.tenant_id)
    for text in ("KEY", made.secret[:9]):
        found = finder.find(by(Role.DEVELOPER), acme.tenant_id, text, limit_count=5).keys
        assert made.key_id in [one.key_id for one in found]
    assert not finder.find(by(Role.DEVELOPER), acme.tenant_id, made.secret, limit_count=5).keys
    keys.revoke(by(Role.OWNER), acme.tenant_id, made.key_id)
    found = finder.find(by(Role.DEVELOPER), acme.tenant_id, made.secret[:9], limit_count=5).keys
    assert made.key_id not in [one.key_id for one in found]


def test_a_role_finds_what_it_may_see(acme: Cast) -> None:
    acme.collection(name="main-key-docs")
    everything = finder.find(by(Role.DEVELOPER), acme.tenant_id, "m", limit_count=5)
    assert everything.databases
    assert everything.collections
    seen = finder.find(by(Role.VIEWER), acme.tenant_id, "key", limit_count=5)
    assert (len(seen.collections), len(seen.keys)) == (1, 0)
    assert finder.find(by(Role.BILLING), acme.tenant_id, "m", limit_count=5) == Found()
    with pytest.raises(PermissionDenied):
        finder.find(by(None), acme.tenant_id, "m", limit_count=5)


def test_another_tenant_is_not_searched(acme: Cast, globex: Cast) -> None:
    globex.collection(name="theirs")
    assert finder.find(by(Role.OWNER), acme.tenant_id, "theirs", limit_count=5) == Found()


@pytest.mark.parametrize("text", ["%", "_", "\\", "'", "\x00", "<script>", "é", "\U0010ffff"])
def test_a_text_is_looked_for_as_it_is(acme: Cast, text: str) -> None:
    acme.collection(name="docs")
    assert finder.find(by(Role.OWNER), acme.tenant_id, text, limit_count=5) == Found()
    assert finder.find(by(Role.OWNER), acme.tenant_id, "", limit_count=5) == Found()
    with pytest.raises(InvalidArgument):
        finder.find(by(Role.OWNER), acme.tenant_id, text * 129, limit_count=5)


def test_what_is_deleted_is_not_found(acme: Cast) -> None:
    acme.collection(name="docs")
    assert acme.wire.delete(f"{acme.place}/collections/docs").status == 200
    assert finder.find(by(Role.OWNER), acme.tenant_id, "docs", limit_count=5) == Found()
