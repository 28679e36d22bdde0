"""Missing times of a series: added as values that nobody knows, or refused; times off the rhythm are refused.

Not here: which rhythm a series has (checks.py).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series import advice
from recurra.datasets.series.checks import LONGEST_GRID, SeriesRows, clocks
from recurra.datasets.series.rhythms import OFF, Rhythm, TimeArray
from recurra.datasets.series.table import SeriesValues
from recurra.datasets.series.zones import wall
from recurra.errors import DataError

MANY = 1 / 3
"""A larger share of missing times is rather another rhythm than gaps."""
MOST = 0.9
"""A larger share is rather a wrong date far away."""


def regular(
    series: SeriesRows, times: TimeArray, values: SeriesValues, rhythm: Rhythm, *, fill: bool | None, sure: bool
) -> tuple[TimeArray, SeriesValues, Callable[[], DataError] | None]:
    """Return the series without gaps: missing times are added as NaN if `fill`, and refused if not.

    With None they are added where they are surely gaps, and what makes the refusal comes third, for who needs every
    value; the rhythm is `sure` where other series, or a model, have it too. Raises DataError for times that are off the
    rhythm, and for gaps that are not to be filled.
    """
    # Most series have no gaps, and this is the cheapest question.
    if rhythm.fills(times):
        return times, values, None
    places = rhythm.places(times)
    if (places == OFF).any():
        raise _off(series, times, places, rhythm)
    length = int(places[-1]) + 1
    # A wrong date centuries away would fill the memory with blanks.
    if length > LONGEST_GRID:
        grown = f"{length:,} steps of {rhythm.step}"
        raise DataError(f"series {series.name!r} has gaps too large to fill", found=grown, allowed=f"{LONGEST_GRID:,}")
    whole = rhythm.times(np.arange(length))
    # Made only when it is asked for: its place is looked up by reading the file again.
    refusal = None if fill else partial(_gaps, series, whole, places, rhythm)
    if refusal is not None and (fill is False or _doubtful(series, whole, places, rhythm, sure=sure)):
        raise refusal()
    filled = np.full(length, np.nan)
    filled[places] = values
    return whole, filled, refusal


def _doubtful(series: SeriesRows, whole: TimeArray, places: NDArray[np.int64], rhythm: Rhythm, *, sure: bool) -> bool:
    """Tell whether missing times may be something else: another rhythm, hours that clocks skip, a wrong date."""
    steps = np.diff(places)
    jumps = steps[steps > 1]
    absent = whole.size - places.size
    kinds, counts = np.unique(jumps, return_counts=True)
    # Shops that close each night have gaps of one length: that is a rhythm which is not known. Single values that are
    # missing by chance are alike, too, and no rhythm.
    alike = jumps.size > 2 and 2 * counts.max() > jumps.size and kinds[counts.argmax()] > 2
    closed = absent > MANY * whole.size and alike
    # A rhythm of which most neighbours are more than a step apart is a guess.
    guessed = not sure and bool(2 * jumps.size > steps.size or _unsure(places, rhythm))
    return guessed or closed or absent > MOST * whole.size or bool(clocks(series, _absent(whole, places)))


def _absent(whole: TimeArray, places: NDArray[np.int64]) -> TimeArray:
    """Return the times of a whole rhythm at which nothing stands."""
    present = np.zeros(whole.size, dtype=bool)
    present[places] = True
    return whole[~present]


def _off(series: SeriesRows, times: TimeArray, places: NDArray[np.int64], rhythm: Rhythm) -> DataError:
    off = np.flatnonzero(places == OFF)
    at = int(off[0])
    # The 1st and the 15th are a rhythm to people, but no step of one length.
    twice = _twice_a_month(wall(times, series.zone))
    wrong = f"{off.size:,} times of series {series.name!r} are off its rhythm of {rhythm.step}"
    return DataError(
        f"times of series {series.name!r} come {twice}: no rhythm that is known" if twice else wrong,
        place=series.place_of(times[at]),
        found=f"{series.show(times[at])} after {series.show(times[at - 1])}",
        advice=f"mend them, or take the rows in their order: {advice.rows_as_steps()}",
    )


def _gaps(series: SeriesRows, whole: TimeArray, places: NDArray[np.int64], rhythm: Rhythm) -> DataError:
    gaps = _absent(whole, places)
    shown = ", ".join(series.show(time) for time in gaps[:3])
    # Where two distances are about as frequent, neither is surely the rhythm.
    unsure = _unsure(places, rhythm)
    wrong = f"{gaps.size:,} times of series {series.name!r} are missing at its rhythm of {rhythm.step}"
    fill = f"bring them, or choose {advice.filling()}"
    rows = f"take the rows in their order: {advice.rows_as_steps()}"
    many = gaps.size > MANY * whole.size
    return DataError(
        f"{wrong}, which is not sure ({unsure})" if unsure else wrong,
        place=series.place_of(whole[np.argmax(np.diff(places) > 1)]),
        found=f"the first behind this line; gaps such as {shown}",
        # The hour that clocks skip in spring looks like a gap, and the one they repeat like a double.
        advice=clocks(series, gaps)
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


def _twice_a_month(times: TimeArray) -> str:
    """Name times that stand twice in each month, the first and the last month aside, on two days of the month."""
    if not np.issubdtype(times.dtype, np.datetime64) or times.size < 6:
        return ""
    days = times.astype("datetime64[D]")
    months, begins, counts = np.unique(days.astype("datetime64[M]"), return_index=True, return_counts=True)
    if months.size < 3 or (counts[1:-1] != 2).any() or counts.max() > 2:
        return ""
    # The first and the last month may be cut off.
    first, second = days[begins[1:-1]], days[begins[1:-1] + 1]
    last = (months[1:-1] + 1).astype("datetime64[D]") - 1
    of_month = [(each - months[1:-1].astype("datetime64[D]")).astype(np.int64) for each in (first, second)]
    fixed = np.ptp(of_month[0]) == 0 and (np.ptp(of_month[1]) == 0 or np.array_equal(second, last))
    return "twice a month" if fixed else ""
