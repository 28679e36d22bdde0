"""What the templates of a page ask of Python: words made safe, numbers written, columns aligned, words explained.

Not here: what a page looks like (templates/), and text, drawings and formulas made safe (markup.py).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from recurra.errors import UsageError
from recurra.report.blocks import Align, Comparison, Outcome, Table
from recurra.report.glossary import explained
from recurra.report.markup import inline_mathml, inline_svg, prose, visible
from recurra.report.numbers import Shown, decimals_of, number

if TYPE_CHECKING:
    from jinja2 import Environment

CARDS = 3
"""Columns from which a phone shows a row as a card."""
WIDE_TABLE = 6
"""Columns from which a table is set closer."""
LONG_TABLE = 24
"""Rows from which a table may be broken over printed pages."""
STYLES: dict[Outcome, str] = {
    "agrees": "holds",
    "reached": "holds",
    "does not hold": "fails",
    "undecided": "undecided",
    "too little data to tell": "undecided",
}
"""The style class of each outcome, which chooses its sign too."""


class Column(NamedTuple):
    """How one column of a table is set; `align` is a style class, empty for the left."""

    name: str
    align: str = ""
    decimals: int | None = None


def filled(template: str, **names: Any) -> str:
    """Return a template of this package filled; `count.figure()` and `count.table()` give the next number."""
    # Fresh for each page: the numbers run through its sections, and the same report gives the same bytes.
    counters = {"figure": count(1).__next__, "table": count(1).__next__}
    return _environment().get_template(template).render(count=counters, **names)


@cache
def _environment() -> Environment:
    """Return Jinja with our filters. Raises UsageError where it is not installed: a page belongs to training."""
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
        from markupsafe import Markup, escape
    except ImportError:
        raise UsageError("a page needs jinja2", advice="pip install 'recurra[train]'") from None
    # Read as package data, so that templates are found in a wheel and in an installation for development alike.
    folder = files("recurra.report").joinpath("templates")
    environment = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        # What cannot be seen, such as a change of direction, is shown before it is escaped: no word can skip either.
        finalize=lambda value: visible(value) if type(value) is str else value,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    # Markup says that a text is HTML already: only what these functions have escaped or checked themselves.
    # `kind` names the macro of a block: a new kind of block is a record in blocks.py and a macro of its name.
    environment.filters |= {
        "prose": lambda text: Markup(prose(text)),
        "code": lambda text: escape(visible(text, keep="\n\t")),
        "drawing": lambda svg, prefix: Markup(inline_svg(svg, prefix)),
        "formula": lambda mathml: Markup(inline_mathml(mathml)),
        "kind": lambda block: type(block).__name__,
        "style": STYLES.__getitem__,
        "written": _written,
        "columns": _columns,
        "compared_columns": _compared_columns,
        "shape": _shape,
        "terms": _terms,
    }
    return environment


def _written(cell: Shown, decimals: int | None = None) -> str:
    """Write a cell; `decimals` are those that its column shares, and only floats have any."""
    if cell is None:
        return "–"
    # Whole numbers are counts: decimals that a column of floats shares would make 3 epochs to 3.00.
    return cell if isinstance(cell, str) else number(cell, decimals if isinstance(cell, float) else None)


def _columns(table: Table) -> list[Column]:
    """Return the columns of a table: numbers stand right and share their decimals."""
    # A table without rows still has columns, each of them empty.
    values: Sequence[Sequence[Shown]] = list(zip(*table.rows, strict=True)) or [()] * len(table.header)
    aligns: Sequence[Align] = table.align or ["right" if _numeric(column) else "left" for column in values]
    return [
        Column(name, "" if align == "left" else align, decimals_of(column))
        for name, align, column in zip(table.header, aligns, values, strict=True)
    ]


def _numeric(column: Sequence[Shown]) -> bool:
    return any(isinstance(cell, int | float) for cell in column) and not any(isinstance(cell, str) for cell in column)


def _compared_columns(block: Comparison) -> list[Column]:
    # A column of nothing would take room from the words that explain the rows.
    spread = [Column("spread", "right")] if any(row.spread for row in block.rows) else []
    return [
        Column(""),
        Column("recorded", "right"),
        Column("measured today", "right"),
        *spread,
        Column("verdict", "left"),
    ]


def _shape(columns: Sequence[Column], rows: int) -> str:
    """Return the style classes that a table's size asks for."""
    fits = {"cards": len(columns) >= CARDS, "wide": len(columns) >= WIDE_TABLE, "long": rows > LONG_TABLE}
    return " ".join(["table", *(name for name, is_so in fits.items() if is_so)])


def _terms(table: str) -> list[tuple[str, str]]:
    """Return the less known words of a table that was written, with what they mean."""
    # Tags become line ends: a term must not be found across two cells that stand side by side.
    return explained(re.sub(r"<[^>]*>", "\n", table).splitlines())
