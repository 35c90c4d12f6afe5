"""What can go wrong with collections and records, in the wire's words (contract, section 2.6)."""

from __future__ import annotations

from uuid import UUID

from tenants.errors import InvalidArgument, NotFound, PermissionDenied


class CollectionNotFound(NotFound):
    """No such collection, or not one of the caller's."""

    @classmethod
    def by_id(cls, collection_id: UUID) -> CollectionNotFound:
        """The text for a lookup by id, with its full stop."""
        return cls(f"Collection [{collection_id}] does not exist.")

    @classmethod
    def by_name(cls, name: str) -> CollectionNotFound:
        """The text for a lookup by name."""
        return cls(f"Collection [{name}] does not exist")


class DimensionMismatch(InvalidArgument):
    """The embeddings do not have the collection's dimension."""

    def __init__(self, expected: int, got: int) -> None:
        super().__init__(f"Collection expecting embedding with dimension of {expected}, got {got}")


class OutsideForcedFilter(PermissionDenied):
    """A key with a forced filter would overwrite a record outside it, or leave one behind."""

    def __init__(self, record_id: str, *, is_known: bool) -> None:
        """is_known: the record is there and does not pass; otherwise it would not pass once written."""
        why = "is outside this key's filter" if is_known else "would not pass this key's filter"
        super().__init__(f"Permission denied. The record with id {record_id!r} {why}; nothing was written.")


class StaleManifest(Exception):
    """The manifest that a statement was written for is no longer the collection's: read it and try again."""
