"""The distinct cells of a column, numbered in the order in which they appear: what is said of a cell is found once.

Not here: what cells say (moments.py, numbers.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
