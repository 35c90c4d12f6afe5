"""An issued invoice against the ledger: rated once more with the terms that it was rated with. [pure]"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from tenants.billing import rating, terms
from tenants.billing.rating import Metered, Totals


class Issued(Protocol):
    """What of an invoice can be recomputed."""

    number: str
    tenant_id: UUID
    currency: str
    lines: list[dict[str, Any]]
    spans: list[dict[str, Any]]
    subtotal_nano: int
    credits_nano: int
    total_nano: int


def invoice_differences(invoice: Issued, totals: Totals, *, days_count: int) -> list[str]:
    """What of an invoice does not follow from the ledger, a sentence each; none: right to the unit."""
    spans = [terms.from_json(kept) for kept in invoice.spans]
    metered = [Metered(span, totals(invoice.tenant_id, since=span.since, until=span.until)) for span in spans]
    bill = rating.rate(metered, (), days_count=days_count)
    found = _line_differences(invoice.lines, [rating.as_json(line) for line in bill.lines])
    if invoice.currency != bill.currency:
        found.append(f"currency: invoiced {invoice.currency}, recounted {bill.currency}")
    if invoice.subtotal_nano != bill.subtotal_nano:
        found.append(f"subtotal: invoiced {invoice.subtotal_nano}, recounted {bill.subtotal_nano}")
    if invoice.total_nano != invoice.subtotal_nano - invoice.credits_nano:
        found.append(f"total: {invoice.total_nano} is not subtotal minus credits")
    return [f"{invoice.number}: {one}" for one in found]


def _line_differences(
    invoiced: Sequence[Mapping[str, Any]], recounted: Sequence[Mapping[str, Any]]
) -> list[str]:
    before, after = ({(one["meter"], one["since"]): one for one in many} for many in (invoiced, recounted))
    found = []
    for meter, since in sorted(before.keys() | after.keys()):
        old, new = before.get((meter, since), {}), after.get((meter, since), {})
        found += [
            f"{meter} from {since}: {name} invoiced {old.get(name)}, recounted {new.get(name)}"
            for name in sorted(old.keys() | new.keys())
            if old.get(name) != new.get(name)
        ]
    if len(before) != len(invoiced):
        found.append("lines: one stands twice")
    return found
