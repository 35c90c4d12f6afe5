"""Tenants: create, get, name."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from cloud.api import codec, permissions
from cloud.api.schemas.collections import NewName, NewResourceName
from cloud.api.views.catalogue_view import CatalogueView, body_of, identity_of
from tenants import tenants
from tenants.errors import NotFound, PermissionDenied
from tenants.identity import Verb


class Tenants(CatalogueView):
    """`/tenants`."""

    def post(self, request: Request) -> HttpResponse:
        """Create a tenant: operator keys only."""
        permissions.require(identity_of(request), Verb.CREATE_TENANT)
        tenants.create(body_of(request, NewName).name)
        return codec.answer({})


class Tenant(CatalogueView):
    """`/tenants/{T}`."""

    def get(self, request: Request, tenant: str) -> HttpResponse:
        """The key's own tenant."""
        tenant_id = permissions.enter_tenant(identity_of(request), tenant, Verb.GET_TENANT)
        try:
            found = tenants.get(tenant_id)
        except NotFound as error:
            raise NotFound(f"Tenant [{tenant}] not found") from error
        return codec.answer({"name": found.name, "resource_name": found.resource_name})

    def patch(self, request: Request, tenant: str) -> HttpResponse:
        """Set the resource name, once."""
        identity = identity_of(request)
        tenant_id = permissions.enter_tenant(identity, tenant, Verb.UPDATE_TENANT)
        if identity.databases is not None:
            raise PermissionDenied
        tenants.set_resource_name(tenant_id, body_of(request, NewResourceName).resource_name)
        return codec.answer({})
