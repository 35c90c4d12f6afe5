"""Bytes of the wire to values and back: bounded bodies, float32 without lists of floats, JSON as it is.

Embeddings come as base64 of little-endian float32, or as numbers. Either becomes one (n, d) array whose
bytes go to PostgreSQL as they are. Stored metadata is embedded into answers as the JSON text that it is.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import Any, TypeVar, cast

import msgspec
import numpy as np
import numpy.typing as npt
import orjson
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from cloud.api import shapes
from tenants.errors import InvalidArgument, TooLarge, Unimplemented, Unprocessable, UnsupportedMedia
from vectors.query import rank
from vectors.query.rank import Rank
from vectors.types import Float32Matrix
from vectors.where import InvalidFilter, Where, parse

T = TypeVar("T")
# JSON as Python objects takes up to 25 times its length, so one body above the first bound is worked on at a
# time, and a filter has a bound of its own: a filter of the largest plan is a fraction of it.
_LARGE_BODY_BYTES = 4 * 1024 * 1024
_MAX_FILTER_BYTES = 1024 * 1024
# Five searches of the most dimensions that there are, in digits, are half of it.
_MAX_RANK_BYTES = 4 * 1024 * 1024
_one_large_body = Lock()
_decoders: dict[type, msgspec.json.Decoder[Any]] = {}
_UNPARSED = "Failed to parse the request body as JSON: "
# wire: a number that no float can hold is a matter of syntax
_OUT_OF_RANGE = "Number out of range"
_OBJECT_IN_METADATA = re.compile(r"got `object` - at `\$\.metadatas\[[.\d]+\]\[\.\.\.\]`")


def read_body(request: HttpRequest) -> bytes:
    """The body, if it is JSON by its header and within the limit.

    Raises:  UnsupportedMedia, TooLarge before anything over the limit is kept
    """
    content_type = request.META.get("CONTENT_TYPE", "")
    kind = content_type.partition(";")[0].strip().lower()
    if (
        kind
        and kind != "application/json"
        and not (kind.startswith("application/") and kind.endswith("+json"))
    ):
        raise UnsupportedMedia
    limit = settings.MAX_BODY_BYTES
    if request.META.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked":
        body = cast("bytes", request.META["wsgi.input"].read(limit + 1))
        if len(body) > limit:
            raise TooLarge
        return body
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        raise TooLarge
    return request.body


def room_for(body: bytes) -> AbstractContextManager[object]:
    """Hold this while a body is decoded and worked on; large ones wait for each other, in each process."""
    return _one_large_body if len(body) > _LARGE_BODY_BYTES else nullcontext()


def read_filter(where: msgspec.Raw, where_document: msgspec.Raw) -> Where | None:
    """Both filters of a body as one tree; None when neither is given.

    Raises:  InvalidArgument, also for a filter longer than any plan's quotas allow
    """
    return parse(_filter(where, "where"), _filter(where_document, "where_document"))


def read_search_filter(text: msgspec.Raw, path: str) -> Where | None:
    """The filter of a search: an empty object asks nothing.

    path:    where it stands in the body, for messages
    Raises:  Unprocessable for what is no filter, which is a matter of the body's shape here; InvalidArgument
    Source:  contract, section 16.3
    """
    value = _filter(text, "where", path)
    if value == {}:
        return None
    try:
        return parse(value, None)
    except InvalidFilter as error:
        raise Unprocessable(f"{shapes.PREFIX}{path}: {error.message}") from error


def read_rank(text: msgspec.Raw, path: str) -> Rank | None:
    """A rank expression; None for null.

    Raises:  InvalidArgument, also for one longer than any that makes sense; Unprocessable
    """
    if len(memoryview(text)) > _MAX_RANK_BYTES:
        raise InvalidArgument(f"Validation error: {path}: longer than {_MAX_RANK_BYTES} bytes")
    return rank.parse(_decoded(text, path), path)


def _filter(text: msgspec.Raw, member: str, path: str = "") -> object:
    if len(memoryview(text)) > _MAX_FILTER_BYTES:
        title = member.replace("_", " ")
        raise InvalidArgument(f"Invalid {title} clause: longer than {_MAX_FILTER_BYTES} bytes")
    return _decoded(text, path or member)


def _decoded(text: msgspec.Raw, path: str) -> object:
    try:
        return msgspec.json.decode(text)
    except msgspec.ValidationError as error:  # of a number out of range
        raise InvalidArgument(f"{_UNPARSED}{path}: {error}") from error


def decode(kind: type[T], body: bytes) -> T:
    """The body as a value of this shape.

    Raises:  InvalidArgument for text that is not JSON, Unprocessable with the path for another shape
    """
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        if not body.isascii():
            body.decode()  # the decoder does not look into members that it skips
        return cast("T", decoder.decode(body))
    except msgspec.ValidationError as error:
        if str(error).startswith(_OUT_OF_RANGE):
            raise InvalidArgument(f"{_UNPARSED}{error}") from error
        if _OBJECT_IN_METADATA.search(str(error)) and _has_sparse_vector(body):
            raise Unimplemented("Sparse vectors in metadata are not supported yet") from error
        raise Unprocessable(shapes.complaint(kind, body, error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidArgument(f"{_UNPARSED}{error}") from error


class _Metadatas(msgspec.Struct):
    metadatas: list[Any]


def _has_sparse_vector(body: bytes) -> bool:
    """Whether the first object in a body's metadata looks like a sparse vector."""
    for metadata in msgspec.json.decode(body, type=_Metadatas).metadatas:
        for value in metadata.values() if isinstance(metadata, dict) else ():
            if isinstance(value, dict):
                return value.get("#type") == "sparse_vector" or {"indices", "values"} <= value.keys()
    return False


