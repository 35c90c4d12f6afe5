"""The recycle bin: what was deleted, by whom, until when it comes back; restore it, or purge it now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.timesince import timesince
from django.views.decorators.http import require_http_methods, require_safe

from cloud.dashboard import api_call, paging
from cloud.dashboard.access import Visit, go, member, show, show_dialog
from cloud.dashboard.api_call import ApiCall
from cloud.dashboard.forms import attempt
from cloud.dashboard.forms.collections import ConfirmForm, RestoreForm
from tenants.errors import InvalidArgument, NotFound
from tenants.roles import Action
from vectors import losses, recycle_bin
from vectors.recycle_bin import BinnedCollection, BinnedDatabase, Place

_ROWS_PER_PAGE = 50
_METHODS = ["GET", "HEAD", "POST"]
_COLLECTIONS, _DATABASES = "collections", "databases"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


@require_safe
@member(Action.VIEW_COLLECTIONS)
def deleted(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What is in the bin: collections, or databases with what went with them."""
    kind = _DATABASES if request.GET.get("kind") == _DATABASES else _COLLECTIONS

    def fetch(key: paging.Key | None, count: int) -> Sequence[BinnedCollection | BinnedDatabase]:
        listed = recycle_bin.list_databases if kind == _DATABASES else recycle_bin.list_collections
        return listed(visit.by, visit.tenant_id, limit_count=count, after=_place(key))

    seconds = losses.kept_seconds(visit.tenant_id)
    now = datetime.now(UTC)
    context = {
        "kind": kind,
        "stretch": paging.stretch(request, _ROWS_PER_PAGE, fetch, _key),
        "kept": timesince(now, now + timedelta(seconds=seconds), depth=2) if seconds else None,
        "call": api_call.control("GET", visit.tenant_name, "recycle-bin", kind),
    }
    return show(request, visit, "dashboard/recycle_bin.html", context)


@require_http_methods(_METHODS)
@member(Action.RESTORE_COLLECTION)
def restore_collection(request: HttpRequest, visit: Visit, deleted_collection_id: UUID) -> HttpResponse:
    """Ask under which name a collection comes back; a POST restores it."""
    found = _collection(visit, deleted_collection_id)

    def restore(new_name: str | None) -> str:
        row = recycle_bin.restore_collection(
            visit.by, visit.tenant_id, deleted_collection_id, new_name=new_name
        )
        messages.success(request, f"Collection “{row.name}” is back with every record.")
        return reverse("dashboard:collection", args=[visit.tenant_name, row.database.name, row.collection_id])

    return _restore(request, visit, found, restore, _call(visit, "POST", _COLLECTIONS, deleted_collection_id))


@require_http_methods(_METHODS)
@member(Action.RESTORE_DATABASE)
def restore_database(request: HttpRequest, visit: Visit, deleted_database_id: UUID) -> HttpResponse:
    """Ask under which name a database comes back; a POST restores it."""
    found = _database(visit, deleted_database_id)

    def restore(new_name: str | None) -> str:
        row = recycle_bin.restore_database(visit.by, visit.tenant_id, deleted_database_id, new_name=new_name)
        messages.success(request, f"Database “{row.name}” is back with what was deleted with it.")
        return reverse("dashboard:database", args=[visit.tenant_name, row.name])

    return _restore(request, visit, found, restore, _call(visit, "POST", _DATABASES, deleted_database_id))


@require_http_methods(_METHODS)
@member(Action.DELETE_COLLECTION)
def purge_collection(request: HttpRequest, visit: Visit, deleted_collection_id: UUID) -> HttpResponse:
    """Ask for the name; a POST with it takes a collection out of the bin for good."""
    found = _collection(visit, deleted_collection_id)

    def purge() -> None:
        recycle_bin.purge_collection(visit.by, visit.tenant_id, deleted_collection_id)

    return _purge(request, visit, found, purge, _call(visit, "DELETE", _COLLECTIONS, deleted_collection_id))


