"""Complaints name the exact place of a wrong shape."""

from __future__ import annotations

import pytest

from cloud.api import codec
from cloud.api.schemas.records import Add, Get, Query, Search
from tenants.errors import Unprocessable

PREFIX = "Failed to deserialize the JSON body into the target type: "


@pytest.mark.parametrize(
    ("kind", "body", "complaint"),
    [
        (Get, b'{"include":["documents","data"]}', "include[1]: unknown variant `data`"),
        (Get, b'{"limit":-1}', "limit: Expected `int` >= 0"),
        (Get, b"[]", "Expected `object`, got `array`"),
        (Add, b"{}", "missing field `ids`"),
        (Add, b'{"ids":["a","b",3],"embeddings":[]}', "ids[2]: Expected `str`, got `int`"),
        (
            Query,
            b'{"query_embeddings":[[1],[2,3,null,4]]}',
            "query_embeddings[1][2]: Expected `float`, got `null`",
        ),
        (
            Search,
            b'{"searches":[{"group_by":{"aggregate":{"$min_k":{"keys":["n"],"k":-1}}}}]}',
            "searches[0].group_by.aggregate.$min_k.k: Expected `int` >= 0",
        ),
    ],
)
def test_it_names_the_exact_place(kind: type, body: bytes, complaint: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        codec.decode(kind, body)
    assert str(refused.value) == PREFIX + complaint


def test_it_finds_the_key_of_an_object() -> None:
    body = b'{"ids":["a","b"],"embeddings":["",""],"metadatas":[{"a":1},{"b":1,"c":null}]}'
    with pytest.raises(Unprocessable, match=r'metadatas\[1\]\["c"\]'):
        codec.decode(Add, body)


def test_it_finds_one_among_many() -> None:
    numbers = ["1"] * 200_000
    numbers[123_456] = '"x"'
    body = f'{{"query_embeddings":[[{",".join(numbers)}]]}}'.encode()
    with pytest.raises(Unprocessable, match=r"query_embeddings\[0\]\[123456\]"):
        codec.decode(Query, body)
