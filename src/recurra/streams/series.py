"""Series read on, a value at a time: the newest rows of each are kept, and the coming values told after each row.

What is kept is bounded, so a row costs the same however many came before it. The answer is that of `forecast` for a
file of the kept rows: bit for bit, as it is made in the same way. Not here: how many rows those are (kept.py),
and which series are kept (slots.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from recurra.datasets.formats import OnError
from recurra.datasets.series.columns import choose_columns
from recurra.datasets.series.files import OpenSeries
from recurra.datasets.series.table import SeriesTable, imputed
from recurra.datasets.tables import CellValue, RowBatch
from recurra.errors import DataError, Place, UsageError
from recurra.estimators.series import forecast_columns
from recurra.streams.kept import columns_ahead, least_known, rows_kept
from recurra.streams.lines import Line, Lines, row_lines

MARGIN = 64
"""Rows kept beyond those that are read, so that they need not be moved at every row."""
BLANK = (None, "")
BEGINNING = 2
"""Rows that tell no rhythm for sure."""


class _Kept(NamedTuple):
    """The newest rows of a series: the line of each, and its cells by column."""

    lines: list[int]
    cells: dict[str, list[CellValue]]

    def without_first(self, count: int) -> _Kept:
        return _Kept(self.lines[count:], {name: cells[count:] for name, cells in self.cells.items()})


@dataclass
class SeriesStreams:
    """Forecasts of series that go on. `steps` and `level` are those of `forecast`."""

    model: Any
    opened: OpenSeries
    steps: int
    level: Sequence[int] = ()
    _kept: dict[int, _Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises UsageError where a row cannot be answered alone."""
        if self.opened.reading.wide:
            raise UsageError(
                "--wide", found="a table of several series a row", allowed="one value of one series a line"
            )
        self._rows = rows_kept(self.model)
        if not self._rows:
            advice = "fit a forecaster: recurra fit series FILE"
            raise UsageError("a stream", found="a model that finds its season in each file", advice=advice)
        if ahead := columns_ahead(self.model):
            advice = "use recurra forecast with --future"
            raise UsageError(f"a stream tells no coming rows of {', '.join(map(repr, ahead))}", advice=advice)
        self._chosen = choose_columns(self.opened.columns.header, self.opened.reading)

    def lines(self, on_error: OnError) -> Lines:
        """Yield the rows of the file."""
        return row_lines(
            self.opened.table, self._chosen.read, on_error, lambda batch, row: (batch, row), keys=[*self._chosen.ids]
        )

    @property
    def keyed(self) -> bool:
        """Whether series have names."""
        return bool(self._chosen.ids)

    def begin(self, slot: int) -> None:
        """Let what stood in a slot be forgotten."""
        self._kept[slot] = _Kept([], {name: [] for name in self._chosen.read})

    def read(self, slot: int) -> int:
        """How many rows of a series are kept."""
        return len(self._kept[slot].lines)

    def push(self, slot: int, line: Line) -> tuple[dict[str, Any], list[str]]:
        """Read a row -> `columns` of its forecast, as `forecast` tells them, and warnings; no columns before the values
        of a first window are there.

        Raises DataError for a row that does not fit those before it; the series then goes on without it.
        """
        kept, (batch, row) = self._kept[slot], line.item
        if not kept.lines and batch.columns[self._chosen.values[0]][row] in BLANK:
            # A series begins with its first value; what stands before it is left out of a file, too.
            return {"columns": {}}, []
        kept.lines.append(line.number)
        for name, cells in kept.cells.items():
            cell = batch.columns[name][row]
            # The name comes again with every row: one copy of it is enough.
            cells.append(cells[0] if cells and cells[0] == cell and name in self._chosen.ids else cell)
        try:
            columns, told = self._answered(kept, written=batch.written)
        except DataError:
            # A row that is refused leaves no trace.
            kept.lines.pop()
            for cells in kept.cells.values():
                cells.pop()
            raise
        if len(kept.lines) > self._rows + MARGIN:
            self._kept[slot] = kept.without_first(MARGIN)
        return {"columns": columns}, told

    def _answered(self, kept: _Kept, *, written: bool) -> tuple[dict[str, Any], list[str]]:
        table = self._table(kept.without_first(max(0, len(kept.lines) - self._rows)), written=written)
        known, rows = np.count_nonzero(np.isfinite(table.values[table.ids[0]])), len(kept.lines)
        if rows <= BEGINNING or known < least_known(self.model):
            try:
                told = self.model.names_of(table)[1]
            except DataError as problem:
                # Two rows with a gap between them seem to have another rhythm; the next row shows which one it is.
                if rows < BEGINNING:
                    raise
                return {}, [str(problem)]
            if known < least_known(self.model):
                return {}, [*table.warnings, *told]
        columns, told = forecast_columns(self.model, table, steps=self.steps, level=self.level)
        return columns, [*table.warnings, *told]

    def _table(self, kept: _Kept, *, written: bool) -> SeriesTable:
        def place(row: int, column: str = "") -> Place:
            return Place(self.opened.table.file, kept.lines[row])

        rows = RowBatch(kept.lines, kept.cells, place, written=written)
        source = replace(
            self.opened.columns,
            batches=lambda chosen: [rows],
            place=lambda columns, row, column: place(row),
            beginning=lambda columns: {name: kept.cells[name] for name in columns},
        )
        raw = replace(self.opened, columns=source).built()
        return imputed(raw, unknown=self.model.plan.kind == "panel")
