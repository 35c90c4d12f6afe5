"""The registry of the control API: every route with its door, its shapes and its function.

A view module registers its functions with `route`; `urls.py` imports the modules. The description and the
tests of every route are made from the same entries, so a route cannot be undocumented.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID

from rest_framework.request import Request

from cloud.api.control.schemas.shape import NoQuery
from tenants.actors import Actor
from tenants.roles import Action

PREFIX = "/api/control/v1"
B = TypeVar("B")


class Door(Enum):
    """Who may enter before any role is asked for."""

    ANYBODY = "anybody"  # no credentials
    PERSON = "person"  # somebody who signed in, or a service account, about themselves
    MEMBER = "member"  # somebody with a role in the tenant of the path, or an operator
    OPERATOR = "operator"  # staff of the installation, or a service account without a tenant


@dataclass(frozen=True)
class Call(Generic[B]):
    """A call that passed its door.

    tenant_id:  of the path's tenant; the nil UUID on routes without one
    path:       the other names of the path
    query:      the query string in the shape of the route's `query`
    """

    actor: Actor
    tenant_id: UUID
    tenant_name: str
    path: dict[str, str]
    query: Any
    body: B
    request: Request

    def path_id(self, name: str) -> UUID:
        """A UUID of the path; the nil UUID, which nothing has, when it is none."""
        try:
            return UUID(self.path[name])
        except ValueError:
            return UUID(int=0)


Function = Callable[[Call[Any]], Any]


@dataclass(frozen=True)
class Route:
    """One method of one path.

    action:  what the role must carry; None for routes whose door says it all
    answer:  the type of what the function returns; bytes-like answers return an HttpResponse themselves
    raw:     the media type of such an answer
    takes:   the media type of a body that the function reads by itself, as it comes in
    """

    method: str
    path: str
    door: Door
    tag: str
    summary: str
    function: Function
    action: Action | None = None
    body: Any = None
    answer: Any = None
    query: Any = NoQuery
    status: int = 200
    raw: str = ""
    takes: str = ""
    description: str = ""
    example: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Unique: the function's."""
        return self.function.__name__

    @property
    def path_parameters(self) -> list[str]:
        """The names between braces."""
        return re.findall(r"{(\w+)}", self.path)


ROUTES: list[Route] = []


def route(method: str, path: str, door: Door, **more: Any) -> Callable[[Function], Function]:
    """Register a function for a method of a path below PREFIX; its docstring's first line is the summary."""

    def register(function: Function) -> Function:
        summary = (function.__doc__ or "").strip().splitlines()[0].rstrip(".")
        tag = function.__module__.rpartition(".")[2].replace("_", " ")
        ROUTES.append(Route(method, path, door, tag, summary, function, **more))
        return function

    return register
