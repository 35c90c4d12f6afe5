"""Routes of the wire that this release does not serve: 501 in the wire's shape, behind the same doors."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from cloud.api import permissions
from cloud.api.views.catalogue_view import CatalogueView, identity_of
from tenants.errors import Unimplemented
from tenants.identity import Verb


class OfCollection(CatalogueView):
    """A route below a collection, whatever its method."""

    def _refuse(
        self, request: Request, tenant: str, database: str, collection: str, **_: str
    ) -> HttpResponse:
        permissions.enter_collection(identity_of(request), tenant, database, collection, Verb.GET_COLLECTION)
        raise Unimplemented

    get = post = _refuse
