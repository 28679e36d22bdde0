"""Numbers out of text cells, strictly: what Python or a spreadsheet would guess at is refused.

Not here: dates. Refused: `1_000`, digits of other scripts, `0x10`, `$5`, `5%`, infinity, and overflow; and, unless the
marks are named, `1,5`, `1.234,5` and `1,234.5`. Whole columns that leave no doubt are read at once, by the same rules.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.labels import stands_for_missing
from recurra.datasets.series import advice
from recurra.datasets.tables import RowBatch
from recurra.errors import DataError, Place, UsageError, either

LARGEST = 1e150
"""Largest absolute value: above it the squared error overflows."""
EXACT = 2**53
# Kinds of space and apostrophe that set thousands apart.
SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'"})
MARKS = {".": "a point", ",": "a comma", " ": "a space", "'": "an apostrophe", "_": "an underscore"}

# How numbers look that are refused, what to do, and which marks for thousands and decimals would read them.
_HINTS = (
    (r"[−‒–][0-9].*|\(\s*[0-9][0-9.,' ]*\)|[0-9][0-9.,' ]*-", "write a negative number with - before it", ("", "")),
    (r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?", "write it without thousands separators", (",", "")),
    (r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*", "write it with a decimal point", (".", ",")),
    (r"[+-]?[0-9]{1,3}(?:\.[0-9]{3}){2,}", "write it without thousands separators", (".", "")),
    (r"[+-]?[0-9]{1,3}(?:[ '][0-9]{3})+,[0-9]*", "write it with a decimal point", (" ", ",")),
    (r"[+-]?[0-9]{1,3}(?:[ '][0-9]{3})+(?:\.[0-9]*)?", "write it without thousands separators", (" ", "")),
    (r"[+-]?[0-9]*,[0-9]+", "write it with a decimal point", ("", ",")),
    (r"[+-]?[0-9_]+(?:\.[0-9]*)?", "write it without underscores", ("", "")),
    (r"0[xXoObB][0-9a-fA-F]+", "write it in decimal digits", ("", "")),
    (
        r"[+-]?(?:[^0-9a-zA-Z.,' +-]{1,3}|[a-zA-Z]{2,4})\.?\s*[+-]?[0-9][0-9.,' ]*"
        r"|[+-]?[0-9.,' ]*[0-9]\s*(?:[^0-9a-zA-Z.,' +-]{1,3}|[a-zA-Z]{2,4})",
        "write the bare number without its sign or unit",
        ("", ""),
    ),
)


@dataclass(frozen=True)
class NumberForm:
    """How a column writes its numbers: its decimal mark, the mark between thousands, its words for missing."""

    decimal: str = "."
    thousands: str = ""
    missing_words: Collection[str] = ()

    def __post_init__(self) -> None:
        """Raise UsageError for marks that are none, or that are one and the same."""
        if self.decimal not in (".", ","):
            raise UsageError(either("--decimal", "decimal"), found=repr(self.decimal), allowed="'.' or ','")
        # One mark for both would read 1,234 two ways.
        if self.thousands and (self.thousands not in MARKS or self.thousands == self.decimal):
            allowed = ", ".join(repr(mark) for mark in MARKS if mark != self.decimal)
            raise UsageError(either("--thousands", "thousands"), found=repr(self.thousands), allowed=allowed)

    def parse(self, text: str) -> float:
        """Return the number that a cell holds, NaN for a word for `missing`; raise ValueError with advice."""
        # Spreadsheets pad numbers with spaces that do not break.
        cell = text.strip(" \t\u00a0")
        plain = cell if self._pattern.fullmatch(cell) else self._plain(cell)
        if plain is not None:
            return self.known(float(plain))
        if stands_for_missing(cell, self.missing_words):
            return math.nan
        raise ValueError(_advice(cell.translate(SPACES)))

    def known(self, value: float) -> float:
        """Return a number, NaN where it stands for a missing one; raise ValueError where it is too large to square."""
        return math.nan if value in self.missing_numbers else checked_number(value)

    @cached_property
    def missing_numbers(self) -> frozenset[float]:
        """Numbers such as -999 among the words for missing."""
        # A word such as -999 is a number, too, and is then missing in whatever way it is written.
        plain = (word for word in self.missing_words if self._pattern.fullmatch(word) or self._plain(word))
        return frozenset(float(self._plain(word) or word) for word in plain)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        """Plain numbers with a decimal point; none where points are something else."""
        fraction = r"(?:\.[0-9]*)?" if self.decimal == "." else ""
        alone = r"|\.[0-9]+" if self.decimal == "." else ""
        return re.compile(rf"[+-]?(?:[0-9]+{fraction}{alone})(?:[eE][+-]?[0-9]+)?")

    @cached_property
    def marked(self) -> re.Pattern[str]:
        """Numbers with these marks, plain ones among them."""
        point, mark = re.escape(self.decimal), re.escape(self.thousands)
        whole = rf"[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+|[0-9]+" if mark else "[0-9]+"
        return re.compile(rf"[+-]?(?:(?:{whole})(?:{point}[0-9]*)?|{point}[0-9]+)(?:[eE][+-]?[0-9]+)?")

    def _plain(self, cell: str) -> str | None:
        """Write a cell with other marks plainly; None where it is no number with these marks."""
        if self.decimal == "." and not self.thousands:
            return None
        cell = cell.translate(SPACES)
        if not self.marked.fullmatch(cell):
            return None
        # First the marks between thousands: after the decimal comma has become a point they could be one.
        return cell.replace(self.thousands, "").replace(self.decimal, ".") if self.thousands else cell.replace(",", ".")


def _advice(cell: str) -> str:
    for pattern, mend, (thousands, decimal) in _HINTS:
        if re.fullmatch(pattern, cell):
            # Spaces and apostrophes are found by one pattern; the cell tells which it was.
            mark = "'" if thousands == " " and "'" in cell else thousands
            named = advice.marks(mark, decimal)
            if re.fullmatch(r"[+-]?[0-9]{1,3},[0-9]{3}", cell):
                named += f" (or {advice.marks('', ',')} if it is a decimal comma)"
            return f"{mend}, or name its marks: {named}" if named else mend
    if cell[:1].isdigit():
        return "write a plain number"
    if cell.casefold() in ("true", "false"):
        return "write a plain number: 0 and 1 where truth values are meant"
    word = cell if 0 < len(cell) <= 12 and cell.isprintable() else "WORD"
    return f"write a plain number; or, if it stands for a missing value, say so: {advice.missing_word(word)}"


class PointsBetweenThousands:
    """Watches the cells of a column: do its points set thousands apart?

    They may, where every cell is either a whole number of up to three digits, or has points before exactly three.
    """

    _WHOLE = re.compile(r"[+-]?[0-9]{1,3}")
    _GROUPED = re.compile(r"[+-]?[1-9][0-9]{0,2}\.[0-9]{3}")

    def __init__(self, *, possible: bool = True) -> None:
        self.possible = possible
        self.wholes = 0
        self.first: int | None = None
        """The first row whose cell has such a point."""

    def see(self, cells: Sequence[object], *, first: int, apart: int) -> None:
        """Take cells into account that stand in the row `first` and in every row so far `apart` behind it."""
        # Each distinct cell is looked at once, and counted as often as it comes.
        for cell, times in Counter(cells).items():
            if not isinstance(cell, str):
                continue
            word = cell.strip()
            if self._WHOLE.fullmatch(word):
                self.wholes += times
            elif self._GROUPED.fullmatch(word):
                # The place of the first such cell, should it have to be asked about.
                row = first + apart * cells.index(cell)
                self.first = row if self.first is None else min(self.first, row)
            elif not stands_for_missing(word):
                # One number of another form shows that points are decimal; nothing more needs to be watched.
                self.possible = False
                return

    def doubtful(self) -> bool:
        """Tell whether whole numbers stand beside numbers that may be thousands."""
        return self.possible and self.first is not None and self.wholes > 0


def checked_number(value: float) -> float:
    """Return the value; raise ValueError with advice when it is infinite or too large to square."""
    if abs(value) > LARGEST:
        raise ValueError(f"finite values up to {LARGEST:g} can be learnt from")
    return value


def cell_number(value: object, *, place: Callable[[], Place], column: str, form: NumberForm) -> float:
    """Return the number of a cell of any kind, NaN when it is missing; raise DataError with its place."""
    try:
        if value is None:
            return math.nan
        # Before int: in Python a truth value is one.
        if isinstance(value, bool):
            raise ValueError("write 0 and 1 if a truth value is meant as a number")
        if isinstance(value, str):
            return form.parse(value)
        if isinstance(value, (int, float)):
            return form.known(float(value))
        raise ValueError("write a plain number")
    except (ValueError, OverflowError) as problem:
        found = repr(value) if len(repr(value)) < 80 else repr(value)[:77] + "…"
        wrong = f"no usable number in column {column!r}"
        raise DataError(wrong, place=place(), found=found, advice=str(problem)) from None


_Numbers = NDArray[np.float64]

# What stands in numbers beside the decimal mark, and between them; float() takes no more of it than a cell may be.
_AROUND = b"0123456789+-eE \t;"


def column_numbers(batch: RowBatch, name: str, form: NumberForm) -> _Numbers | None:
    """Return the numbers (rows,) of a column, NaN where one is missing; None where cells must be asked one by one."""
    cells = batch.texts(name)
    values = _unwritten(batch.columns[name]) if cells is None else _written(cells, form)
    if values is None or (np.abs(values) > LARGEST).any():
        return None
    if form.missing_numbers:
        # Words for missing that are numbers: -999.
        values[np.isin(values, [*form.missing_numbers])] = np.nan
    return values


def check_usable(values: _Numbers, *, name: str, place: Callable[[int], Place]) -> None:
    """Raise DataError for the first number (rows,) that is infinite or too large to square; `name` is its column's."""
    bad = np.flatnonzero(np.abs(values) > LARGEST)
    if bad.size:
        raise DataError(
            "no usable number" + (f" in column {name!r}" if name else ""),
            place=place(int(bad[0])),
            found=str(values[bad[0]]),
            allowed=f"finite values up to {LARGEST:g}",
        )


