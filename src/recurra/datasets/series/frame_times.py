"""The times of a frame's column: read with their zone, and coming times written in the column's own type.

Not here: whole frames (frames.py). Columns are narwhals series.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.moments import ColumnTimes, parse_moments
from recurra.datasets.series.notations import Notation
from recurra.datasets.series.table import SeriesReading
from recurra.datasets.series.whole_times import PlaceOf
from recurra.datasets.series.zones import NamedZone, Zone, wall, zone_named
from recurra.errors import DataError, UsageError

SHOWN = Notation(example="YYYY-MM-DD HH:MM:SS+00:00")
"""How times that a frame holds as such are written in errors."""
NANOSECONDS = (np.datetime64("1677-09-22", "D"), np.datetime64("2262-04-11", "D"))


def read_times(column: Any, reading: SeriesReading, *, place: PlaceOf) -> ColumnTimes:
    """Return the times of a column of datetimes, dates, periods, whole numbers or texts; raises DataError."""
    import narwhals as nw

    missing = column.is_null().to_list()
    if any(missing):
        raise DataError("no usable time", place=place(missing.index(True)), found="nothing", advice="fill it in")
    zone = zone_named(reading.zone) if reading.zone else None
    # narwhals does not know them; they become the times at which they begin.
    if is_period(column):
        column = nw.from_native(column.to_native().dt.to_timestamp(), series_only=True)
    if column.dtype == nw.Datetime or _zone_of(column):
        return _of_datetimes(column, zone)
    if column.dtype == nw.Date:
        return ColumnTimes(np.array(column.to_list(), dtype="datetime64[D]"), Notation(example="YYYY-MM-DD"), zone=zone)
    if column.dtype in (nw.Duration, nw.Time, nw.Boolean):
        raise DataError(
            f"column {column.name!r} holds {column.dtype}",
            place=place(0),
            allowed="datetimes, dates, periods, texts or whole numbers",
            advice="add a date to them, or number the steps",
        )
    cells = [_cell(cell) for cell in column.to_list()]
    return parse_moments(cells, place=place, date_format=reading.date_format, epoch=reading.epoch, zone=zone)


def _of_datetimes(column: Any, zone: Zone | None) -> ColumnTimes:
    name = _zone_of(column)
    if not name:
        return ColumnTimes(_coarsest(np.asarray(column.to_numpy())), SHOWN, zone=zone)
    if hasattr(column.to_native(), "dt") and hasattr(column.to_native().dt, "tz_convert"):
        # pandas converts its own zones; narwhals does not know all of their names.
        native = column.to_native().dt
        utc, shown = native.tz_convert("UTC").dt.tz_localize(None).to_numpy(), native.tz_localize(None).to_numpy()
    else:
        utc = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None).to_numpy()
        shown = column.dt.replace_time_zone(None).to_numpy()
    # What clocks show less UTC is the offset of each row, changes of clocks among them.
    ahead = (np.asarray(shown) - np.asarray(utc)).astype("timedelta64[s]").astype(np.int64)
    return ColumnTimes(_coarsest(np.asarray(utc)), SHOWN, ahead, zone or _named(name))


def _zone_of(column: Any) -> str:
    """The name of a column's zone; narwhals does not know pandas' zones with an underscore in their name."""
    dtype = getattr(column.to_native(), "dtype", None)
    return str(getattr(column.dtype, "time_zone", None) or getattr(dtype, "tz", None) or "")


def _named(name: str) -> NamedZone | None:
    """The zone of that name; a fixed offset has none."""
    try:
        return zone_named(name)
    except UsageError:
        return None


def _coarsest(times: NDArray[Any]) -> NDArray[Any]:
    """Take days where nothing finer is there, so that a pandas date and a written date are the same time."""
    days = times.astype("datetime64[D]")
    return days if np.array_equal(days.astype(times.dtype), times) else times


def _cell(cell: Any) -> str:
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell).strip()


def is_period(column: Any) -> bool:
    """Tell whether a column holds pandas' periods."""
    return str(getattr(column.to_native(), "dtype", "")).startswith("period[")


def write_times(
    parts: Sequence[tuple[NDArray[Any], Zone | None]], like: Any, notation: Notation, *, counted: bool
) -> Any:
    """Return coming times, each part with its zone, as a column of the same type as `like`; row numbers as numbers."""
    import narwhals as nw

    if counted:
        return np.concatenate([times for times, _ in parts])
    native = like.to_native()
    if is_period(like):
        stamps = nw.new_series(like.name, _micro(_shown(parts)), backend=like.implementation).to_native()
        return nw.from_native(stamps.dt.to_period(native.dtype.freq), series_only=True)
    if like.dtype == nw.Datetime or _zone_of(like):
        return _datetimes(parts, like)
    if like.dtype == nw.Date:
        return nw.new_series(like.name, _micro(_shown(parts)), backend=like.implementation).cast(nw.Date)
    texts = [text for times, zone in parts for text in notation.write(times, zone)]
    if like.dtype.is_integer():
        return nw.new_series(like.name, [int(text) for text in texts], like.dtype, backend=like.implementation)
    if like.dtype.is_float():
        return nw.new_series(like.name, [float(text) for text in texts], like.dtype, backend=like.implementation)
    return _objects(parts, texts, like)


def _datetimes(parts: Sequence[tuple[NDArray[Any], Zone | None]], like: Any) -> Any:
    import narwhals as nw

    aware, native = bool(_zone_of(like)), like.to_native()
    times = np.concatenate([_micro(times) for times, _ in parts]) if aware else _micro(_shown(parts))
    # pandas writes the unit into the name of the type, as in datetime64[ns, UTC].
    unit = getattr(like.dtype, "time_unit", "") or str(native.dtype).partition("[")[2][:2]
    if unit == "ns" and (times.min() < NANOSECONDS[0] or times.max() >= NANOSECONDS[1]):
        raise DataError("coming times are out of the range of nanoseconds", allowed="1678 to 2261")
    # The times are instants of UTC; the cast below shows them by the clocks of the column.
    column = nw.new_series(like.name, times, backend=like.implementation)
    column = column.dt.replace_time_zone("UTC") if aware else column
    if like.dtype == nw.Datetime:
        return column.cast(like.dtype)
    return nw.from_native(column.to_native().astype(native.dtype), series_only=True)


def _objects(parts: Sequence[tuple[NDArray[Any], Zone | None]], texts: list[str], like: Any) -> Any:
    """Texts; or Python's own dates and datetimes, where a column of objects holds such."""
    # A column of objects tells only by its cells what it holds.
    first = like.to_list()[0]
    if not isinstance(first, datetime.date):
        return texts
    moments = [moment for times, zone in parts for moment in wall(times.astype("datetime64[us]"), zone).tolist()]
    if not isinstance(first, datetime.datetime):
        return [moment.date() for moment in moments]
    ahead = [second for times, zone in parts for second in (zone.seconds(times) if zone else [None] * len(times))]
    zones = [None if second is None else datetime.timezone(datetime.timedelta(seconds=int(second))) for second in ahead]
    return [moment.replace(tzinfo=zone) for moment, zone in zip(moments, zones, strict=True)]


def _shown(parts: Sequence[tuple[NDArray[Any], Zone | None]]) -> NDArray[Any]:
    return np.concatenate([wall(times, zone) for times, zone in parts])


def _micro(times: NDArray[Any]) -> NDArray[Any]:
    """Times in a unit that every kind of frame takes."""
    return times if np.datetime_data(times.dtype)[0] == "ns" else times.astype("datetime64[us]")
