"""Times out of text cells: ISO 8601 strictly, whole numbers by their digits; day and month are never guessed.

Not here: whether the times are in order and regular (checks.py).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.labels import stands_for_missing
from recurra.datasets.series import advice
from recurra.datasets.series.cells import Distinct, shapes_of
from recurra.datasets.series.grown import part_of
from recurra.datasets.series.notations import Epoch, Notation, read_periods
from recurra.datasets.series.whole_times import EPOCHS, PlaceOf, read_whole
from recurra.datasets.series.zones import WrittenZone, Zone, instants_of, shown_twice, skipped
from recurra.errors import DataError, Place

ALLOWED = (
    "YYYY, YYYY-MM, YYYY-MM-DD, YYYY-MM-DD HH:MM[:SS[.f]] with Z or +HH:MM or neither, YYYYMMDD, YYYY-Qn, YYYY-Www, "
    "or whole-number steps"
)

_ISO = re.compile(
    r"([0-9]{4})(?:-[0-9]{2}(?:-[0-9]{2}(?:"
    r"[T ]([0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_WHOLE = re.compile(r"-?[0-9]{1,19}(?:\.0*)?")
_NUMBER = re.compile(r"-?[0-9]{1,19}\.[0-9]+")
# Notations in which day and month cannot be mistaken for one another.
_FORMATS = (
    (re.compile(r"[0-9]{4}/[0-9]{1,2}/[0-9]{1,2}"), "%Y/%m/%d"),
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"), "%Y-%m-%d"),
    (re.compile(r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{4}"), "%d.%m.%Y"),
    (re.compile(r"[0-9]{1,2}/[0-9]{4}"), "%m/%Y"),
)
_DAY_OR_MONTH = re.compile(r"[0-9]{1,2}[/-][0-9]{1,2}[/-][0-9]{2,4}")


@dataclass(frozen=True, eq=False)
class ColumnTimes:
    """The times of a column, how it writes them, and what it tells about their zone."""

    times: NDArray[Any]
    """(rows,): datetime64 in the coarsest unit that holds them all, UTC where there is an offset; or int64 steps."""
    notation: Notation
    offsets: NDArray[np.int64] | None = None
    """Seconds ahead of UTC (rows,), where the times are instants; None: they are what clocks showed."""
    zone: Zone | None = None
    """The zone by name, where it is known."""

    def at(self, rows: NDArray[Any]) -> ColumnTimes:
        """Return the moments of some rows, in their order."""
        offsets = None if self.offsets is None else self.offsets[rows]
        return ColumnTimes(self.times[rows], self.notation, offsets, self.zone)

    def repeated(self, times: int) -> ColumnTimes:
        """Return each moment so many times, one after the other."""
        return self if times == 1 else self.at(np.arange(self.times.size).repeat(times))

    def of_series(self, rows: NDArray[np.int64], *, place: PlaceOf) -> tuple[NDArray[Any], Zone | None]:
        """Return the times of some rows, as instants where their zone is known, and that zone.

        Raises DataError for a time that the clocks of the zone skip. Of a time that they show twice, the first row is
        before the change and the second after it.
        """
        times = part_of(self.times, rows)
        if self.offsets is not None:
            return times, self.zone or WrittenZone.of(times, self.offsets[rows])
        if self.zone is None or not np.issubdtype(times.dtype, np.datetime64):
            return times, None
        return _localised(times, self.zone, place), self.zone


def parse_moments(
    cells: Sequence[str] | Distinct,
    *,
    place: PlaceOf,
    date_format: str | None = None,
    epoch: Epoch | None = None,
    zone: Zone | None = None,
) -> ColumnTimes:
    """Read the times of a column.

    Cells of four digits throughout are years; of six, eight, twelve and fourteen, dates without marks. Times with an
    offset become UTC. `date_format` (strptime) reads other notations, `epoch` tells what whole numbers count, `zone`
    whose clocks they are. `place(row)` tells where a cell stands. Raises DataError.
    """
    # Times stand in each series again: each distinct text is read once.
    column = cells if isinstance(cells, Distinct) else Distinct.of(cells)
    texts = column.texts

    def first(number: int) -> Place:
        return place(column.first(number))

    if date_format is not None:
        return _by_format(texts, date_format, first, zone).at(column.rows)
    # Four digits throughout are years, unless a unit says that they count something.
    if epoch is not None or not all(len(text) == 4 for text in texts):
        numbers = _numbers(texts, epoch, first)
        if numbers is not None:
            times, notation = read_whole(numbers[column.rows], place=place, epoch=epoch)
            # Units since 1970 count instants; a spreadsheet's days and dates without marks are what clocks showed.
            instants = epoch in EPOCHS and zone is not None
            return ColumnTimes(times, notation, np.zeros(times.size, np.int64) if instants else None, zone)
    # Before ISO, which has no quarters and would refuse them.
    periods = read_periods(texts)
    if periods is not None:
        return ColumnTimes(periods[0], Notation(period=periods[1]), zone=zone).at(column.rows)
    return _iso(texts, first, zone).at(column.rows)


def _numbers(cells: Sequence[str], epoch: Epoch | None, place: PlaceOf) -> NDArray[Any] | None:
    """Return whole numbers as int64, also those written 20240101.0; with a unit, fractions as float64."""
    # Most columns are no numbers, and their first cell tells so.
    if all(_WHOLE.fullmatch(cell) for cell in cells):
        # pandas writes whole numbers as 20240101.0 where one is missing.
        numbers = [int(cell.partition(".")[0]) for cell in cells]
        # int64 holds no more, and would wrap around in silence.
        wrong = [row for row, number in enumerate(numbers) if abs(number) >= 2**63]
        if wrong:
            raise _no_date(cells[wrong[0]], place(wrong[0]))
        return np.array(numbers, dtype=np.int64)
    # A fraction is a time only if a unit says what it counts.
    if epoch in (None, "step"):
        return None
    wrong = [row for row, cell in enumerate(cells) if not (_WHOLE.fullmatch(cell) or _NUMBER.fullmatch(cell))]
    if wrong:
        raise DataError("no number of its unit of time", place=place(wrong[0]), found=repr(cells[wrong[0]][:80]))
    return np.array([float(cell) for cell in cells])


def _iso(cells: Sequence[str], place: PlaceOf, zone: Zone | None) -> ColumnTimes:
    # Every digit alike: a column has few shapes, whatever its size.
    shapes = shapes_of(cells)
    matches = [_ISO.fullmatch(shape) for shape in shapes.texts]
    if None in matches:
        row = shapes.first(matches.index(None))
        raise _no_date(cells[row], place(row))
    forms = [match for match in matches if match]
    # The length of the offset tells whether there is one, and how much to cut off.
    sizes = np.array([len(form[5] or "") for form in forms])
    _check_alike(cells, sizes[shapes.rows], place)
    # The longest cell shows all parts that this column ever writes.
    notation = Notation(example=max(cells, key=len))
    if not sizes[0]:
        return ColumnTimes(_convert(cells, _unit(forms), place), notation, zone=zone)
    offsets = [cell[-size:] for cell, size in zip(cells, sizes[shapes.rows].tolist(), strict=True)]
    # A column has few offsets, whatever its size.
    shifts = {offset: _seconds(offset) for offset in {*offsets}}
    if None in shifts.values():
        row = next(row for row, offset in enumerate(offsets) if shifts[offset] is None)
        raise _no_date(cells[row], place(row))
    # NumPy reads no offsets; they are taken off, and away from the times below.
    plain = [cell[: -len(offset)] for cell, offset in zip(cells, offsets, strict=True)]
    times = _convert(plain, _unit(forms), place)
    ahead = np.array([shifts[offset] for offset in offsets], dtype=np.int64)
    return ColumnTimes(times - ahead.astype("timedelta64[s]"), notation, ahead, zone)


def _unit(forms: Sequence[re.Match[str]]) -> str:
    """The unit that holds every cell: of its finest one."""
    longest = max(len(form[0]) for form in forms)
    if longest <= 10:
        return {4: "Y", 7: "M"}.get(longest, "D")
    digits = max(len(form[4] or ".") - 1 for form in forms)
    return "s" if digits == 0 else "us" if digits <= 6 else "ns"


def _convert(cells: Sequence[str], unit: str, place: PlaceOf) -> NDArray[np.datetime64]:
    try:
        times = np.array(cells, dtype=f"datetime64[{unit}]")
    except ValueError:
        for row, cell in enumerate(cells):
            try:
                np.array([cell], dtype=f"datetime64[{unit}]")
            except ValueError:
                raise _no_date(cell, place(row)) from None
        raise
    if unit == "ns":
        # NumPy wraps around in silence where nanoseconds do not fit 64 bits.
        years = np.array([int(cell[:4]) for cell in cells])
        wrong = np.flatnonzero((years < 1678) | (years > 2261))
        if wrong.size:
            raise DataError(
                "year out of the range of nanoseconds",
                place=place(int(wrong[0])),
                allowed="1678 to 2261 with 7 or more digits",
            )
    return times


def _check_alike(cells: Sequence[str], sizes: NDArray[np.int64], place: PlaceOf) -> None:
    """With and without an offset in one column cannot be put in order."""
    others = np.flatnonzero((sizes > 0) != (sizes[0] > 0))
    if others.size:
        raise DataError(
            "times with and without an offset in one column",
            place=place(int(others[0])),
            found=f"{cells[others[0]]!r} after {cells[0]!r}",
            advice="write all in UTC",
        )


def _seconds(offset: str) -> int | None:
    """Return by how many seconds an offset is ahead of UTC; None for one that no clock has."""
    hours, minutes = (0, 0) if offset == "Z" else (int(offset[1:3]), int(offset[4:]))
    if hours > 15 or minutes > 59:
        return None
    return (-60 if offset[0] == "-" else 60) * (60 * hours + minutes)


def _by_format(cells: Sequence[str], date_format: str, place: PlaceOf, zone: Zone | None) -> ColumnTimes:
    times: list[datetime.datetime] = []
    for row, cell in enumerate(cells):
        try:
            # strptime alone knows formats; each distinct cell is read once.
            times.append(datetime.datetime.strptime(cell, date_format))
        except ValueError as problem:
            wrong = "not a time of the given format"
            raise DataError(wrong, place=place(row), found=repr(cell), advice=str(problem)) from None
    ahead = np.array([time.utcoffset() or datetime.timedelta() for time in times], dtype="timedelta64[us]")
    stamps = np.array([time.replace(tzinfo=None) for time in times], dtype="datetime64[us]") - ahead
    days = stamps.astype("datetime64[D]")
    # A format of days gives days, so that they equal those that ISO gives.
    plain = days if np.array_equal(days, stamps) else stamps
    offsets = ahead.astype("timedelta64[s]").astype(np.int64) if "%z" in date_format else None
    return ColumnTimes(plain, Notation(date_format=date_format), offsets, zone)


def _localised(shown: NDArray[np.datetime64], zone: Zone, place: PlaceOf) -> NDArray[np.datetime64]:
    # Zones shift by seconds, which a unit of days could not hold.
    shown = shown.astype(np.promote_types(shown.dtype, "datetime64[s]"))
    gone = np.flatnonzero(skipped(shown, zone))
    # Days begin at another hour where midnight is skipped: they are days all the same.
    if gone.size and np.unique(shown - shown.astype("datetime64[D]")).size > 1:
        raise DataError(
            f"the clocks of {zone.name} skip this time", place=place(int(gone[0])), found=str(shown[gone[0]])
        )
    # The second row with a time that clocks show twice is the later one: rows go forwards.
    later = np.zeros(shown.size, dtype=np.bool_)
    seen = set()
    for row in np.flatnonzero(shown_twice(shown, zone)):
        later[row] = shown[row] in seen
        seen.add(shown[row])
    return instants_of(shown, zone, later=later)


def _no_date(cell: str, place: Place) -> DataError:
    if stands_for_missing(cell):
        todo = "fill it in"
    elif _NUMBER.fullmatch(cell):
        todo = f"if days and parts of a day as spreadsheets count them, say so: {advice.unit('excel')}"
    else:
        todo = f"name its format, {_format_of(cell)}; or take the rows in their order: {advice.rows_as_steps()}"
    return DataError("no usable time", place=place, found=repr(cell[:80]), allowed=ALLOWED, advice=todo)


def _format_of(cell: str) -> str:
    date, _, clock = cell.partition(" ")
    known = next((date_format for pattern, date_format in _FORMATS if pattern.fullmatch(date)), "")
    known += {5: " %H:%M", 8: " %H:%M:%S"}.get(len(clock), "") if known else ""
    if known:
        return advice.date_format(known)
    day_or_month = f"{advice.date_format('%d/%m/%Y')} or %m/%d/%Y"
    return day_or_month if _DAY_OR_MONTH.fullmatch(date) else f"such as {advice.date_format('%b %Y')}"
