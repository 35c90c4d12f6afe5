"""Every page of the console."""

from __future__ import annotations

from django.urls import path

from cloud.console import audit_log, cells, flags, jobs, people, plans, quota_requests, tenants
from cloud.console.site import console
from tenants import models

__all__ = ["console"]

_VIEW = console.admin_view
console.own_pages += [
    path("jobs/", _VIEW(jobs.show), name="jobs"),
    path("jobs/<str:cell>/<uuid:collection_id>/again/", _VIEW(jobs.drive), name="job-again"),
    path("cells/", _VIEW(cells.show), name="cells"),
    path("cells/<str:cell>/", _VIEW(cells.change), name="cell"),
    path("flags/", _VIEW(flags.show), name="flags"),
    path("flags/<str:name>/", _VIEW(flags.change), name="flag"),
    path("flags/<str:name>/tenant/", _VIEW(flags.change_for), name="flag-tenant"),
]
console.register(models.Tenant, tenants.TenantAdmin)
console.register(models.Database, tenants.DatabaseAdmin)
console.register(models.Plan, plans.PlanAdmin)
console.register(models.QuotaRequest, quota_requests.QuotaRequestAdmin)
console.register(models.User, people.UserAdmin)
console.register(models.Member, people.MemberAdmin)
console.register(models.ServiceAccount, people.ServiceAccountAdmin)
console.register(models.AuditEntry, audit_log.AuditEntryAdmin)
