"""What a tenant, database or collection may be called. [pure]"""

from __future__ import annotations

import ipaddress
import re

from tenants.errors import InvalidArgument

# Contract, section 7: 3 to 512 characters, no "..", not an address.
_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]\Z")


def check(name: str) -> str:
    """The name of a database or collection, unchanged.

    Raises:  InvalidArgument with the wire's text
    Source:  contract, sections 2.6 and 7
    """
    if not _PATTERN.match(name) or ".." in name or _is_address(name):
        raise InvalidArgument(
            "Expected a name containing 3-512 characters from [a-zA-Z0-9._-], starting and ending with "
            f"a character in [a-zA-Z0-9]. Got: {name}",
        )
    return name


def check_tenant(name: str) -> str:
    """The name of a tenant: at least 3 characters, and storable."""
    if len(name) < 3 or len(name) > 512 or "\x00" in name:
        raise InvalidArgument("Validation error: name: Tenant name must have 3 to 512 characters")
    return name


def sought(name: str) -> str:
    """A name from outside as it can be compared with stored ones.

    PostgreSQL cannot be asked for U+0000; no stored name has it, and none is empty.
    """
    return "" if "\x00" in name else name


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
