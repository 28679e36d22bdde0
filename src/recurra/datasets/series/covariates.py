"""Columns beside the values of a series: those measured with them, those known ahead, those that never change.

Rows behind the last value of a series, with columns known ahead, are coming steps: they are kept for a forecast.

Not here: which columns they are (columns.py), units and features (panels/).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.grown import Grown
from recurra.datasets.series.numbers import NumberForm, cell_number, column_numbers
from recurra.datasets.tables import RowBatch
from recurra.errors import DataError, Place, either

if TYPE_CHECKING:
    from recurra.datasets.series.table import SeriesTable

Numbers = NDArray[np.float64]
Members = dict[str, NDArray[np.int64]]
_TRUTHS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class BesideNames:
    """The columns by what is known of them; those known ahead are none of the past ones."""

    past: tuple[str, ...] = ()
    future: tuple[str, ...] = ()
    static: tuple[str, ...] = ()

    @property
    def changing(self) -> tuple[str, ...]:
        """Those with a number for each step, in the order of `Covariates.rows`."""
        return (*self.past, *self.future)

    @property
    def all(self) -> tuple[str, ...]:
        """Every column once."""
        return tuple(dict.fromkeys((*self.past, *self.future, *self.static)))


@dataclass(frozen=True, eq=False)
class Covariates:
    """What stands beside the values of a table's series, from the first step of each on."""

    names: BesideNames
    rows: Mapping[str, Numbers]
    """(steps, past + future), and of the coming steps as far as they are known; NaN where a cell is blank."""
    statics: Mapping[str, tuple[str, ...]]
    """The cells of each series in the order of the columns; empty: blank."""

    def of(self, series: str, columns: Sequence[str]) -> Numbers:
        """Return some columns of a series: (steps, columns); NaN of those that are not there."""
        rows, own = self.rows[series], self.names.changing
        told = np.full((len(rows), len(columns)), np.nan)
        for at, column in enumerate(columns):
            if column in own:
                told[:, at] = rows[:, own.index(column)]
        return told


@dataclass(frozen=True, eq=False)
class BesideRows:
    """The cells beside the values of a long table, before it is cut into series."""

    names: BesideNames
    numbers: Numbers
    """(rows, past + future)."""
    texts: list[list[str]]
    """Of each static column (rows,)."""
    place: Callable[[int, str], Place]


