"""Files in and out: which addresses take one as a body and how long it may be, and the answer that is one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.conf import settings
from django.http import HttpRequest, StreamingHttpResponse

from tenants.quotas import Limits
from vectors.formats import named
from vectors.transfer import Transfer
from vectors.transfers import most_upload_bytes

_FORM_BYTES = 1024 * 1024  # what a multipart form has beside its file
_CONTROL = re.compile(
    r"/api/control/v1/tenants/[^/]+/databases/[^/]+/(collections/[^/]+/imports|transfers/[^/]+/content)\Z"
)
_PAGE = re.compile(r"/dashboard/t/[^/]+/databases/[^/]+/collections/[^/]+/imports/new\Z")
_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def most_bytes(request: HttpRequest) -> int | None:
    """How long a request's body may be when its address takes files; None for every other address.

    The view then asks who it is before it reads a byte. A form is parsed before that, but at the page.
    """
    if _PAGE.match(request.path):
        return int(settings.MAX_IMPORT_BYTES) + _FORM_BYTES
    is_form = request.META.get("CONTENT_TYPE", "").lower().startswith(_FORMS)
    return int(settings.MAX_IMPORT_BYTES) if not is_form and _CONTROL.match(request.path) else None


def most_file_bytes(limits: Limits) -> int:
    """How long a file may be: what the installation and the tenant's plan both allow."""
    return most_upload_bytes(limits, settings.MAX_IMPORT_BYTES)


class Body:
    """The body of a request as it comes in; one that breaks off ends there.

    size_bytes:  as it was announced; None when it comes in chunks
    """

    def __init__(self, request: HttpRequest) -> None:
        is_chunked = request.META.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
        self.size_bytes = None if is_chunked else int(request.META.get("CONTENT_LENGTH") or 0)
        self._source = request.META["wsgi.input"] if is_chunked else request

    def read(self, size: int, /) -> bytes:
        """At most so many bytes; none at the end."""
        try:
            return bytes(self._source.read(size))
        except OSError:
            return b""


def file_answer(transfer: Transfer, content: Iterator[bytes]) -> StreamingHttpResponse:
    """The file of an export, to be saved and never shown."""
    content_type = "application/gzip" if transfer.is_gzip else named.CONTENT_TYPES[transfer.format]
    response = StreamingHttpResponse(content, content_type=content_type)
    response["Content-Length"] = str(transfer.stored_bytes)
    response["Content-Disposition"] = f'attachment; filename="{transfer.file_name}"'
    return response
