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
    return _client(request, tenant_name, database_name, secret) + "print(client.list_collections())\n"


def fill(request: HttpRequest, *, tenant_name: str, database_name: str, collection_name: str) -> str:
    """The first records of a collection; paste and run."""
    return _client(request, tenant_name, database_name, PLACEHOLDER) + (
        f"collection = client.get_collection({_literal(collection_name)})\n"
        "collection.add(\n"
        '    ids=["a", "b"],\n'
        '    documents=["The first document", "The second one"],\n'
        '    metadatas=[{"year": 1999}, {"year": 2001}],\n'
        ")\n"
        "print(collection.count())\n"
    )


def _client(request: HttpRequest, tenant_name: str, database_name: str | None, secret: str) -> str:
    """The lines that make the client."""
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
    return f"import chromadb\n\nclient = chromadb.CloudClient(\n{lines})\n"


def _literal(value: object) -> str:
    """The value in Python; a JSON string is one, in the quotation marks that people expect."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)