class BesideCells:
    """The cells of covariates, batch by batch."""

    def __init__(self, names: BesideNames, form: NumberForm) -> None:
        """Begin with no row; numbers are written as the values are."""
        self._names, self._form = names, form
        self._numbers = Grown(np.float64, len(names.changing))
        self._texts: list[list[str]] = [[] for _ in names.static]
        self._known: dict[str, str] = {}

    def take(self, batch: RowBatch) -> None:
        """Add some rows. Raises DataError with its place for a cell that is no number."""
        from recurra.datasets.series.cells import cell_text

        columns = [self._column(batch, name) for name in self._names.changing]
        self._numbers.add(np.stack([np.zeros(len(batch)), *columns], axis=1)[:, 1:])
        for texts, name in zip(self._texts, self._names.static, strict=True):
            # One object for each text: a file makes a new one of each cell.
            texts.extend(self._known.setdefault(text, text) for text in map(cell_text, batch.columns[name]))

    def rows(self, width: int, place: Callable[[int, str], Place]) -> BesideRows | None:
        """Return all rows, each as often as it has values; None where there are no such columns."""
        if not self._names.all:
            return None
        numbers, texts = self._numbers.whole, self._texts
        if width > 1:
            numbers = numbers.repeat(width, axis=0)
            texts = [[text for text in column for _ in range(width)] for column in texts]
        return BesideRows(self._names, numbers, texts, lambda row, name: place(row // width, name))

    def _column(self, batch: RowBatch, name: str) -> Numbers:
        cells = batch.columns[name]
        if bool in {*map(type, cells)}:
            cells = [float(cell) if isinstance(cell, bool) else cell for cell in cells]
            batch = replace(batch, columns={**batch.columns, name: cells})
        numbers = column_numbers(batch, name, self._form)
        return self._one_by_one(batch, name) if numbers is None else numbers

    def _one_by_one(self, batch: RowBatch, name: str) -> Numbers:
        told = np.empty(len(batch))
        for row, cell in enumerate(batch.columns[name]):
            truth = _TRUTHS.get(cell.strip().casefold()) if isinstance(cell, str) else None
            try:
                place = lambda row=row: batch.place(row, name)  # noqa: E731 - bound to this row
                told[row] = cell_number(cell, place=place, column=name, form=self._form) if truth is None else truth
            except DataError as problem:
                static = either(f"--static {name}", f"static=[{name!r}]")
                advice = f"numbers stand beside values; a text that never changes within a series: {static}"
                raise DataError(f"{problem}; {advice}") from None
        return told


def parted(
    rows: BesideRows | None, values: Numbers, times: NDArray[Any] | None, members: Members
) -> tuple[Members, Members]:
    """Return the rows of each series, and apart from them those of coming steps, in the order of time.

    These stand behind its last value, and know a column ahead: without any, blanks at the end are blanks.
    """
    if rows is None or not rows.names.future:
        return members, {}
    known: NDArray[np.bool_] = np.asarray(np.isfinite(rows.numbers[:, len(rows.names.past) :]).any(axis=1))
    kept, coming = {}, {}
    for name, own in members.items():
        order = own if times is None else own[np.argsort(times[own], kind="stable")]
        there = np.flatnonzero(~np.isnan(values[order]))
        behind = order[there[-1] + 1 :] if there.size else order[:0]
        behind = behind if known[behind].any() else behind[:0]
        kept[name], coming[name] = own[~np.isin(own, behind)], behind
    return kept, coming


def covariates_of(
    rows: BesideRows | None, table: SeriesTable, members: Members, coming: Members, times: Mapping[str, tuple[Any, Any]]
) -> Covariates | None:
    """Return the covariates of a table's series; `times` are those of the rows of each, and of its coming rows.

    Of a time that stands twice the first row counts. Raises DataError for a static column that changes.
    """
    if rows is None:
        return None
    found, statics = {}, {}
    for name, own in members.items():
        behind = coming.get(name, own[:0])
        past = placed(rows.numbers[own], times[name][0], table.times[name])
        ahead = ahead_of(table, name, rows.numbers[behind], times[name][1])
        found[name] = np.concatenate([past, ahead])
        every = np.concatenate([own, behind])
        statics[name] = tuple(_only(rows, name, at, every) for at in range(len(rows.names.static)))
    return Covariates(rows.names, found, statics)


def placed(numbers: Numbers, times: NDArray[Any], grid: NDArray[Any]) -> Numbers:
    """Return rows in the places (steps, columns) of ascending times `grid`; NaN where no row has that time."""
    told = np.full((len(grid), numbers.shape[1]), np.nan)
    if len(grid):
        at = np.minimum(np.searchsorted(grid, times), len(grid) - 1)
        on = np.flatnonzero(grid[at] == times)[::-1]
        # Backwards: of two rows with one time the first is written last, and stays.
        told[at[on]] = numbers[on]
    return told


def ahead_of(table: SeriesTable, name: str, numbers: Numbers, times: NDArray[Any] | None) -> Numbers:
    """Return the coming steps of a series: (steps, columns), as far as there are rows for them.

    Rows without times, or of a table whose rows are plain steps, are the next steps in their order.
    """
    if not len(numbers) or times is None or table.counted:
        return numbers
    # Room for gaps, which are told when a forecast needs them.
    grid = table.coming(name, 2 * len(numbers) + 100)
    order = np.argsort(times, kind="stable")
    told = placed(numbers[order], times[order], grid)
    there = np.flatnonzero(np.isin(grid, times))
    return told[: there[-1] + 1] if there.size else told[:0]


def blank_columns(covariates: Covariates | None) -> list[str]:
    """Warn of columns without any known cell: a model is told nothing by them."""
    if covariates is None:
        return []
    names, rows, cells = covariates.names, covariates.rows.values(), covariates.statics.values()
    told = [name for at, name in enumerate(names.changing) if not any(np.isfinite(each[:, at]).any() for each in rows)]
    told += [name for at, name in enumerate(names.static) if not any(each[at] for each in cells)]
    return [f"column {name!r} is blank throughout: it tells nothing" for name in told]


def _only(rows: BesideRows, series: str, at: int, members: NDArray[np.int64]) -> str:
    """Return the one cell of a static column in all rows of a series; blank ones say nothing."""
    name, column = rows.names.static[at], rows.texts[at]
    told = dict.fromkeys(column[row] for row in members)
    told.pop("", None)
    if len(told) > 1:
        first, second = [*told][:2]
        row = next(row for row in members.tolist() if column[row] == second)
        wrong = f"static column {name!r} changes within series {series!r}"
        advice = f"name it {either(f'--past {name}', f'past=[{name!r}]')} if it is a number"
        raise DataError(wrong, place=rows.place(row, name), found=f"{second!r} after {first!r}", advice=advice)
    return next(iter(told), "")
