"""Series read on, a value at a time: the newest rows of each are kept, and the coming values told after each row.

What is kept is bounded, so a row costs the same however many came before it. The answer is that of `forecast` for a
file of the kept rows: bit for bit, as it is made in the same way. Not here: how many rows those are (kept.py),
and which series are kept (slots.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

import numpy as np

from recurra.datasets.formats import OnError
from recurra.datasets.series.columns import Chosen, choose_columns
from recurra.datasets.series.files import OpenSeries
from recurra.datasets.series.table import SeriesTable, imputed
from recurra.datasets.tables import CellValue, RowBatch
from recurra.errors import DataError, Place, UsageError
from recurra.estimators.series import forecast_columns
from recurra.streams.kept import columns_ahead, least_known, rows_kept
from recurra.streams.lines import Line, Lines, Told, Waiting, row_lines

MARGIN = 64
"""Rows kept beyond those that are read, so that they need not be moved at every row."""
SOME = 100
"""Series of a history that are checked together: memory is that of their rows."""
BLANK = (None, "")
BEGINNING = 2
"""Rows that tell no rhythm for sure."""


class _Kept(NamedTuple):
    """The newest rows of a series: the line of each, its cells by column, and how many of them are history."""

    lines: list[int]
    cells: dict[str, list[CellValue]]
    past: int = 0

    def without_first(self, count: int) -> _Kept:
        cells = {name: column[count:] for name, column in self.cells.items()}
        return _Kept(self.lines[count:], cells, max(0, self.past - count))


def _chosen(opened: OpenSeries) -> Chosen:
    return choose_columns(opened.columns.header, opened.reading)


@dataclass
class SeriesStreams:
    """Forecasts of series that go on. `steps` and `level` are those of `forecast`; `history` comes before the rest."""

    model: Any
    opened: OpenSeries
    steps: int
    level: Sequence[int] = ()
    history: OpenSeries | None = None
    together: ClassVar = 1
    repeats: ClassVar = False
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
        self._chosen = _chosen(self.opened)
        if self.history is not None and (past := _chosen(self.history)).read != self._chosen.read:
            found, allowed = ", ".join(past.read), f"{', '.join(self._chosen.read)}, as in the stream"
            advice = "name them: --id, --time, --value"
            place = Place(self.history.table.file)
            raise DataError("columns of the history", place=place, found=found, allowed=allowed, advice=advice)

    def lines(self, on_error: OnError) -> Lines:
        """Yield the rows of the file."""
        return self._rows_of(self.opened, on_error)

    def past_lines(self, on_error: OnError) -> Lines:
        """Yield the rows of the history."""
        return self._rows_of(self.history, on_error) if self.history is not None else iter(())

    def _rows_of(self, opened: OpenSeries, on_error: OnError) -> Lines:
        keys = [*self._chosen.ids]
        return row_lines(opened.table, self._chosen.read, on_error, lambda batch, row: (batch, row), keys=keys)

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

    def item(self, line: Line) -> Any:
        """Return what is read of a line: a batch, and the row in it."""
        return line.item

    def remember(self, waiting: Waiting) -> None:
        """Take a row of the history, without an answer."""
        self._take(waiting)
        kept = self._kept[waiting.slot]
        self._kept[waiting.slot] = self._bounded(kept._replace(past=len(kept.lines)))

    def check(self, series: int) -> None:
        """Raise DataError for a history that `forecast` would not read, before the first line is answered."""
        for start in range(0, series, SOME):
            some = [self._newest(self._kept[slot]) for slot in range(start, min(start + SOME, series))]
            lines = [line for kept in some for line in kept.lines]
            if lines:
                cells = {name: [cell for kept in some for cell in kept.cells[name]] for name in self._chosen.read}
                # Also with --sort: what was kept are the last rows, which must be the newest.
                self._table(_Kept(lines, cells, len(lines)), written=False, sort=False)

    def push(self, waiting: Sequence[Waiting]) -> list[Told]:
        """Read one row -> `columns` of its forecast, as `forecast` tells them; none before a first window is whole.

        Raises DataError for a row that does not fit those before it; the series then goes on without it.
        """
        (one,) = waiting
        kept = self._kept[one.slot]
        begins = not kept.lines
        if not self._take(one):
            return [Told(begins, {"columns": {}})]
        try:
            columns, told = self._answered(kept, written=one.item[0].written and not kept.past)
        except DataError:
            # A row that is refused leaves no trace.
            kept.lines.pop()
            for cells in kept.cells.values():
                cells.pop()
            raise
        self._kept[one.slot] = self._bounded(kept)
        return [Told(begins, {"columns": columns}, told)]

    def _take(self, waiting: Waiting) -> bool:
        """Put a row behind the others of its series; False where the series has not begun."""
        kept, (batch, row) = self._kept[waiting.slot], waiting.item
        if not kept.lines and batch.columns[self._chosen.values[0]][row] in BLANK:
            # A series begins with its first value; what stands before it is left out of a file, too.
            return False
        kept.lines.append(waiting.line.number)
        for name, cells in kept.cells.items():
            cell = batch.columns[name][row]
            # The name comes again with every row: one copy of it is enough.
            cells.append(cells[0] if cells and cells[0] == cell and name in self._chosen.ids else cell)
        return True

    def _bounded(self, kept: _Kept) -> _Kept:
        return kept.without_first(MARGIN) if len(kept.lines) > self._rows + MARGIN else kept

    def _newest(self, kept: _Kept) -> _Kept:
        return kept.without_first(max(0, len(kept.lines) - self._rows))

    def _answered(self, kept: _Kept, *, written: bool) -> tuple[dict[str, Any], list[str]]:
        table = self._table(self._newest(kept), written=written)
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

    def _table(self, kept: _Kept, *, written: bool, sort: bool | None = None) -> SeriesTable:
        def place(row: int, column: str = "") -> Place:
            opened = self.history if self.history and row < kept.past else self.opened
            return Place(opened.table.file, kept.lines[row])

        rows = RowBatch(kept.lines, kept.cells, place, written=written)
        source = replace(
            self.opened.columns,
            batches=lambda chosen: [rows],
            place=lambda columns, row, column: place(row),
            beginning=lambda columns: {name: kept.cells[name] for name in columns},
        )
        reading = self.opened.reading if sort is None else replace(self.opened.reading, sort=sort)
        raw = replace(self.opened, columns=source, reading=reading).built()
        return imputed(raw, unknown=self.model.plan.kind == "panel")
