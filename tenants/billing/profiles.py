"""Who pays for a tenant: as it stands on its next invoices."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from tenants import audit
from tenants.actors import Actor
from tenants.errors import InvalidArgument
from tenants.models import BillingProfile
from tenants.roles import Action
from tenants.scope import tenant_transaction

_COUNTRY = re.compile(r"[A-Z]{2}")
_CUSTOMER = re.compile(r"cus_[A-Za-z0-9]{1,60}")
_MAX_ADDRESS_LINES = 6


@dataclass(frozen=True)
class Details:
    """Who pays; each may be empty.

    country:  two capital letters (ISO 3166-1)
    """

    name: str = ""
    email: str = ""
    address_lines: tuple[str, ...] = ()
    country: str = ""
    tax_id: str = ""
    stripe_customer_id: str = ""


def get(by: Actor, tenant_id: UUID) -> Details:
    """The tenant's details.

    Raises:  PermissionDenied
    """
    by.require(Action.VIEW_BILLING)
    with tenant_transaction(tenant_id):
        return of(BillingProfile.objects.filter(tenant_id=tenant_id).first() or BillingProfile())


def update(by: Actor, tenant_id: UUID, details: Details) -> Details:
    """Replace the tenant's details.

    Raises:      PermissionDenied, InvalidArgument
    Transaction: opens one
    """
    by.require(Action.MANAGE_BILLING)
    _check(details)
    with tenant_transaction(tenant_id):
        row = locked(tenant_id)
        before = as_json(of(row))
        for name, value in as_json(details).items():
            setattr(row, name, value)
        row.save()
        changed = [name for name, value in as_json(details).items() if before[name] != value]
        audit.record(
            by,
            tenant_id,
            Action.MANAGE_BILLING,
            subject_id=tenant_id,
            details={"did": "update billing details", "changed": changed},
        )
    return details


def locked(tenant_id: UUID) -> BillingProfile:
    """The tenant's row, made if there is none, locked: its invoices are issued one after the other.

    Transaction: needs one
    """
    BillingProfile.objects.bulk_create([BillingProfile(tenant_id=tenant_id)], ignore_conflicts=True)
    return BillingProfile.objects.select_for_update().get(tenant_id=tenant_id)


def of(row: BillingProfile) -> Details:
    """The details of a row."""
    return Details(
        row.name, row.email, tuple(row.address_lines), row.country, row.tax_id, row.stripe_customer_id
    )


def as_json(details: Details) -> dict[str, Any]:
    """Details as an invoice keeps them."""
    return {**asdict(details), "address_lines": list(details.address_lines)}


def _check(details: Details) -> None:
    for name, value, most in (("name", details.name, 256), ("tax_id", details.tax_id, 64)):
        _check_text(name, value, most)
    if len(details.address_lines) > _MAX_ADDRESS_LINES:
        raise InvalidArgument(
            f"address_lines: expected at most {_MAX_ADDRESS_LINES}, got {len(details.address_lines)}"
        )
    for number, line in enumerate(details.address_lines):
        _check_text(f"address_lines[{number}]", line, 128)
    if details.country and not _COUNTRY.fullmatch(details.country):
        raise InvalidArgument(f"country: expected two capital letters, got {details.country[:20]!r}")
    if details.stripe_customer_id and not _CUSTOMER.fullmatch(details.stripe_customer_id):
        raise InvalidArgument(f"stripe_customer_id: expected cus_…, got {details.stripe_customer_id[:20]!r}")
    if details.email:
        try:
            validate_email(details.email)
        except ValidationError as error:
            raise InvalidArgument(f"email: expected an e-mail address, got {details.email[:64]!r}") from error


def _check_text(name: str, value: str, most: int) -> None:
    if len(value) > most or not value.isprintable():
        raise InvalidArgument(f"{name}: expected at most {most} printable characters, got {len(value)}")
