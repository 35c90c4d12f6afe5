"""Schemas over the wire: at creation, in answers, after changes, and what they refuse."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.conf import settings

from cloud.api.permissions import manifests
from cloud.processes import Service
from tests.compact import compact
from tests.factories import Answer, Cast, Place, batch
from tests.unit.vectors.test_schema import DEFAULT, HNSW, OFF, ON, python_default
from tests.wire.helpers import INVALID, PLAIN, UNSHAPED, Settle, assert_error, create
from vectors.cells.transaction import connect

OPENAI = {"type": "known", "name": "openai", "config": {"model_name": "m"}}
NO_TAGS = {"tag": {"string": {"string_inverted_index": OFF}}}
DISABLED = "Cannot filter using metadata key '{}' with type '{}' because indexing is disabled"


def schema(defaults: dict[str, Any] | None = None, keys: dict[str, Any] | None = None) -> dict[str, Any]:
    """A schema as a client sends it."""
    return {"defaults": defaults or {}, "keys": keys or {}}


def made_with(cast: Cast, given: object) -> Place:
    """A collection with this schema, and ten records."""
    answer = create(cast, schema=given)
    assert answer.status == 200, answer
    place = Place(cast, uuid.UUID(answer.body["id"]), answer.body["name"])
    place.call("add", batch(10))
    return place


def read(place: Place) -> Any:
    """The collection object."""
    return place.cast.wire.get(f"{place.cast.place}/collections/{place.name}").body


@pytest.mark.parametrize("given", [None, schema(), {"defaults": {}, "key_overrides": {}}])
def test_it_answers_the_default_to_who_says_nothing(acme: Cast, given: object) -> None:
    made = create(acme, name="docs", schema=given).body
    assert made["schema"] == DEFAULT
    assert acme.wire.get(f"{acme.place}/collections/docs").body == made


def test_it_keeps_a_schema_and_derives_the_configuration(acme: Cast) -> None:
    config = {"space": "cosine", "hnsw": {"ef_search": 7}, "embedding_function": OPENAI}
    keys = {
        "#embedding": {"#float_list": {"$vector_index": {"enabled": True, "config": config}}},
        "a": {"int": {"int_inverted_index": OFF}, "string": {}},
    }
    cmek = {"gcp": "projects/p/locations/l/keyRings/k/cryptoKeys/c"}
    made = create(acme, name="docs", schema={**schema(keys=keys), "cmek": cmek}).body
    expected = {**config, "hnsw": {**HNSW, "ef_search": 7}, "source_key": "#document"}
    assert made["schema"]["keys"]["#embedding"]["float_list"]["vector_index"]["config"] == expected
    assert made["schema"]["keys"]["a"] == keys["a"]
    assert made["schema"]["defaults"] == DEFAULT["defaults"]
    assert made["schema"]["cmek"] == cmek
    hnsw = made["configuration_json"]["hnsw"]
    assert (hnsw["space"], hnsw["ef_search"], hnsw["ef_construction"]) == ("cosine", 7, 100)
    assert made["configuration_json"]["embedding_function"] == OPENAI
    assert acme.wire.get(f"{acme.place}/collections/docs").body == made
    assert acme.wire.get(f"{acme.place}/collections").body == [made]


def test_it_searches_in_the_space_of_the_schema(acme: Cast, settle: Settle) -> None:
    index = {"enabled": True, "config": {"space": "ip"}}
    place = made_with(acme, schema(keys={"#embedding": {"float_list": {"vector_index": index}}}))
    settle(place)
    found = place.call("query", {"query_embeddings": [[1.0] * 8], "include": ["distances", "embeddings"]})
    for embedding, distance in zip(found["embeddings"][0], found["distances"][0], strict=True):
        assert distance == pytest.approx(1 - sum(embedding), rel=1e-5)


def test_it_takes_a_configuration_beside_the_python_clients_default_schema(acme: Cast) -> None:
    configuration = {"hnsw": {"space": "ip"}, "embedding_function": OPENAI}
    made = create(acme, schema=python_default(), configuration=configuration).body
    assert made["configuration_json"]["hnsw"]["space"] == "ip"
    config = made["schema"]["keys"]["#embedding"]["float_list"]["vector_index"]["config"]
    assert (config["space"], config["embedding_function"]) == ("ip", OPENAI)


def refuse_both(answer: Answer) -> None:
    """Two that say something are one too many."""
    words = "Failed to reconcile schema: Cannot set both collection config and schema simultaneously"
    assert_error(answer, 400, INVALID, words)


def test_it_refuses_schema_and_configuration_at_once(acme: Cast) -> None:
    given = schema(keys=NO_TAGS)
    refuse_both(create(acme, schema=given, configuration={"hnsw": {"ef_search": 7}}))
    refuse_both(create(acme, schema=given, configuration={"spann": {"space": "ip"}}))
    refuse_both(create(acme, schema=given, configuration={"embedding_function": OPENAI}))
    refuse_both(create(acme, schema=given, metadata={"hnsw:space": "cosine"}))
    function = {"type": "known", "name": "default", "config": {}}
    made = create(acme, schema=given, configuration={"hnsw": {"space": "l2"}, "embedding_function": function})
    assert (made.status, made.body["schema"]["keys"]["tag"]) == (200, NO_TAGS["tag"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (
            schema(keys={"a": {"sparse_vector": {"sparse_vector_index": ON}}}),
            "Failed to reconcile schema: Invalid schema input: Sparse vector indexing is not enabled in",
        ),
        (schema(keys={"#a": {}}), "Validation error: schema: key cannot begin with '#'."),
        (schema({"string": {"fts_index": ON}}), "Validation error: schema: Full text search"),
        (
            schema(
                keys={
                    "#embedding": {
                        "float_list": {
                            "vector_index": {"enabled": True, "config": {"hnsw": {"sync_threshold": 1}}}
                        }
                    }
                }
            ),
            "Failed to reconcile schema: Invalid HNSW configuration: sync_threshold",
        ),
    ],
)
def test_it_refuses_what_breaks_a_rule(acme: Cast, given: object, words: str) -> None:
    assert_error(create(acme, name="docs", schema=given), 400, INVALID, words)
    assert acme.wire.get(f"{acme.place}/collections_count").body == 0


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ([], "schema"),
        ("x", "schema"),
        ({}, "schema: missing field `defaults`"),
        (schema({"int": {"int_inverted_index": {"enabled": True}}}), "schema.defaults.int"),
        (
            schema(keys={"a": {"int": {"int_inverted_index": {**ON, "config": {"x": 1}}}}}),
            "schema.keys.a.int",
        ),
    ],
)
def test_it_refuses_another_shape(shelf: Place, given: object, path: str) -> None:
    assert_error(create(shelf.cast, schema=given), 422, PLAIN, UNSHAPED + path)


def test_it_gives_back_the_stored_schema_and_still_validates_the_other(acme: Cast) -> None:
    first = create(acme, name="docs", schema=schema(keys=NO_TAGS)).body
    other = schema({"int": {"int_inverted_index": OFF}})
    assert create(acme, name="docs", schema=other, get_or_create=True).body == first
    assert (
        create(acme, name="docs", configuration={"hnsw": {"ef_search": 5}}, get_or_create=True).body == first
    )
    answer = create(acme, name="docs", schema=schema(keys={"#a": {}}), get_or_create=True)
    assert_error(answer, 400, INVALID, "Validation error: schema: ")


@pytest.mark.parametrize("given", [None, schema(keys=NO_TAGS)])
def test_it_changes_configuration_and_schema_alike(acme: Cast, given: object) -> None:
    place = made_with(acme, given)
    change = {"hnsw": {"ef_search": 7, "num_threads": 9}, "embedding_function": OPENAI}
    assert acme.wire.send("PUT", place.path, {"new_configuration": change}).status == 200
    changed = read(place)
    for types in (changed["schema"]["defaults"], changed["schema"]["keys"]["#embedding"]):
        config = types["float_list"]["vector_index"]["config"]
        assert config["hnsw"] == {**HNSW, "ef_search": 7, "num_threads": 9}
        assert config["embedding_function"] == OPENAI
    assert changed["configuration_json"]["hnsw"]["ef_search"] == 7
    assert changed["configuration_json"]["embedding_function"] == OPENAI
    assert ("tag" in changed["schema"]["keys"]) is (given is not None)


def refuse_filter(place: Place, where: object, words: str, *, name: str = "where") -> None:
    """Get, query and delete refuse it, and nothing is gone."""
    before = place.count()
    for verb in ("get", "query", "delete"):
        body: dict[str, object] = {name: where}
        if verb == "query":
            body["query_embeddings"] = [[0.0] * 8]
        assert_error(place.cast.wire.post(f"{place.path}/{verb}", body), 400, INVALID, words)
    assert place.count() == before


def test_it_refuses_filters_without_index(acme: Cast, settle: Settle) -> None:
    defaults = {"int": {"int_inverted_index": OFF}}
    keys = {**NO_TAGS, "n": {"int": {"int_inverted_index": ON}}}
    place = made_with(acme, schema(defaults, keys))
    settle(place)
    refuse_filter(place, {"tag": "t1"}, DISABLED.format("tag", "Str"))
    refuse_filter(place, {"other": {"$gt": 1}}, DISABLED.format("other", "Int"))
    refuse_filter(
        place, {"$or": [{"n": 1}, {"$and": [{"even": True}, {"x": {"$nin": [3]}}]}]}, "Cannot filter"
    )
    assert place.ids(where={"n": {"$gte": 8}}) == ["r8", "r9"]
    assert place.ids(where={"other": {"$ne": 1.5}}, limit=1) == ["r0"]
    metadata = {"n": 1, "even": False, "tag": "t1"}
    assert place.call("get", {"ids": ["r1"]})["metadatas"] == [metadata]


def test_it_refuses_to_look_into_documents_without_their_index(acme: Cast, settle: Settle) -> None:
    place = made_with(acme, schema(keys={"#document": {"string": {"fts_index": OFF}}}))
    settle(place)
    words = "Cannot filter using full-text search because FTS indexing is disabled"
    refuse_filter(place, {"$contains": "number 3"}, words, name="where_document")
    refuse_filter(place, {"#document": {"$not_contains": "x"}}, words)
    assert place.call("get", {"ids": ["r3"]})["documents"] == ["document number 3"]


def test_it_keeps_keys_at_once_when_told_so(acme: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SCHEMA_KEYS_AT", "write")
    place = made_with(acme, schema({"int": {"int_inverted_index": OFF}}, NO_TAGS))
    keys = read(place)["schema"]["keys"]
    assert set(keys) == {"#embedding", "#document", "n", "even", "tag"}
    assert keys["n"] == {"int": {"int_inverted_index": OFF}}
    assert keys["tag"] == NO_TAGS["tag"]
    place.call("update", {"ids": ["r0", "nobody"], "metadatas": [{"n": 2.0, "tag": None}, {"lost": 1}]})
    place.call(
        "upsert", {"ids": ["r0", "new"], "embeddings": [[0.0] * 8] * 2, "metadatas": [None, {"u": "x"}]}
    )
    place.call(
        "add", {"ids": ["r0"], "embeddings": [[0.0] * 8], "metadatas": [{"skipped": 1, "chroma:x": 1}]}
    )
    place.call("add", {"ids": ["more"], "embeddings": [[0.0] * 8], "metadatas": [{"kept": 1, "chroma:x": 1}]})
    keys = read(place)["schema"]["keys"]
    assert set(keys) == {"#embedding", "#document", "n", "even", "tag", "u", "kept"}
    assert set(keys["n"]) == {"int", "float"}
    assert read(place)["version"] == 0


def test_it_keeps_every_type_that_a_key_once_had(acme: Cast, settle: Settle) -> None:
    place = acme.collection()
    settle(place)
    for value in (1, 1.5, "x", True):
        metadata = [{"k": value, "chroma:k": value}]
        place.call("upsert", {"ids": ["a"], "embeddings": [[0.0] * 8], "metadatas": metadata})
        settle(place)
    keys = read(place)["schema"]["keys"]
    if "k" in keys:
        assert set(keys["k"]) == {"int", "float", "string", "bool"}
        assert set(keys) == {"#embedding", "#document", "k"}
    else:
        assert read(place)["version"] == 0


def test_it_builds_no_trigrams_where_nobody_may_look_for_them(database: Service, acme: Cast) -> None:
    defined = {}
    for name, index in (("on", ON), ("off", OFF)):
        place = made_with(acme, schema(keys={"#document": {"string": {"fts_index": index}}}))
        compact(database, place)
        segment = manifests.get(acme.tenant_id, place.collection_id)
        (table,) = [one.table for one in manifests.refresh(segment).segments]
        query = "SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND tablename = %s"
        rows = connect().execute(query.encode(), (segment.cell, table)).fetchall()
        defined[name] = {row[0].partition(" USING ")[2] for row in rows}
    assert {text.split("(")[1].split()[0] for text in defined["on"] - defined["off"]} == {"document"}
