"""Rows that can be in the recycle bin: deleted ones stay a while, and only who asks for them finds them."""

from __future__ import annotations

from typing import TypeVar

from django.db import models

M = TypeVar("M", bound=models.Model)


class Living(models.Manager[M]):
    """Finds what is not deleted."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Without the recycle bin."""
        return super().get_queryset().filter(deleted_at=None)


class Recyclable(models.Model):
    """A row that goes to the recycle bin before it goes for good.

    `objects` finds what is living, `everything` what is in the bin too.

    purge_at:    until when it can be restored; fixed when it was deleted, from the tenant's plan
    deleted_by:  as people read it
    """

    deleted_at = models.DateTimeField(null=True, editable=False)
    purge_at = models.DateTimeField(null=True, editable=False)
    deleted_by = models.CharField(max_length=254, blank=True, default="", editable=False)

    class Meta:
        abstract = True
