"""The root of all our errors, sorted by who must act.

    ServiceError
    ├── the caller must change the request
    │   ├── InvalidArgument      a rule is broken
    │   ├── Unprocessable        the shape of the body is wrong
    │   ├── Unauthenticated      no key, or not one of ours
    │   ├── PermissionDenied     a key without this verb or this place
    │   ├── NotFound             missing, or somebody else's: the two must not be told apart
    │   ├── AlreadyExists        the name is taken
    │   ├── QuotaExceeded        more than the plan allows
    │   ├── TooLarge             the body is over the limit
    │   └── UnsupportedMedia     the body is not JSON by its header
    ├── time will help
    │   ├── RateLimited          more in a minute, or more at once, than the plan allows
    │   ├── Conflict             somebody was faster; safe to retry
    │   └── Unavailable          a store is away; safe to retry
    └── we must act
        ├── Unimplemented        the wire has it, we do not have it yet
        └── Internal             a bug or lost data: logged in full, hidden from the caller

A class's docstring is its message unless one is given. No HTTP number lives here: `cloud/api/errors.py`
is the one place that turns a Code into an answer.
"""

from __future__ import annotations

from enum import Enum


class Code(Enum):
    """Why a request failed, in the words of the wire's internal codes."""

    INVALID_ARGUMENT = "invalid argument"
    UNPROCESSABLE = "unprocessable"
    UNAUTHENTICATED = "unauthenticated"
    PERMISSION_DENIED = "permission denied"
    NOT_FOUND = "not found"
    ALREADY_EXISTS = "already exists"
    QUOTA_EXCEEDED = "quota exceeded"
    TOO_LARGE = "payload too large"
    UNSUPPORTED_MEDIA = "unsupported media"
    RESOURCE_EXHAUSTED = "resource exhausted"
    ABORTED = "aborted"
    UNAVAILABLE = "unavailable"
    UNIMPLEMENTED = "unimplemented"
    INTERNAL = "internal"


class ServiceError(Exception):
    """Something went wrong."""

    code = Code.INTERNAL

    def __init__(self, message: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        super().__init__(self.message)


class InvalidArgument(ServiceError):
    """A rule of the request is broken."""

    code = Code.INVALID_ARGUMENT


class Unprocessable(ServiceError):
    """The body has the wrong shape."""

    code = Code.UNPROCESSABLE


class Unauthenticated(ServiceError):
    """Permission denied."""

    code = Code.UNAUTHENTICATED


class PermissionDenied(ServiceError):
    """Permission denied."""

    code = Code.PERMISSION_DENIED


class NotFound(ServiceError):
    """Not found."""

    code = Code.NOT_FOUND


class AlreadyExists(ServiceError):
    """The name is taken."""

    code = Code.ALREADY_EXISTS


class QuotaExceeded(ServiceError):
    """Quota exceeded."""

    code = Code.QUOTA_EXCEEDED


class TooLarge(ServiceError):
    """Failed to buffer the request body: length limit exceeded"""

    code = Code.TOO_LARGE


class UnsupportedMedia(ServiceError):
    """Expected request with `Content-Type: application/json`"""

    code = Code.UNSUPPORTED_MEDIA


class RateLimited(ServiceError):
    """Too many requests; backoff and try again"""

    code = Code.RESOURCE_EXHAUSTED

    def __init__(self, message: str | None = None, *, retry_after_seconds: int = 1) -> None:
        super().__init__(message)
        self.retry_after_seconds = retry_after_seconds


class Conflict(ServiceError):
    """Somebody else changed this at the same time; try again."""

    code = Code.ABORTED


class Unavailable(ServiceError):
    """A part of the service is away; try again."""

    code = Code.UNAVAILABLE


class Unimplemented(ServiceError):
    """This server does not implement the operation yet."""

    code = Code.UNIMPLEMENTED


class Internal(ServiceError):
    """Internal error."""

    code = Code.INTERNAL
