"""The answers to failures, by status: when they come, and an example of each."""

from __future__ import annotations

from cloud.api.openapi.shapes import Schema, ref

# status → name of the component, when it comes, `error`, an example of `message`
_FAILURES = {
    400: (
        "BadRequest",
        "The body is not JSON, or a rule of the request is broken; nothing has changed.",
        "InvalidArgumentError",
        "Collection expecting embedding with dimension of 384, got 383",
    ),
    401: (
        "Unauthenticated",
        "No key, or none that is known and valid.",
        "ChromaError",
        "Permission denied.",
    ),
    403: (
        "Forbidden",
        "The key may not do this, or not here.",
        "ChromaError",
        "Permission denied.",
    ),
    404: (
        "NotFound",
        "There is none, or it is somebody else's: the two look alike.",
        "NotFoundError",
        "Collection [articles] does not exist",
    ),
    409: ("Conflict", "The name is taken.", "ChromaError", "Collection [articles] already exists"),
    413: (
        "TooLarge",
        "The body is over the limit (40 MiB unless configured otherwise).",
        "ChromaError",
        "Failed to buffer the request body: length limit exceeded",
    ),
    415: (
        "UnsupportedMedia",
        "The Content-Type is given and is not JSON.",
        "ChromaError",
        "Expected request with `Content-Type: application/json`",
    ),
    422: (
        "Unprocessable",
        "The body is JSON of another shape, or over a quota of the plan: then `Quota exceeded` comes first.",
        "ChromaError",
        "Failed to deserialize the JSON body into the target type: ids: Expected `array`, got `str`",
    ),
    429: (
        "TooManyRequests",
        "More requests than the plan allows; `Retry-After` says when to try again.",
        "ChromaError",
        "Too many requests; backoff and try again",
    ),
    500: (
        "Internal",
        "A fault of the service; the trace id finds its cause in the log.",
        "InternalError",
        "Internal error. The trace id of this answer finds the cause in the server's log.",
    ),
    501: (
        "Unimplemented",
        "A part of the wire that this release does not serve.",
        "ChromaError",
        "This server does not implement the operation yet.",
    ),
    503: (
        "Unavailable",
        "A store of the service is away; the same request may succeed later.",
        "ChromaError",
        "A part of the service is away; try again.",
    ),
}
_TRACE = "chroma-trace-id"
_RETRY = "Retry-After"
BARE_TOO_LARGE = "TooLargeInBareWords"

HEADERS: dict[str, Schema] = {
    _TRACE: {
        "description": "Finds the request in the service's log.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    },
    _RETRY: {"description": "Seconds.", "schema": {"type": "integer", "minimum": 0}},
}


def responses() -> dict[str, Schema]:
    """The answers to failures, by the name of their component."""
    trace = {_TRACE: {"$ref": f"#/components/headers/{_TRACE}"}}
    described: dict[str, Schema] = {}
    for status, (name, description, error, message) in _FAILURES.items():
        headers = trace if status != 429 else trace | {_RETRY: {"$ref": f"#/components/headers/{_RETRY}"}}
        content = {"schema": ref("Error"), "example": {"error": error, "message": message}}
        described[name] = {
            "description": description,
            "headers": headers,
            "content": {"application/json": content},
        }
    described[BARE_TOO_LARGE] = {
        "description": f"{_FAILURES[413][1]} On this route the answer is not JSON.",
        "headers": trace,
        "content": {"text/plain": {"schema": {"const": "Payload too large"}}},
    }
    return described


def refer(status: int) -> Schema:
    """A reference to the answer of this status."""
    return {"$ref": f"#/components/responses/{_FAILURES[status][0]}"}
