"""Tables that people open in a spreadsheet: CSV whose texts are never taken for formulas."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

# A spreadsheet takes a text that begins so for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_csv(names: Sequence[str], rows: Iterable[Iterable[object]]) -> str:
    """Lines of names and of rows, RFC 4180; before a text that a spreadsheet would compute stands `'`."""
    target = io.StringIO()
    writer = csv.writer(target)
    writer.writerow(names)
    writer.writerows([_safe(value) for value in row] for row in rows)
    return target.getvalue()


def download(text: str, filename: str) -> HttpResponse:
    """The answer that a browser saves under that name."""
    response = HttpResponse(text, content_type="text/csv")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
