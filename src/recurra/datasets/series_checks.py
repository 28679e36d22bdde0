"""The times of one series made fit: in order, no doubles, no gaps, or a clear refusal.

Not here: reading, and the values themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Literal

import numpy as np

from recurra.datasets.steps import grid, positions
from recurra.errors import DataError, Place

Duplicates = Literal["error", "first", "mean"]
Gaps = Literal["refuse", "fill", "ignore"]
PlaceOf = Callable[[int], Place]
PlaceOfTime = Callable[[np.generic], Place]

LONGEST_GRID = 100_000_000
"""Steps a series may have after its gaps are filled."""


def check_series(
    times: np.ndarray,
    values: np.ndarray,
    *,
    name: str,
    place: PlaceOf,
    sort: bool = False,
    duplicates: Duplicates = "error",
    gaps: Gaps = "refuse",
) -> tuple[np.ndarray, np.ndarray]:
    """Return times and values (steps,) in ascending order, without doubles, and without gaps unless `ignore`.

    `place(step)` tells where a given step stands in the file. Raises DataError for what the options do not allow.
    """
    order = np.argsort(times, kind="stable")
    if not sort:
        _check_order(name, times, place)
    given = times
    times, values = times[order], values[order]
    times, values = _without_doubles(name, times, values, duplicates, lambda step: place(int(order[step])))
    if gaps == "ignore" or times.size < 3:
        return times, values

    def place_of(time: np.generic) -> Place:
        return place(int(np.argmax(given == time)))

    return _regular(name, times, values, fill=gaps == "fill", place_of=place_of)


def check_length(name: str, *, have: int, need: int) -> None:
    """Raise DataError when a series is shorter than its window and horizon need."""
    if have < need:
        raise DataError(
            f"series {name!r} is too short: need {need:,} steps, have {have:,}",
            advice="bring a longer series, or choose a shorter window or horizon",
        )


def rhythms(times: dict[str, np.ndarray]) -> dict[str, int]:
    """Count the series of each rhythm, the most frequent first, such as `{"1 month": 12}`."""
    steps = Counter(str(positions(each)[1]) if each.size > 1 else "one value" for each in times.values())
    return dict(steps.most_common())


def _check_order(name: str, times: np.ndarray, place: PlaceOf) -> None:
    back = np.flatnonzero(times[1:] < times[:-1])
    if back.size:
        at = int(back[0]) + 1
        raise DataError(
            f"times of series {name!r} go back",
            place=place(at),
            found=f"{times[at]} after {times[at - 1]}",
            advice="sort the rows, or allow it with --sort",
        )


def _without_doubles(
    name: str, times: np.ndarray, values: np.ndarray, how: Duplicates, place: PlaceOf
) -> tuple[np.ndarray, np.ndarray]:
    double = np.flatnonzero(times[1:] == times[:-1])
    if not double.size:
        return times, values
    if how == "error":
        at = int(double[0]) + 1
        raise DataError(
            f"{double.size:,} times of series {name!r} stand more than once",
            place=place(at),
            found=str(times[at]),
            advice="remove them, or choose --duplicates first or mean",
        )
    distinct, first, inverse = np.unique(times, return_index=True, return_inverse=True)
    if how == "first":
        return distinct, values[first]
    known = ~np.isnan(values)
    sums = np.bincount(inverse[known], values[known], minlength=distinct.size)
    counts = np.bincount(inverse[known], minlength=distinct.size)
    return distinct, np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _regular(
    name: str, times: np.ndarray, values: np.ndarray, *, fill: bool, place_of: PlaceOfTime
) -> tuple[np.ndarray, np.ndarray]:
    places, step = positions(times)
    off = np.flatnonzero(places < 0)
    if off.size:
        at = int(off[0])
        raise DataError(
            f"{off.size:,} times of series {name!r} are off its rhythm of {step}",
            place=place_of(times[at]),
            found=f"{times[at]} after {times[at - 1]}",
            advice='mend them, or take the rows as plain steps (gaps="ignore")',
        )
    length = int(places[-1]) + 1
    if length == times.size:
        return times, values
    if length > LONGEST_GRID:
        raise DataError(f"series {name!r} would have {length:,} steps of {step}", allowed=f"{LONGEST_GRID:,}")
    whole = grid(times, places, step)
    if not fill:
        _refuse_gaps(name, whole, places, str(step), place_of)
    filled = np.full(length, np.nan)
    filled[places] = values
    return whole, filled


def _refuse_gaps(name: str, whole: np.ndarray, places: np.ndarray, step: str, place_of: PlaceOfTime) -> None:
    present = np.zeros(whole.size, dtype=bool)
    present[places] = True
    gaps = whole[~present]
    shown = ", ".join(str(time) for time in gaps[:3])
    raise DataError(
        f"{gaps.size:,} times of series {name!r} are missing at its rhythm of {step}",
        place=place_of(whole[np.argmax(~present) - 1]),
        found=f"the first behind this line; gaps such as {shown}",
        advice="bring them, or choose --fill-gaps",
    )
