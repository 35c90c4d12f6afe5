"""A new collection, a new name, a name typed to confirm."""

from __future__ import annotations

from typing import Any

import orjson
from django import forms
from django.core.exceptions import ValidationError

from tenants import names
from tenants.errors import InvalidArgument
from vectors.configuration import Configuration
from vectors.limits import MAX_EF_CONSTRUCTION, MAX_EF_SEARCH, MAX_MAX_NEIGHBORS, MIN_MAX_NEIGHBORS

_DEFAULT = Configuration()
_PLAIN = {"autocomplete": "off", "spellcheck": "false", "autocapitalize": "none"}
# A page behind a dialog may have fields of the same names.
_AUTO_ID = "asked_%s"


def _number(label: str, default: int, least: int, most: int, help_text: str) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=least,
        max_value=most,
        help_text=help_text,
        widget=forms.NumberInput(attrs={"inputmode": "numeric", "placeholder": str(default)}),
    )


class NewCollectionForm(forms.Form):
    """A new collection."""

    name = forms.CharField(
        max_length=512,
        help_text="3 to 512 of a–z, A–Z, 0–9, “.”, “_” and “-”. It can be changed later.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    space = forms.ChoiceField(
        label="Distance",
        choices=[
            ("cosine", "Cosine: by direction. What most text embeddings want."),
            ("l2", "Squared L2: by distance in space. Chroma’s default."),
            ("ip", "Inner product: by direction and length."),
        ],
        initial="cosine",
        widget=forms.RadioSelect,
    )
    ef_search = _number(
        "ef_search",
        _DEFAULT.ef_search,
        1,
        MAX_EF_SEARCH,
        "Candidates of a query: more finds more, slower. It can be changed later.",
    )
    ef_construction = _number(
        "ef_construction",
        _DEFAULT.ef_construction,
        1,
        MAX_EF_CONSTRUCTION,
        "Candidates while the graph is built: a better graph, built slower. Fixed at creation.",
    )
    max_neighbors = _number(
        "max_neighbors",
        _DEFAULT.max_neighbors,
        MIN_MAX_NEIGHBORS,
        MAX_MAX_NEIGHBORS,
        "Edges of each record in the graph: more memory, better recall.",
    )
    metadata = forms.CharField(
        required=False,
        label="Metadata (JSON)",
        help_text='About the collection itself, such as {"source": "wiki"}. Leave empty for none.',
        widget=forms.Textarea(attrs={"rows": 3, "class": "code", **_PLAIN}),
    )

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id=_AUTO_ID)

    def clean_name(self) -> str:
        """A name that the wire takes."""
        return _checked(self.cleaned_data["name"])

    def clean_metadata(self) -> dict[str, Any] | None:
        """An object, or None for nothing."""
        text: str = self.cleaned_data["metadata"]
        if not text.strip():
            return None
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise ValidationError(f"This is no JSON: {error}") from error
        if not isinstance(value, dict):
            raise ValidationError('Expected an object, such as {"source": "wiki"}.')
        return value

    @property
    def parameters(self) -> dict[str, Any]:
        """Of the index; None where nothing was typed."""
        return {
            name: self.cleaned_data[name]
            for name in ("space", "ef_search", "ef_construction", "max_neighbors")
        }

    @property
    def has_advanced(self) -> bool:
        """Whether something stands in the part that is folded at first."""
        folded = ("ef_search", "ef_construction", "max_neighbors", "metadata")
        return any(self[name].errors or self[name].value() for name in folded)


class NameForm(forms.Form):
    """What something is to be called from now on."""

    new_name = forms.CharField(
        max_length=512,
        label="New name",
        help_text="3 to 512 of a–z, A–Z, 0–9, “.”, “_” and “-”.",
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def __init__(self, data: Any = None, *, initial: str = "", label: str = "New name") -> None:
        super().__init__(data, auto_id=_AUTO_ID, initial={"new_name": initial})
        self.fields["new_name"].label = label

    def clean_new_name(self) -> str:
        """A name that the wire takes."""
        return _checked(self.cleaned_data["new_name"])


class RestoreForm(NameForm):
    """Under which name something comes back; a name that it had already is not held to the pattern."""

    def __init__(self, data: Any = None, *, name: str) -> None:
        super().__init__(data, initial=name, label="Name")
        self._name = name

    def clean_new_name(self) -> str:
        """The old name, or one that the wire takes."""
        given: str = self.cleaned_data["new_name"]
        return given if given == self._name else _checked(given)


class ConfirmForm(forms.Form):
    """A name typed by hand, where nothing can be undone."""

    confirmation = forms.CharField(max_length=512, strip=False, widget=forms.TextInput(attrs=_PLAIN))

    def __init__(self, data: Any = None, *, name: str) -> None:
        super().__init__(data, auto_id=_AUTO_ID)
        self._name = name
        self.fields["confirmation"].label = f"Type “{name}” to confirm"

    def clean_confirmation(self) -> str:
        """Exactly the name."""
        given: str = self.cleaned_data["confirmation"]
        if given != self._name:
            raise ValidationError("This is another name. Type it exactly as it stands above.")
        return given


def _checked(name: str) -> str:
    try:
        return names.check(name)
    except InvalidArgument as error:
        raise ValidationError(error.message) from error
