"""Objects in a bucket of S3, or of a store that speaks it. Credentials come the way that boto3 finds them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tenants.errors import NotFound, Unavailable
from vectors.objects import CHUNK_BYTES, Place, check_key

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import ObjectIdentifierTypeDef

_MISSING = {"NoSuchKey", "404", "NotFound", "InvalidRange"}
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"max_attempts": 4, "mode": "standard"},
    # Only where the service requires it: stores beside Amazon's refuse checksums that they do not know.
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)


class Bucket:
    """A store in a bucket; S3 shows an object only when all of it has arrived."""

    def __init__(self, place: Place) -> None:
        self._bucket = place.bucket
        self._prefix = f"{place.prefix.strip('/')}/" if place.prefix.strip("/") else ""
        self._client = boto3.client(
            "s3",
            endpoint_url=place.endpoint_url or None,
            region_name=place.region or None,
            config=_CONFIG,
        )

    def write(self, key: str, content: bytes) -> None:
        """Keep an object."""
        with _told():
            self._client.put_object(Bucket=self._bucket, Key=self._key(key), Body=content)

    def read(self, key: str, from_byte: int = 0) -> Iterator[bytes]:
        """The object's bytes from this one on."""
        with _told():
            found = self._client.get_object(
                Bucket=self._bucket, Key=self._key(key), Range=f"bytes={from_byte}-"
            )
            yield from found["Body"].iter_chunks(CHUNK_BYTES)

    def size_bytes(self, key: str) -> int:
        """How long an object is."""
        with _told():
            found = self._client.head_object(Bucket=self._bucket, Key=self._key(key))
        return found["ContentLength"]

    def delete_all(self, prefix: str) -> int:
        """Delete every object below a prefix."""
        count = 0
        with _told():
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=f"{self._key(prefix)}/"
            )
            for page in pages:
                found: list[ObjectIdentifierTypeDef] = [
                    {"Key": one["Key"]} for one in page.get("Contents", [])
                ]
                if found:
                    self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": found, "Quiet": True})
                count += len(found)
        return count

    def _key(self, key: str) -> str:
        return self._prefix + check_key(key)


@contextmanager
def _told() -> Iterator[None]:
    """The store's failures as ours; what it says may name the bucket, so only the kind is told."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in _MISSING:
            raise NotFound("The file is not in the object store any more.") from error
        raise Unavailable(f"The object store refused ({code}); try again.") from error
    except BotoCoreError as error:
        raise Unavailable(
            f"The object store cannot be reached ({type(error).__name__}); try again."
        ) from error
