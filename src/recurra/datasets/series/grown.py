"""A column of numbers that comes in parts, and parts of it without a copy: what many millions of rows are held in.

Not here: cells as they are written (cells.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Grown:
    """An array (rows, …) that grows; it has room for twice as many rows, which costs no memory before it is used.

    A list of parts, joined in the end, would stand twice, and leave holes between other things.
    """

    def __init__(self, kind: DTypeLike, *shape: int) -> None:
        """Begin with no row of that `shape`."""
        self._held: NDArray[Any] = np.empty((0, *shape), kind)
        self._rows = 0

    def add(self, part: NDArray[Any]) -> None:
        """Put rows behind the others."""
        rows = self._rows + len(part)
        if rows > len(self._held):
            held = np.empty((max(rows, 2 * len(self._held)), *self._held.shape[1:]), self._held.dtype)
            held[: self._rows] = self.whole
            self._held = held
        self._held[self._rows : rows] = part
        self._rows = rows

    @property
    def whole(self) -> NDArray[Any]:
        """All rows, as a view."""
        return self._held[: self._rows]


def part_of(column: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """Return some rows, which ascend, of a column: a view where they stand together, which takes no memory."""
    together = rows.size and int(rows[-1]) - int(rows[0]) + 1 == rows.size
    return column[int(rows[0]) : int(rows[-1]) + 1] if together else column[rows]
