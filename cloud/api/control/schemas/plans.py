"""Shapes of plans."""

from __future__ import annotations

from cloud.api.control.schemas.shape import Answer, Body


class NewPlan(Body):
    """A plan to be: limits by name (docs/quotas.md), prices in nano-units by meter (docs/billing.md)."""

    name: str
    currency: str = "USD"
    limits: dict[str, int] | None = None
    prices: dict[str, int] | None = None
    monthly_fee_nano: int | None = None
    recycle_seconds: int | None = None


class PlanChanges(Body):
    """What to change of a plan; limits and prices are replaced as a whole."""

    name: str | None = None
    limits: dict[str, int] | None = None
    prices: dict[str, int] | None = None
    monthly_fee_nano: int | None = None
    recycle_seconds: int | None = None


class Plan(Answer):
    """A plan."""

    plan_id: int
    name: str
    currency: str
    limits: dict[str, int]
    prices: dict[str, int]
    monthly_fee_nano: int
    recycle_seconds: int


class Plans(Answer):
    """Every plan, oldest first."""

    items: list[Plan]


class PlanChoice(Body):
    """The plan that a tenant has from now on; null: none, with the default limits and prices."""

    plan_id: int | None
