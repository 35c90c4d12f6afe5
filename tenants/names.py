"""What a tenant, database or collection may be called. [pure]"""

from __future__ import annotations

import ipaddress
import re

from tenants.errors import InvalidArgument

# Contract, section 7: 3 to 512 characters, no "..", not an address.
_PATTERN = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]\Z")
_MOST_CHARACTERS = 512


def check(name: str) -> str:
    """The name of a collection, or of a database in one region, unchanged.

    Raises:  InvalidArgument with the wire's text
    Source:  contract, sections 2.6 and 7
    """
    if not _is_plain(name):
        raise InvalidArgument(
            "Expected a name containing 3-512 characters from [a-zA-Z0-9._-], starting and ending with "
            f"a character in [a-zA-Z0-9]. Got: {name}",
        )
    return name


def check_database(name: str) -> str:
    """The name of a database, unchanged; `topology+name` asks for several regions, and there is one.

    Raises:  InvalidArgument
    Source:  contract, section 7
    """
    parts = name.split("+")
    if len(parts) == 2 and len(name) <= _MOST_CHARACTERS and all(map(_is_plain, parts)):
        raise InvalidArgument("Not supported")
    return check(name)


def _is_plain(name: str) -> bool:
    return bool(_PATTERN.match(name)) and ".." not in name and not _is_address(name)


def check_tenant(name: str) -> str:
    """The name of a tenant: at least 3 characters, and storable."""
    if len(name) < 3 or len(name) > 512 or "\x00" in name:
        raise InvalidArgument("Validation error: name: Tenant name must have 3 to 512 characters")
    return name


def check_resource(name: str) -> str:
    """A tenant's resource name: 1 to 512 characters without the colon that separates the parts of a CRN."""
    if not 1 <= len(name) <= 512 or ":" in name or "\x00" in name:
        raise InvalidArgument(
            "Validation error: resource_name: Resource name must have 1 to 512 characters and no ':'",
        )
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
