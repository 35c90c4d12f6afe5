"""What a person does to a collection as a whole: create, fork, rename, delete."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from cloud.api import spending
from cloud.dashboard import api_call
from cloud.dashboard.access import Visit, go, member, show_dialog
from cloud.dashboard.forms import attempt
from cloud.dashboard.forms.collections import ConfirmForm, NameForm, NewCollectionForm
from tenants import databases, tenants
from tenants.billing import money
from tenants.models import Database
from tenants.prices import Meter
from tenants.roles import Action
from vectors import collection_metadata, collections, configuration, forks, losses
from vectors.collections import CollectionView

_METHODS = ["GET", "HEAD", "POST"]


@require_http_methods(_METHODS)
@member(Action.CREATE_COLLECTION)
def create(request: HttpRequest, visit: Visit, database_name: str) -> HttpResponse:
    """Ask what a new collection is to be; a POST makes it."""
    database = databases.get(visit.tenant_id, database_name)
    form = NewCollectionForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        made = attempt(form, lambda: _create(visit, database, form))
        if made is not None:
            messages.success(request, f"Collection “{made.name}” is ready.")
            return go(request, _page(visit, made))
    body = {"name": "articles", "space": "cosine", "ef_search": 100}
    context = {
        "form": form,
        "database_name": database.name,
        "call": api_call.control("POST", visit.tenant_name, *_place(database.name), body=body),
    }
    return _ask(request, visit, "new_collection", context, title="New collection")


@require_http_methods(_METHODS)
@member(Action.FORK_COLLECTION)
def fork(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Ask what a fork is to be called, and say what it is; a POST makes it."""
    database = databases.get(visit.tenant_id, database_name)
    source = collections.get_by_id(database, collection_id)
    tenant = tenants.get(visit.tenant_id)
    form = NameForm(
        request.POST if request.method == "POST" else None,
        initial=f"{source.name[:120]}-fork",
        label="Name of the fork",
    )
    if request.method == "POST" and form.is_valid():

        def make() -> CollectionView:
            with spending.reserve_of_member(tenant, Meter.FORKS, 1):
                return forks.fork(
                    database,
                    collection_id,
                    form.cleaned_data["new_name"],
                    limits=tenants.limits_of(tenant),
                    by=visit.by,
                )

        made = attempt(form, make)
        if made is not None:
            messages.success(request, f"“{made.name}” is a fork of “{source.name}”.")
            return go(request, _page(visit, made))
    context = _of_collection(visit, source) | {
        "form": form,
        "records_count": source.record_count,
        "bytes": source.logical_bytes,
        "forks_count": forks.count_forks(database, collection_id),
        "forks_limit": tenants.limits_of(tenant).forks_count,
        "price": money.exact(tenants.prices_of(tenant).forks, tenants.currency_of(tenant)),
        "call": api_call.control(
            "POST",
            visit.tenant_name,
            *_place(database.name, collection_id),
            "fork",
            body={"new_name": f"{source.name[:120]}-fork"},
        ),
    }
    return _ask(request, visit, "fork_collection", context, title="Fork a collection")


@require_http_methods(_METHODS)
@member(Action.MANAGE_COLLECTIONS)
def rename(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Ask for a collection's new name; a POST gives it."""
    database = databases.get(visit.tenant_id, database_name)
    found = collections.get_by_id(database, collection_id)
    form = NameForm(request.POST if request.method == "POST" else None, initial=found.name)
    if request.method == "POST" and form.is_valid():
        new_name = form.cleaned_data["new_name"]
        if attempt(form, lambda: _rename(visit, database, collection_id, new_name)):
            messages.success(request, f"“{found.name}” is called “{new_name}” now.")
            return go(request, _page(visit, found))
    context = _of_collection(visit, found) | {
        "form": form,
        "call": api_call.control(
            "PATCH", visit.tenant_name, *_place(database.name, collection_id), body={"new_name": "articles-2"}
        ),
    }
    return _ask(request, visit, "rename_collection", context, title="Rename a collection")


@require_http_methods(_METHODS)
@member(Action.DELETE_COLLECTION)
def delete(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Say what is lost and until when it can be undone; a POST deletes."""
    database = databases.get(visit.tenant_id, database_name)
    found = collections.get_by_id(database, collection_id)
    loss = losses.of_collection(visit.by, database, collection_id)
    form = ConfirmForm(request.POST if request.method == "POST" else None, name=found.name)
    if request.method == "POST" and (loss.restorable_until is not None or form.is_valid()):
        collections.delete(database, found.name, by=visit.by, only=[collection_id])
        undone = " It can be restored from the recycle bin." if loss.restorable_until else ""
        messages.success(request, f"“{found.name}” is deleted.{undone}")
        return go(request, reverse("dashboard:database", args=[visit.tenant_name, database.name]))
    context = _of_collection(visit, found) | {
        "form": form,
        "loss": loss,
        "call": api_call.control("DELETE", visit.tenant_name, *_place(database.name, collection_id)),
    }
    return _ask(request, visit, "delete_collection", context, title="Delete a collection")


def _create(visit: Visit, database: Database, form: NewCollectionForm) -> CollectionView:
    metadata = form.cleaned_data["metadata"]
    collection_metadata.check_shape(metadata)
    collection_metadata.check_no_nulls(metadata)
    return collections.create(
        database,
        form.cleaned_data["name"],
        metadata=metadata,
        configuration=configuration.create(
            hnsw=form.parameters, spann=None, embedding_function=None, metadata=metadata
        ),
        schema=None,
        get_or_create=False,
        limits=tenants.limits_of(tenants.get(visit.tenant_id)),
        by=visit.by,
    )


def _rename(visit: Visit, database: Database, collection_id: UUID, new_name: str) -> bool:
    collections.modify(
        database,
        collection_id,
        new_name=new_name,
        new_metadata=None,
        new_configuration=None,
        limits=tenants.limits_of(tenants.get(visit.tenant_id)),
        by=visit.by,
    )
    return True


def _place(database_name: str, collection_id: UUID | None = None) -> list[str]:
    """Below the tenant, in the control API."""
    place = ["databases", database_name, "collections"]
    return place if collection_id is None else [*place, str(collection_id)]


def _page(visit: Visit, view: CollectionView) -> str:
    return reverse("dashboard:collection", args=[visit.tenant_name, view.database_name, view.collection_id])


def _of_collection(visit: Visit, view: CollectionView) -> dict[str, Any]:
    return {"database_name": view.database_name, "collection": view, "back": _page(visit, view)}


def _ask(
    request: HttpRequest, visit: Visit, partial: str, context: dict[str, Any], *, title: str
) -> HttpResponse:
    """The question; again, with what was wrong, after a POST that did nothing."""
    status = 422 if request.method == "POST" else 200
    return show_dialog(request, visit, f"dashboard/_{partial}.html", context, title=title, status=status)
