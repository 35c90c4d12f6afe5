"""A pane of the playground as a plain form: what is typed, as a request of the wire."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import orjson
from django import forms

from cloud.dashboard.playground import Asked, Kind

NO_MODEL = (
    "The service keeps no embedding model, so it cannot make a vector of a text. Paste the vector that your "
    "program makes of it, or start from a record."
)
_MAX_UINT = 2**32 - 1
_TEMPLATE = """{{
  "searches": [
    {{
      "filter": {{}},
      "rank": {{"$knn": {{"query": {query}, "limit": 16}}}},
      "limit": {{"offset": 0, "limit": 10}},
      "select": {{"keys": ["#document", "#metadata", "#score"]}}
    }}
  ]
}}"""


def search_template(dimension: int | None) -> str:
    """A first search to change: the nearest to a vector of the right length, one page of them."""
    return _TEMPLATE.format(query=json.dumps([0] * (dimension or 3)))


class JsonField(forms.CharField):
    """JSON as it was typed; what is none is said with its place."""

    widget = forms.Textarea(attrs={"class": "code", "rows": 5, "spellcheck": "false", "autocomplete": "off"})

    def clean(self, value: Any) -> str:
        """The text, without what surrounds it."""
        text: str = super().clean(value)
        try:
            if text:
                json.loads(text)
        except RecursionError as error:
            raise forms.ValidationError("Nested too deeply.") from error
        except json.JSONDecodeError as error:
            raise forms.ValidationError(
                f"Line {error.lineno}, column {error.colno}: {error.msg.lower()}."
            ) from error
        return text


def _whole(label: str, initial: int) -> forms.IntegerField:
    widget = forms.NumberInput(attrs={"inputmode": "numeric"})
    return forms.IntegerField(label=label, initial=initial, min_value=0, max_value=_MAX_UINT, widget=widget)


class PlaygroundForm(forms.Form):
    """One pane."""

    kind = forms.ChoiceField(
        label="What to ask",
        choices=[(Kind.QUERY, "Query"), (Kind.GET, "Get"), (Kind.SEARCH, "Search")],
        initial=Kind.QUERY,
        widget=forms.RadioSelect,
    )
    source = forms.ChoiceField(
        label="Nearest to",
        choices=[("record", "A record"), ("vector", "A vector"), ("text", "A text")],
        initial="record",
        required=False,
        widget=forms.RadioSelect,
    )
    record = forms.CharField(
        label="Id of the record",
        required=False,
        strip=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    vector = JsonField(label="Vector", required=False)
    text = forms.CharField(label="Text", required=False, strip=False)
    count = _whole("Results", 10)
    limit = _whole("Limit", 20)
    offset = _whole("Offset", 0)
    where = JsonField(label="Filter", required=False)
    include = forms.MultipleChoiceField(
        label="Return",
        choices=[
            ("documents", "Documents"),
            ("metadatas", "Metadata"),
            ("distances", "Distances"),
            ("uris", "URIs"),
            ("embeddings", "Embeddings"),
        ],
        initial=["documents", "metadatas", "distances"],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    search = JsonField(label="Body of the search", required=False)

    def clean(self) -> dict[str, Any]:
        """Each kind has what it needs."""
        cleaned = super().clean() or {}
        if cleaned.get("kind") == Kind.QUERY:
            source = cleaned.get("source") or "record"
            if source == "text":
                self.add_error("text", NO_MODEL)
            elif not cleaned.get(source) and source not in self.errors:
                missing = (
                    "Enter the id of a record." if source == "record" else "Paste a JSON list of numbers."
                )
                self.add_error(source, missing)
        if cleaned.get("kind") == Kind.SEARCH and not cleaned.get("search") and "search" not in self.errors:
            self.add_error("search", "Enter the body of a search.")
        return cleaned

    def asked(self) -> Asked:
        """The request of a valid pane."""
        given = self.cleaned_data
        kind = Kind(given["kind"])
        if kind is Kind.SEARCH:
            return Asked(kind, msgspec.Raw(given["search"].encode()))
        members: dict[str, Any] = {"include": given["include"]}
        if given["where"] and given["where"] != "{}":
            members["where"] = orjson.Fragment(given["where"])
        if kind is Kind.GET:
            members |= {"limit": given["limit"], "offset": given["offset"]}
            members["include"] = [one for one in given["include"] if one != "distances"]
            return Asked(kind, msgspec.Raw(orjson.dumps(members)))
        members["n_results"] = given["count"]
        if given["source"] == "vector":
            text = given["vector"]
            is_many = text.removeprefix("[").lstrip().startswith("[")
            members["query_embeddings"] = orjson.Fragment(text if is_many else f"[{text}]")
            return Asked(kind, msgspec.Raw(orjson.dumps(members)))
        return Asked(kind, msgspec.Raw(orjson.dumps(members)), similar_to=given["record"])
