"""What pages show of imports and exports: words and figures made from their state. [pure]"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from cloud.dashboard import shown
from vectors.transfer import Transfer

# The badge's look and its word, by state.
_STATES = {
    "uploading": ("running", "Uploading"),
    "queued": ("queued", "Waiting"),
    "running": ("running", "Running"),
    "done": ("done", "Done"),
    "parked": ("parked", "Failed"),
    "stopped": ("parked", "Stopped"),
    "cancelled": ("", "Cancelled"),
}
_SENTENCES = {
    "uploading": "The file is on its way. What has arrived stays; choose the same file again to go on.",
    "queued": "Waiting for a worker: imports and exports take turns.",
    "parked": "It failed several times. Nothing is lost: it goes on at its place when you resume it.",
    "stopped": "A rule does not let it go on. Change what the reason names, then resume it at its place.",
    "cancelled": "It was cancelled. What was written stays; it goes on at its place when you resume it.",
}


@dataclass(frozen=True)
class TransferFacts:
    """An import or an export on a page.

    percent:     None while nobody knows
    is_uploading: the person's own browser has to go on
    """

    transfer: Transfer
    noun: str
    look: str
    label: str
    percent: int | None
    sentence: str
    speed: str
    left: str

    @property
    def is_settled(self) -> bool:
        """Whether nothing changes by itself."""
        return self.transfer.is_settled

    @property
    def may_cancel(self) -> bool:
        """Whether there is something to cancel."""
        return self.transfer.state in ("uploading", "queued", "running", "parked", "stopped")

    @property
    def may_resume(self) -> bool:
        """Whether it can go on at its place."""
        return self.transfer.state in ("parked", "stopped", "cancelled") and self.transfer.is_stored

    @property
    def may_restart(self) -> bool:
        """Whether it can begin anew."""
        one = self.transfer
        is_there = one.kind == "export" or (one.is_stored and one.size_bytes == one.stored_bytes)
        return is_there and one.state in ("done", "parked", "stopped", "cancelled")

    @property
    def may_download(self) -> bool:
        """Whether there is a file."""
        return self.transfer.kind == "export" and self.transfer.state == "done" and self.transfer.is_stored

    @classmethod
    def of(cls, transfer: Transfer) -> Self:
        """The facts as texts."""
        look, label = _STATES[transfer.state]
        if transfer.state == "done" and transfer.rows_failed:
            look, label = "warn", "Done with errors"
        ratio, left = transfer.done_ratio, transfer.left_seconds
        return cls(
            transfer=transfer,
            noun="Import" if transfer.kind == "import" else "Export",
            look=look,
            label=label,
            percent=None if ratio is None else min(100, int(ratio * 100)),  # rounded down: 100 % means all
            sentence=_sentence(transfer),
            speed=f"{transfer.rows_per_second:,.0f} rows/s" if transfer.rows_per_second else "–",
            left="–" if left is None else duration(left),
        )


def _sentence(transfer: Transfer) -> str:
    if transfer.state == "running":
        return (
            "Reading records."
            if transfer.kind == "export"
            else "Writing records; they can be searched at once."
        )
    if transfer.state != "done":
        return _SENTENCES[transfer.state]
    if transfer.kind == "import":
        return "Every row was read." if not transfer.rows_failed else "The rows below could not be imported."
    if not transfer.is_stored:
        return "The file is kept no longer. Restart the export to make a new one."
    if transfer.is_exact:
        return f"Nothing was written meanwhile: this is the collection at log offset {transfer.log_to:,}."
    return (
        "Records were written meanwhile. Each record that was there all the time is in the file once, as it "
        "was at some moment of the export; records added since its beginning are not."
    )


def duration(seconds: float) -> str:
    """How long something takes, in one or two units."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{max(1, rest)} s"


def size(transfer: Transfer) -> str:
    """How long the file is, as far as it is known."""
    bytes_count = transfer.size_bytes or transfer.stored_bytes
    return shown.in_bytes(bytes_count) if bytes_count else "–"
