"""Times out of text cells: ISO 8601 strictly, whole numbers as plain steps; day and month are never guessed.

Not here: whether the times are in order and regular (series_checks.py).
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from recurra.errors import DataError, Place

Epoch = Literal["s", "ms", "us", "ns"]
PlaceOf = Callable[[int], Place]

ALLOWED = "YYYY, YYYY-MM, YYYY-MM-DD, YYYY-MM-DD HH:MM[:SS[.f]] with Z or +HH:MM or neither, or whole-number steps"
LARGEST_STEP = 10**8
"""Above it a whole number is more likely an epoch time than a step."""

_ISO = re.compile(
    r"([0-9]{4})(?:-[0-9]{2}(?:-[0-9]{2}(?:"
    r"[T ]([0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?)(Z|[+-][0-9]{2}:[0-9]{2})?)?)?)?"
)
_WHOLE = re.compile(r"-?[0-9]{1,18}")


def parse_moments(
    cells: Sequence[str], *, place: PlaceOf, date_format: str | None = None, epoch: Epoch | None = None
) -> np.ndarray:
    """Return the times of a column, (rows,): datetime64 in the coarsest unit that holds them all, or int64 steps.

    Cells of four digits throughout are years. Times with an offset become UTC. `date_format` (strptime) reads other
    notations, `epoch` names the unit of epoch numbers. `place(row)` tells where a cell stands. Raises DataError.
    """
    if date_format is not None:
        return _by_format(cells, date_format, place)
    years = all(len(cell) == 4 for cell in cells)
    if not years and all(_WHOLE.fullmatch(cell) for cell in cells):
        return _whole(cells, place, epoch)
    return _iso(cells, place)


def _whole(cells: Sequence[str], place: PlaceOf, epoch: Epoch | None) -> np.ndarray:
    steps = np.array([int(cell) for cell in cells], dtype=np.int64)
    if epoch is not None:
        return steps.astype(f"datetime64[{epoch}]")
    large = np.flatnonzero(np.abs(steps) >= LARGEST_STEP)
    if large.size:
        raise DataError(
            "whole number too large for a step",
            place=place(int(large[0])),
            found=cells[large[0]],
            allowed=f"steps below {LARGEST_STEP:,}, ISO dates",
            advice="if it is an epoch time, name its unit: s, ms, us or ns; if a date, write it as YYYY-MM-DD",
        )
    return steps


def _iso(cells: Sequence[str], place: PlaceOf) -> np.ndarray:
    matches = [_ISO.fullmatch(cell) for cell in cells]
    for row, match in enumerate(matches):
        if match is None:
            raise _no_date(cells[row], place(row))
    offsets = [match[5] for match in matches if match]
    _check_offsets(cells, offsets, place)
    plain = [cell.removesuffix(offset) if offset else cell for cell, offset in zip(cells, offsets, strict=True)]
    times = _convert(plain, _unit(cells, [match[4] for match in matches if match]), place)
    shifts = {offset: _minutes(offset) for offset in set(offsets) if offset}
    if any(shifts.values()):
        times = times - np.array([shifts[offset] for offset in offsets], dtype="timedelta64[m]")
    return times


def _unit(cells: Sequence[str], fractions: Sequence[str | None]) -> str:
    """The unit that holds every cell: of its finest one."""
    longest = max(len(cell) for cell in cells)
    if longest <= 10:
        return {4: "Y", 7: "M"}.get(longest, "D")
    digits = max(len(fraction or ".") - 1 for fraction in fractions)
    return "s" if digits == 0 else "us" if digits <= 6 else "ns"


def _convert(cells: Sequence[str], unit: str, place: PlaceOf) -> np.ndarray:
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
        years = np.array([int(cell[:4]) for cell in cells])
        wrong = np.flatnonzero((years < 1678) | (years > 2261))
        if wrong.size:
            raise DataError(
                "year out of the range of nanoseconds",
                place=place(int(wrong[0])),
                allowed="1678 to 2261 with 7 or more digits",
            )
    return times


def _check_offsets(cells: Sequence[str], offsets: Sequence[str | None], place: PlaceOf) -> None:
    """With and without an offset in one column cannot be put in order."""
    with_offset = offsets[0] is not None
    other = next((row for row, offset in enumerate(offsets) if (offset is not None) != with_offset), None)
    if other is not None:
        raise DataError(
            "times with and without an offset in one column",
            place=place(other),
            found=f"{cells[other]!r} after {cells[0]!r}",
            advice="write all in UTC",
        )
    for row, offset in enumerate(offsets):
        if offset and offset != "Z" and (int(offset[1:3]) > 15 or int(offset[4:]) > 59):
            raise _no_date(cells[row], place(row))


def _minutes(offset: str) -> int:
    if offset == "Z":
        return 0
    minutes = int(offset[1:3]) * 60 + int(offset[4:])
    return -minutes if offset[0] == "-" else minutes


def _by_format(cells: Sequence[str], date_format: str, place: PlaceOf) -> np.ndarray:
    times = []
    for row, cell in enumerate(cells):
        try:
            time = datetime.datetime.strptime(cell, date_format)
        except ValueError as problem:
            raise DataError(
                "not a time of the given format", place=place(row), found=repr(cell), advice=str(problem)
            ) from None
        times.append(time.astimezone(datetime.UTC).replace(tzinfo=None) if time.tzinfo else time)
    stamps = np.array(times, dtype="datetime64[us]")
    days = stamps.astype("datetime64[D]")
    return days if np.array_equal(days, stamps) else stamps


def _no_date(cell: str, place: Place) -> DataError:
    advice = "fill it in" if not cell else "name its format: --date-format, such as %d/%m/%Y"
    return DataError("no usable time", place=place, found=repr(cell[:80]), allowed=ALLOWED, advice=advice)
