"""An invoice as PDF: the same bytes for the same invoice, whenever and wherever it is made."""

from __future__ import annotations

import io
import unicodedata
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, Paragraph, SimpleDocTemplate, Spacer, Table

from cloud.billing import wording
from cloud.billing.wording import Document
from tenants.models import Invoice

_MARGIN = 18 * mm
_INK, _QUIET, _RULE = colors.HexColor("#1a1d21"), colors.HexColor("#5b6470"), colors.HexColor("#d5d9de")
_TEXT = ParagraphStyle("text", fontName="Helvetica", fontSize=9, leading=12.5, textColor=_INK)
_SMALL = ParagraphStyle("small", parent=_TEXT, fontSize=7.5, leading=10, textColor=_QUIET)
_SMALL_RIGHT = ParagraphStyle("small right", parent=_SMALL, alignment=2)
_RIGHT = ParagraphStyle("right", parent=_TEXT, alignment=2)
_TITLE = ParagraphStyle("title", parent=_TEXT, fontName="Helvetica-Bold", fontSize=18, leading=24)
_LARGE = ParagraphStyle("large", parent=_RIGHT, fontName="Helvetica-Bold", fontSize=12, leading=17)
_WIDTHS = [40 * mm, 29 * mm, 38 * mm, 37 * mm, 30 * mm]


def render(invoice: Invoice) -> bytes:
    """The file."""
    target, it = io.BytesIO(), wording.document(invoice)

    def mark(canvas: Canvas, _: object) -> None:
        canvas.setFont("Helvetica", 7.5)
        canvas.setFillColor(_QUIET)
        canvas.drawRightString(
            A4[0] - _MARGIN, 10 * mm, f"Invoice {it.number}, page {canvas.getPageNumber()}"
        )

    made = SimpleDocTemplate(
        target,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=f"Invoice {it.number}",
        author="Tessera",
        invariant=1,  # no clock and no random id in the file
    )
    made.build(_story(it), onFirstPage=mark, onLaterPages=mark)
    return target.getvalue()


def _story(it: Document) -> list[Flowable]:
    state = "" if it.state == "issued" else f" ({it.state})"
    facts = f"Use of {it.month}<br/>Issued {it.issued}<br/>Amount due {it.payable}"
    payer = "<br/>".join(_shown(line) for line in it.billed_to)
    head = Table(
        [[Paragraph(payer, _TEXT), Paragraph(facts, _RIGHT)]], colWidths=[100 * mm, 74 * mm], style=_PLAIN
    )
    titles = ["", "Time", "Quantity", f"Price, {it.currency}", f"Cost, {it.currency}"]
    heading = [Paragraph(title, _SMALL if place < 2 else _SMALL_RIGHT) for place, title in enumerate(titles)]
    rows = [
        [Paragraph(_shown(row.meter), _TEXT), Paragraph(f"{row.since} to<br/>{row.until}", _SMALL)]
        + [Paragraph(_shown(cell), _RIGHT) for cell in (row.quantity, row.price, row.cost)]
        for row in it.rows
    ]
    totals = [[Paragraph(name, _TEXT), Paragraph(amount, _RIGHT)] for name, amount in it.totals]
    due = [Paragraph("<b>Amount due</b>", _TEXT), Paragraph(it.payable, _LARGE)]
    return [
        Paragraph(f"Invoice {it.number}{state}", _TITLE),
        Spacer(0, 5 * mm),
        head,
        Spacer(0, 9 * mm),
        Table([heading, *rows], colWidths=_WIDTHS, style=_RULED, repeatRows=1),
        Spacer(0, 5 * mm),
        Table([*totals, due], colWidths=[40 * mm, 50 * mm], style=_PLAIN, hAlign="RIGHT"),
        Spacer(0, 9 * mm),
        Paragraph(_shown(it.note), _SMALL),
    ]


_PLAIN = [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)]
_RULED = [*_PLAIN, ("LINEBELOW", (0, 0), (-1, -1), 0.5, _RULE)]


def _shown(text: str) -> str:
    """Text that the standard fonts can show: other letters without their accents, or as a question mark."""
    shown = "".join(_letter(letter) for letter in text)
    return escape(shown)


def _letter(letter: str) -> str:
    if _fits(letter):
        return letter
    plain = "".join(part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part))
    return plain if plain and _fits(plain) else "?"


def _fits(text: str) -> bool:
    try:
        text.encode("cp1252")
    except UnicodeEncodeError:
        return False
    return True
