"""What a forecaster is given, a table, a frame or plain numbers, and answers of the same kind.

Not here: reading frames (datasets/series/frames.py) and forecasting (tasks/heads/horizon/run.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.answers import ANSWER, CUTOFF
from recurra.datasets.series.build import doubtful
from recurra.datasets.series.columns import beside_names
from recurra.datasets.series.frames import Cutoffs, FrameSeries, counts_rows, has_index
from recurra.datasets.series.learnt import LearntSeries
from recurra.datasets.series.numbers import check_usable
from recurra.datasets.series.table import SeriesColumns, SeriesReading, SeriesTable, told_unknown
from recurra.errors import DataError, Place

NUMBERS = "values"
"""What error places name as the file; lines are steps from 1."""


@dataclass(frozen=True, eq=False)
class TableSeries:
    """A table; its answers are columns by name, times as they were written where a zone is known."""

    table: SeriesTable

    def answered(
        self, names: Sequence[str], times: Sequence[NDArray[Any]], figures: dict[str, Any], *, cutoffs: Cutoffs = ()
    ) -> dict[str, Any]:
        """Return arrays by column."""
        repeated = np.repeat(np.array(names), [part.size for part in times])
        columns = {self.table.columns.unique_id or "unique_id": repeated}
        for column, parts in ((self.table.columns.ds or "ds", times), (CUTOFF, cutoffs)):
            if parts:
                columns[column] = self._times(names, parts)
        return {**columns, **figures}

    def _times(self, names: Sequence[str], times: Sequence[NDArray[Any]]) -> NDArray[Any]:
        zoned = any(self.table.zone(name) is not None for name in names)
        # Inside, times with a zone are UTC: the answer must show the clocks that the caller wrote.
        written = written_times(self.table, list(zip(names, times, strict=True))) if zoned else np.concatenate(times)
        return np.array(written)


@dataclass(frozen=True, eq=False)
class WrittenSeries(TableSeries):
    """The same with all times as the file writes them."""

    def _times(self, names: Sequence[str], times: Sequence[NDArray[Any]]) -> NDArray[Any]:
        return np.array(written_times(self.table, list(zip(names, times, strict=True))))


@dataclass(frozen=True, eq=False)
class PlainSeries:
    """One sequence of numbers; its answer is an array."""

    table: SeriesTable

    def answered(
        self, names: Sequence[str], times: Sequence[NDArray[Any]], figures: dict[str, Any], *, cutoffs: Cutoffs = ()
    ) -> Any:
        """Return the forecasts (steps,)."""
        return figures[ANSWER]


GivenSeries = TableSeries | PlainSeries | FrameSeries
"""Series as a table, and the way back for their answers."""


def given_series(data: Any, reading: SeriesReading, learnt: LearntSeries | None = None) -> GivenSeries:
    """Take series from a table, a long frame, a pandas Series, or one sequence of numbers; raises DataError."""
    if isinstance(data, SeriesTable):
        return TableSeries(data)
    # By what it can do, not by its type: neither pandas nor polars has to be there.
    if hasattr(data, "columns") or (has_index(data) and not counts_rows(data.index)):
        return FrameSeries.of(data, reading, learnt=learnt)
    values = _numbers(data)
    if beside_names(reading).all:
        advice = "give a frame with these columns"
        raise DataError("one series of numbers has no columns beside it", found=type(data).__name__, advice=advice)
    times = np.arange(values.size, dtype=np.int64)
    columns = SeriesColumns("", "", "")
    named, masks = {"series": values}, {"series": np.isnan(values)}
    doubts = doubtful({"series": values[~np.isnan(values)]})
    reading = (learnt or LearntSeries()).reading_of(reading, ())
    table = SeriesTable(["series"], {"series": times}, named, masks, columns, doubts, reading=reading)
    return PlainSeries(replace(table, warnings=[*doubts, *told_unknown(table, {})]))


def _numbers(data: Any) -> NDArray[np.float64]:
    """Return one row of numbers as float64; what is no number, or has coordinates of its own, is refused."""
    # np.asarray would take the numbers alone and lose the coordinates, among them the times.
    if hasattr(data, "coords") and hasattr(data, "dims"):
        advice = "give it as a frame: to_dataframe().reset_index(); or its numbers alone: .values"
        raise DataError("an array with coordinates", found=type(data).__name__, advice=advice)
    # np.asarray would give what lies under the mask as if it were known.
    if isinstance(data, np.ma.MaskedArray):
        data = np.ma.filled(data.astype(np.float64), np.nan)
    plain = np.asarray(data)
    if plain.ndim != 1:
        advice = "give several series as a long frame: unique_id, ds, y"
        raise DataError("not one series", found=f"shape {plain.shape}", allowed="numbers (steps,)", advice=advice)
    if plain.dtype.kind not in "iuf" and plain.size and not _all_numbers(plain):
        raise DataError("not a series of numbers", found=f"values of {plain.dtype}", allowed="whole numbers or floats")
    values = plain.astype(np.float64)
    check_usable(values, name="", place=lambda row: Place(NUMBERS, row + 1))
    return values


def _all_numbers(plain: NDArray[Any]) -> bool:
    """Objects may be numbers, and None a missing one; texts and truth values are none."""
    kinds = (int, float, np.integer, np.floating, type(None))
    return plain.dtype.kind == "O" and all(isinstance(cell, kinds) and not isinstance(cell, bool) for cell in plain)


def written_times(table: SeriesTable, parts: Sequence[tuple[str, NDArray[Any]]]) -> list[str]:
    """Return the times of several series as their column writes them."""
    return [text for name, times in parts for text in table.notation.write(times, table.zone(name))]
