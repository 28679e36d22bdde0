"""Times that are whole numbers: dates without marks, units since 1970, a spreadsheet's days, or plain steps.

Not here: texts (moments.py). A number that may be a date is never taken for a step: it is read as one, or asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series import advice
from recurra.datasets.series.notations import EXCEL_BEGINS, Epoch, Notation
from recurra.errors import DataError, Place

PlaceOf = Callable[[int], Place]
_Whole = NDArray[np.int64]

LARGEST_STEP = 10**8
"""Above it a whole number is more likely an epoch time than a step."""
# Years that a number without marks may begin with.
YEARS = (1800, 2199)
# 1950 to 2099 as days of a spreadsheet.
EXCEL_DAYS = (18_264, 73_050)
# Dates without marks that are read, by their number of digits.
FORMATS = {8: "%Y%m%d", 6: "%Y%m", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
EPOCHS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# 1980 to 2099 in seconds since 1970: where epoch times are looked for.
SINCE, UNTIL = 315_532_800, 4_102_444_800


def read_whole(numbers: NDArray[Any], *, place: PlaceOf, epoch: Epoch | None = None) -> tuple[NDArray[Any], Notation]:
    """Return the times that numbers (rows,) stand for, and how to write them again; with a unit they may be fractions.

    Raises DataError for what must be asked about.
    """
    if epoch == "step":
        return numbers, Notation()
    if epoch is not None:
        counted = _fractions if numbers.dtype == np.float64 else _counted
        return counted(numbers, epoch, place), Notation(epoch=epoch)
    # Eight digits first: most columns of such numbers are days.
    for digits, date_format in FORMATS.items():
        times, good = _unmarked(numbers, digits)
        if good.all():
            return times, Notation(date_format=date_format)
        # Half of them are dates: then the others are slips, and no steps.
        years = numbers // 10 ** (digits - 4)
        dated = digits > 6 and _all_of(numbers, digits) and bool(_within(years, *YEARS).all())
        if 2 * int(good.sum()) >= good.size or dated:
            raise _no_date(numbers, int(np.argmin(good)), date_format, place)
    _ask_about_others(numbers, place)
    return numbers, Notation()


def _all_of(numbers: _Whole, digits: int) -> bool:
    return bool(_within(numbers, 10 ** (digits - 1), 10**digits - 1).all())


def _within(numbers: NDArray[Any], least: int, most: int) -> NDArray[np.bool_]:
    return np.asarray((numbers >= least) & (numbers <= most))


def _unmarked(numbers: _Whole, digits: int) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]]:
    """Read YYYYMM[DD[HH[MM[SS]]]]; also tell which numbers have as many digits and are such times."""
    sized = _within(numbers, 10 ** (digits - 1), 10**digits - 1)
    # All forms are brought to fourteen digits, so that one division reads them.
    parts = np.where(sized, numbers, 0) * 10 ** (14 - digits)
    parts, second = np.divmod(parts, 100)
    parts, minute = np.divmod(parts, 100)
    parts, hour = np.divmod(parts, 100)
    parts, day = np.divmod(parts, 100)
    year, month = np.divmod(parts, 100)
    day = day if digits > 6 else np.ones_like(day)
    good = _within(year, *YEARS) & _within(month, 1, 12) & (day >= 1)
    good &= (hour < 24) & (minute < 60) & (second < 60)
    # What is no date must not overflow the calendar; it is 0 here and told below.
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    days = months.astype("datetime64[D]") + np.where(good, day - 1, 0)
    # The 31st of April would be the 1st of May.
    good &= days.astype("datetime64[M]") == months
    if digits <= 8:
        return (months if digits == 6 else days), good
    return days + (hour * 3600 + minute * 60 + second).astype("timedelta64[s]"), good


def _no_date(numbers: _Whole, row: int, date_format: str, place: PlaceOf) -> DataError:
    return DataError(
        f"a whole number that is no date among what may be dates written {_named(date_format)}",
        place=place(row),
        found=str(numbers[row]),
        advice=f"if they are dates, mend it or name their format: {advice.date_format(date_format)}; {_steps()}",
    )


def _ask_about_others(numbers: _Whole, place: PlaceOf) -> None:
    """Ask about numbers that may all be dates in another notation, and about those too large for steps."""
    # The same digits, read in the orders of other notations.
    first, rest = np.divmod(numbers, 10**6)
    second, year = np.divmod(rest, 10**4)
    week_year, week = np.divmod(numbers, 100)
    day_year, day = np.divmod(numbers, 1000)
    six, seven = _all_of(numbers, 6), _all_of(numbers, 7)
    serial = EXCEL_BEGINS + int(np.clip(numbers[0], *EXCEL_DAYS))
    dated, coded = "write them as YYYY-MM-DD", f"name their format: {advice.date_format('%Y%j')}"
    kinds: tuple[tuple[str, Any, str], ...] = (
        ("dates written YYMMDD", six & _unmarked(numbers + 20_000_000, 8)[1], dated),
        (
            "dates written YYYYWW, a year and the week in it",
            six & _within(week_year, *YEARS) & _within(week, 1, 53),
            "write them as YYYY-Www",
        ),
        ("dates written DDMMYYYY", _unmarked(year * 10**4 + second * 100 + first, 8)[1], dated),
        ("dates written MMDDYYYY", _unmarked(year * 10**4 + first * 100 + second, 8)[1], dated),
        ("a year and the day in it (YYYYDDD)", seven & _within(day_year, *YEARS) & _within(day, 1, 366), coded),
        (
            f"days of a spreadsheet (the first is {serial})",
            _within(numbers, *EXCEL_DAYS),
            f"say so: {advice.unit('excel')}",
        ),
    )
    for kind, good, choice in kinds:
        if good.all():
            wrong = f"whole numbers that may be {kind}"
            raise DataError(wrong, place=place(0), found=str(numbers[0]), advice=f"{choice}; {_steps()}")
    # Steps are counts; what is as large as this counts something else.
    large = np.flatnonzero(np.abs(numbers) >= LARGEST_STEP)
    if large.size:
        raise _too_large(numbers, int(large[0]), place)


def _too_large(numbers: _Whole, row: int, place: PlaceOf) -> DataError:
    unit = _likely_epoch(numbers)
    hours = _unmarked(numbers, 10)[1] if _all_of(numbers, 10) else np.zeros(1, dtype=np.bool_)
    kinds = [f"an epoch time, name its unit: {advice.unit(unit) if unit else advice.unit('s') + ', ms, us or ns'}"]
    kinds += [f"a date and hour, name its format: {advice.date_format('%Y%m%d%H')}"] if hours.all() else []
    return DataError(
        "whole number too large for a step",
        place=place(row),
        found=str(numbers[row]),
        allowed=f"steps below {LARGEST_STEP:,}, ISO dates",
        advice=f"if it is {'; if '.join(kinds)}; if a date, write it as YYYY-MM-DD; {_steps()}",
    )


def _likely_epoch(numbers: _Whole) -> str:
    # All of them must lie between 1980 and 2099 in one unit.
    low, high = int(numbers.min()), int(numbers.max())
    return next((unit for unit, size in EPOCHS.items() if SINCE * size <= low and high < UNTIL * size), "")


def _counted(numbers: _Whole, epoch: Epoch, place: PlaceOf) -> NDArray[np.datetime64]:
    if epoch == "excel":
        _check_years(np.abs(numbers) < 2_958_466, numbers, epoch, place)
        return np.asarray(EXCEL_BEGINS + numbers)
    # Python's calendar, the years 1 to 9999, in seconds since 1970.
    size = EPOCHS[epoch]
    _check_years(_within(numbers // size, -62_135_596_800, 253_402_300_799), numbers, epoch, place)
    return numbers.astype(f"datetime64[{epoch}]")


def _fractions(numbers: NDArray[np.float64], epoch: Epoch, place: PlaceOf) -> NDArray[np.datetime64]:
    seconds = numbers * 86_400 if epoch == "excel" else numbers / EPOCHS[epoch]
    begin = EXCEL_BEGINS if epoch == "excel" else np.datetime64("1970-01-01")
    # Microseconds: what a float of days or seconds still holds.
    return np.asarray(begin + np.round(seconds * 1e6).astype(np.int64).astype("timedelta64[us]"))


def _check_years(good: NDArray[np.bool_], numbers: _Whole, epoch: Epoch, place: PlaceOf) -> None:
    if good.all():
        return
    row, likely = int(np.argmin(good)), _likely_epoch(numbers)
    raise DataError(
        f"no time of the years 1 to 9999 in the unit {epoch}",
        place=place(row),
        found=str(numbers[row]),
        advice=f"is its unit another one? {advice.unit(likely)}" if likely else "",
    )


def _named(date_format: str) -> str:
    named = {"%Y": "YYYY", "%m": "MM", "%d": "DD", "%H": "HH", "%M": "MM", "%S": "SS"}
    return "".join(named[date_format[at : at + 2]] for at in range(0, len(date_format), 2))


def _steps() -> str:
    return f"if plain steps, say so: {advice.unit('step')}"
