"""Imports and exports of a database and of a collection: begin, watch, decide, fetch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from cloud.api import uploads
from cloud.api.control.views.transfers import errors_as_csv
from cloud.dashboard import api_call, paging
from cloud.dashboard.access import Visit, go, is_partial, member, show, show_dialog
from cloud.dashboard.api_call import ApiCall
from cloud.dashboard.forms import attempt
from cloud.dashboard.forms.transfers import ExportForm, ImportForm
from cloud.dashboard.transfers_shown import TransferFacts
from tenants import databases, tenants
from tenants.errors import Conflict, InvalidArgument, TooLarge
from tenants.models import Database
from tenants.roles import Action
from vectors import collections, objects, transfers
from vectors.collections import CollectionView
from vectors.formats import Format, named
from vectors.transfer import Transfer, Upload
from vectors.types import Operation

_PER_PAGE = 20
_FORM_BYTES = 64 * 1024
_CHANGES = {"cancel": transfers.cancel, "resume": transfers.resume, "restart": transfers.restart}
_DONE = {"cancel": "is cancelled", "resume": "goes on at its place", "restart": "begins anew"}


@require_safe
@member(Action.VIEW_COLLECTIONS)
def database(request: HttpRequest, visit: Visit, database_name: str) -> HttpResponse:
    """The imports and exports of all collections of a database."""
    found = databases.get(visit.tenant_id, database_name)
    context = _list(request, visit, found, None)
    template = "dashboard/_transfers.html" if is_partial(request) else "dashboard/imports.html"
    return show(request, visit, template, context)


@require_safe
@member(Action.VIEW_COLLECTIONS)
def collection(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Forms to import and export, and what was begun; the list is asked for again while something changes."""
    return _page(request, visit, database_name, collection_id, ImportForm(), ExportForm())


def _page(
    request: HttpRequest,
    visit: Visit,
    database_name: str,
    collection_id: UUID,
    import_form: ImportForm,
    export_form: ExportForm,
    *,
    status: int = 200,
) -> HttpResponse:
    found, view = _find(visit, database_name, collection_id)
    context = _list(request, visit, found, view)
    if is_partial(request) and request.method != "POST":
        return show(request, visit, "dashboard/_transfers.html", context)
    limits = tenants.limits_of(tenants.get(visit.tenant_id))
    path = (visit.tenant_name, "databases", database_name, "collections", str(collection_id))
    upload_call = api_call.control("POST", *path, "imports")
    context |= {
        "import_form": import_form,
        "export_form": export_form,
        "most_bytes": uploads.most_file_bytes(limits),
        "import_call": replace(
            upload_call,
            path=f"{upload_call.path}?file_name=records.jsonl",
            options=("-H 'Content-Type: application/x-ndjson'", "--data-binary @records.jsonl"),
        ),
        "export_call": api_call.control("POST", *path, "exports", body={"format": "jsonl", "gzip": True}),
        "upload_path": upload_call.path,
    }
    return show(request, visit, "dashboard/collection/imports.html", context, status=status)


def _list(request: HttpRequest, visit: Visit, found: Database, view: CollectionView | None) -> dict[str, Any]:
    def fetch(after: paging.Key | None, count: int) -> list[Transfer]:
        return transfers.page(
            visit.by,
            found,
            collection_id=None if view is None else view.collection_id,
            after=_after(after),
            limit_count=count,
        )

    stretch = paging.stretch(request, _PER_PAGE, fetch, lambda one: (str(one.transfer_id),))
    facts = [TransferFacts.of(one) for one in stretch.rows]
    return {
        "database_name": found.name,
        "collection": view,
        "stretch": stretch,
        "transfers": facts,
        "is_settled": all(one.is_settled for one in facts),
    }


def _after(key: paging.Key | None) -> UUID | None:
    """The transfer that a page begins behind.

    Raises:  InvalidArgument for a cursor that is none
    """
    try:
        return None if key is None else UUID(str(key[0]))
    except (ValueError, IndexError) as error:
        raise InvalidArgument("expected the cursor of a page that was shown") from error


