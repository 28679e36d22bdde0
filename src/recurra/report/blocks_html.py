"""Each block of a report as HTML, one function a block.

Not here: the page around them (page.py) and its look (page.css).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from recurra.report.blocks import (
    Align,
    Block,
    Code,
    Compared,
    Comparison,
    Equation,
    Facts,
    Figure,
    Highlights,
    Outcome,
    Paragraph,
    Points,
    SideBySide,
    Table,
    Verdict,
)
from recurra.report.foreign_markup import inline_mathml, inline_svg
from recurra.report.glossary import explained
from recurra.report.markup import escaped, prose
from recurra.report.numbers import NOT_RECORDED, Cell, decimals_of, number

MANY_LETTERS = 28
"""Letters from which a cell is set as prose, with room and with breaks wherever they must be."""
CARDS = 3
"""Columns from which a phone shows a row as a card."""
WIDE_TABLE = 6
"""Columns from which a table is set closer."""
LONG_TABLE = 24
"""Rows from which a table may be broken over printed pages."""

HOOK = '<path d="M6 12.6 L10.4 17 L18.4 8"/>'
CROSS = '<path d="M7.6 7.6 L16.4 16.4 M16.4 7.6 L7.6 16.4"/>'
QUESTION = '<path d="M9.1 9.6 A2.95 2.95 0 1 1 13.4 12.2 C12.4 12.8 12 13.3 12 14.2 M12 17.3 V17.4"/>'
MARKS: dict[Outcome, tuple[str, str]] = {
    "agrees": ("holds", HOOK),
    "reached": ("holds", HOOK),
    "does not hold": ("fails", CROSS),
    "undecided": ("undecided", QUESTION),
    "too little data to tell": ("undecided", QUESTION),
}
"""The style class and the sign inside the ring, for each outcome."""


class Numbering(NamedTuple):
    """What counts figures and tables through a page."""

    figures: Iterator[int]
    tables: Iterator[int]


def block_html(block: Block, numbering: Numbering) -> str:
    """Return a block as HTML; figures and captioned tables take the next number."""
    return WRITERS[type(block)](block, numbering)


def mark(outcome: Outcome) -> str:
    """Return the sign of an outcome as a small drawing that screen readers skip."""
    ring = '<circle cx="12" cy="12" r="10.6" stroke-width="1.6"/>'
    head = '<svg class="mark" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2.2" '
    return f'{head}stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">{ring}{MARKS[outcome][1]}</svg>'


def _paragraph(block: Paragraph, numbering: Numbering) -> str:
    return f"<p>{prose(block.text)}</p>"


def _points(block: Points, numbering: Numbering) -> str:
    tag = "ol" if block.ordered else "ul"
    return f"<{tag}>{''.join(f'<li>{prose(item)}</li>' for item in block.items)}</{tag}>"


def _caption(word: str, numbers: Iterator[int], text: str) -> str:
    return f"<b>{word} {next(numbers)}.</b> {prose(text)}"


def _framed(
    caption: str,
    header: Sequence[str],
    styles: Sequence[str],
    rows: Sequence[str],
    numbers: Iterator[int],
    foot: str = "",
) -> str:
    """Return a table under its caption."""
    words = f'<caption class="caption">{_caption("Table", numbers, caption)}</caption>' if caption else ""
    body = f"{_head(header, styles)}<tbody>{''.join(rows)}</tbody>{foot}"
    table = f"<table>{words}{body}</table>"
    return f'<div class="{_shape(len(header), len(rows))}">{table}{_glossary(table)}</div>'


def _glossary(table: str) -> str:
    """Return a line below a table that explains its less known words."""
    terms = explained(re.sub(r"<[^>]*>", "\n", table).splitlines())
    told = "; ".join(f"<b>{escaped(term)}</b>: {escaped(meaning)}" for term, meaning in terms)
    return f'<p class="glossary">{told}.</p>' if terms else ""


def _shape(columns: int, rows: int) -> str:
    """Return the style classes that a table's size asks for."""
    fits = {"cards": columns >= CARDS, "wide": columns >= WIDE_TABLE, "long": rows > LONG_TABLE}
    return " ".join(["table", *(name for name, is_so in fits.items() if is_so)])


def _alignments(block: Table) -> tuple[Align, ...]:
    """Return the alignment of each column: numbers stand right."""
    if block.align:
        return block.align
    columns = list(zip(*block.rows, strict=True)) or [()] * len(block.header)
    return tuple("right" if _numeric(column) else "left" for column in columns)


def _numeric(column: Sequence[Cell]) -> bool:
    return any(isinstance(cell, int | float) for cell in column) and not any(isinstance(cell, str) for cell in column)


def _cell(cell: Cell, decimals: int | None = None) -> str:
    if cell is None:
        return "–"
    return escaped(cell) if isinstance(cell, str) else number(cell, decimals if isinstance(cell, float) else None)


def _style(align: Align) -> str:
    return "" if align == "left" else f' class="{align}"'


