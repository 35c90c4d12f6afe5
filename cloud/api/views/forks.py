"""Forks: fork a collection, count the forks of its tree."""

from __future__ import annotations

from django.http import HttpResponse
from rest_framework.request import Request

from cloud.api import codec, metering, permissions, spending
from cloud.api.actors import actor_of
from cloud.api.schemas.collections import ForkCollection
from cloud.api.views.catalogue_view import CatalogueView, body_of, identity_of
from cloud.api.views.collections import to_wire
from tenants import databases
from tenants.identity import Verb
from tenants.prices import Meter, cost_nano
from vectors import forks


class Fork(CatalogueView):
    """`K/fork`."""

    def post(self, request: Request, tenant: str, database: str, collection: str) -> HttpResponse:
        """Fork a collection."""
        identity = identity_of(request)
        body = body_of(request, ForkCollection)
        place = (tenant, database, collection)
        manifest = permissions.enter_collection(identity, *place, Verb.FORK_COLLECTION)
        with spending.reserve(identity, Verb.FORK_COLLECTION, manifest, 0) as reservation:
            made = forks.fork(
                databases.get(manifest.tenant_id, database),
                manifest.collection_id,
                body.new_name,
                limits=identity.limits,
                by=actor_of(identity, request),
            )
            cost = cost_nano(Meter.FORKS, 1, identity.prices)
            reservation.settle(cost)
        response = codec.answer(to_wire(made, tenant))
        response[metering.COST_HEADER] = str(cost)
        return response


class ForkCount(CatalogueView):
    """`K/fork_count`."""

    def get(self, request: Request, tenant: str, database: str, collection: str) -> HttpResponse:
        """How many forks the collection's tree has."""
        identity = identity_of(request)
        place = (tenant, database, collection)
        manifest = permissions.enter_collection(identity, *place, Verb.COUNT_FORKS)
        row = databases.get(manifest.tenant_id, database)
        return codec.answer({"count": forks.count_forks(row, manifest.collection_id)})
