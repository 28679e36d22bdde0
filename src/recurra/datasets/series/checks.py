"""The times of series made fit: in order, no doubles, one rhythm, or a clear refusal.

Not here: reading, the values themselves, missing times (gaps.py), and what a rhythm is (rhythms.py). A net learns
steps, so that a step must be one thing in all series of a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recurra.config import SeriesConfig
from recurra.datasets.series import advice
from recurra.datasets.series.rhythms import Rhythm, TimeArray, TimeStep, at_step, infer
from recurra.datasets.series.table import Duplicates, SeriesTable, SeriesValues
from recurra.datasets.series.whole_times import PlaceOf
from recurra.datasets.series.zones import Zone
from recurra.errors import DataError

LONGEST_GRID = 100_000_000
"""Steps a series may have after its gaps are filled."""
VALIDATION = 12
"""Windows that are held out of training by default."""


@dataclass(frozen=True)
class SeriesRows:
    """A series as its rows give it: name, times and values (rows,), where each row stands, how times are shown."""

    name: str
    times: TimeArray
    values: SeriesValues
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
    # Windows overlap: the first held-out one takes a horizon, each further one a single step.
    kept = validation + config.horizon - 1 if validation else 0
    # A difference needs one value before the window.
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


def in_order(series: SeriesRows, *, sort: bool, duplicates: Duplicates) -> tuple[TimeArray, SeriesValues, list[str]]:
    """Return times and values (steps,) in ascending order without doubles, and warnings of what was merged.

    Raises DataError for times that go back unless `sort`, and for doubles unless they are to be settled.
    """
    if not sort:
        _check_order(series)
    # Most series ascend, and stay the views that they are.
    if (series.times[1:] > series.times[:-1]).all():
        return series.times, series.values, []
    # Stable, so that of two equal times the first row stays first.
    order = np.argsort(series.times, kind="stable")
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
    # A mean over what is known; of blanks alone it stays a blank.
    sums = np.bincount(inverse[known], values[known], minlength=distinct.size)
    counts = np.bincount(inverse[known], minlength=distinct.size)
    return distinct, np.where(counts > 0, sums / np.maximum(counts, 1), np.nan), doubts


def _check_order(series: SeriesRows) -> None:
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


def _double(series: SeriesRows, at: int, count: int, times: TimeArray) -> DataError:
    return DataError(
        f"{count:,} times of series {series.name!r} stand more than once",
        place=series.place(at),
        found=series.show(series.times[at]),
        advice=series.naming() or clocks(series, times) or f"remove them, or choose {advice.doubles()}",
    )


def _settled(series: SeriesRows, doubles: int, distinct: int, how: Duplicates) -> str:
    kept = "their mean is taken" if how == "mean" else "the first value of each is taken"
    several = f"{doubles + distinct:,} rows for {distinct:,} times: are these several series?"
    more = series.naming() or (several if doubles >= distinct else "")
    merged = f"{doubles:,} times of series {series.name!r} stand more than once: {kept}"
    return f"{merged}; {more}" if more else merged


def clocks(series: SeriesRows, times: TimeArray) -> str:
    """Advise to name the zone where nothing but hours of a Sunday night is double or missing."""
    if series.zone is not None or not np.issubdtype(times.dtype, np.datetime64):
        return ""
    days = times.astype("datetime64[D]")
    hour = (times - days) // np.timedelta64(1, "h")
    nights = np.unique(days)
    # 1970-01-01 was a Thursday.
    sundays = (days.astype(np.int64) + 3) % 7 == 6
    finer = np.datetime_data(times.dtype)[0] not in ("Y", "M", "D")
    # Clocks change at most once a month.
    few = nights.size == np.unique(days.astype("datetime64[M]")).size
    if not (finer and few and sundays.all() and (hour >= 1).all() and (hour <= 3).all()):
        return ""
    return f"were clocks changed in that night? Then name their zone, such as {advice.zone()}"


def settle(
    times: Mapping[str, TimeArray], zones: Mapping[str, Zone | None], *, expected: TimeStep | None = None
) -> dict[str, Rhythm]:
    """Return the rhythm of each series: the one they share where its times are on it, else its own.

    The longest series tells what is shared; `expected` goes before it, where that series is on it: three Mondays to
    Wednesdays are business days where business days are expected. Series of one value take what is shared.
    """
    if not times:
        return {}
    # The longest series says most about a rhythm that all may share.
    longest = max(times, key=lambda name: times[name].size)
    shared = _shared(times[longest], zones.get(longest), expected)
    return {
        name: at_step(each, shared, zones.get(name)) or infer(each, zones.get(name)) for name, each in times.items()
    }


def _shared(times: TimeArray, zone: Zone | None, expected: TimeStep | None) -> TimeStep:
    """Return the expected step where it leaves no more gaps than the step that the times themselves tell."""
    # Three Mondays to Wednesdays may be days or business days: the model knows which.
    known = at_step(times, expected, zone) if expected else None
    if known is not None and known.fills(times):
        return known.step
    own = infer(times, zone)
    return known.step if known is not None and _left_out(known, times) <= _left_out(own, times) else own.step


def sure_step(
    times: Mapping[str, TimeArray], rhythms: Mapping[str, Rhythm], expected: TimeStep | None
) -> TimeStep | None:
    """Return the step that is no guess: the expected one, or that of the longest series where few neighbours jump."""
    if expected is not None or len(times) < 2:
        return expected
    longest = max(times, key=lambda name: times[name].size)
    steps = np.diff(rhythms[longest].places(times[longest]))
    return rhythms[longest].step if 4 * np.count_nonzero(steps != 1) <= steps.size else None


def _left_out(rhythm: Rhythm, times: TimeArray) -> int:
    places = rhythm.places(times)
    return int(places[-1]) + 1 - times.size if (places >= 0).all() else LONGEST_GRID


def tell(rhythms: Mapping[str, Rhythm]) -> dict[str, int]:
    """Count the series of each rhythm, the most frequent first, such as `{"1 month": 12}`."""
    return dict(Counter(str(rhythm.step) for rhythm in rhythms.values()).most_common())


def shared_step(rhythms: Mapping[str, Rhythm]) -> TimeStep | None:
    """Return the step that all series have, None where there are none; raises DataError that names the others."""
    steps = dict.fromkeys(rhythm.step for rhythm in rhythms.values())
    if len(steps) < 2:
        return next(iter(steps), None)
    examples = {str(rhythm.step): name for name, rhythm in reversed(list(rhythms.items()))}
    counted = ", ".join(f"{step} ({count:,}, such as {examples[step]!r})" for step, count in tell(rhythms).items())
    raise DataError(
        "series of different rhythms",
        found=counted,
        advice=f"fit each rhythm on its own, or take rows in their order: {advice.rows_as_steps()}",
    )
