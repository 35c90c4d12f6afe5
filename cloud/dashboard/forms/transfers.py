"""What is imported, and how an export is written."""

from __future__ import annotations

from django import forms

from vectors.formats import Format
from vectors.types import Operation

_BY_NAME = ""


class ImportForm(forms.Form):
    """A file to import."""

    file = forms.FileField(
        label="File",
        help_text="JSON Lines or CSV, also packed with gzip.",
        widget=forms.FileInput(attrs={"accept": ".jsonl,.ndjson,.csv,.gz"}),
    )
    file_format = forms.ChoiceField(
        label="Format",
        required=False,
        choices=[
            (_BY_NAME, "By the file’s name"),
            (Format.JSONL.value, "JSON Lines"),
            (Format.CSV.value, "CSV"),
        ],
    )
    operation = forms.ChoiceField(
        label="Records that exist",
        choices=[(Operation.UPSERT.value, "Change them"), (Operation.ADD.value, "Leave them as they are")],
        initial=Operation.UPSERT.value,
    )


class ExportForm(forms.Form):
    """A file to write."""

    file_format = forms.ChoiceField(
        label="Format",
        choices=[(Format.JSONL.value, "JSON Lines"), (Format.CSV.value, "CSV")],
        initial=Format.JSONL.value,
    )
    embeddings = forms.ChoiceField(
        label="Embeddings",
        choices=[("base64", "Base64, smallest"), ("numbers", "Numbers, readable")],
        initial="base64",
    )
    is_gzip = forms.BooleanField(label="Pack with gzip", required=False, initial=True)
