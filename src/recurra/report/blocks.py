"""What a report is made of: paragraphs, tables, figures, verdicts, each a frozen record.

Not here: how they look (templates/) or what they are about (runs/run.py, the labs).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from recurra.errors import UsageError
from recurra.report.numbers import Shown

Align = Literal["left", "right", "centre"]
Outcome = Literal["agrees", "reached", "undecided", "does not hold", "too little data to tell"]
"""What a verdict may say; labs/verdicts.py tells when."""
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


@dataclass(frozen=True)
class Paragraph:
    """Running text; a part between two backquotes is set as code."""

    text: str


@dataclass(frozen=True)
class Points:
    """A list; `ordered` numbers it."""

    items: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True)
class Table:
    """Rows under a header. Columns of numbers stand right and share their decimals unless `align` says otherwise."""

    header: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]
    caption: str = ""
    align: tuple[Align, ...] = ()
    footer: tuple[Shown, ...] = ()
    """A closing row, such as the totals."""

    def __post_init__(self) -> None:
        """Check that every row is as wide as the header."""
        # A short row would shift its cells under other headings; on a phone each cell repeats its column's name.
        width = len(self.header)
        for row in (*self.rows, self.footer or self.header, self.align or self.header):
            if len(row) != width:
                raise UsageError("row of a table", found=f"{len(row)} cells", allowed=f"{width}, as in the header")


@dataclass(frozen=True)
class Facts:
    """Names and their values, such as settings."""

    pairs: tuple[tuple[str, Shown], ...]


@dataclass(frozen=True)
class Highlight:
    """One figure that matters: its value as text, what it is, and a word on it."""

    value: str
    label: str
    note: str = ""


@dataclass(frozen=True)
class Highlights:
    """The few figures a reader looks for first, side by side."""

    items: tuple[Highlight, ...]


@dataclass(frozen=True)
class Code:
    """Program text, commands or samples, set as they stand; long lines break at the margin."""

    text: str
    caption: str = ""


@dataclass(frozen=True)
class Strip:
    """Running text whose parts are marked: each with its strength, from -1 (against) over 0 (plain) to 1 (for)."""

    parts: tuple[tuple[str, float], ...]
    caption: str = ""


@dataclass(frozen=True)
class Equation:
    """A formula as the content of a MathML `math` element (see drawings/cells.py)."""

    mathml: str
    caption: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing as SVG text (see charts/ and drawings/); `description` is what a screen reader says of it."""

    svg: str
    caption: str
    description: str = ""


@dataclass(frozen=True)
class SideBySide:
    """Small figures that are read together."""

    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Verdict:
    """A claim, whether it holds, by what evidence, and by which rule that was decided."""

    claim: str
    outcome: Outcome
    evidence: str
    rule: str = ""

    def __post_init__(self) -> None:
        """Check the outcome, which a record read from a file may have wrong."""
        # The type alone does not help: records come from JSON, and an unknown word would have no sign on the page.
        if self.outcome not in OUTCOMES:
            raise UsageError("outcome", found=repr(self.outcome), allowed=", ".join(OUTCOMES))


@dataclass(frozen=True)
class Compared:
    """One line of a comparison: None as `recorded` where the record is silent, as `verdict` where none is due."""

    what: str
    recorded: Shown
    measured: Shown
    spread: str = ""
    verdict: Outcome | None = None
    note: str = ""


@dataclass(frozen=True)
class Comparison:
    """What a record states beside what is measured today."""

    rows: tuple[Compared, ...]
    caption: str = ""


Block = (
    Paragraph
    | Points
    | Table
    | Facts
    | Highlights
    | Code
    | Strip
    | Equation
    | Figure
    | SideBySide
    | Verdict
    | Comparison
)
