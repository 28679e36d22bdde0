"""The times of one series made fit: in order, no doubles, no gaps, or a clear refusal.

Not here: reading, the values themselves, and what several series share (rhythms.py).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.config import SeriesConfig
from recurra.datasets.series import advice
from recurra.datasets.series.rhythms import LONGEST_GRID, OFF, Rhythm, Times
from recurra.datasets.series.table import Duplicates, SeriesTable
from recurra.datasets.series.whole_times import PlaceOf
from recurra.datasets.series.zones import Zone, wall
from recurra.errors import DataError

VALIDATION = 12
"""Windows that are held out of training by default."""
MANY = 1 / 3
"""A larger share of missing times is rather another rhythm than gaps."""

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Given:
    """A series as its rows give it: name, times and values (rows,), where each row stands, how times are shown."""

    name: str
    times: Times
    values: Values
    zone: Zone | None
    place: PlaceOf
    show: Callable[[Any], str]
    naming: Callable[[], str]
    """Says which columns may name series that lie mixed here; empty: none."""

    def place_of(self, time: Any) -> Any:
        """Where a time stands first."""
        return self.place(int(np.argmax(self.times == time)))


def check_lengths(table: SeriesTable, config: SeriesConfig, *, validation: int, test: bool = True) -> None:
    """Raise DataError when a series is shorter than training, validation windows and the test part need together."""
    kept = validation + config.horizon - 1 if validation else 0
    learnt = config.window + int(config.difference) + config.horizon
    need = learnt + kept + config.horizon * test
    short = {name: values.size for name, values in table.values.items() if values.size < need}
    if not short:
        return
    name, have = next(iter(short.items()))
    parts = f"{learnt} for a window of {config.window} and a horizon of {config.horizon}, {kept} to validate"
    more = f", {config.horizon} to test" if test else ""
    others = f" (and {len(short) - 1:,} more series)" if len(short) > 1 else ""
    raise DataError(
        f"series {name!r} is too short{others}",
        found=f"{have:,} value{'s' * (have != 1)}",
        allowed=f"{need:,} or more: {parts}{more}",
        advice="bring a longer series, or choose a shorter window or horizon",
    )


def in_order(series: Given, *, sort: bool, duplicates: Duplicates) -> tuple[Times, Values, list[str]]:
    """Return times and values (steps,) in ascending order without doubles, and warnings of what was merged.

    Raises DataError for times that go back unless `sort`, and for doubles unless they are to be settled.
    """
    order = np.argsort(series.times, kind="stable")
    if not sort:
        _check_order(series)
    times, values = series.times[order], series.values[order]
    double = np.flatnonzero(times[1:] == times[:-1])
    if not double.size:
        return times, values, []
    if duplicates == "error":
        raise _double(series, int(order[double[0] + 1]), double.size, times[double])
    distinct, first, inverse = np.unique(times, return_index=True, return_inverse=True)
    doubts = [_settled(series, double.size, distinct.size, duplicates)]
    if duplicates == "first":
        return distinct, values[first], doubts
    known = ~np.isnan(values)
    sums = np.bincount(inverse[known], values[known], minlength=distinct.size)
    counts = np.bincount(inverse[known], minlength=distinct.size)
    return distinct, np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), doubts


def regular(series: Given, times: Times, values: Values, rhythm: Rhythm, *, fill: bool) -> tuple[Times, Values]:
    """Return the series without gaps: missing times are added as NaN if `fill`, else refused.

    Raises DataError for times that are off the rhythm, and for gaps that are not to be filled.
    """
    if rhythm.fills(times):
        return times, values
    places = rhythm.places(times)
    if (places == OFF).any():
        raise _off(series, times, places, rhythm)
    length = int(places[-1]) + 1
    if length > LONGEST_GRID:
        grown = f"{length:,} steps of {rhythm.step}"
        raise DataError(f"series {series.name!r} has gaps too large to fill", found=grown, allowed=f"{LONGEST_GRID:,}")
    whole = rhythm.times(np.arange(length))
    if not fill:
        raise _gaps(series, whole, places, rhythm)
    filled = np.full(length, np.nan)
    filled[places] = values
    return whole, filled


def _check_order(series: Given) -> None:
    back = np.flatnonzero(series.times[1:] < series.times[:-1])
    if not back.size:
        return
    at = int(back[0]) + 1
    raise DataError(
        f"times of series {series.name!r} go back",
        place=series.place(at),
        found=f"{series.show(series.times[at])} after {series.show(series.times[at - 1])}",
        advice=series.naming() or f"sort the rows, or allow it with {advice.sorting()}",
    )


def _double(series: Given, at: int, count: int, times: Times) -> DataError:
    return DataError(
        f"{count:,} times of series {series.name!r} stand more than once",
        place=series.place(at),
        found=series.show(series.times[at]),
        advice=series.naming() or _clocks(series, times) or f"remove them, or choose {advice.doubles()}",
    )


def _settled(series: Given, doubles: int, distinct: int, how: Duplicates) -> str:
    kept = "their mean is taken" if how == "mean" else "the first value of each is taken"
    several = f"{doubles + distinct:,} rows for {distinct:,} times: are these several series?"
    more = series.naming() or (several if doubles >= distinct else "")
    merged = f"{doubles:,} times of series {series.name!r} stand more than once: {kept}"
    return f"{merged}; {more}" if more else merged


def _off(series: Given, times: Times, places: NDArray[np.int64], rhythm: Rhythm) -> DataError:
    off = np.flatnonzero(places == OFF)
    at = int(off[0])
    twice = _twice_a_month(wall(times, series.zone))
    wrong = f"{off.size:,} times of series {series.name!r} are off its rhythm of {rhythm.step}"
    return DataError(
        f"times of series {series.name!r} come {twice}: no rhythm that is known" if twice else wrong,
        place=series.place_of(times[at]),
        found=f"{series.show(times[at])} after {series.show(times[at - 1])}",
        advice=f"mend them, or take the rows in their order: {advice.rows_as_steps()}",
    )


def _gaps(series: Given, whole: Times, places: NDArray[np.int64], rhythm: Rhythm) -> DataError:
    present = np.zeros(whole.size, dtype=bool)
    present[places] = True
    gaps = whole[~present]
    shown = ", ".join(series.show(time) for time in gaps[:3])
    unsure = _unsure(places, rhythm)
    wrong = f"{gaps.size:,} times of series {series.name!r} are missing at its rhythm of {rhythm.step}"
    fill = f"bring them, or choose {advice.filling()}"
    rows = f"take the rows in their order: {advice.rows_as_steps()}"
    many = gaps.size > MANY * whole.size
    return DataError(
        f"{wrong}, which is not sure ({unsure})" if unsure else wrong,
        place=series.place_of(whole[np.argmax(~present) - 1]),
        found=f"the first behind this line; gaps such as {shown}",
        advice=_clocks(series, gaps)
        or (f"if that is not their rhythm, {rows}" if many or unsure else f"{fill}; or {rows}"),
    )


def _unsure(places: NDArray[np.int64], rhythm: Rhythm) -> str:
    """Say the two most frequent distances, where the second is nearly as frequent as the first."""
    kinds, counts = np.unique(np.diff(places), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:2]
    if order.size < 2 or counts[order[1]] < 3 or 2 * counts[order[1]] <= counts[order[0]]:
        return ""
    counted = (f"{kinds[at] * rhythm.step.every} ({counts[at]:,} times)" for at in order)
    return f"distances of {' and '.join(counted)} {rhythm.step.unit}"


def _twice_a_month(times: Times) -> str:
    """Name times that stand twice in each month, the first and the last month aside, on two days of the month."""
    if not np.issubdtype(times.dtype, np.datetime64) or times.size < 6:
        return ""
    days = times.astype("datetime64[D]")
    months, begins, counts = np.unique(days.astype("datetime64[M]"), return_index=True, return_counts=True)
    if months.size < 3 or (counts[1:-1] != 2).any() or counts.max() > 2:
        return ""
    first, second = days[begins[1:-1]], days[begins[1:-1] + 1]
    last = (months[1:-1] + 1).astype("datetime64[D]") - 1
    of_month = [(each - months[1:-1].astype("datetime64[D]")).astype(np.int64) for each in (first, second)]
    fixed = np.ptp(of_month[0]) == 0 and (np.ptp(of_month[1]) == 0 or np.array_equal(second, last))
    return "twice a month" if fixed else ""


def _clocks(series: Given, times: Times) -> str:
    """Advise to name the zone where nothing but hours of a Sunday night is double or missing."""
    if series.zone is not None or not np.issubdtype(times.dtype, np.datetime64):
        return ""
    days = times.astype("datetime64[D]")
    hour = (times - days) // np.timedelta64(1, "h")
    nights = np.unique(days)
    sundays = (days.astype(np.int64) + 3) % 7 == 6
    finer = np.datetime_data(times.dtype)[0] not in ("Y", "M", "D")
    few = nights.size == np.unique(days.astype("datetime64[M]")).size
    if not (finer and few and sundays.all() and (hour >= 1).all() and (hour <= 3).all()):
        return ""
    return f"were clocks changed in that night? Then name their zone, such as {advice.zone()}"
