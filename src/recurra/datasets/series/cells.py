"""The cells of a table of series, batch by batch: names, times as they are written, values; each distinct text once.

Not here: which columns they are (columns.py), and what the times mean (moments.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series import advice
from recurra.datasets.series.columns import Chosen
from recurra.datasets.series.covariates import BesideCells, BesideRows
from recurra.datasets.series.grown import Grown
from recurra.datasets.series.numbers import NumberForm, PointsBetweenThousands, cell_number, column_numbers
from recurra.datasets.series.table import SeriesReading, SeriesValues
from recurra.datasets.tables import Dialect, RowBatch
from recurra.errors import DataError, Place

RowNumbers = NDArray[np.int32]
"""Numbers of distinct cells: half as large as int64, for they are held of every row."""
_ALIKE = bytes.maketrans(b"123456789", b"0" * 9)


@dataclass(frozen=True, eq=False)
class Distinct:
    """Texts without repetition, and which of them each row holds."""

    texts: list[str]
    rows: RowNumbers
    """(rows,): numbers of texts, from 0."""

    @classmethod
    def of(cls, cells: Sequence[str]) -> Distinct:
        """Number the cells of a whole column."""
        numbering = CellNumbers(str)
        rows = numbering.of(cells)
        return cls(numbering.texts, rows)

    def first(self, number: int) -> int:
        """Return the first row that holds a text."""
        return int(np.argmax(self.rows == number))


class CellNumbers(dict[Hashable, int]):
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

    def of(self, cells: Sequence[Hashable]) -> RowNumbers:
        """Return the numbers (rows,) of some cells; raises what `write` raises for a new one."""
        return np.fromiter(map(self.__getitem__, cells), np.int32, len(cells))

    def __missing__(self, cell: Hashable) -> int:
        """Number a new cell."""
        # Two cells that are written alike (1 and 1.0) get one number.
        number = self[cell] = self._numbers.setdefault(self._write(cell), len(self._numbers))
        return number


def shapes_of(cells: Sequence[str]) -> Distinct:
    """Return the shapes of cells, every digit 0: few, where the cells are many."""
    # One translation of all cells joined is many times quicker than one for each.
    joined = "\0".join(cells).encode("utf-8", "surrogatepass").translate(_ALIKE)
    shapes = joined.decode("utf-8", "surrogatepass").split("\0")
    if len(shapes) != len(cells):
        # A cell holds the very mark that sets them apart.
        return Distinct.of([re.sub("[0-9]", "0", cell) for cell in cells])
    return Distinct.of(shapes)


class SeriesCells:
    """The cells of a growing table; a row has as many values as there are value columns."""

    def __init__(self, chosen: Chosen, reading: SeriesReading, *, stem: str) -> None:
        """Begin with no row; series without a name are called `stem`."""
        # Where points set thousands apart they cannot be decimal, too.
        decimal = reading.decimal or ("," if reading.thousands == "." else ".")
        self._form = NumberForm(decimal, reading.thousands or "", reading.missing_words)
        # Where the caller has said what points mean, nothing about them is to be watched.
        self._points = PointsBetweenThousands(possible=reading.decimal is None and reading.thousands is None)
        self._chosen, self._stem = chosen, stem
        self._beside = BesideCells(chosen.beside, self._form)
        self._naming, self._writing = _Naming(chosen.ids), CellNumbers(str.strip if len(chosen.times) == 1 else _joined)
        self._names, self._times, self._values = Grown(np.int32), Grown(np.int32), Grown(np.float64)
        self._rows = 0

    def take(self, batch: RowBatch) -> None:
        """Add some rows. Raises DataError with its place for the first cell that is at fault."""
        chosen, width = self._chosen, len(self._chosen.values)
        for at, name in enumerate(chosen.values):
            # Numbers of JSON and Parquet have no marks that could be doubted.
            if self._points.possible and batch.holds_texts(name):
                self._points.see(batch.columns[name], first=self._rows * width + at, apart=width)
        # Both are tried before the slow way, which tells the first fault of either, in the order of rows.
        names, values = self._naming.of(batch), self._at_once(batch)
        if names is None or values is None:
            values = self._row_by_row(batch)
        # A row of a wide table is as many values, side by side.
        self._values.add(values.reshape(-1))
        self._beside.take(batch)
        if names is not None:
            self._names.add(names)
        # The times of a frame are no cells: they are read from its column.
        if chosen.times and chosen.times[0] in batch.columns:
            self._times.add(self._writing.of(_keys(batch, chosen.times)))
        self._rows += len(batch)

    def _at_once(self, batch: RowBatch) -> SeriesValues | None:
        """Read whole columns: (rows, columns); None where a cell must be asked by itself."""
        columns = [column_numbers(batch, name, self._form) for name in self._chosen.values]
        known = [column for column in columns if column is not None]
        return np.stack(known, axis=1) if len(known) == len(columns) else None

    def _row_by_row(self, batch: RowBatch) -> SeriesValues:
        values = np.empty((len(batch), len(self._chosen.values)))
        for row in range(len(batch)):
            self._naming.check(batch, row)
            for at, name in enumerate(self._chosen.values):
                # The place is looked up only for the error: finding it may mean reading the row again.
                place, cell = partial(batch.place, row, name), batch.columns[name][row]
                values[row, at] = cell_number(cell, place=place, column=name, form=self._form)
        return values

    def check_points(self, place: Callable[[int], Place]) -> None:
        """Raise DataError where points may set thousands apart: only the caller knows; `place` finds a value."""
        if self._points.doubtful():
            raise DataError(
                "points that may set thousands apart: every number has exactly three digits behind its point, or none",
                place=place(self._points.first or 0),
                found=f"such numbers beside {self._points.wholes:,} whole ones",
                advice=f"say which: {advice.marks('.', '')} for thousands, {advice.marks('', '.')} for decimals",
            )

    def doubtful_points(self, dialect: Dialect) -> list[str]:
        """Warn where each number has three digits behind a point, and semicolons set the columns apart."""
        # Files with semicolons come from where a comma is the decimal mark.
        if self._points.first is None or not self._points.possible or dialect.delimiter[0] != ";":
            return []
        choices = f"{advice.marks('.', '')} if they set thousands apart, {advice.marks('', '.')} if not"
        return [f"every number has exactly three digits behind its point, and is read as a decimal: say {choices}"]

    def names(self) -> Distinct:
        """Return the name of each value's series."""
        if self._chosen.wide:
            return self._of_targets()
        if not self._chosen.ids:
            return Distinct([self._stem], np.zeros(self._rows, np.int32))
        return Distinct(self._naming.names, self._names.whole)

    def _of_targets(self) -> Distinct:
        """Return names for a row's values side by side, in the order of the columns; raises DataError for one twice."""
        targets, width = self._chosen.values, len(self._chosen.values)
        if not self._chosen.ids:
            return Distinct([*targets], np.tile(np.arange(width, dtype=np.int32), self._rows))
        names = [f"{name}/{target}" for name in self._naming.names for target in targets]
        if len(set(names)) < len(names):
            twice = next(name for name, count in Counter(names).items() if count > 1)
            raise DataError("two series would have one name", found=repr(twice), advice="rename a series or a column")
        rows: RowNumbers = (self._names.whole[:, None] * width + np.arange(width)).astype(np.int32)
        return Distinct(names, rows.reshape(-1))

    def times(self) -> Distinct:
        """Return the time of each row as it is written; nothing where there are no columns of times."""
        return Distinct(self._writing.texts, self._times.whole)

    def beside(self, place: Callable[[int, str], Place]) -> BesideRows | None:
        """Return the covariates of each value; `place` finds the cell of a row and a column."""
        return self._beside.rows(len(self._chosen.values), place)

    def values(self) -> SeriesValues:
        """Return the values, row by row."""
        return self._values.whole


