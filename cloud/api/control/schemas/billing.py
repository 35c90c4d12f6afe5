"""Shapes of bills. Amounts are integers in nano-units (10⁻⁹) of the currency."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from cloud.api.control.schemas.shape import Answer, Body


class Line(Answer):
    """A line of a bill: `price_nano` is for one `unit`; a fee's quantity is days."""

    meter: str
    quantity: int
    unit: str
    price_nano: int
    cost_nano: int
    plan: str
    since: datetime
    until: datetime


class Alert(Answer):
    """An alert: percent of the spend cap, or an amount; `crossed_at` is in the running month."""

    alert_id: UUID
    percent: int | None
    amount_nano: int | None
    crossed_at: datetime | None


class Alerts(Answer):
    """The alerts of a tenant, oldest first."""

    items: list[Alert]


class Summary(Answer):
    """The running month: `metered_nano` is what the spend cap is compared with, without fees and credits.

    `reserved_nano` is spent or held by processes that may spend it; null as long as nothing asked.
    """

    month: str
    currency: str
    plan: str | None
    lines: list[Line]
    metered_nano: int
    subtotal_nano: int
    credits_nano: int
    total_nano: int
    forecast_nano: int
    credit_left_nano: int
    spend_cap_nano: int | None
    reserved_nano: int | None
    alerts: list[Alert]


class SpendCap(Body):
    """What a month's meters may cost before requests that cost something are refused; null: any amount."""

    spend_cap_nano: int | None


class NewAlert(Body):
    """An alert to be: one of percent (of the spend cap) and amount."""

    percent: int | None = None
    amount_nano: int | None = None


class Profile(Body):
    """Who pays: it stands on the next invoices. `country` has two letters."""

    name: str = ""
    email: str = ""
    address_lines: list[str] = []  # msgspec copies it
    country: str = ""
    tax_id: str = ""
    stripe_customer_id: str = ""


class Credit(Answer):
    """A credit, and what is left of it."""

    credit_id: UUID
    amount_nano: int
    left_nano: int
    currency: str
    note: str
    granted_by: str
    granted_at: datetime
    expires_at: datetime | None


class Credits(Answer):
    """The credits of a tenant, those first that are used first."""

    items: list[Credit]


class NewCredit(Body):
    """A credit to be."""

    amount_nano: int
    note: str
    expires_at: datetime | None = None


class Invoice(Answer):
    """An issued invoice; `payable` is its total as it is paid, in whole minor units."""

    number: str
    month: str
    state: str
    currency: str
    lines: list[Line]
    subtotal_nano: int
    credits_nano: int
    total_nano: int
    payable: str
    billed_to: dict[str, Any]
    issued_at: datetime
    closed_at: datetime | None
    closing_note: str


class Invoices(Answer):
    """Invoices, newest first; `next` is the `after` of the next page, null on the last."""

    items: list[Invoice]
    next: str | None


class Closing(Body):
    """Why, or how it was paid."""

    note: str = ""
