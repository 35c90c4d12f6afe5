"""Members: works, role too low, outsider, malformed; who may touch whom, and what ends with a place."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connections

from tenants import invitations, members
from tenants.errors import InvalidArgument, PermissionDenied, ServiceError
from tenants.models import Member
from tenants.roles import Action, Role, may, may_give
from tests.control.caller import Caller, Office, actor_of, api_key, id_of, person


def path_of(acme: Office, member: Caller) -> str:
    """Where a member is changed and removed."""
    return f"{acme.path}/members/{id_of(member)}"


def roles_of(acme: Office) -> dict[str, str]:
    """Everybody by address."""
    items = acme.owner.get(f"{acme.path}/members").body["items"]
    return {one["email"]: one["role"] for one in items}


def last_entry(acme: Office) -> dict[str, object]:
    """What was done last."""
    entry: dict[str, object] = acme.owner.get(f"{acme.path}/audit?limit=1").body["items"][0]
    return entry


def test_members_are_listed_by_address_in_pages(acme: Office) -> None:
    for role in (Role.VIEWER, Role.ADMIN):
        person(acme.tenant_id, role)
    found, after = [], ""
    while True:
        page = acme.owner.get(f"{acme.path}/members?limit=2{after}").body
        found += page["items"]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert [one["role"] for one in found] == ["admin", "owner", "viewer"]  # as their addresses begin
    assert found == acme.owner.get(f"{acme.path}/members").body["items"]
    assert set(found[0]) == {"user_id", "email", "role", "joined_at"}


def test_a_role_is_changed_and_in_force_at_once(acme: Office) -> None:
    member = person(acme.tenant_id, Role.VIEWER)
    assert member.get(f"{acme.path}/audit").status == 403
    changed = acme.owner.patch(path_of(acme, member), {"role": "admin"})
    assert (changed.status, changed.body["role"]) == (200, "admin")
    assert member.get(f"{acme.path}/audit").status == 200
    entry = last_entry(acme)
    assert entry["action"] == "members.change_role"
    assert entry["details"] == {"from": "viewer", "to": "admin", "revoked_invitations": 0}


def test_changing_to_the_same_role_says_nothing(acme: Office) -> None:
    member = person(acme.tenant_id, Role.VIEWER)
    before = last_entry(acme)
    assert acme.owner.patch(path_of(acme, member), {"role": "viewer"}).status == 200
    assert last_entry(acme) == before


def test_a_removed_member_stops_at_once(acme: Office) -> None:
    member = person(acme.tenant_id, Role.ADMIN)
    key = api_key(acme.tenant_id, member)
    others = api_key(acme.tenant_id, acme.owner)
    sent = invitations.invite(actor_of(member, Role.ADMIN), acme.tenant_id, "x@example.com", Role.VIEWER)
    assert key.get("/auth/identity").status == 200
    removed = acme.owner.delete(path_of(acme, member))
    assert removed.body == {"revoked_keys_count": 1, "revoked_invitations_count": 1}
    assert member.get(acme.path).status == 404
    assert key.get("/auth/identity").status == 401
    assert others.get("/auth/identity").status == 200
    assert invitations.look_up(sent.token) is None
    entry = last_entry(acme)
    assert (entry["action"], entry["subject_label"]) == ("members.remove", member.user and member.user.email)
    assert entry["details"] == {"revoked_keys": 1, "revoked_invitations": 1}


def test_keys_of_the_person_in_another_tenant_stay(acme: Office, globex: Office) -> None:
    member = person(acme.tenant_id, Role.DEVELOPER)
    members.join(globex.tenant_id, id_of(member), Role.DEVELOPER)
    elsewhere = api_key(globex.tenant_id, member)
    assert acme.owner.delete(path_of(acme, member)).body["revoked_keys_count"] == 0
    assert elsewhere.get("/auth/identity").status == 200
    assert member.get(globex.path).status == 200


@pytest.mark.parametrize("role", Role)
def test_everybody_may_leave_but_the_last_owner(acme: Office, role: Role) -> None:
    member = person(acme.tenant_id, role)
    key = api_key(acme.tenant_id, member)
    left = member.send("POST", f"{acme.path}/leave")
    assert (left.status, left.body["revoked_keys_count"]) == (200, 1)
    assert member.get(acme.path).status == 404
    assert key.get("/auth/identity").status == 401
    assert last_entry(acme)["action"] == "members.leave"
    assert acme.owner.send("POST", f"{acme.path}/leave").status == 400


def test_a_service_account_has_no_place_to_leave(acme: Office) -> None:
    assert acme[Role.VIEWER].send("POST", f"{acme.path}/leave").status == 404


def test_the_last_owner_stays(acme: Office) -> None:
    path = path_of(acme, acme.owner)
    for answer in (
        acme.owner.patch(path, {"role": "viewer"}),
        acme.owner.delete(path),
        acme.owner.send("POST", f"{acme.path}/leave"),
    ):
        assert answer.status == 400
        assert "last owner" in answer.body["message"]
    second = person(acme.tenant_id, Role.OWNER)
    assert second.patch(path, {"role": "viewer"}).status == 200
    assert acme.owner.get(f"{acme.path}/audit").status == 403


@pytest.mark.parametrize("given", Role)
def test_nobody_gives_what_they_do_not_have(acme: Office, given: Role) -> None:
    admin, other = person(acme.tenant_id, Role.ADMIN), person(acme.tenant_id, Role.VIEWER)
    expected = 200 if may_give(Role.ADMIN, given) else 403
    assert expected == (403 if given in (Role.OWNER, Role.BILLING) else 200)
    assert admin.patch(path_of(acme, other), {"role": given.value}).status == expected
    assert admin.patch(path_of(acme, admin), {"role": given.value}).status == expected


def test_only_owners_touch_owners(acme: Office) -> None:
    admin = acme[Role.ADMIN]
    assert admin.patch(path_of(acme, acme.owner), {"role": "viewer"}).status == 403
    assert admin.delete(path_of(acme, acme.owner)).status == 403
    second = person(acme.tenant_id, Role.VIEWER)
    assert acme.owner.patch(path_of(acme, second), {"role": "owner"}).status == 200
    assert acme.owner.delete(path_of(acme, second)).status == 200


def test_offers_that_somebody_could_not_make_any_more_end(acme: Office) -> None:
    second = person(acme.tenant_id, Role.OWNER)
    by = actor_of(second, Role.OWNER)
    sent = {
        role: invitations.invite(by, acme.tenant_id, f"{role.value}@example.com", role).token for role in Role
    }
    acme.owner.patch(path_of(acme, second), {"role": "admin"})
    kept = {role for role, token in sent.items() if invitations.look_up(token)}
    assert kept == {Role.ADMIN, Role.DEVELOPER, Role.VIEWER}
    acme.owner.patch(path_of(acme, second), {"role": "viewer"})
    assert not [role for role, token in sent.items() if invitations.look_up(token)]


def test_what_counts_is_the_role_at_the_moment_of_the_change(acme: Office) -> None:
    former, target = person(acme.tenant_id, Role.VIEWER), person(acme.tenant_id, Role.VIEWER)
    stale = actor_of(former, Role.OWNER)
    acts: list[Callable[[], object]] = [
        lambda: members.change_role(stale, acme.tenant_id, id_of(target), Role.ADMIN),
        lambda: members.remove(stale, acme.tenant_id, id_of(target)),
        lambda: invitations.invite(stale, acme.tenant_id, "x@example.com", Role.VIEWER),
    ]
    for act in acts:
        with pytest.raises(PermissionDenied):
            act()


def test_of_two_owners_who_remove_each_other_one_stays(acme: Office) -> None:
    first = acme.owner
    for number in range(8):
        second = person(acme.tenant_id, Role.OWNER)
        start = Barrier(2)

        def strike(by: Caller, other: Caller, start: Barrier = start, number: int = number) -> str:
            start.wait()
            actor = actor_of(by, Role.OWNER)
            try:
                if number % 2:
                    members.remove(actor, acme.tenant_id, id_of(other))
                else:
                    members.change_role(actor, acme.tenant_id, id_of(other), Role.VIEWER)
            except ServiceError as error:
                return type(error).__name__
            finally:
                connections.close_all()
            return "done"

        with ThreadPoolExecutor(2) as pool:
            outcomes = list(pool.map(strike, (first, second), (second, first)))
        assert sorted(outcomes) == ["PermissionDenied", "done"]
        owners = [one.user_id for one in _members(acme) if one.role == Role.OWNER]
        assert owners == [id_of(first if outcomes[0] == "done" else second)]
        first = first if outcomes[0] == "done" else second


def test_of_two_owners_who_leave_at_once_one_stays(acme: Office) -> None:
    second = person(acme.tenant_id, Role.OWNER)
    start = Barrier(2)

    def leave(by: Caller) -> str:
        start.wait()
        try:
            members.leave(actor_of(by, Role.OWNER), acme.tenant_id)
        except InvalidArgument:
            return "refused"
        finally:
            connections.close_all()
        return "left"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(leave, (acme.owner, second))) == ["left", "refused"]
    assert [one.role for one in _members(acme)] == [Role.OWNER]


def _members(acme: Office) -> list[Member]:
    return members.list_members(actor_of(acme.owner, Role.OWNER), acme.tenant_id, limit_count=50)


@pytest.mark.parametrize("role", Role)
def test_the_role_decides(acme: Office, role: Role) -> None:
    path, caller = f"{acme.path}/members", acme[role]
    nobody = f"{path}/{uuid.uuid4()}"
    assert caller.get(path).status == (200 if may(role, Action.VIEW_MEMBERS) else 403)
    expected = 404 if may(role, Action.CHANGE_ROLE) else 403
    assert caller.patch(nobody, {"role": "viewer"}).status == expected
    assert caller.delete(nobody).status == (404 if may(role, Action.REMOVE_MEMBER) else 403)


def test_an_outsider_finds_no_tenant(acme: Office, globex: Office, nobody: Caller) -> None:
    before = roles_of(acme)
    path = path_of(acme, acme.owner)
    for method, place, body in (
        ("GET", f"{acme.path}/members", None),
        ("PATCH", path, {"role": "viewer"}),
        ("DELETE", path, None),
        ("POST", f"{acme.path}/leave", None),
    ):
        answer = globex.owner.send(method, place, body)
        missing = globex.owner.send(method, place.replace(acme.name, "no-such-tenant"), body)
        assert answer.status == missing.status == 404
        assert answer.body["message"].replace(acme.name, "no-such-tenant") == missing.body["message"]
        assert nobody.send(method, place, body).status == 401
    through_own = f"{globex.path}/members/{id_of(acme.owner)}"
    assert globex.owner.delete(through_own).status == 404
    assert roles_of(acme) == before


@pytest.mark.parametrize(
    ("body", "status", "named"),
    [
        ({}, 422, "role"),
        ({"role": "king"}, 422, "role"),
        ({"role": 1}, 422, "role"),
        ({"role": "viewer", "more": 1}, 422, "more"),
        (b"{", 400, "JSON"),
    ],
)
def test_malformed_bodies_are_named(acme: Office, body: object, status: int, named: str) -> None:
    answer = acme.owner.send("PATCH", path_of(acme, acme.owner), body)
    assert answer.status == status
    assert named in answer.body["message"]


def test_malformed_places_and_pages_are_refused(acme: Office) -> None:
    assert acme.owner.delete(f"{acme.path}/members/x").status == 404
    for query in ("limit=0", "limit=201", "after=", "after=%00"):
        answer = acme.owner.get(f"{acme.path}/members?{query}")
        assert answer.status == 400
        assert query.partition("=")[0] in answer.body["message"]
