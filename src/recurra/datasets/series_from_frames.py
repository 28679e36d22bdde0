"""Series out of pandas or polars frames, through narwhals.

Not here: files (series_frames.py), whose checks apply here too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from recurra.datasets.moments import parse_moments
from recurra.datasets.numbers import LARGEST
from recurra.datasets.series_checks import Duplicates, Gaps
from recurra.datasets.series_frames import LongRows, SeriesColumns, SeriesTable, build, choose_columns
from recurra.errors import DataError, Place

FRAME = "frame"
"""What error places name as the file; lines are row numbers from 1."""


def series_from_frame(
    frame: Any,
    *,
    unique_id: str | None = None,
    ds: str | None = None,
    y: str | None = None,
    missing: bool = False,
    sort: bool = False,
    duplicates: Duplicates = "error",
    gaps: Gaps = "refuse",
) -> SeriesTable:
    """Take series out of a long frame (unique_id, ds, y); without an id column it is one series named `series`.

    Times may be datetimes (with a zone they become UTC), dates, whole numbers or ISO texts; values must be numbers.
    Raises DataError whose line is the row number, from 1.
    """
    import narwhals as nw

    try:
        table = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise DataError("not a frame", found=type(frame).__name__, allowed="a pandas or polars DataFrame") from None
    if not len(table):
        raise DataError("no rows", place=Place(FRAME))
    columns = choose_columns(table.columns, unique_id=unique_id, ds=ds, y=y, place=Place(FRAME))
    ids = _ids(table[columns.unique_id], columns) if columns.unique_id else ["series"] * len(table)
    times = _times(table[columns.ds]) if columns.ds else np.arange(len(table), dtype=np.int64)
    long = LongRows(ids, times, _values(table[columns.y], columns), lambda row: Place(FRAME, row + 1))
    return build(long, columns, missing=missing, sort=sort, duplicates=duplicates, gaps=gaps)


def _ids(column: Any, columns: SeriesColumns) -> list[str]:
    cells = column.to_list()
    # NaN is the only value that differs from itself.
    bad = next((row for row, cell in enumerate(cells) if cell is None or cell != cell or not str(cell).strip()), None)
    if bad is not None:
        raise DataError(f"series id is missing in column {columns.unique_id!r}", place=Place(FRAME, bad + 1))
    return [str(cell).strip() for cell in cells]


def _times(column: Any) -> np.ndarray:
    import narwhals as nw

    missing = column.is_null().to_list()
    if any(missing):
        raise DataError("no usable time", place=Place(FRAME, missing.index(True) + 1), found="nothing")
    if column.dtype == nw.Datetime:
        if column.dtype.time_zone is not None:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return _coarsest(np.asarray(column.to_numpy()))
    if column.dtype == nw.Date:
        return np.array(column.to_list(), dtype="datetime64[D]")
    if column.dtype.is_integer():
        return np.asarray(column.to_numpy()).astype(np.int64)
    cells = [str(cell).strip() for cell in column.to_list()]
    return parse_moments(cells, place=lambda row: Place(FRAME, row + 1))


def _coarsest(times: np.ndarray) -> np.ndarray:
    """Take days where nothing finer is there, so that a pandas date and a written date are the same time."""
    days = times.astype("datetime64[D]")
    return days if np.array_equal(days.astype(times.dtype), times) else times


def _values(column: Any, columns: SeriesColumns) -> np.ndarray:
    if not column.dtype.is_numeric():
        raise DataError(
            f"column {columns.y!r} holds {column.dtype}", place=Place(FRAME), allowed="whole numbers or floats"
        )
    values = np.array([np.nan if cell is None else float(cell) for cell in column.to_list()], dtype=np.float64)
    bad = np.flatnonzero(np.abs(values) > LARGEST)
    if bad.size:
        raise DataError(
            f"no usable number in column {columns.y!r}",
            place=Place(FRAME, int(bad[0]) + 1),
            found=str(values[bad[0]]),
            allowed=f"finite values up to {LARGEST:g}",
        )
    return values
