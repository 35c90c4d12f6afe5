"""From the structures of `cloud/api/schemas` to JSON Schema, and what their types leave open.

The structures are what the service decodes bodies with, so the description follows them. What the types
leave open on purpose (`where` has a parser of its own) or say coarsely is described in `_MEMBERS`; a member
named there that its structure no longer has stops the document from being built.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

from cloud.api.errors import STATUS_AND_NAME
from cloud.api.schemas import answers, collections, records
from vectors.limits import MAX_INT64, MIN_INT64
from vectors.types import Include

Schema: TypeAlias = dict[str, Any]

_TEMPLATE = "#/components/schemas/{name}"
_PAST_FLOAT32 = 2.0**128 - 2.0**103  # from here on a number rounds to infinity, and is refused
_NAME = "[a-zA-Z0-9][a-zA-Z0-9._-]{1,510}[a-zA-Z0-9]"  # contract, section 7


def ref(name: str) -> Schema:
    """A reference to a schema of the document."""
    return {"$ref": _TEMPLATE.format(name=name)}


def _array(items: Schema, **more: object) -> Schema:
    return {"type": "array", "items": items, **more}


def _nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _included(default: list[Include]) -> Schema:
    return _array(ref("Include"), default=[one.value for one in default])


def _one_member(key: str, value: Schema) -> Schema:
    return {"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": False}


def _map(values: Schema, description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "propertyNames": {"pattern": "^[^#$]"},
        "additionalProperties": values,
    }


_INTEGER = {"type": "integer", "minimum": MIN_INT64, "maximum": MAX_INT64}
_SCALARS: list[Schema] = [{"type": "string"}, _INTEGER, {"type": "number"}, {"type": "boolean"}]
_TEXT = {"type": "string"}
_FLOAT32 = {"type": "number", "exclusiveMinimum": -_PAST_FLOAT32, "exclusiveMaximum": _PAST_FLOAT32}
_IDS = _array({"type": "string", "minLength": 1})
_DIALECT = {**_TEXT, "description": "In the dialect of the Rust crate `regex`, which is not ECMA's."}
_DOCUMENT_OPERATORS = [_one_member(f"${name}", _TEXT) for name in ("contains", "not_contains")] + [
    _one_member(f"${name}", _DIALECT) for name in ("regex", "not_regex")
]
_LISTS = {"anyOf": [_array(scalar, minItems=1) for scalar in _SCALARS]}
_SPARSE = {
    "type": "object",
    "description": "A sparse vector: indices ascend, and there are as many values.",
    "properties": {
        "#type": {"const": "sparse_vector"},
        "indices": _array({"type": "integer", "minimum": 0, "maximum": 2**32 - 1}),
        "values": _array(_FLOAT32),
        "tokens": _nullable(_array(_TEXT)),
    },
    "required": ["indices", "values"],
}
_METADATA_OPERATORS = [
    *(_one_member(f"${name}", {"anyOf": _SCALARS}) for name in ("eq", "ne", "contains", "not_contains")),
    *(_one_member(f"${name}", {"type": "number"}) for name in ("gt", "gte", "lt", "lte")),
    *(_one_member(f"${name}", _LISTS) for name in ("in", "nin")),
]
_ID_OPERATORS = [_one_member(f"${name}", _TEXT) for name in ("eq", "ne")] + [
    _one_member(f"${name}", _array(_TEXT, minItems=1)) for name in ("in", "nin")
]

_RANKS = _array(ref("Rank"))
_SIDES = {"type": "object", "properties": {"left": ref("Rank"), "right": ref("Rank")}}
_KNN: Schema = {
    "type": "object",
    "properties": {
        "query": {"anyOf": [_array(_FLOAT32, minItems=1), _SPARSE]},
        "key": {**_TEXT, "default": "#embedding"},
        "limit": {"type": "integer", "minimum": 0, "maximum": 2**32 - 1, "default": 16},
        "default": {"anyOf": [_FLOAT32, {"type": "null"}], "default": None},
        "return_rank": {"type": "boolean", "default": False},
    },
    "required": ["query"],
}

# What has no structure, for it is checked by a parser of its own.
_WRITTEN: dict[str, Schema] = {
    "Where": {
        "description": "A filter on metadata: exactly one key per object, at every level.",
        "anyOf": [
            _one_member("$and", _array(ref("Where"))),
            _one_member("$or", _array(ref("Where"))),
            _one_member("#document", {"anyOf": _DOCUMENT_OPERATORS}),
            _one_member("#id", {"anyOf": [_TEXT, *_ID_OPERATORS]}),
            {
                **_map({"anyOf": [*_SCALARS, *_METADATA_OPERATORS]}, "A condition on one metadata key."),
                "minProperties": 1,
                "maxProperties": 1,
            },
        ],
    },
    "WhereDocument": {
        "description": "A filter on documents: exactly one key per object, at every level.",
        "anyOf": [
            _one_member("$and", _array(ref("WhereDocument"))),
            _one_member("$or", _array(ref("WhereDocument"))),
            *_DOCUMENT_OPERATORS,
        ],
    },
    "Rank": {
        "description": "A rank expression: exactly one operator per object. Smaller scores are better.",
        "anyOf": [
            _one_member("$val", _FLOAT32),
            _one_member("$knn", _KNN),
            *(_one_member(f"${name}", _RANKS) for name in ("sum", "mul", "max", "min")),
            *(_one_member(f"${name}", {**_SIDES, "required": ["left", "right"]}) for name in ("sub", "div")),
            *(_one_member(f"${name}", ref("Rank")) for name in ("abs", "exp", "log")),
        ],
    },
    "MetadataValue": {
        "description": "A scalar, an array of scalars of one type, or a sparse vector.",
        "anyOf": [*_SCALARS, *(_array(scalar) for scalar in _SCALARS), _SPARSE],
    },
    "Metadata": _map(ref("MetadataValue"), "Metadata. Keys do not begin with # or $."),
    "MetadataChange": _map(_nullable(ref("MetadataValue")), "Metadata that is merged; null removes a key."),
    "EmbeddingFunction": {
        "description": "Kept and returned as it is; the service never calls it. Any JSON.",
        "examples": [{"type": "known", "name": "openai", "config": {"model_name": "text-embedding-3-small"}}],
    },
    "RequestedSchema": {
        "type": "object",
        "description": "The indexes by key and type of value; what is not given takes its default.",
    },
}
_NUMBERS = _array(_array(_FLOAT32, minItems=1))
_BASE64 = {
    "type": "string",
    "contentEncoding": "base64",
    "description": "Little-endian float32",
    "minLength": 8,
}
_DOCUMENTED = {
    "where": _nullable(ref("Where")),
    "where_document": _nullable(ref("WhereDocument")),
    "embedding_function": ref("EmbeddingFunction"),
}
_COLLECTION_METADATA = _nullable({"allOf": [ref("Metadata")], "minProperties": 1})
_MEMBERS: dict[type[msgspec.Struct], dict[str, Schema]] = {
    records.Add: {
        "ids": _IDS,
        "embeddings": {"anyOf": [_NUMBERS, _array(_BASE64)]},
        "metadatas": _nullable(_array(_nullable(ref("Metadata")))),
    },
    records.Upsert: {
        "ids": _IDS,
        "embeddings": {"anyOf": [_NUMBERS, _array(_BASE64)]},
        "metadatas": _nullable(_array(_nullable(ref("MetadataChange")))),
    },
    records.Update: {
        "ids": _IDS,
        "embeddings": {
            "anyOf": [
                _array(_nullable(_array(_FLOAT32, minItems=1))),
                _array(_nullable(_BASE64)),
                {"type": "null"},
            ],
        },
        "metadatas": _nullable(_array(_nullable(ref("MetadataChange")))),
    },
    records.Delete: {},
    records.Get: {"include": _included(records.Get().include)},
    records.Query: {"query_embeddings": _NUMBERS, "include": _included(records.Query([]).include)},
    records.Search: {},
    records.SearchPayload: {
        "filter": {"anyOf": [ref("Where"), {"type": "object", "maxProperties": 0}, {"type": "null"}]},
        "rank": _nullable(ref("Rank")),
    },
    records.GroupBy: {
        "aggregate": {
            "anyOf": [
                *(_one_member(f"${name}", ref("SortKeys")) for name in ("min_k", "max_k")),
                {"type": "null"},
            ]
        },
    },
    records.SortKeys: {
        "keys": _array(_TEXT, minItems=1),
        "k": {"type": "integer", "minimum": 1, "maximum": 2**32 - 1},
    },
    collections.NewName: {"name": {"type": "string", "minLength": 3, "maxLength": 512}},
    collections.NewResourceName: {
        "resource_name": {"type": "string", "pattern": "^[^:]+$", "maxLength": 512},
    },
    collections.CreateCollection: {
        "name": {"type": "string", "pattern": f"^{_NAME}$"},
        "metadata": _COLLECTION_METADATA,
        "schema": _nullable(ref("RequestedSchema")),
    },
    collections.UpdateCollection: {
        "new_name": _nullable({"type": "string", "pattern": f"^{_NAME}$"}),
        "new_metadata": _nullable({"allOf": [ref("MetadataChange")], "minProperties": 1}),
    },
    answers.Error: {
        "error": {"type": "string", "enum": sorted({name for _, name in STATUS_AND_NAME.values()})},
    },
    answers.Collection: {"metadata": _nullable(ref("Metadata"))},
    answers.Records: {"metadatas": _nullable(_array(_nullable(ref("Metadata"))))},
    answers.Neighbors: {"metadatas": _nullable(_array(_array(_nullable(ref("Metadata")))))},
}


def of(types: list[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """The schema of each type, and the named schemas that they refer to.

    Raises:  KeyError when a description names a member that its structure does not have
    """
    schemas, components = msgspec.json.schema_components(types, ref_template=_TEMPLATE)
    for component in components.values():
        _type_enums(component)
        properties = component.get("properties", {})
        for name in _DOCUMENTED.keys() & properties.keys():
            properties[name] = _described(properties[name], _DOCUMENTED[name])
    for kind, members in _MEMBERS.items():
        if kind.__name__ not in components:
            continue
        component = components[kind.__name__]
        if not issubclass(kind, answers.Answer):
            del component["description"]  # it names the route, and stands beside it
        for name, schema in members.items():
            component["properties"][name] = _described(component["properties"][name], schema)
    return list(schemas), components | _WRITTEN


def _described(derived: Schema, written: Schema) -> Schema:
    """The written schema, with the default of the type."""
    return {**written, "default": derived["default"]} if "default" in derived else written


def _type_enums(schema: Any) -> None:
    """Say that an enum of texts is of texts: pages and generators go by the type."""
    for inner in schema.values() if isinstance(schema, dict) else schema:
        if isinstance(inner, dict | list):
            _type_enums(inner)
    if isinstance(schema, dict) and all(isinstance(value, str) for value in schema.get("enum", [None])):
        schema["type"] = "string"
