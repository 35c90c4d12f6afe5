"""What a collection's own metadata may hold (contract, sections 8.2, 8.4 and 12)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.factories import Cast, Place
from tests.wire.helpers import INVALID, PLAIN, UNSHAPED, assert_error, create, text


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"a": ["x", "y"], "b": [1, 2], "c": [True], "d": [1.5]},) * 2,
        ({"a": [1, 2.5]}, {"a": [1.0, 2.5]}),
        ({"a": [], "b": 1}, {"b": 1}),
        ({"a": []}, None),
    ],
)
def test_it_keeps_arrays(acme: Cast, given: dict[str, Any], kept: object) -> None:
    made = create(acme, name="docs", metadata=given)
    assert (made.status, made.body["metadata"]) == (200, kept)
    place = acme.collection(name="other")
    assert acme.wire.send("PUT", place.path, {"new_metadata": given}).status == 200
    changed = acme.wire.get(f"{acme.place}/collections/other").body["metadata"]
    assert [type(value) for value in (changed or {}).values()] == [
        type(value) for value in (made.body["metadata"] or {}).values()
    ]
    assert changed == kept


@pytest.mark.parametrize("value", [[1, "x"], [True, 1], [[1]], [None], [{}], {"b": 1}, {}])
def test_it_refuses_what_is_no_value(shelf: Place, value: object) -> None:
    assert_error(create(shelf.cast, metadata={"a": value}), 422, PLAIN, UNSHAPED + "metadata.a: ")
    answer = shelf.cast.wire.send("PUT", shelf.path, {"new_metadata": {"a": value}})
    assert_error(answer, 422, PLAIN, UNSHAPED + "metadata.a: ")


def test_it_keeps_numbers_of_one_type_whatever_their_size(acme: Cast) -> None:
    body = (
        b'{"name":"docs","metadata":{"a":[1,' + b"9" * 30 + b'],"b":[9223372036854775807,-1],"c":[1e22,1]}}'
    )
    stored = text(acme, "POST", f"{acme.place}/collections", body).replace(" ", "")
    assert '"a":[1.0,1' in stored
    assert '"b":[9223372036854775807,-1]' in stored
    assert '"c":[10000000000000000000000.0,1.0]' in stored
    huge = b'{"name":"huge","metadata":{"a":[' + b"9" * 400 + b"]}}"
    assert_error(
        acme.wire.send("POST", f"{acme.place}/collections", huge), 400, INVALID, "Validation error: "
    )


def test_it_keeps_no_sparse_vectors_yet(shelf: Place) -> None:
    vector = {"#type": "sparse_vector", "indices": [1], "values": [1.0]}
    assert_error(create(shelf.cast, metadata={"a": vector}), 501, PLAIN)


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({}, "Metadata cannot be empty"),
        ({"": 1}, "Metadata key cannot be empty"),
        ({"#a": [1]}, "Metadata key cannot start with '#' or '$': #a"),
        ({"$a": 1}, "Metadata key cannot start with '#' or '$': $a"),
        ({"a\0": []}, "U+0000"),
    ],
)
def test_it_refuses_what_breaks_a_rule(shelf: Place, metadata: dict[str, Any], words: str) -> None:
    start = "Validation error: metadata: "
    assert_error(create(shelf.cast, metadata=metadata), 400, INVALID, start + words)
    answer = shelf.cast.wire.send("PUT", shelf.path, {"new_metadata": metadata})
    assert_error(answer, 400, INVALID, start + words)
