"""A report as one HTML page that needs nothing else, and as JSON; what the templates of the page ask of Python.

Less known words of a table are explained below it. They stand in templates/terms.txt, one a line: the term, what it
means, and a pattern where it may stand in a table in another way than written there, all apart by ` :: `.

Not here: what a report says; that is composed by runs/run.py and the labs.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cache
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from recurra.artefact.writing import write_atomically
from recurra.errors import UsageError
from recurra.report.blocks import Align, Block, Comparison, Figure, Outcome, Table
from recurra.report.markup import anchor_of, checked_anchor, inline_mathml, inline_svg, prose, visible
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
_LINES = [
    line.split(" :: ") for line in (files("recurra.report") / "templates" / "terms.txt").read_text("utf-8").splitlines()
]
TERMS = {term: meaning for term, meaning, *_ in _LINES}
"""Lower-case terms are found in any case, abbreviations only as they stand."""


def _pattern(term: str, form: str) -> re.Pattern[str]:
    # MAE must not be found in "mae" of a key, but "Dropout" at a sentence's start is dropout.
    plain = term == term.lower()
    # A term stands by itself: `seed` is not found in `seeded`, nor in `re-seed`.
    return re.compile(rf"(?<![\w-]){form}(?![\w])", re.IGNORECASE if plain else 0)


PATTERNS = {term: _pattern(term, form[0] if form else re.escape(term)) for term, _, *form in _LINES}


@dataclass(frozen=True)
class Section:
    """A titled part of a report; `anchor` is its fragment identifier, made from the title when empty."""

    title: str
    blocks: tuple[Block, ...]
    anchor: str = ""

    @property
    def fragment(self) -> str:
        """What a link to the section ends with."""
        return checked_anchor(self.anchor) if self.anchor else anchor_of(self.title)


@dataclass(frozen=True)
class Report:
    """A whole report. `record` is the plain data it was made from, for the JSON."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    record: dict[str, Any] = field(default_factory=dict)
    heading: tuple[tuple[str, str], ...] = ()
    """The small table of a lab sheet's head (name, roll number, date, experiment); an empty value leaves a blank."""
    language: str = "en-GB"


def to_html(report: Report) -> str:
    """Return the page: no scripts, no outside references, the same bytes for the same report.

    Raises UsageError if a drawing or a formula is not fit to be inlined, or an anchor is malformed.
    """
    sections = dict(zip(_fragments(report.sections), report.sections, strict=True))
    # Fresh for each page: the numbers run through its sections, and the same report gives the same bytes.
    numbers = {"figure": count(1).__next__, "table": count(1).__next__}
    return _environment().get_template("page.html").render(report=report, sections=sections, count=numbers)


def _fragments(sections: tuple[Section, ...]) -> list[str]:
    """Return one fragment a section; a repeated one gets its position."""
    fragments: list[str] = []
    for position, section in enumerate(sections, start=1):
        # `content` is taken by the skip link's target; a second section of the same title gets its place after it.
        wish = section.fragment
        fragments.append(wish if wish not in ("content", *fragments) else f"{wish}-{position}")
    return fragments


class Column(NamedTuple):
    """How one column of a table is set; `align` is a style class, empty for the left."""

    name: str
    align: str = ""
    decimals: int | None = None


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
        # Only Markup is passed on: a label may be a text of NumPy, which is a str but not of its very type.
        finalize=lambda value: visible(value) if isinstance(value, str) and not hasattr(value, "__html__") else value,
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
        # Tags become line ends: a term must not be found across two cells that stand side by side.
        "terms": lambda table: explained(re.sub(r"<[^>]*>", "\n", table).splitlines()),
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


def explained(texts: Iterable[str]) -> list[tuple[str, str]]:
    """Return the terms that stand in the texts of a table, in alphabetical order, with what they mean."""
    # Searched as one text, cells apart by line ends: no term spans two of them.
    joined = "\n".join(texts)
    return [(term, TERMS[term]) for term in sorted(TERMS, key=str.casefold) if PATTERNS[term].search(joined)]


def to_json(report: Report) -> str:
    """Return the record and the blocks as JSON, keys sorted; drawings are left out, what is not finite is null."""
    sections = [
        {"title": section.title, "anchor": section.fragment, "blocks": [_block_data(block) for block in section.blocks]}
        for section in report.sections
    ]
    data = {
        "title": report.title,
        "subtitle": report.subtitle,
        "heading": report.heading,
        "sections": sections,
        "record": report.record,
    }
    return json.dumps(plain(data), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _block_data(block: Block) -> dict[str, Any]:
    data = asdict(block)
    # Drawings are left out: they are large, and what they show stands in the record as numbers.
    for figure in (data, *data.get("figures", ())) if not isinstance(block, Figure) else (data,):
        figure.pop("svg", None)
    return {"block": type(block).__name__, **data}


def plain(value: Any) -> Any:
    """Return a value as JSON knows it; arrays become lists, NaN and infinities None.

    Raises UsageError for what has no plain form.
    """
    # Arrays and scalars of NumPy, told by what they can do: this file does not import NumPy.
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, dict):
        return {visible(str(key)): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        # A lone surrogate, half of a character, is valid in Python and in no UTF-8 file.
        return value.encode("utf-8", "backslashreplace").decode()
    # After the floats, and bool among them: True is an int to Python, and stays true in JSON.
    if value is None or isinstance(value, bool | int):
        return value
    raise UsageError("record of a report", found=type(value).__name__, allowed="texts, numbers, lists and tables")


def save(report: Report, path_html: str | Path) -> tuple[Path, Path]:
    """Write the page and, beside it with the suffix .json, the data; return both paths.

    Each file appears whole or not at all; missing folders are made. Raises UsageError if the path is not that of an
    HTML file, RecurraError if it cannot be written.
    """
    page = Path(path_html)
    if page.suffix.lower() not in (".html", ".htm") or page.is_dir():
        raise UsageError("path of a report", found=str(page), allowed="a file name that ends in .html")
    data = page.with_suffix(".json")
    # Both texts are made before the first is written: a report that cannot be made leaves no page without its data.
    for path, text in {page: to_html(report), data: to_json(report)}.items():
        write_atomically(path, text)
    return page, data
