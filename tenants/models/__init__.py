"""The control plane's facts: who there is, what they own, and what the database itself must guarantee.

One module per noun. Verbs live in the modules named after their noun (`keys.issue`, `databases.create`).
Row-level security on these tables is part of the migration that makes them.
"""

from tenants.models.accounts import ServiceAccount, ServiceAccountKey
from tenants.models.audit import AuditEntry, AuditHead
from tenants.models.billing import (
    AlertNotice,
    BillingAlert,
    BillingProfile,
    Budget,
    BudgetLease,
    Credit,
    CreditUse,
    Invoice,
    InvoiceCounter,
    PlanAssignment,
    PlanRevision,
    StripeWatermark,
)
from tenants.models.keys import ApiKey, ApiKeyDatabase
from tenants.models.metrics import (
    CollectionRequestMetric,
    MetricClock,
    MetricFlush,
    RequestMetric,
    RequestTotal,
)
from tenants.models.operations import CellPlacement, Flag, FlagOverride, QuotaRequest, UsagePeak
from tenants.models.people import Invitation, Member, Role, User
from tenants.models.places import Database, Plan, Tenant

__all__ = [
    "AlertNotice",
    "ApiKey",
    "ApiKeyDatabase",
    "AuditEntry",
    "AuditHead",
    "BillingAlert",
    "BillingProfile",
    "Budget",
    "BudgetLease",
    "CellPlacement",
    "CollectionRequestMetric",
    "Credit",
    "CreditUse",
    "Database",
    "Flag",
    "FlagOverride",
    "Invitation",
    "Invoice",
    "InvoiceCounter",
    "Member",
    "MetricClock",
    "MetricFlush",
    "Plan",
    "PlanAssignment",
    "PlanRevision",
    "QuotaRequest",
    "RequestMetric",
    "RequestTotal",
    "Role",
    "ServiceAccount",
    "ServiceAccountKey",
    "StripeWatermark",
    "Tenant",
    "UsagePeak",
    "User",
]
