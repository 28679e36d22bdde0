"""What a cell says, whatever its column: nothing at all, or one of the distinct texts of its column.

Not here: numbers and times (series/). Databases, spreadsheets and pandas each write a word of their own where a value
is missing; read as a label it becomes a class that nobody meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

LIBRARIES = frozenset({"na", "nan", "-nan", "nat", "none", "nil", "<na>", "n.a."})
SHEETS = frozenset({"#n/a", "#n/a n/a", "#na", "n/a", "null", "(null)", "<null>", "[null]", "\\n"})
ERRORS = frozenset(
    {"#null!", "#value!", "#ref!", "#div/0!", "#name?", "#num!", "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan"}
)
"""What spreadsheets and C libraries write where a formula has no result."""
SIGNS = frozenset({"", "-", "--", "–", "—", "?"})
WORDS = LIBRARIES | SHEETS | ERRORS | SIGNS
"""In small letters: what pandas, R, SQL (`\\N`) and spreadsheets write, and what people type."""
LONGEST = max(map(len, WORDS))


def stands_for_missing(cell: str, more: Collection[str] = ()) -> bool:
    """Tell whether a cell is blank, one of `WORDS` in any case, or one of `more` as it is written."""
    word = cell.strip()
    return (len(word) <= LONGEST and word.casefold() in WORDS) or word in more


def is_missing(value: object, *, as_written: bool = False) -> bool:
    """Tell whether a value of any type is none: None, NaN, pandas' NA and NaT, a text that stands for missing.

    `as_written` takes words for what they say, since a class may be named `none`; a blank stays missing.
    """
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip() if as_written else stands_for_missing(value)
    try:
        return bool(value != value)  # NaN and NaT differ from themselves
    except (TypeError, ValueError):
        # Of pandas' NA nobody can say whether it is equal to itself; an array has no single answer.
        return type(value).__name__ == "NAType"


def label_text(label: object) -> str:
    """Write a label of any kind as files hold it: truth values as in JSON, and 1.0 as 1.

    pandas turns whole numbers with gaps into floats; 1.0 must stay the class 1.
    """
    if isinstance(label, bool):
        return "true" if label else "false"
    if isinstance(label, float) and label.is_integer() and abs(label) < 2**53:
        return str(int(label))
    return str(label)


_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)


@dataclass(frozen=True, eq=False)
class Distinct:
    """Texts without repetition, and which of them each row holds."""

    texts: list[str]
    rows: NDArray[np.int64]
    """(rows,): numbers of texts, from 0."""

    @classmethod
    def of(cls, cells: Sequence[str]) -> Distinct:
        """Number the cells of a whole column."""
        numbering = Numbering(str)
        rows = numbering.of(cells)
        return cls(numbering.texts, rows)

    def first(self, number: int) -> int:
        """Return the first row that holds a text."""
        return int(np.argmax(self.rows == number))


class Numbering(dict[Hashable, int]):
    """The number of each cell of a column that comes in parts."""

    def __init__(self, write: Callable[[Any], str]) -> None:
        """Begin with no cell; cells of which `write` makes the same text are one."""
        super().__init__()
        self._write = write
        self._numbers: dict[str, int] = {}

    @property
    def texts(self) -> list[str]:
        """The distinct texts so far."""
        return list(self._numbers)

    def of(self, cells: Sequence[Hashable]) -> NDArray[np.int64]:
        """Return the numbers (rows,) of some cells; raises what `write` raises for a new one."""
        return np.fromiter(map(self.__getitem__, cells), np.int64, len(cells))

    def __missing__(self, cell: Hashable) -> int:
        """Number a new cell."""
        number = self[cell] = self._numbers.setdefault(self._write(cell), len(self._numbers))
        return number


def shapes_of(cells: Sequence[str]) -> Distinct:
    """Return the shapes of cells, every digit 0: few, where the cells are many."""
    joined = "\0".join(cells).encode("utf-8", "surrogatepass").translate(_ALIKE)
    shapes = joined.decode("utf-8", "surrogatepass").split("\0")
    if len(shapes) != len(cells):
        # A cell holds the very mark that sets them apart.
        return Distinct.of([re.sub("[0-9]", "0", cell) for cell in cells])
    return Distinct.of(shapes)
