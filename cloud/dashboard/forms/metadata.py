"""The metadata of one record: a row for each key, and empty rows for new ones."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django import forms

from cloud.dashboard import record_values
from tenants.errors import InvalidArgument

_NEW_ROWS = 2
_MOST_ROWS = 1_100


class MetadataRow(forms.Form):
    """One key.

    before:  the value as it was shown, in JSON; empty for a new key. What is as it was is not written.
    """

    before = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)
    key = forms.CharField(required=False, strip=False, label="Key")
    kind = forms.ChoiceField(label="Type", choices=[(kind, kind) for kind in record_values.KINDS])
    value = forms.CharField(
        required=False, strip=False, label="Value", widget=forms.Textarea(attrs={"rows": 1, "class": "short"})
    )
    remove = forms.BooleanField(required=False, label="Remove")

    def clean(self) -> dict[str, Any]:
        """The value in its type, as `parsed`."""
        cleaned = super().clean() or {}
        key, text, kind = cleaned.get("key", ""), cleaned.get("value", ""), cleaned.get("kind", "string")
        if cleaned.get("remove") or (not key and not text and not cleaned.get("before")):
            return cleaned
        if not key:
            self.add_error("key", "Give the key a name.")
        try:
            # A browser sends line ends as CR LF, whatever the text had.
            cleaned["parsed"] = record_values.parse(kind, text.replace("\r\n", "\n").replace("\r", "\n"))
        except InvalidArgument as error:
            self.add_error("value", error.message)
        return cleaned


if TYPE_CHECKING:
    _Rows = forms.BaseFormSet[MetadataRow]
else:  # it takes a type only where types are checked
    _Rows = forms.BaseFormSet


class _MetadataRows(_Rows):
    """All of them together."""

    def clean(self) -> None:
        """No key stands twice."""
        keys = [row.cleaned_data.get("key", "") for row in self.forms if hasattr(row, "cleaned_data")]
        twice = {key for key in keys if key and keys.count(key) > 1}
        if twice:
            raise forms.ValidationError(f"The key “{min(twice)[:60]}” stands here twice.")


MetadataRows = forms.formset_factory(
    MetadataRow, formset=_MetadataRows, extra=_NEW_ROWS, absolute_max=_MOST_ROWS, max_num=_MOST_ROWS
)


def shown(metadata_json: str | None) -> Any:
    """The rows for a record as it is; what cannot be typed is left out."""
    values: dict[str, Any] = {} if metadata_json is None else json.loads(metadata_json)
    initial = [
        {
            "before": json.dumps(value, ensure_ascii=False),
            "key": key,
            "kind": record_values.kind_of(value),
            "value": record_values.text_of(value),
        }
        for key, value in sorted(values.items())
        if record_values.kind_of(value) in record_values.KINDS
    ]
    return MetadataRows(initial=initial, prefix="row")


def changes(rows: Any) -> dict[str, Any]:
    """What the typed rows change: key → value, or None for one that goes."""
    changed: dict[str, Any] = {}
    for row in rows.forms:
        facts = row.cleaned_data
        key, before = facts.get("key", ""), facts.get("before", "")
        if facts.get("remove"):
            if before:
                changed[key] = None
        elif "parsed" in facts and not _is_same(facts["parsed"], before):
            changed[key] = facts["parsed"]
    return changed


def _is_same(value: Any, before: str) -> bool:
    """Whether a value is what was shown; line ends do not survive a browser's text field as they were."""
    if json.dumps(value, ensure_ascii=False) == before:
        return True
    try:
        known = json.loads(before)
    except ValueError:
        return False
    return isinstance(known, str) and known.replace("\r\n", "\n").replace("\r", "\n") == value
