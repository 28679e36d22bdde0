"""The cells of a table of series, batch by batch: names, times as they are written, and values.

Not here: which columns they are (columns.py), and what the times mean (moments.py).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.cells import Distinct, Numbering
from recurra.datasets.series.columns import Chosen
from recurra.datasets.series.numbers import NumberForm, PointsBetweenThousands, cell_number, column_numbers
from recurra.datasets.tables import RowBatch, TableRow
from recurra.errors import DataError, Place

Whole = NDArray[np.int64]
Values = NDArray[np.float64]


class SeriesCells:
    """The cells of a growing table; a row has as many values as there are value columns."""

    def __init__(self, chosen: Chosen, form: NumberForm, *, stem: str, marked: bool) -> None:
        """Begin with no row. Series without a name are called `stem`; `marked`: what points mean has been said."""
        self.points = PointsBetweenThousands(possible=not marked)
        self._chosen, self._form, self._stem = chosen, form, stem
        self._naming, self._writing = _Naming(chosen.ids), Numbering(str.strip if len(chosen.times) == 1 else _joined)
        self._names: list[Whole] = []
        self._times: list[Whole] = []
        self._values: list[Values] = []
        self._rows = 0

    def take(self, batch: RowBatch) -> None:
        """Add some rows. Raises DataError with its place for the first cell that is at fault."""
        chosen, width = self._chosen, len(self._chosen.values)
        for at, name in enumerate(chosen.values):
            if self.points.possible and batch.holds_texts(name):
                self.points.see(batch.columns[name], first=self._rows * width + at, apart=width)
        names, values = self._naming.of(batch), self._at_once(batch)
        if names is None or values is None:
            values = self._row_by_row(batch)
        self._values.append(values.reshape(-1))
        if names is not None:
            self._names.append(names)
        if chosen.times:
            self._times.append(self._writing.of(_keys(batch, chosen.times)))
        self._rows += len(batch)

    def _at_once(self, batch: RowBatch) -> Values | None:
        """Read whole columns: (rows, columns); None where a cell must be asked by itself."""
        columns = [column_numbers(batch, name, self._form) for name in self._chosen.values]
        known = [column for column in columns if column is not None]
        return np.stack(known, axis=1) if len(known) == len(columns) else None

    def _row_by_row(self, batch: RowBatch) -> Values:
        values = np.empty((len(batch), len(self._chosen.values)))
        for at, row in enumerate(batch.rows()):
            self._naming.check(row)
            values[at] = [_number(row, name, self._form) for name in self._chosen.values]
        return values

    def names(self) -> Distinct:
        """Return the name of each value's series."""
        if self._chosen.wide:
            return Distinct([*self._chosen.values], np.tile(np.arange(len(self._chosen.values)), self._rows))
        if not self._chosen.ids:
            return Distinct([self._stem], np.zeros(self._rows, np.int64))
        return Distinct(self._naming.names, np.concatenate(self._names))

    def times(self) -> Distinct:
        """Return the time of each row as it is written; nothing where there are no columns of times."""
        return Distinct(self._writing.texts, np.concatenate([np.empty(0, np.int64), *self._times]))

    def values(self) -> Values:
        """Return the values, row by row."""
        return np.concatenate(self._values)


class _Naming:
    """Names of series out of the cells of their columns; each distinct cell is looked at once."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._numbering = Numbering(self._named)
        self._parts: dict[str, tuple[str, ...]] = {}

    @property
    def names(self) -> list[str]:
        """The distinct names so far."""
        return self._numbering.texts

    def of(self, batch: RowBatch) -> Whole | None:
        """Return the numbers of the names (rows,); None where one is at fault."""
        if not self._columns:
            return np.zeros(len(batch), np.int64)
        try:
            return self._numbering.of(_keys(batch, self._columns))
        except DataError:
            return None

    def check(self, row: TableRow) -> None:
        """Raise DataError for a missing name, and for two series that would have one name."""
        self._name(tuple(_text(row.values[column]) for column in self._columns), row.place)

    def _named(self, cell: Any) -> str:
        return self._name(tuple(map(_text, _parts(cell))), lambda column: Place(""))

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
    columns = [batch.texts(name) or [*map(_text, batch.columns[name])] for name in names]
    return columns[0] if len(columns) == 1 else [*zip(*columns, strict=True)]


def _parts(cell: Any) -> tuple[Any, ...]:
    return cell if isinstance(cell, tuple) else (cell,)


def _joined(cells: Sequence[Any]) -> str:
    return " ".join(map(_text, cells))


def _text(cell: Any) -> str:
    """Write a cell as text; pandas turns whole numbers with gaps into floats, and 1.0 must stay 1."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return "" if cell is None else str(cell)


def _number(row: TableRow, column: str, form: NumberForm) -> float:
    value = row.values[column]
    # The place is looked up only for the error: finding it means reading the row again.
    try:
        return cell_number(value, place=Place(""), column=column, form=form)
    except DataError:
        return cell_number(value, place=row.place(column), column=column, form=form)
