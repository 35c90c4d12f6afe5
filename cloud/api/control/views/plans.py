"""Plans, and what else operators do about money: give plans and credits, mark invoices."""

from __future__ import annotations

from cloud.api.control.routes import Call, Door, route
from cloud.api.control.schemas import billing as billing_shapes
from cloud.api.control.schemas import plans as shapes
from cloud.api.control.schemas.shape import Nothing
from cloud.api.control.views.billing import shown_credit, shown_invoice
from tenants import plans
from tenants.billing import credits as credit_book
from tenants.billing import invoices
from tenants.billing.credits import Standing
from tenants.errors import NotFound
from tenants.models import Invoice, Plan
from tenants.plans import Changes

_INVOICE = "/tenants/{tenant}/invoices/{number}"


@route("GET", "/plans", Door.OPERATOR, answer=shapes.Plans)
def list_plans(call: Call[None]) -> shapes.Plans:
    """List every plan, oldest first."""
    return shapes.Plans(items=[_shown(plan) for plan in plans.list_plans(call.actor)])


@route("POST", "/plans", Door.OPERATOR, body=shapes.NewPlan, answer=shapes.Plan, status=201)
def create_plan(call: Call[shapes.NewPlan]) -> shapes.Plan:
    """Create a plan; what is not said is as without a plan."""
    return _shown(plans.create(call.actor, call.body.currency, _changes(call.body)))


@route("GET", "/plans/{plan_id}", Door.OPERATOR, answer=shapes.Plan)
def get_plan(call: Call[None]) -> shapes.Plan:
    """Get a plan."""
    return _shown(plans.get(call.actor, _plan_id(call.path["plan_id"])))


@route("PATCH", "/plans/{plan_id}", Door.OPERATOR, body=shapes.PlanChanges, answer=shapes.Plan)
def update_plan(call: Call[shapes.PlanChanges]) -> shapes.Plan:
    """Change a plan for all its tenants, from now on."""
    return _shown(plans.update(call.actor, _plan_id(call.path["plan_id"]), _changes(call.body)))


@route("PUT", "/tenants/{tenant}/plan", Door.OPERATOR, body=shapes.PlanChoice, answer=Nothing)
def assign_plan(call: Call[shapes.PlanChoice]) -> Nothing:
    """Give a tenant a plan, from now on."""
    plans.assign(call.actor, call.tenant_id, call.body.plan_id)
    return Nothing()


@route(
    "POST",
    "/tenants/{tenant}/credits",
    Door.OPERATOR,
    body=billing_shapes.NewCredit,
    answer=billing_shapes.Credit,
    status=201,
)
def grant_credit(call: Call[billing_shapes.NewCredit]) -> billing_shapes.Credit:
    """Grant a tenant a credit, in the currency of its plan."""
    body = call.body
    made = credit_book.grant(
        call.actor, call.tenant_id, body.amount_nano, note=body.note, expires_at=body.expires_at
    )
    return shown_credit(Standing(made, made.amount_nano))


@route("POST", f"{_INVOICE}/paid", Door.OPERATOR, body=billing_shapes.Closing, answer=billing_shapes.Invoice)
def mark_invoice_paid(call: Call[billing_shapes.Closing]) -> billing_shapes.Invoice:
    """Mark an issued invoice paid, for good."""
    return _closed(call, Invoice.State.PAID)


@route("POST", f"{_INVOICE}/void", Door.OPERATOR, body=billing_shapes.Closing, answer=billing_shapes.Invoice)
def void_invoice(call: Call[billing_shapes.Closing]) -> billing_shapes.Invoice:
    """Void an issued invoice, for good; its credits are free again."""
    return _closed(call, Invoice.State.VOID)


def _closed(call: Call[billing_shapes.Closing], state: Invoice.State) -> billing_shapes.Invoice:
    number, note = call.path["number"], call.body.note
    return shown_invoice(invoices.close(call.actor, call.tenant_id, number, state, note=note))


def _changes(body: shapes.NewPlan | shapes.PlanChanges) -> Changes:
    return Changes(body.name, body.limits, body.prices, body.monthly_fee_nano, body.recycle_seconds)


def _plan_id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise NotFound(f"Plan [{text[:40]}] not found")
    return int(text)


def _shown(plan: Plan) -> shapes.Plan:
    return shapes.Plan(
        plan_id=plan.pk,
        name=plan.name,
        currency=plan.currency,
        limits=plan.limits,
        prices=plan.prices,
        monthly_fee_nano=plan.monthly_fee_nano,
        recycle_seconds=plan.recycle_seconds,
    )
