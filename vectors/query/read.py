"""Running a read against a manifest that may be stale: check the version it saw, refresh, run again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import psycopg

from tenants.errors import Conflict, InvalidArgument, Unavailable
from vectors.errors import CollectionNotFound, StaleManifest
from vectors.segments.manifest import ManifestCache
from vectors.types import Manifest

T = TypeVar("T")
# Each retry follows a compaction that finished in between; several in a row mean something is wrong.
_MAX_ATTEMPTS = 8


def with_current(cache: ManifestCache, manifest: Manifest, run: Callable[[Manifest], T]) -> T:
    """`run` with the manifest, anew with a fresh one as long as it raises StaleManifest.

    A segment table that is gone means the same: its segment was merged away and dropped.

    Raises:  CollectionNotFound, Unavailable when a read takes longer than the service allows
    """
    for _ in range(_MAX_ATTEMPTS):
        try:
            return run(manifest)
        except (StaleManifest, psycopg.errors.UndefinedTable):
            manifest = cache.refresh(manifest)
        except psycopg.errors.QueryCanceled as error:
            raise Unavailable(
                "The read took longer than this server allows; narrow it and try again."
            ) from error
        except psycopg.errors.DataException as error:
            if manifest.dimension is None:  # read before the first write: read it anew and compare
                manifest = cache.refresh(manifest)
                continue
            raise InvalidArgument(str(error).splitlines()[0]) from error
        except psycopg.OperationalError as error:
            raise Unavailable("The database went away; try again.") from error
    raise Conflict("The collection's segments change too often right now; try again.")


def check_version(manifest: Manifest, version: int | None) -> None:
    """Compare with what a statement saw; None: it found no collection.

    Raises:  CollectionNotFound, StaleManifest
    """
    if version is None:
        raise CollectionNotFound.by_id(manifest.collection_id)
    if version != manifest.version:
        raise StaleManifest