def _row(cells: Sequence[str], styles: Sequence[str], header: Sequence[str]) -> str:
    """Return a row whose first cell heads it; a cell of many words gets room.

    Each cell repeats its column's name: on a phone a row is a card, and the table's head is not shown.
    """
    columns = [f' data-column="{escaped(name)}"' if name else "" for name in header]
    styles = [' class="prose"' if not s and len(c) > MANY_LETTERS else s for c, s in zip(cells, styles, strict=True)]
    first = f'<th scope="row"{styles[0]}{columns[0]}>{cells[0]}</th>'
    further = (
        f"<td{style}{column}>{cell}</td>" for cell, style, column in [*zip(cells, styles, columns, strict=True)][1:]
    )
    return f"<tr>{first}{''.join(further)}</tr>"


def _head(header: Sequence[str], styles: Sequence[str]) -> str:
    cells = (f'<th scope="col"{style}>{escaped(name)}</th>' for name, style in zip(header, styles, strict=True))
    return f"<thead><tr>{''.join(cells)}</tr></thead>"


def _table(block: Table, numbering: Numbering) -> str:
    styles = [_style(align) for align in _alignments(block)]
    decimals = [decimals_of(column) for column in zip(*block.rows, strict=True)] or [None] * len(styles)

    def written(row: Sequence[Cell]) -> str:
        return _row([_cell(cell, places) for cell, places in zip(row, decimals, strict=True)], styles, block.header)

    foot = f"<tfoot>{written(block.footer)}</tfoot>" if block.footer else ""
    return _framed(block.caption, block.header, styles, [*map(written, block.rows)], numbering.tables, foot)


def _facts(block: Facts, numbering: Numbering) -> str:
    pairs = (f"<div><dt>{escaped(name)}</dt><dd>{_cell(value)}</dd></div>" for name, value in block.pairs)
    return f'<dl class="facts">{"".join(pairs)}</dl>'


def _highlights(block: Highlights, numbering: Numbering) -> str:
    items = []
    for item in block.items:
        note = f'<dd class="note">{escaped(item.note)}</dd>' if item.note else ""
        items.append(f'<div><dt>{escaped(item.label)}</dt><dd class="value">{escaped(item.value)}</dd>{note}</div>')
    return f'<dl class="highlights">{"".join(items)}</dl>'


def _code(block: Code, numbering: Numbering) -> str:
    caption = f'<figcaption class="caption">{prose(block.caption)}</figcaption>' if block.caption else ""
    text = escaped(block.text, keep="\n\t")
    return f'<figure class="code"><pre>{text}</pre>{caption}</figure>'


def _equation(block: Equation, numbering: Numbering) -> str:
    caption = f'<figcaption class="caption">{prose(block.caption)}</figcaption>' if block.caption else ""
    return f'<figure class="formula">{inline_mathml(block.mathml)}{caption}</figure>'


def _figure(block: Figure, numbering: Numbering) -> str:
    count = next(numbering.figures)
    label = escaped(block.description or block.caption)
    drawing = f'<div class="drawing" role="img" aria-label="{label}">{inline_svg(block.svg, f"f{count}-")}</div>'
    caption = f"<b>Figure {count}.</b> {prose(block.caption)}"
    return f'<figure>{drawing}<figcaption class="caption">{caption}</figcaption></figure>'


def _side_by_side(block: SideBySide, numbering: Numbering) -> str:
    return f'<div class="pair">{"".join(_figure(figure, numbering) for figure in block.figures)}</div>'


def _verdict(block: Verdict, numbering: Numbering) -> str:
    words = (
        f'<p class="claim">{prose(block.claim)}</p><p class="outcome">{block.outcome.capitalize()}</p>'
        f'<p class="evidence">{prose(block.evidence)}</p>'
        + (f'<p class="rule">{prose(block.rule)}</p>' if block.rule else "")
    )
    return f'<div class="verdict {MARKS[block.outcome][0]}" role="note">{mark(block.outcome)}{words}</div>'


def _agreement(row: Compared) -> str:
    if row.verdict is None:
        return ""
    return f'<span class="agreement {MARKS[row.verdict][0]}">{mark(row.verdict)}{row.verdict}</span>'


def _comparison(block: Comparison, numbering: Numbering) -> str:
    """Return the comparison as a table; a column of spreads only where there are any."""
    spreads = any(row.spread for row in block.rows)
    header = ("", "recorded", "measured today", *(("spread",) if spreads else ()), "verdict")
    styles = ["", *[' class="right"'] * (len(header) - 2), ' class="left"']
    rows = []
    for row in block.rows:
        what = escaped(row.what) + (f'<span class="remark">{prose(row.note)}</span>' if row.note else "")
        recorded = f'<span class="silent">{NOT_RECORDED}</span>' if row.recorded is None else _cell(row.recorded)
        middle = [recorded, _cell(row.measured), *([escaped(row.spread)] if spreads else [])]
        rows.append(_row([what, *middle, _agreement(row)], styles, header))
    return _framed(block.caption, header, styles, rows, numbering.tables)


WRITERS: dict[type, Callable[[Any, Numbering], str]] = {
    Paragraph: _paragraph,
    Points: _points,
    Table: _table,
    Facts: _facts,
    Highlights: _highlights,
    Code: _code,
    Equation: _equation,
    Figure: _figure,
    SideBySide: _side_by_side,
    Verdict: _verdict,
    Comparison: _comparison,
}
