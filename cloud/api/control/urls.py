"""Every route of the control API, from the registry; one entry here per module of views."""

from __future__ import annotations

from itertools import groupby

from django.urls import path

from cloud.api.control import description
from cloud.api.control.endpoint import Endpoint
from cloud.api.control.routes import ROUTES, Route
from cloud.api.control.views import (
    audit_log,
    billing,
    collection_actions,
    collections,
    databases,
    indexing,
    invitations,
    keys,
    me,
    members,
    metrics,
    plans,
    quotas,
    recycle_bin,
    service_accounts,
    tenants,
    transfers,
    usage,
)

MODULES = (
    me,
    tenants,
    members,
    invitations,
    service_accounts,
    databases,
    collections,
    indexing,
    collection_actions,
    recycle_bin,
    transfers,
    keys,
    quotas,
    usage,
    metrics,
    billing,
    plans,
    audit_log,
)


def _pattern(route_path: str) -> str:
    return route_path.replace("{", "<str:").replace("}", ">")


def _by_path(route: Route) -> str:
    return route.path


urlpatterns = [
    path("/openapi.json", description.openapi),
    *(
        path(_pattern(place), Endpoint.as_view(routes=tuple(routes)))
        for place, routes in groupby(sorted(ROUTES, key=_by_path), key=_by_path)
    ),
]
