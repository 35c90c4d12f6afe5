"""Forms: what a person may type, and what they are told when it does not fit; one module per noun."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.forms import BaseForm

from tenants.errors import AlreadyExists, Conflict, InvalidArgument, NotFound, QuotaExceeded, Unprocessable

T = TypeVar("T")
MENDABLE = (AlreadyExists, Conflict, InvalidArgument, NotFound, QuotaExceeded, Unprocessable)


def attempt(form: BaseForm, verb: Callable[[], T], *, field: str | None = None) -> T | None:
    """What the verb returns; None when it was refused for what the person can mend.

    Then the refusal stands in the form, at `field` or above it: show the form again with status 422.
    """
    try:
        return verb()
    except MENDABLE as error:
        form.add_error(field, error.message)
        return None