@require_http_methods(_METHODS)
@member(Action.DELETE_DATABASE)
def purge_database(request: HttpRequest, visit: Visit, deleted_database_id: UUID) -> HttpResponse:
    """Ask for the name; a POST with it takes a database out of the bin for good."""
    found = _database(visit, deleted_database_id)

    def purge() -> None:
        recycle_bin.purge_database(visit.by, visit.tenant_id, deleted_database_id)

    return _purge(request, visit, found, purge, _call(visit, "DELETE", _DATABASES, deleted_database_id))


def _restore(
    request: HttpRequest,
    visit: Visit,
    found: BinnedCollection | BinnedDatabase,
    restore: Callable[[str | None], str],
    call: ApiCall,
) -> HttpResponse:
    is_post = request.method == "POST"
    form = RestoreForm(request.POST if is_post else None, name=found.name)
    if is_post and form.is_valid():
        name = form.cleaned_data["new_name"]
        to = attempt(form, lambda: restore(None if name == found.name else name))
        if to is not None:
            return go(request, to)
    context = _context(visit, found) | {"form": form, "call": call}
    status = 422 if is_post else 200
    return show_dialog(request, visit, "dashboard/_restore.html", context, title="Restore", status=status)


def _purge(
    request: HttpRequest,
    visit: Visit,
    found: BinnedCollection | BinnedDatabase,
    purge: Callable[[], None],
    call: ApiCall,
) -> HttpResponse:
    is_post = request.method == "POST"
    form = ConfirmForm(request.POST if is_post else None, name=found.name)
    context = _context(visit, found) | {"form": form, "call": call}
    if is_post and form.is_valid():
        purge()
        messages.success(request, f"“{found.name}” is deleted for good.")
        back: str = context["back"]
        return go(request, back)
    status = 422 if is_post else 200
    return show_dialog(
        request, visit, "dashboard/_purge.html", context, title="Delete for good", status=status
    )


def _context(visit: Visit, found: BinnedCollection | BinnedDatabase) -> dict[str, Any]:
    kind = _COLLECTIONS if isinstance(found, BinnedCollection) else _DATABASES
    address = reverse("dashboard:recycle-bin", args=[visit.tenant_name])
    return {"found": found, "kind": kind, "back": f"{address}?kind={kind}"}


def _collection(visit: Visit, collection_id: UUID) -> BinnedCollection:
    found = recycle_bin.list_collections(visit.by, visit.tenant_id, limit_count=1, only=collection_id)
    if not found:
        raise NotFound(f"Collection [{collection_id}] is not in the recycle bin")
    return found[0]


def _database(visit: Visit, database_id: UUID) -> BinnedDatabase:
    found = recycle_bin.list_databases(visit.by, visit.tenant_id, limit_count=1, only=database_id)
    if not found:
        raise NotFound(f"Database [{database_id}] is not in the recycle bin")
    return found[0]


def _call(visit: Visit, method: str, kind: str, row_id: UUID) -> ApiCall:
    more, body = (["restore"], {"new_name": None}) if method == "POST" else ([], None)
    return api_call.control(method, visit.tenant_name, "recycle-bin", kind, str(row_id), *more, body=body)


def _key(row: BinnedCollection | BinnedDatabase) -> paging.Key:
    row_id = row.collection_id if isinstance(row, BinnedCollection) else row.database_id
    return ((row.deleted_at - _EPOCH) // _MICROSECOND, str(row_id))


def _place(key: paging.Key | None) -> Place | None:
    """Where a page begins; a cursor that is none of ours is refused."""
    match key:
        case None:
            return None
        case (int(microseconds), str(row_id)) if 0 <= microseconds < 10**17:
            try:
                return Place(_EPOCH + microseconds * _MICROSECOND, UUID(row_id))
            except ValueError:
                pass
    raise InvalidArgument("expected the cursor of a page that was shown; go back to the first page")
