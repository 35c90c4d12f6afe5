"""What the console's pages share: models that are only read, and a page that asks before it calls a verb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.widgets import UnfoldAdminTextareaWidget

from cloud.api.control.authentication import actor_of
from cloud.console.site import console
from tenants.actors import Actor
from tenants.errors import ServiceError
from tenants.models import User

_GRAVE = {"Suspend", "Deactivate", "Disable"}  # buttons in red
OPERATOR = "operator"  # the connection that sees every tenant and changes none
Cleaned = dict[str, Any]


class ReadOnlyAdmin(ModelAdmin):
    """A model as the console shows it: read over the operator's connection; changed by verbs, if at all."""

    list_per_page = 50
    show_full_result_count = False
    list_filter_submit = False
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Of every tenant."""
        found: QuerySet[Any] = super().get_queryset(request)
        return found.using(OPERATOR)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Whoever entered sees all of it."""
        del request
        return True

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Whoever entered sees all of it."""
        del request, obj
        return True

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nothing is made without a verb."""
        del request
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is changed without a verb."""
        del request, obj
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Nothing is deleted without a verb."""
        del request, obj
        return False

    def history_view(self, request: HttpRequest, object_id: str, *_: Any) -> HttpResponse:
        """What was done to it is in the audit log."""
        del request
        return redirect(f"{reverse('admin:tenants_auditentry_changelist')}?q={object_id}")

    def wanted(self, request: HttpRequest, object_id: str) -> Any:
        """The object of a page.

        Raises:  Http404
        """
        found = self.get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def back(self, found: Model) -> str:
        """The address of the object's page."""
        return link_to(found)


def link_to(found: Model) -> str:
    """The address of an object's page."""
    meta = found._meta  # noqa: SLF001 (Django's own name for it)
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[found.pk])


def anchor(found: Model | None) -> SafeString | str:
    """A link to an object's page."""
    return "—" if found is None else link(link_to(found), str(found))


def link(address: str, text: str) -> SafeString:
    """A link, in the colour of links."""
    colour = "text-primary-600 dark:text-primary-500"
    return format_html('<a href="{}" class="{}">{}</a>', address, colour, text)


def actor(request: HttpRequest) -> Actor:
    """The operator who asks."""
    if not isinstance(request.user, User):
        raise TypeError("the console was entered by nobody")
    return actor_of(request.user, request)


def posted(request: HttpRequest) -> QueryDict | None:
    """What a form was sent, even if nothing; None when it is only shown."""
    return request.POST if request.method == "POST" else None


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = forms.CharField(max_length=512, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}))


class NoteForm(forms.Form):
    """What is said about it; may be empty."""

    note = forms.CharField(
        max_length=2_000, required=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )


def ask(
    request: HttpRequest,
    title: str,
    form: forms.Form,
    act: Callable[[Cleaned], str],
    *,
    back: str,
    text: str = "",
    submit: str = "Save",
    sections: list[tuple[str, list[str]]] | None = None,
) -> HttpResponse:
    """A page with a form; sent rightly, `act` is called and what it returns is said on the page before.

    sections:  headings and the names of the fields below each; without, one column of all
    """
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                told = act(form.cleaned_data)
            except ServiceError as error:
                form.add_error(None, error.message)
            else:
                messages.success(request, told)
                return redirect(back)
    grouped = [(heading, [form[name] for name in names]) for heading, names in sections or []]
    context = {
        **console.each_context(request),
        "title": title,
        "form": form,
        "sections": grouped or [("", list(form))],
        "text": text,
        "submit_label": submit,
        "is_grave": submit in _GRAVE,
        "back": back,
    }
    return TemplateResponse(request, "console/ask.html", context, status=status)
