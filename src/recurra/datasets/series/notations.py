"""How a column writes its times, kept so that coming times are written alike; quarters and ISO weeks are read here too.

Not here: reading other times (moments.py).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.zones import Zone, wall
from recurra.errors import DataError

Epoch = Literal["s", "ms", "us", "ns", "excel", "step"]
"""What whole numbers count: units since 1970, a spreadsheet's days since 1899-12-30, or plain steps."""

EXCEL_BEGINS = np.datetime64("1899-12-30", "D")
LAST_YEAR = 9999


@dataclass(frozen=True)
class Notation:
    """A strptime format, quarters or weeks, a unit of whole numbers, or else ISO 8601 like an example.

    Plain steps have none of them.
    """

    example: str = ""
    date_format: str = ""
    epoch: Epoch | None = None
    period: str = ""
    """The template of quarters or weeks (notations.py)."""

    def write(self, times: NDArray[Any], zone: Zone | None = None) -> list[str]:
        """Return the times (rows,) as the column would write them; instants are shown by the clocks of their zone.

        Raises DataError for what no notation holds: years after 9999.
        """
        # Plain steps are written as they are.
        if not np.issubdtype(times.dtype, np.datetime64):
            return [str(step) for step in times.tolist()]
        # strftime and datetime end there, and would fail further down with less to say.
        if times.size and times.max().astype("datetime64[Y]") > np.datetime64(str(LAST_YEAR), "Y"):
            raise DataError(f"coming times pass the year {LAST_YEAR}", advice="forecast fewer steps")
        if self.period:
            return write_periods(times, self.period)
        if self.epoch is not None:
            return _counted(times, self.epoch)
        # Needed for what is written as an offset; the clocks themselves come from `wall`.
        ahead = zone.seconds(times) if zone is not None else None
        if self.date_format:
            return _formatted(wall(times, zone), self.date_format, ahead)
        return _iso(wall(times, zone), self.example, ahead)


def _counted(times: NDArray[Any], epoch: Epoch) -> list[str]:
    if epoch != "excel":
        return [str(number) for number in times.astype(f"datetime64[{epoch}]").astype(np.int64).tolist()]
    days = (times - EXCEL_BEGINS) / np.timedelta64(1, "D")
    # Ten digits of a day are ten microseconds; zeros that say nothing go.
    return [f"{day:.10f}".rstrip("0").rstrip(".") for day in days.tolist()]


def _formatted(shown: NDArray[Any], date_format: str, ahead: NDArray[np.int64] | None) -> list[str]:
    moments: list[datetime.datetime] = shown.astype("datetime64[us]").tolist()
    if ahead is None:
        return [moment.strftime(date_format) for moment in moments]
    zones = [datetime.timezone(datetime.timedelta(seconds=second)) for second in ahead.tolist()]
    return [moment.replace(tzinfo=zone).strftime(date_format) for moment, zone in zip(moments, zones, strict=True)]


def _iso(shown: NDArray[Any], example: str, ahead: NDArray[np.int64] | None) -> list[str]:
    """Write dates and times as exactly as the example does, with its separator, and its kind of offset."""
    # A date alone, a month or a year: no clock, so no offset either.
    if len(example) <= 10:
        return _texts(shown, {4: "Y", 7: "M"}.get(len(example), "D"))
    clock = example[11:].removesuffix("Z")
    clock = clock[:-6] if clock[-6:-5] in ("+", "-") else clock
    digits = len(clock) - 9 if len(clock) > 8 else 0
    # NumPy writes as many digits as its unit has; the example tells how many are kept.
    unit = "m" if len(clock) == 5 else "s" if not digits else "ms" if digits <= 3 else "us" if digits <= 6 else "ns"
    written = _texts(shown, unit)
    cut = 11 + len(clock)
    offsets = [""] * len(written)
    if ahead is not None and len(example) > cut:
        zulu = example.endswith("Z")
        offsets = ["Z" if zulu and not second else _offset(second) for second in ahead.tolist()]
    return [f"{text[:10]}{example[10]}{text[11:cut]}{offset}" for text, offset in zip(written, offsets, strict=True)]


def _texts(shown: NDArray[Any], unit: str) -> list[str]:
    return [str(text) for text in shown.astype(f"datetime64[{unit}]").astype(str)]


def _offset(seconds: int) -> str:
    hours, minutes = divmod(abs(seconds) // 60, 60)
    return f"{'-' if seconds < 0 else '+'}{hours:02d}:{minutes:02d}"


# How quarters and weeks are written: what tells them, and the template that writes them again.
KINDS = (
    (r"(?P<year>[0-9]{4})(?P<mark>[- ]?[Qq])(?P<number>[1-4])", "{{year:04d}}{mark}{{quarter}}"),
    (r"(?P<mark>[Qq])(?P<number>[1-4])(?P<gap>[- /]?)(?P<year>[0-9]{4})", "{mark}{{quarter}}{gap}{{year:04d}}"),
    (r"(?P<year>[0-9]{4})(?P<mark>-?[Ww])(?P<number>[0-9]{2})", "{{year:04d}}{mark}{{week:02d}}"),
)


def read_periods(cells: Sequence[str]) -> tuple[NDArray[np.datetime64], str] | None:
    """Return the first months of quarters or the Mondays of weeks, and their template; None for anything else."""
    for kind, written in KINDS:
        # The first cell decides which kind is tried, so that other columns cost one match.
        if not re.fullmatch(kind, cells[0]):
            continue
        matches = [match for cell in cells if (match := re.fullmatch(kind, cell))]
        if len(matches) < len(cells):
            continue
        years = np.array([int(match["year"]) for match in matches]) - 1970
        numbers = np.array([int(match["number"]) for match in matches])
        template = written.format(**matches[0].groupdict())
        if "{quarter}" in template:
            return (years * 12 + 3 * (numbers - 1)).astype("datetime64[M]"), template
        mondays = _weeks(years, numbers)
        # A week 53 of a year that has 52 is the next year's first.
        exact = [day.isocalendar().week for day in mondays.tolist()] == numbers.tolist()
        return (mondays, template) if exact else None
    return None


def write_periods(times: NDArray[Any], template: str) -> list[str]:
    """Return the quarters or weeks that the times (rows,) lie in, as the template writes them."""
    written = []
    for day in times.astype("datetime64[D]").tolist():
        # The days around New Year may belong to a week of the other year.
        iso = day.isocalendar()
        year = iso.year if "{week" in template else day.year
        written.append(template.format(year=year, quarter=(day.month + 2) // 3, week=iso.week))
    return written


def _weeks(years: NDArray[np.int64], weeks: NDArray[np.int64]) -> NDArray[np.datetime64]:
    """The Monday of each week; the first week of a year is the one with the 4th of January."""
    # ISO 8601: the first week of a year is the one that holds the 4th of January.
    fourth = years.astype("datetime64[Y]").astype("datetime64[D]") + 3
    weekday = (fourth.astype(np.int64) + 3) % 7
    return np.asarray(fourth - weekday + 7 * (weeks - 1))
