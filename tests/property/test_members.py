"""Whatever members, former members and strangers try: a tenant has an owner, whom an owner made one."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cloud.processes import Service
from tenants import invitations, members, tenants
from tenants.actors import SYSTEM, Actor, ActorKind
from tenants.errors import ServiceError
from tenants.models import Member, User
from tenants.roles import Role
from tenants.scope import tenant_transaction

PEOPLE_COUNT = 4
# What is tried, by whom, on whom, with which role, and as what the actor claims to be: None is the truth.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["invite", "accept", "change", "change", "remove", "leave", "resend", "revoke"]),
        st.integers(0, PEOPLE_COUNT - 1),
        st.integers(0, PEOPLE_COUNT - 1),
        st.sampled_from([Role.OWNER, *Role]),
        st.sampled_from([None, None, Role.OWNER, Role.ADMIN]),
    ),
    min_size=10,
    max_size=25,
)


@dataclass
class Story:
    """A tenant, what is known of it, and the tokens that its people have received.

    offered_by_owner:  tokens of invitations that an owner sent
    """

    tenant_id: uuid.UUID
    people: list[User]
    tokens: dict[int, list[invitations.NewInvitation]] = field(default_factory=dict)
    offered_by_owner: set[str] = field(default_factory=set)

    def roles(self) -> dict[uuid.UUID, Role]:
        """Everybody who has a place."""
        with tenant_transaction(self.tenant_id):
            rows = Member.objects.filter(tenant_id=self.tenant_id)
            return {row.user_id: Role(row.role) for row in rows}

    def try_step(self, what: str, by: Actor, actor: int, target: int, role: Role) -> str | None:
        """Do it, or be refused; the token that was taken up, if one was."""
        other, sent = self.people[target], self.tokens.setdefault(target, [])
        was_owner = self.roles().get(self.people[actor].user_id) is Role.OWNER
        made = None
        match what:
            case "invite":
                made = invitations.invite(by, self.tenant_id, other.email, role)
            case "resend" if sent:
                made = invitations.resend(by, self.tenant_id, sent[-1].invitation_id)
            case "revoke" if sent:
                invitations.revoke(by, self.tenant_id, sent[-1].invitation_id)
            case "accept" if sent:
                invitations.accept(sent[-1].token, self.people[actor])
                return sent[-1].token
            case "change":
                members.change_role(by, self.tenant_id, other.user_id, role)
            case "remove":
                members.remove(by, self.tenant_id, other.user_id)
            case "leave":
                members.leave(by, self.tenant_id)
        if made is not None:
            sent.append(made)
            if was_owner:
                self.offered_by_owner.add(made.token)
        return None


@pytest.fixture(scope="module")
def people(database: Service) -> list[User]:
    """Four people; to make one takes a slow hash."""
    del database
    unique = uuid.uuid4().hex[:8]
    return [members.create_user(f"p{n}-{unique}@example.com", "a long password") for n in range(PEOPLE_COUNT)]


# A history is short enough to be read as it is; to shrink one takes minutes of transactions.
@settings(max_examples=50, deadline=None, phases=[Phase.generate])
@given(steps=STEPS)
def test_a_tenant_keeps_an_owner_and_nobody_makes_themselves_one(
    people: list[User], steps: list[tuple[str, int, int, Role, Role | None]]
) -> None:
    story = Story(tenants.create(f"story-{uuid.uuid4().hex}").tenant_id, people)
    for user, role in zip(people, (Role.OWNER, Role.ADMIN, Role.VIEWER), strict=False):
        members.join(story.tenant_id, user.user_id, role, by=SYSTEM)
    for what, actor, target, role, claimed in steps:
        before = story.roles()
        user = people[actor]
        by = Actor(ActorKind.USER, user.user_id, user.email, role=claimed or before.get(user.user_id))
        taken_up = None
        try:
            taken_up = story.try_step(what, by, actor, target, role)
        except ServiceError:
            assert story.roles() == before
        after = story.roles()
        owners = {one for one, has in after.items() if has is Role.OWNER}
        assert owners, (what, before, after)
        for gained in owners - {one for one, has in before.items() if has is Role.OWNER}:
            by_an_owner = before.get(user.user_id) is Role.OWNER and gained != user.user_id
            assert by_an_owner or taken_up in story.offered_by_owner, (what, before, after)
        if after != before and what != "accept":
            assert user.user_id in before  # whoever has no place changes nobody's