class _Naming:
    """Names of series out of the cells of their columns; each distinct cell is looked at once."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._numbering = CellNumbers(self._named)
        self._parts: dict[str, tuple[str, ...]] = {}

    @property
    def names(self) -> list[str]:
        """The distinct names so far."""
        return self._numbering.texts

    def of(self, batch: RowBatch) -> RowNumbers | None:
        """Return the numbers of the names (rows,); None where one is at fault."""
        if not self._columns:
            return np.zeros(len(batch), np.int32)
        try:
            return self._numbering.of(_keys(batch, self._columns))
        except DataError:
            return None

    def check(self, batch: RowBatch, row: int) -> None:
        """Raise DataError for a missing name, and for two series that would have one name."""
        parts = tuple(cell_text(batch.columns[column][row]) for column in self._columns)
        self._name(parts, partial(batch.place, row))

    def _named(self, cell: Any) -> str:
        cells = cell if isinstance(cell, tuple) else (cell,)
        return self._name(tuple(map(cell_text, cells)), lambda column: Place(""))

    def _name(self, parts: tuple[str, ...], place: Callable[[str], Place]) -> str:
        if not all(parts):
            empty = self._columns[parts.index("")]
            raise DataError(f"series id is missing in column {empty!r}", place=place(empty), advice="fill it in")
        name = "/".join(parts)
        if self._parts.setdefault(name, parts) != parts:
            both = f"{self._parts[name]} and {parts}"
            raise DataError("two series would have one name", place=place(self._columns[0]), found=both)
        return name


def _keys(batch: RowBatch, names: Sequence[str]) -> Sequence[Hashable]:
    """Return what tells the rows of some columns apart: their texts, since 1, 1.0 and True are equal."""
    # Equal keys in Python are not equal names: 1 == 1.0 == True.
    columns = [batch.texts(name) or [*map(cell_text, batch.columns[name])] for name in names]
    return columns[0] if len(columns) == 1 else [*zip(*columns, strict=True)]


def _joined(cells: Sequence[Any]) -> str:
    return " ".join(map(cell_text, cells))


def cell_text(cell: Any) -> str:
    """Write a cell as text; pandas turns whole numbers with gaps into floats, and 1.0 must stay 1."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return "" if cell is None else str(cell)