def _unwritten(cells: Sequence[Any]) -> _Numbers | None:
    if not {*map(type, cells)} <= {float, int, type(None)}:
        return None
    try:
        # None becomes NaN here; whole numbers beyond float64 fail, and are asked one by one.
        return np.array(cells, dtype=np.float64)
    except OverflowError:
        return None


def _written(cells: Sequence[str], form: NumberForm) -> _Numbers | None:
    values = _floats(cells, form)
    if values is not None:
        return values
    # A column has few distinct words, so each is asked once.
    words = {cell for cell in {*cells} if stands_for_missing(cell, form.missing_words)}
    known = [cell for cell in cells if cell not in words]
    some = _floats(known, form) if words else None
    if some is None:
        return None
    values = np.full(len(cells), np.nan)
    values[np.fromiter((cell not in words for cell in cells), np.bool_, len(cells))] = some
    return values


def _floats(cells: Sequence[str], form: NumberForm) -> _Numbers | None:
    plain = _plain(cells, form)
    try:
        # float() takes more than a cell may be (1_000, inf); `_plain` has let nothing of that through.
        return None if plain is None else np.fromiter(map(float, plain), np.float64, len(cells))
    except ValueError:
        return None


def _plain(cells: Sequence[str], form: NumberForm) -> Sequence[str] | None:
    """Write numbers with a decimal point and no other mark; None where they hold what no number holds."""
    # One text for all cells: a single pass tells whether they hold anything but numbers.
    text = ";".join(cells)
    if not text.isascii():
        return None
    if form.thousands:
        if not re.fullmatch(rf"(?:[ \t]*{form.marked.pattern}[ \t]*(?:;|\Z))*+", text):
            return None
    elif text.encode().translate(None, _AROUND + form.decimal.encode()):
        return None
    elif form.decimal == ".":
        return cells
    bare = text.replace(form.thousands, "") if form.thousands else text
    plain = bare.replace(form.decimal, ".").split(";")
    return plain if len(plain) == len(cells) else None
