"""What somebody looks for among records, as it stands in an address: words, filters, a place in the list."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from cloud.dashboard import paging, record_values
from tenants.errors import InvalidArgument
from vectors.query.browse import BrowseRequest
from vectors.types import BrowsedRecord
from vectors.where import Where, parse

TEXT, REGEX, ID, PREFIX = "text", "regex", "id", "prefix"
MODES = {TEXT: "Text", REGEX: "Regex", ID: "Id", PREFIX: "Id begins with"}
OPERATORS = {
    "$eq": "is",
    "$ne": "is not",
    "$gt": ">",
    "$gte": "≥",
    "$lt": "<",
    "$lte": "≤",
    "$in": "is one of",
    "$nin": "is none of",
    "$contains": "has in its list",
    "$not_contains": "has not in its list",
}
_LISTED = ("$in", "$nin")
_MOST_CHIPS = 16
_MOST_TEXT_CHARACTERS = 2_000


@dataclass(frozen=True)
class Chip:
    """A condition on metadata."""

    key: str
    operator: str
    value: Any

    @property
    def label(self) -> str:
        """As people read it."""
        values = self.value if isinstance(self.value, list) else [self.value]
        shown = ", ".join(record_values.cut(record_values.text_of(one), 60) for one in values[:8])
        return f"{record_values.cut(self.key, 60)} {OPERATORS[self.operator]} {shown}"

    @property
    def kind(self) -> str:
        """The type that its value has."""
        return record_values.kind_of(self.value[0] if isinstance(self.value, list) else self.value)

    @property
    def where(self) -> dict[str, Any]:
        """As the API takes it."""
        return {self.key: {self.operator: self.value}}

    @property
    def encoded(self) -> str:
        """As it stands in an address."""
        return json.dumps([self.key, self.operator, self.value], ensure_ascii=False)

    @classmethod
    def decode(cls, text: str) -> Chip:
        """The condition in an address.

        Raises:  InvalidArgument for what `encoded` did not make
        """
        try:
            key, operator, value = json.loads(text)
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidArgument(
                "A filter in the address cannot be read; remove it and add it again."
            ) from error
        if not isinstance(key, str) or operator not in OPERATORS:
            raise InvalidArgument("A filter in the address cannot be read; remove it and add it again.")
        return cls(key, operator, value)


@dataclass(frozen=True)
class Search:
    """What is looked for.

    like:   the id of the record to whose neighbours the list is limited; empty: the list is in order
    """

    mode: str = TEXT
    text: str = ""
    chips: tuple[Chip, ...] = ()
    like: str = ""
    after: str = ""
    before: str = ""

    @classmethod
    def read(cls, query: QueryDict) -> Search:
        """What an address or a form asks for.

        Raises:  InvalidArgument
        """
        mode = query.get("in", TEXT)
        texts = [query.get("q", ""), query.get("like", "")]
        if mode not in MODES or any("\x00" in text for text in texts):
            raise InvalidArgument("This search cannot be read; begin it anew.")
        if len(texts[0]) > _MOST_TEXT_CHARACTERS:
            raise InvalidArgument(f"A search has at most {_MOST_TEXT_CHARACTERS:,} characters.")
        encoded = query.getlist("f")
        if len(encoded) > _MOST_CHIPS:
            raise InvalidArgument(f"A search has at most {_MOST_CHIPS} filters.")
        return cls(
            mode=mode,
            text=texts[0],
            chips=tuple(Chip.decode(one) for one in encoded),
            like=texts[1],
            after=query.get("after", ""),
            before=query.get("before", ""),
        )

    @property
    def mode_label(self) -> str:
        """Where the text is looked for."""
        return MODES[self.mode]

    @property
    def is_narrowed(self) -> bool:
        """Whether records are left out."""
        return bool(self.text or self.chips)

    @property
    def where_json(self) -> dict[str, Any] | None:
        """The filter on metadata, as the API takes it."""
        parts = [chip.where for chip in self.chips]
        return {"$and": parts} if len(parts) > 1 else parts[0] if parts else None

    @property
    def where_document_json(self) -> dict[str, Any] | None:
        """The filter on documents."""
        if not self.text or self.mode not in (TEXT, REGEX):
            return None
        return {"$contains" if self.mode == TEXT else "$regex": self.text}

    @property
    def where(self) -> Where | None:
        """Both filters.

        Raises:  InvalidArgument
        """
        return parse(self.where_json, self.where_document_json)

    def request(self, limit_count: int) -> BrowseRequest:
        """A page of what is found.

        Raises:  InvalidArgument
        """
        return BrowseRequest(
            limit_count=limit_count,
            where=self.where,
            ids=[self.text] if self.text and self.mode == ID else None,
            id_prefix=self.text if self.mode == PREFIX else "",
            after=self._place(self.after),
            before=self._place(self.before) if not self.after else None,
        )

    def _place(self, cursor: str) -> int | str | None:
        if not cursor:
            return None
        key = paging.decode(cursor)
        wanted = str if self.mode == PREFIX and self.text else int
        if len(key) != 1 or type(key[0]) is not wanted:
            raise InvalidArgument("This page of the list cannot be found; go back to the first page.")
        if isinstance(key[0], int) and not -(2**63) <= key[0] < 2**63:
            raise InvalidArgument("This page of the list cannot be found; go back to the first page.")
        return key[0]

    def cursor(self, record: BrowsedRecord | int) -> str:
        """The place of a record in the list, or of an ordinal."""
        if isinstance(record, int):
            return paging.encode((record,))
        return paging.encode((record.record_id if self.mode == PREFIX and self.text else record.ordinal,))

    def body(self, limit_count: int) -> dict[str, Any] | None:
        """The same as the body of a `get`; None where the API has no such question."""
        if self.mode == PREFIX and self.text:
            return None
        body: dict[str, Any] = {"limit": limit_count, "include": ["documents", "metadatas", "uris"]}
        if self.mode == ID and self.text:
            body["ids"] = [self.text]
        if self.where_json is not None:
            body["where"] = self.where_json
        if self.where_document_json is not None:
            body["where_document"] = self.where_document_json
        return body

    def pairs(self) -> list[tuple[str, str]]:
        """The search without its place, as parameters of an address or hidden fields."""
        pairs = [("in", self.mode), ("q", self.text)] if self.text else []
        pairs += [("f", chip.encoded) for chip in self.chips]
        return pairs + ([("like", self.like)] if self.like else [])

    def query(self, **changes: Any) -> str:
        """The query string of this search with changes; its place is kept only where it is named."""
        changed = replace(self, **{"after": "", "before": "", **changes})
        place = [("after", changed.after), ("before", changed.before)]
        return "?" + urlencode([*changed.pairs(), *(pair for pair in place if pair[1])])

    def without(self, chip: Chip) -> str:
        """The query string without one condition."""
        return self.query(chips=tuple(one for one in self.chips if one is not chip))


def added(query: QueryDict, known: Mapping[str, Sequence[str]]) -> Chip | None:
    """The condition that a form of an address adds; None when it adds none.

    known:   types of the keys: what is typed for a key of texts is a text, whatever it looks like
    Raises:  InvalidArgument
    """
    key, operator = query.get("key", "").strip(), query.get("op", "$eq")
    if not key:
        return None
    if operator not in OPERATORS:
        raise InvalidArgument("This filter cannot be read; begin it anew.")
    text, kind = query.get("value", ""), query.get("kind", "auto")
    if kind not in (*record_values.SCALARS, "auto"):
        raise InvalidArgument("This filter cannot be read; begin it anew.")
    if kind == "auto" and list(known.get(key, ())) == ["string"]:
        kind = "string"
    if operator not in _LISTED:
        return Chip(key, operator, record_values.parse(kind, text))
    return Chip(key, operator, _parsed(kind, text.split(",")))


def _parsed(kind: str, texts: Iterable[str]) -> list[Any]:
    return [record_values.parse(kind, text.strip()) for text in texts if text.strip()]
