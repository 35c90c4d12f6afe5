"""The table of operations: one entry per route and method of cloud/api/urls.py, in the same order.

A new route needs an entry here; a test compares the two. What follows from an entry by rule (parameters of
the path, answers to failures, credentials) is not in it: see `Operation`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Any

from cloud.api.openapi.shapes import Schema
from cloud.api.schemas import answers, collections, records

_T = "/api/v2/tenants/{tenant}"
_P = _T + "/databases/{database}"
_K = _P + "/collections/{collection}"
_U32 = {"type": "integer", "minimum": 0, "maximum": 2**32 - 1}
_LATER = "Not served by this release: 501 behind the same doors as the other routes."


class Key(Enum):
    """Whether an operation asks for a key."""

    NOT_NEEDED = "not needed"
    OPTIONAL = "optional"
    NEEDED = "needed"


@dataclass(frozen=True)
class Operation:
    """What cannot be read from the route: names, bodies, answers.

    parts:     schemas of path parameters that are other than usual
    query:     parameters of the query string, with schema and meaning
    also:      statuses of failures that do not follow from the rest
    others:    answers of another shape than a failure's, by status
    """

    method: str
    path: str
    name: str
    tag: str
    summary: str
    answer: Any = None
    body: Any = None
    status: int = 200
    key: Key = Key.NEEDED
    description: str = ""
    parts: Mapping[str, Schema] = field(default_factory=dict)
    query: Mapping[str, tuple[Schema, str]] = field(default_factory=dict)
    also: tuple[int, ...] = ()
    others: Mapping[int, Any] = field(default_factory=dict)
    is_too_large_bare: bool = False

    @property
    def path_parameters(self) -> list[str]:
        """The names between braces."""
        return re.findall(r"{(\w+)}", self.path)

    @property
    def failures(self) -> list[int]:
        """The statuses that a failure of this operation may have."""
        found = set(self.also)
        if self.key is Key.NEEDED:
            found |= {401, 403, 429, 500, 503}
        if self.body is not None:
            found |= {400, 413, 415, 422}
        if self.query or {"database", "collection"} & set(self.path_parameters):
            found.add(400)
        if self.path_parameters:
            found.add(404)
        return sorted(found - self.others.keys())


_NAME = {"type": "string", "minLength": 1}
_BY_NAME = MappingProxyType({"collection": _NAME})
_PAGE = MappingProxyType({"limit": (_U32, "At most so many."), "offset": (_U32, "Leave out so many first.")})
_READ_LEVEL = MappingProxyType(
    {
        "read_level": (
            {
                "type": "string",
                "enum": ["index_and_wal", "index_only", "index_and_bounded_wal"],
                "default": "index_and_wal",
            },
            "`index_only` leaves out what is not in the index yet.",
        ),
    },
)
# Of metadata: sparse vectors are on the wire, and refused by this release.
_PARTLY = 501


def _system(path: str, name: str, summary: str, answer: Any, **more: Any) -> Operation:
    return Operation(
        "GET", f"/api/v2{path}", name, "system", summary, answer, **{"key": Key.NOT_NEEDED, **more}
    )


def _records(path: str, name: str, summary: str, body: Any, answer: Any, **more: Any) -> Operation:
    return Operation("POST", f"{_K}/{path}", name, "records", summary, answer, body, **more)


def _write(path: str, summary: str, body: Any, **more: Any) -> Operation:
    more = {"also": (_PARTLY,), "is_too_large_bare": True, **more}
    return _records(path, f"collection_{path}", summary, body, answers.Nothing, **more)


def _later(method: str, path: str, name: str, tag: str, summary: str, **more: Any) -> Operation:
    return Operation(method, path, name, tag, summary, description=_LATER, also=(501,), **more)


_SYSTEM = (
    _system("", "root", "Tell the time, as heartbeat does", answers.Heartbeat),
    _system("/heartbeat", "heartbeat", "Tell the time", answers.Heartbeat),
    _system(
        "/healthcheck",
        "healthcheck",
        "Tell whether the stores answer",
        answers.Health,
        others={503: answers.Health},
    ),
    _system("/version", "version", "Tell the version of the wire", str),
    _system(
        "/pre-flight-checks",
        "pre_flight_checks",
        "Tell what may be sent at once",
        answers.PreFlight,
        key=Key.OPTIONAL,
        description="With a key its own limit, without one the default plan's.",
    ),
    Operation(
        "POST",
        "/api/v2/reset",
        "reset",
        "system",
        "Delete everything of every tenant",
        bool,
        description="Operator keys of a development installation only.",
    ),
    _system("/auth/identity", "get_user_identity", "Tell who the key is", answers.Identity, key=Key.NEEDED),
)
_TENANTS = (
    Operation(
        "POST",
        "/api/v2/tenants",
        "create_tenant",
        "tenants",
        "Create a tenant",
        answers.Nothing,
        collections.NewName,
        description="Operator keys only.",
        also=(409,),
    ),
    Operation("GET", _T, "get_tenant", "tenants", "Get a tenant", answers.Tenant),
    Operation(
        "PATCH",
        _T,
        "update_tenant",
        "tenants",
        "Set the resource name of a tenant",
        answers.Nothing,
        collections.NewResourceName,
        description="Once. It stands for the tenant in CRNs. Keys that reach all databases only.",
        also=(409,),
    ),
    Operation(
        "GET",
        f"{_T}/databases",
        "list_databases",
        "databases",
        "List databases",
        list[answers.Database],
        description="Those that the key reaches.",
        query=_PAGE,
    ),
    Operation(
        "POST",
        f"{_T}/databases",
        "create_database",
        "databases",
        "Create a database",
        answers.Nothing,
        collections.NewName,
        description="Keys that reach all databases of their tenant only.",
        also=(409,),
    ),
    Operation("GET", _P, "get_database", "databases", "Get a database", answers.Database),
    Operation(
        "DELETE",
        _P,
        "delete_database",
        "databases",
        "Delete a database with its collections",
        answers.Nothing,
    ),
)
_COLLECTIONS = (
    Operation(
        "GET",
        f"{_P}/collections",
        "list_collections",
        "collections",
        "List collections",
        list[answers.Collection],
        description="In order of creation. Without `limit` the plan's quota stands in.",
        query=_PAGE,
        also=(422,),
    ),
    Operation(
        "POST",
        f"{_P}/collections",
        "create_collection",
        "collections",
        "Create a collection, or get it",
        answers.Collection,
        collections.CreateCollection,
        description="With `get_or_create` an existing collection is returned as it is.",
        also=(409, _PARTLY),
    ),
    Operation(
        "GET", f"{_P}/collections_count", "count_collections", "collections", "Count collections", records.U32
    ),
    Operation(
        "GET",
        f"{_P}/collections/by-id/{{collection}}",
        "get_collection_by_id",
        "collections",
        "Get a collection by its id",
        answers.Collection,
    ),
    Operation(
        "GET",
        "/api/v2/collections/{crn}",
        "get_collection_by_crn",
        "collections",
        "Get a collection by its resource name",
        answers.Collection,
        also=(400,),
        parts={"crn": {"type": "string", "pattern": "^[^:/]+:[^:/]+:[^:/]+$"}},
    ),
    Operation(
        "GET",
        _K,
        "get_collection",
        "collections",
        "Get a collection by its name",
        answers.Collection,
        parts=_BY_NAME,
    ),
    Operation(
        "PUT",
        _K,
        "update_collection",
        "collections",
        "Rename or configure a collection, or replace its metadata",
        answers.Nothing,
        collections.UpdateCollection,
        description="By its **id**, unlike the path's other methods. Members that are null change nothing.",
        also=(409, _PARTLY),
    ),
    Operation(
        "DELETE",
        _K,
        "delete_collection",
        "collections",
        "Delete a collection by its name",
        answers.Nothing,
        parts=_BY_NAME,
    ),
    Operation(
        "POST",
        f"{_K}/fork",
        "fork_collection",
        "collections",
        "Fork a collection",
        answers.Collection,
        collections.ForkCollection,
        description="A new collection in the same database with all that this one holds, also what is not "
        "indexed yet; independent from then on. Segments are shared, so it takes the same time at any size.",
        also=(409,),
    ),
    Operation(
        "GET",
        f"{_K}/fork_count",
        "fork_count",
        "collections",
        "Count the forks of a collection's tree",
        answers.ForkCount,
        description="The same number for a source and its forks; forks that were deleted count too.",
    ),
)
_RECORDS = (
    _write(
        "add", "Insert records", records.Add, status=201, description="Ids that exist are left as they are."
    ),
    _write(
        "update",
        "Change records",
        records.Update,
        description="Ids that do not exist are left out. Metadata is merged; null removes a key.",
    ),
    _write("upsert", "Insert or change records", records.Upsert),
    _records(
        "delete",
        "collection_delete",
        "Remove records",
        records.Delete,
        answers.Deleted,
        description="By ids, by filter, or those of the ids that match.",
    ),
    _records(
        "get",
        "collection_get",
        "Get records",
        records.Get,
        answers.Records,
        description="In order of insertion. Without `limit` the plan's quota stands in.",
    ),
    _records(
        "query",
        "collection_query",
        "Find the nearest records",
        records.Query,
        answers.Neighbors,
        description="By distance to each query embedding: squared l2, 1 − cosine, or 1 − inner product. "
        "Ten of each unless `n_results` says otherwise.",
        is_too_large_bare=True,
    ),
    Operation(
        "GET",
        f"{_K}/count",
        "collection_count",
        "records",
        "Count records",
        records.U32,
        query=_READ_LEVEL,
    ),
    Operation(
        "GET",
        f"{_K}/indexing_status",
        "indexing_status",
        "records",
        "Tell how much is in the index",
        answers.IndexingStatus,
    ),
    _records(
        "search",
        "collection_search",
        "Search with rank expressions",
        records.Search,
        answers.Found,
        description="Several searches at once, each by ascending score. A limit above the plan's quota "
        "becomes the quota. Sparse vectors are not searched yet: no schema can have an index over them.",
        is_too_large_bare=True,
    ),
)
_FUNCTIONS = (
    _later("POST", f"{_K}/functions/attach", "attach_function", "functions", "Attach a function"),
    _later("GET", f"{_K}/functions/{{name}}", "get_attached_function", "functions", "Get a function"),
    _later(
        "POST",
        f"{_K}/attached_functions/{{name}}/add_input",
        "add_function_input",
        "functions",
        "Add an input",
    ),
    _later(
        "POST",
        f"{_K}/attached_functions/{{name}}/detach",
        "detach_function",
        "functions",
        "Detach a function",
    ),
    _later("POST", f"{_K}/conditional/get", "conditional_get", "records", "Get records with a read token"),
    _later(
        "POST",
        f"{_K}/conditional/commit",
        "conditional_commit",
        "records",
        "Commit writes if nothing that was read has changed",
    ),
)
OPERATIONS = (*_SYSTEM, *_TENANTS, *_COLLECTIONS, *_RECORDS, *_FUNCTIONS)
