"""The lines of Python that connect to this very server. [pure]"""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from django.http import HttpRequest

PLACEHOLDER = "ck-…"  # stands where a key belongs that we cannot show


def connect(
    request: HttpRequest, *, tenant_name: str, database_name: str | None, secret: str = PLACEHOLDER
) -> str:
    """A CloudClient for the address under which the browser reached us; paste and run."""
    address = urlsplit(f"//{request.get_host()}")
    host = address.hostname or "localhost"
    port = address.port or (443 if request.is_secure() else 80)
    arguments = {
        "tenant": tenant_name,
        "database": database_name or "default",
        "api_key": secret,
        "cloud_host": f"[{host}]" if ":" in host else host,
        "cloud_port": port,
        "enable_ssl": request.is_secure(),
    }
    lines = "".join(f"    {name}={_literal(value)},\n" for name, value in arguments.items())
    return f"import chromadb\n\nclient = chromadb.CloudClient(\n{lines})\nprint(client.list_collections())\n"


def _literal(value: object) -> str:
    """The value in Python; a JSON string is one, in the quotation marks that people expect."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
