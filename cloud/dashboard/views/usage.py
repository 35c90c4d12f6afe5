"""Usage: what was used when, and of what; the address says which."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from cloud.billing import wording
from cloud.dashboard import api_call, paging, usage_figures
from cloud.dashboard.access import Visit, member, show
from cloud.dashboard.api_call import ApiCall
from cloud.dashboard.forms.usage import HOUR, Time, UsageForm
from tenants import databases, keys
from tenants.billing import history, months
from tenants.errors import InvalidArgument, NotFound
from tenants.models import Database
from tenants.prices import Meter
from tenants.roles import Action
from vectors import costs, usage
from vectors.costs import CollectionCost, Share
from vectors.usage import By

_MOST_CHOICES = 200
_MOST_SHARES = 100
_COLLECTIONS_PER_PAGE = 50
_SPLITS = {"database": "Databases", "collection": "Collections", "key": "API keys"}
_NOTHING = UUID(int=0)
Only = dict[By, UUID | str]


@dataclass(frozen=True)
class ShareRow:
    """A line of what each database or key used; `filter` goes into the address, empty where there is none."""

    name: str
    filter: str
    cost: str
    requests: int
    amounts: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CollectionRow:
    """A line of what each collection cost in a month."""

    name: str
    collection_id: UUID
    database_name: str
    is_deleted: bool
    requests: int
    cost: str


@require_safe
@member(Action.VIEW_USAGE)
def usage_page(request: HttpRequest, visit: Visit) -> HttpResponse:
    """What the tenant used: charts by the day or hour, and by database, collection or key."""
    now = datetime.now(UTC)
    form, chosen = _form(request, visit)
    time = form.time(now)
    only, missing = _only(visit, form, chosen)
    if missing:
        form.add_error("collection", missing)
    prices, currency = costs.prices_of(visit.tenant_id)
    by = By.HOUR if time.step == HOUR else By.DAY
    report = usage.report(
        visit.tenant_id, since=time.since, until=time.until, by=[by], prices=prices, only=only
    )
    begun = history.begun(visit.tenant_id)
    charts = usage_figures.charts(
        report, time, now=now, begun=begun[0] if begun else None, prices=prices, currency=currency
    )
    context = {
        "form": form,
        "time": time,
        "is_filtered": bool(only),
        "chips": _chips(request, form),
        "figures": usage_figures.figures(report, currency),
        "charts": charts,
        "csv": _call(visit, "usage.csv", time, only, by).path,
        "call": _call(visit, "usage", time, only, by),
        **_split(request, visit, time, only, chosen, currency),
    }
    return show(request, visit, "dashboard/usage.html", context, status=422 if form.errors else 200)


def _form(request: HttpRequest, visit: Visit) -> tuple[UsageForm, Database | None]:
    """The filters, with what may be chosen, and the database that is."""
    owned: list[Database] = []
    names: dict[str, str] = {}
    if visit.by.may(Action.VIEW_DATABASES):
        owned = databases.page(visit.by, visit.tenant_id, limit_count=_MOST_CHOICES)
    if visit.by.may(Action.VIEW_KEYS):
        found = keys.list_keys(visit.by, visit.tenant_id, includes_revoked=True, limit_count=_MOST_CHOICES)
        names = {
            str(key.key_id): f"{key.name or key.display_prefix} ({key.display_prefix}…)" for key in found
        }
    wanted = request.GET.get("key", "")
    if wanted and wanted not in names and _id(wanted):
        names[wanted] = f"Key {wanted[:8]}…"
    name = request.GET.get("database", "")
    chosen = next((one for one in owned if one.name == name), None)
    if name and chosen is None and visit.by.may(Action.VIEW_DATABASES):
        with suppress(NotFound):  # then the form says so
            owned.append(chosen := databases.get(visit.tenant_id, name))
    return UsageForm(request.GET.dict(), [one.name for one in owned], names), chosen


def _only(visit: Visit, form: UsageForm, database: Database | None) -> tuple[Only, str]:
    """What the report is limited to, and what of it there is not."""
    form.full_clean()
    chosen, only = form.cleaned_data, Only()
    if database is not None:
        only[By.DATABASE] = database.database_id
    if chosen.get("key"):
        only[By.KEY] = UUID(chosen["key"])
    if chosen.get("meter"):
        only[By.METER] = chosen["meter"]
    text = (chosen.get("collection") or "").strip()
    if not text:
        return only, ""
    found = _id(text)
    if visit.by.may(Action.VIEW_COLLECTIONS):
        found = costs.collection_named(visit.by, visit.tenant_id, text, database) or found
    only[By.COLLECTION] = found or _NOTHING
    return (
        only,
        "" if found else "There is no collection of this name; give its id if it was deleted for good.",
    )


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _chips(request: HttpRequest, form: UsageForm) -> list[tuple[str, str, str]]:
    """What is filtered by: the address without it, its label, and its value as people read it."""
    found = []
    for name in ("database", "collection", "key", "meter"):
        value = form.cleaned_data.get(name)
        if value:
            query = request.GET.copy()
            for gone in (name, "after"):
                query.pop(gone, None)
            choices = dict(getattr(form.fields[name], "choices", ()))
            found.append((f"?{query.urlencode()}", str(form[name].label), str(choices.get(value, value))))
    return found


def _call(visit: Visit, path: str, time: Time, only: Mapping[By, UUID | str], by: By) -> ApiCall:
    """The same rows over the API, which knows who is signed in."""
    query = {
        "since": time.since.isoformat().replace("+00:00", "Z"),
        "until": time.until.isoformat().replace("+00:00", "Z"),
        "by": f"{by.value},database,operation",
        **{one.value: str(value) for one, value in only.items()},
    }
    call = api_call.control("GET", visit.tenant_name, path)
    return replace(call, path=f"{call.path}?{urlencode(query)}")


# --- by what it was used ---------------------------------------------------------------------------


def _split(
    request: HttpRequest,
    visit: Visit,
    time: Time,
    only: Only,
    database: Database | None,
    currency: str,
) -> dict[str, Any]:
    split = request.GET.get("split", "database")
    if split not in _SPLITS:
        split = "database"
    context: dict[str, Any] = {"split": split, "splits": list(_SPLITS.items())}
    if split == "collection":
        month = months.month_of(time.until - time.step)
        is_narrow = bool(only.keys() - {By.DATABASE})
        stretch = None if is_narrow else _collections(request, visit, month, database, currency)
        return {**context, "month": month, "stretch": stretch, "is_narrow": is_narrow}
    dimension = By.DATABASE if split == "database" else By.KEY
    found = costs.shares(visit.by, visit.tenant_id, dimension, since=time.since, until=time.until, only=only)
    rows = _shares(visit, dimension, found[:_MOST_SHARES], currency)
    return {**context, "rows": rows, "left_out": max(0, len(found) - _MOST_SHARES)}


def _shares(visit: Visit, dimension: By, found: list[Share], currency: str) -> list[ShareRow]:
    ids = [one.what for one in found if one.what is not None]
    named = costs.database_names if dimension is By.DATABASE else costs.key_names
    names = named(visit.by, visit.tenant_id, ids)
    rows = []
    for one in found:
        name = names.get(one.what) if one.what else "Storage, which no key uses"
        word = "Database" if dimension is By.DATABASE else "Key"
        link = (name or "") if dimension is By.DATABASE else str(one.what or "")
        rows.append(
            ShareRow(
                name=name or f"{word} {str(one.what)[:8]}…",
                filter=link,
                cost=wording.cost(one.cost_nano, currency),
                requests=one.requests,
                amounts=tuple(
                    (wording.meter(meter.value), wording.used(meter.value, one.quantities.get(meter, 0)))
                    for meter in Meter
                    if meter is not Meter.FORKS
                ),
            )
        )
    return rows


def _collections(
    request: HttpRequest, visit: Visit, month: date, database: Database | None, currency: str
) -> paging.Stretch[CollectionRow]:
    """The month's dearest collections, a page of them."""

    def fetch(key: paging.Key | None, limit: int) -> list[CollectionCost]:
        return costs.dearest_collections(
            visit.by, visit.tenant_id, month=month, database=database, limit_count=limit, after=_after(key)
        )

    page = paging.stretch(
        request, _COLLECTIONS_PER_PAGE, fetch, lambda one: (one.weight, str(one.collection_id))
    )
    may_name = visit.by.may(Action.VIEW_COLLECTIONS)
    rows = [
        CollectionRow(
            name=(one.name if may_name else None) or f"Collection {str(one.collection_id)[:8]}…",
            collection_id=one.collection_id,
            database_name=(one.database_name or "") if may_name else "",
            is_deleted=one.is_deleted,
            requests=one.requests,
            cost=wording.cost(one.cost_nano, currency),
        )
        for one in page.rows
    ]
    return paging.Stretch(rows, page.next_cursor, page.is_first)


def _after(key: paging.Key | None) -> tuple[float, UUID] | None:
    if key is None:
        return None
    weight, text = key if len(key) == 2 else (None, None)
    after = _id(text) if isinstance(text, str) else None
    if after is None or not isinstance(weight, int | float) or not 0 <= weight < 1e300:
        raise InvalidArgument("expected the cursor of a page that was shown; go back to the first page")
    return float(weight), after
