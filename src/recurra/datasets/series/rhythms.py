"""The rhythm of a series' times: what one step is, where each time stands on it, which times come next.

Not here: what to do about gaps, and which rhythm several series share (checks.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.zones import Zone, instants_of, wall

TimeArray = NDArray[Any]
"""datetime64 in any unit, or int64 steps."""

NAMES = {"Y": "year", "M": "month", "D": "day", "h": "hour", "m": "minute", "s": "second"}
LARGER = {"ns": ("us", 1000), "us": ("ms", 1000), "ms": ("s", 1000), "s": ("m", 60), "m": ("h", 60)}
# Units that go by the wall clock: their days last 23 to 25 hours.
CALENDAR = ("Y", "M", "business day", "D")
WEEK = "1111100"
"""Monday to Friday."""
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
# Days of the month that are no number: of a month without the 29th, 30th or 31st its last day is meant, too.
LAST_DAY, LAST_BUSINESS_DAY, FIRST_BUSINESS_DAY = 31, 32, 33
OFF = -1
"""The place of a time that is not on the rhythm."""


@dataclass(frozen=True)
class TimeStep:
    """One step of a series: `every` times `unit`; units are `step`, `business day`, `Y`, `M` and numpy's time units."""

    unit: str
    every: int
    week: str = ""
    """Of business days: numpy's mask of the days, Monday first; empty where they are Monday to Friday."""
    day: int = field(default=0, compare=False)
    """Of months and years: the day of the month, or one of the last and first days named above."""

    def __str__(self) -> str:
        """Name the rhythm, such as `7 days`."""
        days = " ".join(day for day, there in zip(DAYS, self.week, strict=False) if there == "1")
        plural = "s" if self.every > 1 and (self.unit in NAMES or self.unit in ("step", "business day")) else ""
        name = f"{NAMES.get(self.unit, self.unit)}{plural}"
        return f"{self.every} {name}{f' ({days})' if days else ''}"

    @property
    def length(self) -> TimeStep:
        """The step without its kind of clock: 24 hours are a day."""
        return TimeStep("D", self.every // 24) if self.unit == "h" and self.every % 24 == 0 else self


@dataclass(frozen=True, eq=False)
class Rhythm:
    """A step that begins at a time of the series; steps of days and longer go by the wall clock of a zone."""

    step: TimeStep
    origin: Any
    zone: Zone | None = None

    def places(self, times: TimeArray) -> NDArray[np.int64]:
        """Return how many steps after the origin each time is, or `OFF` for a time that is not on the rhythm."""
        # First a count that may be wrong between two steps; then the steps are made again and compared.
        counted = _count(self, times)
        places = np.where(counted % self.step.every == 0, counted // self.step.every, OFF)
        counted = np.flatnonzero(places >= 0)
        wrong = counted[self.times(places[counted]) != times[counted]]
        places[wrong] = OFF
        return places

    def fills(self, times: TimeArray) -> bool:
        """Tell whether the times are the first ones of the rhythm, without a gap."""
        return np.array_equal(self.times(np.arange(times.size)), times)

    def times(self, places: NDArray[np.int64]) -> TimeArray:
        """Return the times that are so many steps after the origin."""
        steps, step = places * self.step.every, self.step
        if step.unit == "step":
            return np.asarray(self.origin + steps)
        if step.unit not in CALENDAR:
            return _like(self.origin + steps.astype(f"timedelta64[{step.unit}]"), self.origin)
        first = wall(np.array([self.origin]), self.zone)
        begin = first.astype("datetime64[D]")
        # Days are counted by the calendar and keep their hour: an hour of a day may be 23 or 25 hours away.
        days = _days_after(step, begin[0], steps)
        clock = first - begin
        return _like(instants_of(days + clock, self.zone), self.origin)


def infer(times: TimeArray, zone: Zone | None = None) -> Rhythm:
    """Return the rhythm of ascending distinct `times` (steps,): the first kind of step that all of them are on.

    The number of units is the most frequent distance. Where no kind fits, the one that most times are on is returned.
    """
    partly: list[tuple[int, Rhythm]] = []
    for rhythm in _candidates(times, zone):
        fits = int(np.count_nonzero(rhythm.places(times) >= 0))
        # The first kind that fits all is the most telling one.
        if fits == times.size:
            return rhythm
        partly.append((fits, rhythm))
    return max(partly, key=lambda pair: pair[0])[1]


def at_step(times: TimeArray, step: TimeStep, zone: Zone | None = None) -> Rhythm | None:
    """Return the rhythm of a known step that all of `times` are on, neighbours mostly one step apart, else None."""
    for rhythm in _of_step(times, step, zone):
        if rhythm.fills(times):
            return rhythm
        places = rhythm.places(times)
        # A step that leaves gaps between most neighbours is not theirs, even if all times are on it.
        if places.min() >= 0 and (times.size < 3 or _usual(places) == 1):
            return rhythm
    return None


def _of_step(times: TimeArray, step: TimeStep, zone: Zone | None) -> Iterator[Rhythm]:
    dated = np.issubdtype(times.dtype, np.datetime64)
    # Dates are on no rhythm of plain steps, and steps on none of dates.
    if dated == (step.unit == "step"):
        return
    yield Rhythm(step, times[0], zone)
    if step.unit in ("M", "Y"):
        for day in _days_of_month(wall(times, zone).astype("datetime64[D]")):
            yield Rhythm(TimeStep(step.unit, step.every, day=day), times[0], zone)


def _candidates(times: TimeArray, zone: Zone | None) -> Iterator[Rhythm]:
    """Offer kinds of steps, the most telling first."""
    if not np.issubdtype(times.dtype, np.datetime64):
        yield Rhythm(TimeStep("step", _usual(times.astype(np.int64))), times[0])
        return
    # Days go by the clocks on the wall; instants would move by an hour twice a year.
    shown = wall(times, zone)
    days = shown.astype("datetime64[D]")
    clock = np.unique(shown - days)
    # Where clocks are put forward at midnight, one midnight is shown as one o'clock.
    if clock.size == 1 or (zone is not None and clock.size <= 3):
        yield from _calendar(times, days, zone)
    # In a zone, days that are exactly 24 hours apart may be hours that were counted.
    if clock.size > 1 or zone is not None:
        yield _clock(times, zone)


def _calendar(times: TimeArray, days: TimeArray, zone: Zone | None) -> Iterator[Rhythm]:
    months = days.astype("datetime64[M]").astype(np.int64)
    # Two times a month or more cannot be counted in months.
    if np.unique(months).size == months.size:
        every = _usual(months)
        # Twelve months are a year.
        unit, count = ("Y", every // 12) if every % 12 == 0 else ("M", every)
        for day in _days_of_month(days):
            yield Rhythm(TimeStep(unit, count, day=day), times[0], zone)
    week = _week(days)
    if week:
        # Days of the week that never occur are no gaps.
        counted = np.busday_count(days[0], days, weekmask=week).astype(np.int64)
        yield Rhythm(TimeStep("business day", _usual(counted), "" if week == WEEK else week), times[0], zone)
    yield Rhythm(TimeStep("D", _usual(days.astype(np.int64))), times[0], zone)


def _clock(times: TimeArray, zone: Zone | None) -> Rhythm:
    # Instants at midnight of UTC are dates, but not the dates of a zone.
    times = times.astype(np.promote_types(times.dtype, "datetime64[h]"))
    unit = np.datetime_data(times.dtype)[0]
    every = _usual(times.astype(np.int64))
    # 3600 seconds are an hour: the largest unit that divides the step names it.
    while unit in LARGER and every % LARGER[unit][1] == 0:
        unit, every = LARGER[unit][0], every // LARGER[unit][1]
    return Rhythm(TimeStep(unit, every), times[0], zone)


def _usual(counted: NDArray[np.int64]) -> int:
    """Return the most frequent distance between neighbours, the smallest of several; 1 where there is none."""
    # np.unique sorts, so that argmax takes the smallest of equally frequent distances.
    kinds, counts = np.unique(np.diff(counted), return_counts=True)
    return int(kinds[np.argmax(counts)]) if kinds.size else 1


def _days_of_month(days: TimeArray) -> Iterator[int]:
    """Offer the days of the month that all of `days` may be meant to be; of two dates only the plain ones."""
    months = days.astype("datetime64[M]")
    day = (days - months.astype("datetime64[D]")).astype(np.int64) + 1
    # The last day comes first: the 28th of February, 31st of March … are month ends.
    every = (LAST_DAY, int(day.max()), LAST_BUSINESS_DAY, FIRST_BUSINESS_DAY)
    for candidate in every if days.size != 2 else (LAST_DAY, int(day[0])):
        if np.array_equal(_in_month(months, candidate), days):
            yield candidate
            return
    if days.size > 2:
        kinds, counts = np.unique(day, return_counts=True)
        yield int(kinds[np.argmax(counts)])


def _in_month(months: TimeArray, day: int) -> TimeArray:
    """Return that day of each month, the last one where the month is shorter."""
    if day == FIRST_BUSINESS_DAY:
        return np.asarray(np.busday_offset(months.astype("datetime64[D]"), 0, roll="forward"))
    # The day before the next month begins is the last one of this, however long it is.
    following = (months + 1).astype("datetime64[D]")
    if day == LAST_BUSINESS_DAY:
        return np.asarray(np.busday_offset(following, -1, roll="forward"))
    return np.asarray(np.minimum(months.astype("datetime64[D]") + (day - 1), following - 1))


def _week(days: TimeArray) -> str:
    """Return the mask of the week's days that occur, where it is worth a rhythm of its own, else an empty text."""
    # 1970-01-01 was a Thursday, so Monday is 0 with three days added.
    present = np.bincount((days.astype(np.int64) + 3) % 7, minlength=7) > 0
    mask = "".join("1" if there else "0" for there in present)
    # Five days from Monday to Friday are usual; any other set needs to come three times.
    least = 8 if mask == WEEK else 3 * int(present.sum())
    counted = np.busday_count(days[0], days, weekmask=mask)
    worth = 1 < present.sum() < 7 and days.size >= least and (mask == WEEK or _usual(counted) == 1)
    if not worth and days.size > 7 and not present[5:].any() and present[:5].sum() > 1:
        return WEEK
    return mask if worth else ""


def _count(rhythm: Rhythm, times: TimeArray) -> NDArray[np.int64]:
    """Count units from the origin; what lies between two units is counted down."""
    step = rhythm.step
    if step.unit == "step":
        return np.asarray(times.astype(np.int64) - int(rhythm.origin))
    if step.unit not in CALENDAR:
        return np.asarray((times - rhythm.origin) // np.ones(1, dtype=f"timedelta64[{step.unit}]"), dtype=np.int64)
    days = wall(times, rhythm.zone).astype("datetime64[D]")
    origin = wall(np.array([rhythm.origin]), rhythm.zone).astype("datetime64[D]")[0]
    if step.unit == "D":
        return np.asarray(days - origin).astype(np.int64)
    if step.unit == "business day":
        return np.asarray(np.busday_count(origin, days, weekmask=step.week or WEEK), dtype=np.int64)
    months = (days.astype("datetime64[M]") - origin.astype("datetime64[M]")).astype(np.int64)
    return np.asarray(months // 12 if step.unit == "Y" else months)


def _like(made: TimeArray, origin: np.datetime64) -> TimeArray:
    """Return the times in the unit of the origin where that loses nothing."""
    # A column of days must get days back, not seconds.
    coarse = made.astype(origin.dtype)
    return np.asarray(coarse if np.array_equal(coarse, made) else made)


def _days_after(step: TimeStep, origin: np.datetime64, steps: NDArray[np.int64]) -> TimeArray:
    if step.unit == "D":
        return np.asarray(origin + steps)
    if step.unit == "business day":
        return np.asarray(np.busday_offset(origin, steps, roll="forward", weekmask=step.week or WEEK))
    return _in_month(origin.astype("datetime64[M]") + steps * (12 if step.unit == "Y" else 1), step.day or LAST_DAY)
