"""Schemas by the unmodified client: what it sends is kept, and what it gets back says the same."""

from __future__ import annotations

from typing import Any

import pytest
from chromadb.api.types import (
    FtsIndexConfig,
    HnswIndexConfig,
    IntInvertedIndexConfig,
    Schema,
    SparseVectorIndexConfig,
    StringInvertedIndexConfig,
    VectorIndexConfig,
)
from chromadb.errors import InvalidArgumentError

from tests.journeys.conftest import Customer


def plain(schema: Schema | None) -> dict[str, Any]:
    """A schema as the client would send it."""
    assert schema is not None
    sent: dict[str, Any] = schema.serialize_to_json()
    return sent


def test_it_gives_the_clients_schema_back(customer: Customer) -> None:
    given = Schema()
    given.create_index(config=VectorIndexConfig(space="cosine", hnsw=HnswIndexConfig(ef_search=33)))
    given.create_index(key="year", config=IntInvertedIndexConfig())
    given.delete_index(key="secret", config=StringInvertedIndexConfig())
    given.delete_index(config=IntInvertedIndexConfig())
    client = customer.client()
    made = client.create_collection("docs", schema=given, embedding_function=None)
    again = client.get_collection("docs", embedding_function=None)
    wanted = plain(given)
    for schema in (plain(made.schema), plain(again.schema)):
        assert schema["keys"]["year"] == wanted["keys"]["year"]
        assert schema["keys"]["secret"] == wanted["keys"]["secret"]
        assert schema["defaults"]["int"] == wanted["defaults"]["int"]
        config = schema["keys"]["#embedding"]["float_list"]["vector_index"]["config"]
        assert (config["space"], config["hnsw"]["ef_search"]) == ("cosine", 33)
    assert again.configuration["hnsw"]["space"] == "cosine"
    existing = client.get_or_create_collection("docs", embedding_function=None)
    assert plain(existing.schema) == plain(again.schema)


@pytest.mark.parametrize("given", [None, Schema()])
def test_it_answers_what_the_client_takes_for_the_default(customer: Customer, given: Schema | None) -> None:
    made = customer.client().create_collection("docs", schema=given, embedding_function=None)
    ours, default = plain(made.schema), plain(Schema())
    assert set(ours["keys"]) == set(default["keys"])
    for kind in ("string", "int", "float", "bool"):
        assert ours["defaults"][kind] == default["defaults"][kind]
    assert ours["keys"]["#document"] == default["keys"]["#document"]


def test_it_refuses_filters_and_indexes_in_words_that_the_client_knows(customer: Customer) -> None:
    client = customer.client()
    given = Schema().delete_index(key="secret", config=StringInvertedIndexConfig())
    given.delete_index(key="#document", config=FtsIndexConfig())
    collection = client.create_collection("docs", schema=given, embedding_function=None)
    collection.add(
        ids=["a"], embeddings=[[1.0, 2.0]], documents=["text"], metadatas=[{"secret": "x", "n": 1}]
    )
    with pytest.raises(
        InvalidArgumentError, match="Cannot filter using metadata key 'secret' with type 'Str'"
    ):
        collection.get(where={"secret": "x"})
    with pytest.raises(InvalidArgumentError, match="Cannot filter using full-text search"):
        collection.query(query_embeddings=[[1.0, 2.0]], where_document={"$contains": "text"})
    with pytest.raises(InvalidArgumentError, match="Cannot filter using metadata key 'secret'"):
        collection.delete(where={"$and": [{"n": 1}, {"secret": {"$ne": "y"}}]})
    assert collection.get(where={"n": 1})["ids"] == ["a"]
    sparse = Schema().create_index(key="s", config=SparseVectorIndexConfig())
    with pytest.raises(InvalidArgumentError, match="Sparse vector indexing is not enabled in local"):
        client.create_collection("sparse", schema=sparse, embedding_function=None)
