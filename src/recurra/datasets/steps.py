"""The rhythm of a series' times: what one step is, and which steps are missing.

Not here: what to do about gaps (series_checks.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Step:
    """One step of a series: `every` times `unit`; units are `step`, `business day`, `Y`, `M` and numpy's time units."""

    unit: str
    every: int

    def __str__(self) -> str:
        """Name the rhythm, such as `7 days`."""
        names = {"Y": "year", "M": "month", "D": "day", "h": "hour", "m": "minute", "s": "second"}
        return f"{self.every} {names.get(self.unit, self.unit)}{'s' if self.every > 1 else ''}"


def positions(times: np.ndarray) -> tuple[np.ndarray, Step]:
    """Return each time's place on its regular grid, int64 from 0, and the step; ascending distinct `times` (steps,).

    The rhythm is the most frequent distance, calendar months (also month ends) and business days included. A time off
    the grid has place -1. With fewer than three times the rhythm is the one distance there is.
    """
    ordinals, unit = _ordinals(times)
    distances = np.diff(ordinals)
    if distances.size == 0:
        return np.zeros(times.size, dtype=np.int64), Step(unit, 1)
    kinds, counts = np.unique(distances, return_counts=True)
    every = int(kinds[np.argmax(counts)])
    away = ordinals - ordinals[0]
    places = np.where(away % every == 0, away // every, -1)
    return places, _named(unit, every)


def grid(times: np.ndarray, places: np.ndarray, step: Step) -> np.ndarray:
    """Return all times of the grid from the first to the last, missing ones made; `places` come from `positions`."""
    steps = np.arange(places[-1] + 1)
    first = times[0]
    if step.unit == "step" or not np.issubdtype(times.dtype, np.datetime64):
        return np.asarray(first + steps * step.every)
    if step.unit == "business day":
        return np.asarray(np.busday_offset(first.astype("datetime64[D]"), steps * step.every)).astype(times.dtype)
    if step.unit in ("M", "Y"):
        return _months(times, steps * step.every * (12 if step.unit == "Y" else 1))
    return np.asarray(first + (steps * step.every).astype(f"timedelta64[{step.unit}]"))


def _ordinals(times: np.ndarray) -> tuple[np.ndarray, str]:
    """Count the times in the largest unit that loses nothing."""
    if not np.issubdtype(times.dtype, np.datetime64):
        return times.astype(np.int64), "step"
    days = times.astype("datetime64[D]")
    if not np.array_equal(days.astype(times.dtype), times):
        return _clock(times)
    months = times.astype("datetime64[M]")
    monthly = np.array_equal(months.astype(times.dtype), times) or _month_ends(days) or _same_day(days, months)
    # Two times a month or more cannot be counted in months.
    if monthly and np.unique(months).size == months.size:
        return months.astype(np.int64), "M"
    if times.size > 7 and bool(np.all(np.is_busday(days))) and not _weekly(days):
        return np.busday_count(days[0], days).astype(np.int64), "business day"
    return days.astype(np.int64), "D"


def _clock(times: np.ndarray) -> tuple[np.ndarray, str]:
    for unit in ("h", "m", "s", "ms", "us"):
        whole = times.astype(f"datetime64[{unit}]")
        if np.array_equal(whole.astype(times.dtype), times):
            return whole.astype(np.int64), unit
    return times.astype(np.int64), np.datetime_data(times.dtype)[0]


def _named(unit: str, every: int) -> Step:
    return Step("Y", every // 12) if unit == "M" and every % 12 == 0 else Step(unit, every)


def _month_ends(days: np.ndarray) -> bool:
    following = days + np.timedelta64(1, "D")
    return bool(np.all(following.astype("datetime64[M]").astype("datetime64[D]") == following))


def _same_day(days: np.ndarray, months: np.ndarray) -> bool:
    day = (days - months.astype("datetime64[D]")).astype(np.int64)
    return days.size > 2 and bool(np.all(day == day[0]))


def _weekly(days: np.ndarray) -> bool:
    return bool(np.all(np.diff(days).astype(np.int64) % 7 == 0))


def _months(times: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Go on by calendar months on the same day of the month, or on the last day where the first is one."""
    days = times.astype("datetime64[D]")
    months = days[0].astype("datetime64[M]") + steps
    if _month_ends(days):
        made = (months + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    else:
        made = months.astype("datetime64[D]") + (days[0] - days[0].astype("datetime64[M]"))
    return np.asarray(made.astype(times.dtype))
