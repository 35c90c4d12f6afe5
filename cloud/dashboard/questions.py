"""A question before something is done: what will happen, what is lost, how it can be undone.

One partial for all of them: in the page's dialog when htmx asks, a page of its own without a script.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse

from cloud.dashboard import forms
from cloud.dashboard.access import Visit, go, show_dialog
from cloud.dashboard.api_call import ApiCall


@dataclass(frozen=True)
class Question:
    """What a person is asked, and what the button says.

    title:     a question, or what the form is about
    lines:     sentences: what will happen, what is lost, and how to undo it
    verb:      of the button, with its object
    back:      where `keep` leads, and where one is after it was done
    """

    title: str
    lines: Sequence[str]
    verb: str
    back: str
    call: ApiCall
    keep: str = "Cancel"
    is_dangerous: bool = False


def ask(
    request: HttpRequest,
    visit: Visit,
    question: Question,
    act: Callable[[], str],
    *,
    form: Form | None = None,
) -> HttpResponse:
    """Show the question; a POST with a valid form acts, and goes back with what `act` says was done.

    A refusal that the person can mend stands in the form, with status 422.
    """
    form = form if form is not None else Form(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        done = forms.attempt(form, act)
        if done is not None:
            messages.success(request, done)
            return go(request, question.back)
    context = {"question": question, "form": form}
    status = 422 if form.is_bound else 200
    return show_dialog(request, visit, "dashboard/_ask.html", context, title=question.title, status=status)
