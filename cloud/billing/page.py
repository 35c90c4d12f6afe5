"""An invoice as one page of HTML that needs nothing else and prints well."""

from __future__ import annotations

from django.template.loader import render_to_string

from cloud.billing import wording
from tenants.models import Invoice


def render(invoice: Invoice) -> bytes:
    """The page."""
    return render_to_string("billing/invoice.html", {"it": wording.document(invoice)}).encode()
