"""Flags: turn one for all, or for one tenant."""

from __future__ import annotations

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from cloud.console.pages import OPERATOR, Cleaned, actor, ask, link, posted
from cloud.console.site import console
from tenants import flags, tenants
from tenants.models import Flag, FlagOverride

_POSITIONS = {"on": True, "off": False, "as all others": None}


class FlagForm(forms.Form):
    """Where a flag stands."""

    is_on = forms.BooleanField(label="On", required=False, widget=UnfoldBooleanSwitchWidget())
    note = forms.CharField(
        max_length=flags.MAX_NOTE_CHARACTERS, required=False, widget=UnfoldAdminTextInputWidget()
    )


class TenantFlagForm(forms.Form):
    """Where a flag stands for one tenant."""

    tenant = forms.CharField(max_length=512, widget=UnfoldAdminTextInputWidget())
    position = forms.ChoiceField(choices=[(one, one) for one in _POSITIONS], widget=UnfoldAdminSelectWidget())


def show(request: HttpRequest) -> HttpResponse:
    """Every flag that means something."""
    stored = {one.name: one for one in Flag.objects.using(OPERATOR).all()}
    rows = []
    for name, meaning in flags.KNOWN.items():
        flag = stored.get(name) or Flag(name=name)
        others = FlagOverride.objects.using(OPERATOR).filter(flag_id=name).select_related("tenant")
        told = [
            f"{one.tenant.name}: {'on' if one.is_on else 'off'}"
            for one in others.order_by("tenant__name")[:50]
        ]
        turn = link(reverse("admin:flag", args=[name]), "Turn")
        turn_for = link(reverse("admin:flag-tenant", args=[name]), "For a tenant")
        rows.append(
            [name, "on" if flag.is_on else "off", meaning, flag.note, ", ".join(told), turn, turn_for]
        )
    headers = ["Flag", "For all", "While it is on", "Note", "Tenants that differ", "", ""]
    context = {**console.each_context(request), "title": "Flags", "table": {"headers": headers, "rows": rows}}
    return TemplateResponse(request, "console/table.html", context)


def change(request: HttpRequest, name: str) -> HttpResponse:
    """Turn a flag for all."""
    _check(name)
    flag = Flag.objects.using(OPERATOR).filter(name=name).first() or Flag(name=name)
    form = FlagForm(posted(request), initial={"is_on": flag.is_on, "note": flag.note})

    def turn(cleaned: Cleaned) -> str:
        flags.turn(actor(request), name, **cleaned)
        return f"{name} is {'on' if cleaned['is_on'] else 'off'}, everywhere within 5 seconds."

    text = flags.KNOWN[name]
    return ask(request, f"Turn {name}", form, turn, back=reverse("admin:flags"), text=text)


def change_for(request: HttpRequest, name: str) -> HttpResponse:
    """Turn a flag for one tenant."""
    _check(name)

    def turn(cleaned: Cleaned) -> str:
        tenant_id = tenants.resolve(cleaned["tenant"])
        flags.turn_for(actor(request), name, tenant_id, is_on=_POSITIONS[cleaned["position"]])
        return f"{name} of {cleaned['tenant']} is {cleaned['position']}, everywhere within 5 seconds."

    form, back = TenantFlagForm(posted(request)), reverse("admin:flags")
    return ask(request, f"Turn {name} for a tenant", form, turn, back=back, text=flags.KNOWN[name])


def _check(name: str) -> None:
    if name not in flags.KNOWN:
        raise Http404