def read_embeddings(
    given: Sequence[str | Sequence[float] | None],
) -> tuple[Float32Matrix, npt.NDArray[np.bool_] | None]:
    """The embeddings of a write, and which records have one (None: all).

    Shapes:  (number present, d) float32
    Raises:  InvalidArgument for bad base64, Unprocessable for a mix of the two forms, and when lengths differ
    """
    has = None
    if None in given:
        has = np.array([one is not None for one in given], dtype=bool)
        given = [one for one in given if one is not None]
    if not given:
        return np.zeros((0, 0), dtype=np.float32), has
    are_texts = isinstance(given[0], str)
    if any(isinstance(one, str) is not are_texts for one in given):
        raise Unprocessable(
            "Failed to deserialize the JSON body into the target type: embeddings: expected one form, "
            "numbers or base64, for all",
        )
    if are_texts:
        return _from_base64(cast("Sequence[str]", given)), has
    return from_numbers(cast("Sequence[Sequence[float]]", given)), has


def _from_base64(texts: Sequence[str]) -> Float32Matrix:
    try:
        payloads = [binascii.a2b_base64(text, strict_mode=True) for text in texts]
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument(f"Invalid base64 string: {error}") from error
    sizes = set(map(len, payloads))
    if any(size % 4 for size in sizes):
        raise InvalidArgument("Invalid base64 string: expected a multiple of 4 bytes")
    _check_one_length(sizes)
    return np.frombuffer(b"".join(payloads), dtype="<f4").reshape(len(texts), -1)


def from_numbers(rows: Sequence[Sequence[float]]) -> Float32Matrix:
    """Rows of numbers as float32; a number past its range becomes infinite and is refused by validation.

    Raises:  InvalidArgument when lengths differ
    """
    _check_one_length(set(map(len, rows)))
    with np.errstate(over="ignore"):
        return np.array(rows, dtype=np.float64).astype(np.float32).reshape(len(rows), -1)


def _check_one_length(sizes: set[int]) -> None:
    if 0 in sizes:
        raise InvalidArgument("Validation error: embeddings: Each embedding must have at least 1 dimension")
    if len(sizes) > 1:
        raise InvalidArgument("Inconsistent dimensions in provided embeddings")


def fragments(texts: Sequence[str | None] | None) -> list[orjson.Fragment | None] | None:
    """Stored JSON texts as parts of an answer, without the reserved keys (contract, section 11.2)."""
    if texts is None:
        return None
    return [None if text is None else _fragment(text) for text in texts]


def _fragment(text: str) -> orjson.Fragment | None:
    if '"chroma:' not in text:
        return orjson.Fragment(text)
    kept = {
        key: orjson.Fragment(bytes(value))
        for key, value in msgspec.json.decode(text, type=dict[str, msgspec.Raw]).items()
        if not key.startswith("chroma:")
    }
    return orjson.Fragment(orjson.dumps(kept)) if kept else None


def answer(value: object, status: int = 200) -> HttpResponse:
    """A value as JSON; float32 arrays in the shortest form that reads back the same."""
    content = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
    return HttpResponse(content, status=status, content_type="application/json")
