"""What the dashboard does, as a request to the API: every action can be copied. [pure]"""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

_CONTROL = "/api/control/v1"
_WIRE = "/api/v2"


@dataclass(frozen=True)
class ApiCall:
    """A request that does what a button of the dashboard does.

    path:       with its query string, below `/api`
    variable:   of the shell, which holds the secret; no page knows one
    """

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    header: str = "Authorization: Bearer"
    variable: str = "TESSERA_SERVICE_ACCOUNT_KEY"
    options: tuple[str, ...] = field(default=())

    def curl(self, origin: str) -> str:
        """The request as a command line; paste and run, with the secret in the environment."""
        lines = [f"curl -sS -X {self.method} {shlex.quote(origin + self.path)}"]
        # Double quotes: the shell puts the secret in.
        lines.append(f'-H "{self.header} ${self.variable}"')
        if self.body is not None:
            lines.append("-H 'Content-Type: application/json'")
            lines.append(f"-d {shlex.quote(json.dumps(self.body, ensure_ascii=False))}")
        lines.extend(self.options)
        return " \\\n  ".join(lines)


def control(method: str, tenant_name: str, *path: str, body: Mapping[str, Any] | None = None) -> ApiCall:
    """A call of the control API, below a tenant; each part of the path is escaped."""
    parts = "".join(f"/{quote(part, safe='')}" for part in path)
    return ApiCall(method, f"{_CONTROL}/tenants/{quote(tenant_name, safe='')}{parts}", body)


def wire(
    method: str, tenant_name: str, database_name: str, *path: str, body: Mapping[str, Any] | None = None
) -> ApiCall:
    """A call of the data API, below a database; each part of the path is escaped."""
    parts = "".join(f"/{quote(part, safe='')}" for part in path)
    place = f"{_WIRE}/tenants/{quote(tenant_name, safe='')}/databases/{quote(database_name, safe='')}"
    return ApiCall(method, place + parts, body, "x-chroma-token:", "CHROMA_API_KEY")