@csrf_exempt  # the file is part of the form: who sends it and what their role is comes before it is read
@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.IMPORT_RECORDS)
def begin_import(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Import a file that a form brings, in one piece; with a script it comes in many."""
    if request.method != "POST":
        return redirect("dashboard:collection-imports", visit.tenant_name, database_name, collection_id)
    most_bytes = uploads.most_file_bytes(tenants.limits_of(tenants.get(visit.tenant_id)))
    if int(request.META.get("CONTENT_LENGTH") or 0) > most_bytes + _FORM_BYTES:
        raise TooLarge(f"A file of an import has at most {most_bytes:,} bytes in your plan.")
    response: HttpResponse = _import_form(request, visit, database_name, collection_id)
    return response


@csrf_protect
def _import_form(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    form = ImportForm(request.POST, request.FILES)
    made = None
    if form.is_valid():
        made = attempt(form, lambda: _import(visit, database_name, collection_id, form), field="file")
    if made is None:
        return _page(request, visit, database_name, collection_id, form, ExportForm(), status=422)
    messages.success(request, f"The import of “{made.file_name}” has begun.")
    path = (visit.tenant_name, database_name, collection_id, made.transfer_id)
    return go(request, reverse("dashboard:import-detail", args=path))


def _import(visit: Visit, database_name: str, collection_id: UUID, form: ImportForm) -> Transfer | None:
    """Begin, and put the file where a worker finds it; None when the file does not say what it is."""
    found, file = databases.get(visit.tenant_id, database_name), form.cleaned_data["file"]
    by_name, is_gzip = named.guess(file.name, file.content_type or "")
    chosen = form.cleaned_data["file_format"]
    if not chosen and by_name is None:
        form.add_error("file_format", "Choose a format: the file’s name does not say it.")
        return None
    limits = tenants.limits_of(tenants.get(visit.tenant_id))
    wanted = Upload(
        file.name,
        Format(chosen) if chosen else by_name or Format.JSONL,
        is_gzip,
        file.size,
        Operation(form.cleaned_data["operation"]),
    )
    made = transfers.begin_import(
        visit.by, found, collection_id, wanted, limits=limits, most_bytes=settings.MAX_IMPORT_BYTES
    )
    return transfers.upload(
        visit.by,
        found,
        made.transfer_id,
        objects.open_store(settings.OBJECT_STORE),
        file,
        from_byte=0,
        most_bytes=uploads.most_file_bytes(limits),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.EXPORT_RECORDS)
def begin_export(request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID) -> HttpResponse:
    """Queue an export."""
    if request.method != "POST":
        return redirect("dashboard:collection-imports", visit.tenant_name, database_name, collection_id)
    form = ExportForm(request.POST)
    found, made = databases.get(visit.tenant_id, database_name), None
    if form.is_valid():
        made = attempt(
            form,
            lambda: transfers.begin_export(
                visit.by,
                found,
                collection_id,
                file_format=Format(form.cleaned_data["file_format"]),
                is_gzip=form.cleaned_data["is_gzip"],
                as_numbers=form.cleaned_data["embeddings"] == "numbers",
                limits=tenants.limits_of(tenants.get(visit.tenant_id)),
            ),
        )
    if made is None:
        return _page(request, visit, database_name, collection_id, ImportForm(), form, status=422)
    messages.success(request, f"The export to “{made.file_name}” has begun.")
    path = (visit.tenant_name, database_name, collection_id, made.transfer_id)
    return go(request, reverse("dashboard:import-detail", args=path))


@require_safe
@member(Action.VIEW_COLLECTIONS)
def detail(
    request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID, transfer_id: UUID
) -> HttpResponse:
    """One import or export: how far, how fast, what failed, and what can be done."""
    found, view = _find(visit, database_name, collection_id)
    transfer = transfers.get(visit.by, found, transfer_id)
    errors = transfers.errors(visit.by, found, transfer) if visit.may.view_records else []
    path = ("databases", database_name, "transfers", str(transfer_id))
    action = Action.IMPORT_RECORDS if transfer.kind == "import" else Action.EXPORT_RECORDS
    context = {
        "database_name": database_name,
        "collection": view,
        "one": TransferFacts.of(transfer),
        "errors": errors,
        "errors_left": transfer.rows_failed - len(errors),
        "may_change": visit.by.may(action),
        "get_call": api_call.control("GET", visit.tenant_name, *path),
        "download_call": _download_call(visit, path, transfer),
        "upload_path": api_call.control("PUT", visit.tenant_name, *path, "content").path,
    }
    template = "dashboard/_transfer.html" if is_partial(request) else "dashboard/collection/import.html"
    return show(request, visit, template, context)


def _download_call(visit: Visit, path: tuple[str, ...], transfer: Transfer) -> ApiCall:
    call = api_call.control("GET", visit.tenant_name, *path, "content")
    return replace(call, options=(f"-o {transfer.file_name.replace(' ', '_')}",))


@require_http_methods(["GET", "HEAD", "POST"])
@member(Action.IMPORT_RECORDS)  # the verbs ask for the other one where it is an export
def change(
    request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID, transfer_id: UUID, did: str
) -> HttpResponse:
    """Ask before it is cancelled or begun anew, saying what stays; a POST does it."""
    found, view = _find(visit, database_name, collection_id)
    transfer = transfers.get(visit.by, found, transfer_id)
    path = (visit.tenant_name, database_name, collection_id, transfer_id)
    if request.method == "POST":
        _CHANGES[did](visit.by, found, transfer_id)
        messages.success(request, f"The {transfer.kind} of “{transfer.file_name}” {_DONE[did]}.")
        return go(request, reverse("dashboard:import-detail", args=path))
    api_path = ("databases", database_name, "transfers", str(transfer_id), did)
    context = {
        "database_name": database_name,
        "collection": view,
        "one": TransferFacts.of(transfer),
        "did": did,
        "call": api_call.control("POST", visit.tenant_name, *api_path),
    }
    title = f"{did.capitalize()} the {transfer.kind}"
    return show_dialog(request, visit, "dashboard/_transfer_change.html", context, title=title)


@require_safe
@member(Action.VIEW_RECORDS)
def errors(
    request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID, transfer_id: UUID
) -> HttpResponse:
    """The rows that failed, as CSV."""
    del request, collection_id
    found = databases.get(visit.tenant_id, database_name)
    transfer = transfers.get(visit.by, found, transfer_id)
    return errors_as_csv(transfers.errors(visit.by, found, transfer))


@require_safe
@member(Action.EXPORT_RECORDS)
def download(
    request: HttpRequest, visit: Visit, database_name: str, collection_id: UUID, transfer_id: UUID
) -> HttpResponse:
    """The file of an export; where there is none yet, the page that says how far it is."""
    found = databases.get(visit.tenant_id, database_name)
    store = objects.open_store(settings.OBJECT_STORE)
    try:
        answer = uploads.file_answer(*transfers.open_export(visit.by, found, transfer_id, store))
        return cast("HttpResponse", answer)  # what streams is an answer as well
    except Conflict as error:
        messages.error(request, error.message)
        path = (visit.tenant_name, database_name, collection_id, transfer_id)
        return redirect("dashboard:import-detail", *path)


def _find(visit: Visit, database_name: str, collection_id: UUID) -> tuple[Database, CollectionView]:
    found = databases.get(visit.tenant_id, database_name)
    return found, collections.get_by_id(found, collection_id)
