"""A body and an answer by operation: the ones a reader tries first."""

from __future__ import annotations

from typing import Any

_COLLECTION_ID = "0b1e4c7a-2f7d-4d7e-9f5c-3a8e5d1c6b20"
_FORK_ID = "7d0a5f36-61c4-4a6e-8a43-0c1f6f2b9e11"
_HNSW = {
    "space": "cosine",
    "ef_construction": 100,
    "ef_search": 100,
    "max_neighbors": 16,
    "resize_factor": 1.2,
    "sync_threshold": 1000,
}
_ON, _OFF = {"enabled": True, "config": {}}, {"enabled": False, "config": {}}
_COLLECTION: dict[str, Any] = {
    "id": _COLLECTION_ID,
    "name": "articles",
    "configuration_json": {"hnsw": _HNSW, "spann": None, "embedding_function": None},
    "schema": {
        "defaults": {
            "string": {"fts_index": _OFF, "string_inverted_index": _ON},
            "int": {"int_inverted_index": _ON},
        },
        "keys": {"#document": {"string": {"fts_index": _ON, "string_inverted_index": _OFF}}},
    },
    "metadata": {"source": "press"},
    "dimension": 3,
    "tenant": "acme",
    "database": "main",
    "log_position": 0,
    "version": 0,
}
_WRITE: dict[str, Any] = {
    "ids": ["a1", "a2"],
    "embeddings": [[0.1, 0.2, 0.3], [0.9, 0.1, 0.0]],
    "documents": ["A first article", "A second one"],
    "metadatas": [{"year": 2024, "tag": "news"}, None],
}

BODIES: dict[str, Any] = {
    "create_tenant": {"name": "acme"},
    "update_tenant": {"resource_name": "acme-inc"},
    "create_database": {"name": "archive"},
    "create_collection": {
        "name": "articles",
        "metadata": {"source": "press"},
        "configuration": {"hnsw": {"space": "cosine"}},
        "get_or_create": True,
    },
    "update_collection": {
        "new_metadata": {"source": "web"},
        "new_configuration": {"hnsw": {"ef_search": 200}},
    },
    "fork_collection": {"new_name": "articles-experiment"},
    "collection_add": _WRITE,
    "collection_update": {"ids": ["a1"], "metadatas": [{"year": 2025, "tag": None}]},
    "collection_upsert": {"ids": ["a3"], "embeddings": ["zczMPc3MTD6amZk+"], "documents": ["A third"]},
    "collection_delete": {"where": {"year": {"$lt": 2020}}, "limit": 100},
    "collection_get": {
        "where": {"$and": [{"year": {"$gte": 2024}}, {"tag": {"$in": ["news"]}}]},
        "limit": 10,
    },
    "collection_query": {
        "query_embeddings": [[0.1, 0.2, 0.3]],
        "n_results": 2,
        "where_document": {"$contains": "article"},
        "include": ["documents", "distances"],
    },
    "collection_search": {
        "searches": [
            {
                "filter": {"year": {"$gte": 2020}},
                "rank": {"$knn": {"query": [0.1, 0.2, 0.3], "limit": 50}},
                "group_by": {"keys": ["tag"], "aggregate": {"$min_k": {"keys": ["#score"], "k": 1}}},
                "limit": {"limit": 2},
                "select": {"keys": ["#document", "#score", "tag"]},
            }
        ]
    },
}
ANSWERS: dict[str, Any] = {
    "root": {"nanosecond heartbeat": 1735689600000000000},
    "heartbeat": {"nanosecond heartbeat": 1735689600000000000},
    "healthcheck": {"is_executor_ready": True, "is_log_client_ready": True},
    "version": "1.0.0",
    "pre_flight_checks": {"max_batch_size": 300, "supports_base64_encoding": True},
    "reset": True,
    "get_user_identity": {
        "user_id": "5f0c1c0e-7a4e-4b0f-8f4b-0d7d1c1c2f3a",
        "tenant": "acme",
        "databases": ["main"],
    },
    "create_tenant": {},
    "get_tenant": {"name": "acme", "resource_name": None},
    "list_databases": [{"id": "c0b7a6c2-52b0-4a53-8f0a-6a1d6f0a8e11", "name": "main", "tenant": "acme"}],
    "update_tenant": {},
    "create_database": {},
    "get_database": {"id": "c0b7a6c2-52b0-4a53-8f0a-6a1d6f0a8e11", "name": "main", "tenant": "acme"},
    "delete_database": {},
    "list_collections": [_COLLECTION],
    "create_collection": _COLLECTION,
    "count_collections": 1,
    "get_collection_by_id": _COLLECTION,
    "get_collection_by_crn": _COLLECTION,
    "get_collection": _COLLECTION,
    "update_collection": {},
    "delete_collection": {},
    "fork_collection": {**_COLLECTION, "id": _FORK_ID, "name": "articles-experiment"},
    "fork_count": {"count": 1},
    "collection_add": {},
    "collection_update": {},
    "collection_upsert": {},
    "collection_delete": {"deleted": 2},
    "collection_get": {
        "ids": ["a1"],
        "embeddings": None,
        "documents": ["A first article"],
        "uris": None,
        "metadatas": [{"year": 2024, "tag": "news"}],
        "include": ["documents", "metadatas"],
    },
    "collection_query": {
        "ids": [["a1", "a2"]],
        "embeddings": None,
        "documents": [["A first article", "A second one"]],
        "uris": None,
        "metadatas": None,
        "distances": [[0.0, 0.74]],
        "include": ["documents", "distances"],
    },
    "collection_search": {
        "ids": [["a1", "a2"]],
        "documents": [["A first article", "A second one"]],
        "embeddings": [None],
        "metadatas": [[{"tag": "news"}, None]],
        "scores": [[0.0, 0.74]],
        "select": [["#document", "#score", "tag"]],
    },
    "collection_count": 2,
    "indexing_status": {
        "op_indexing_progress": 1.0,
        "num_unindexed_ops": 0,
        "num_indexed_ops": 12,
        "total_ops": 12,
    },
}
