"""Quotas: how much of each is used; requests for more, and what operators answer."""

from __future__ import annotations

from uuid import UUID

from cloud.api.control.endpoint import check_limit
from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import quotas as shapes
from cloud.api.control.schemas.shape import Nothing, PageQuery
from tenants import quota_requests, quota_standing
from tenants.errors import InvalidArgument
from tenants.models import QuotaRequest
from tenants.quota_requests import Listed
from tenants.roles import Action
from vectors import state_usage

_REQUESTS = "/tenants/{tenant}/quota-requests"


@route("GET", "/tenants/{tenant}/quotas", Door.MEMBER, action=Action.VIEW_QUOTAS, answer=shapes.Quotas)
def list_quotas(call: Call[None]) -> shapes.Quotas:
    """List every limit of a tenant with its source, its use now and its peak."""
    states = state_usage.of_tenant(call.tenant_id, quota_standing.cells(call.tenant_id))
    return shapes.Quotas(
        items=[
            shapes.Quota(
                name=one.limit_name,
                usage_name=one.usage_name,
                limit=one.limit,
                source=one.source,
                current=one.current,
                peak=one.peak,
                measured=one.measured.value,
            )
            for one in quota_standing.standings(call.actor, call.tenant_id, states)
        ]
    )


@route("GET", _REQUESTS, Door.MEMBER, action=Action.VIEW_QUOTAS, query=PageQuery, answer=shapes.QuotaRequests)
def list_quota_requests(call: Call[None]) -> shapes.QuotaRequests:
    """List a tenant's requests for higher limits, newest first."""
    limit, after = check_limit(call.query.limit), _place(call.query.after)
    found = quota_requests.list_requests(call.actor, call.tenant_id, limit_count=limit + 1, after=after)
    return _page([_shown(one, call.tenant_name) for one in found], limit)


@route(
    "POST",
    _REQUESTS,
    Door.MEMBER,
    action=Action.REQUEST_QUOTA,
    body=shapes.NewQuotaRequest,
    answer=shapes.QuotaRequest,
    status=201,
)
def request_quota(call: Call[shapes.NewQuotaRequest]) -> shapes.QuotaRequest:
    """Ask for a higher limit; one request per limit can be pending."""
    body = call.body
    made = quota_requests.request(call.actor, call.tenant_id, body.limit, body.wanted, body.reason)
    return _shown(made, call.tenant_name)


@route("DELETE", _REQUESTS + "/{request_id}", Door.MEMBER, action=Action.REQUEST_QUOTA, answer=Nothing)
def withdraw_quota_request(call: Call[None]) -> Nothing:
    """Withdraw a pending request."""
    quota_requests.withdraw(call.actor, call.tenant_id, call.path_id("request_id"))
    return Nothing()


@route(
    "GET",
    "/quota-requests",
    Door.OPERATOR,
    query=shapes.QuotaRequestsQuery,
    answer=shapes.QuotaRequests,
)
def list_all_quota_requests(call: Call[None]) -> shapes.QuotaRequests:
    """List the requests of every tenant in one state, oldest first."""
    limit, after = check_limit(call.query.limit), _place(call.query.after)
    state = quota_requests.State(call.query.state)
    found = quota_requests.list_all(call.actor, state, limit_count=limit + 1, after=after)
    return _page([_shown(one, one.tenant_name) for one in found], limit)


@route(
    "POST",
    _REQUESTS + "/{request_id}/approve",
    Door.OPERATOR,
    body=shapes.QuotaDecision,
    answer=Nothing,
)
def approve_quota_request(call: Call[shapes.QuotaDecision]) -> Nothing:
    """Approve a pending request: the limit is in force within a second."""
    quota_requests.approve(call.actor, call.tenant_id, call.path_id("request_id"), call.body.note)
    return Nothing()


@route(
    "POST",
    _REQUESTS + "/{request_id}/decline",
    Door.OPERATOR,
    body=shapes.QuotaDecision,
    answer=Nothing,
)
def decline_quota_request(call: Call[shapes.QuotaDecision]) -> Nothing:
    """Decline a pending request."""
    quota_requests.decline(call.actor, call.tenant_id, call.path_id("request_id"), call.body.note)
    return Nothing()


def _place(after: str | None) -> UUID | None:
    try:
        return None if after is None else UUID(after)
    except ValueError as error:
        raise InvalidArgument(f"after: expected the `next` of a page, got {after!r:.60}") from error


def _page(items: list[shapes.QuotaRequest], limit: int) -> shapes.QuotaRequests:
    is_last = len(items) <= limit
    return shapes.QuotaRequests(
        items=items[:limit], next=None if is_last else str(items[limit - 1].request_id)
    )


def _shown(one: QuotaRequest | Listed, tenant_name: str) -> shapes.QuotaRequest:
    return shapes.QuotaRequest(
        request_id=one.request_id,
        tenant=tenant_name,
        limit=one.limit_name,
        wanted=one.wanted,
        reason=one.reason,
        requested_by=one.requested_by,
        created_at=one.created_at,
        state=one.state,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        note=one.note,
    )
