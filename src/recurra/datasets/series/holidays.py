"""Public holidays of a country as a column known ahead: computed from the time stamps, by the package `holidays`.

Not here: columns of the table itself (covariates.py), and the calendar's own waves (recurra/calendar.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.series.covariates import BesideNames, Covariates, Numbers
from recurra.datasets.series.rhythms import TimeStep
from recurra.datasets.series.table import SeriesTable
from recurra.datasets.series.zones import wall
from recurra.errors import DataError, UsageError, either

Days = NDArray[np.datetime64]
FINE = ("business day", "D", "h", "m", "s")
"""Units of steps of which some are a day or shorter."""


def holiday_column(country: str) -> str:
    """Return what the column of a country is called."""
    return f"holidays {country.upper()}"


def with_holidays(table: SeriesTable, country: str, *, ahead: int) -> SeriesTable:
    """Return the table with a column known `ahead` steps behind each series: 1 on days that are holidays, else 0.

    `country` is a code such as US, or with a part of the country DE-BY; empty: the table as it is. A day is what the
    clocks of the series show. Raises DataError where times are no days or finer, and UsageError for an unknown code.
    """
    if not country:
        return table
    _check_daily(table)
    name, known = holiday_column(country), table.covariates or _none(table)
    if name in known.names.all:
        raise DataError(f"column {name!r} is there already", advice="rename it, or leave the holidays out")
    counts = {one: max(len(known.rows[one]), len(table.values[one]) + ahead) for one in table.ids}
    days = {one: _days(table, one, count) for one, count in counts.items()}
    marked = _holidays(country, days)
    rows = {one: _beside(known.rows[one], np.isin(days[one], marked)) for one in table.ids}
    names = replace(known.names, future=(*known.names.future, name))
    return replace(table, covariates=Covariates(names, rows, known.statics))


def _none(table: SeriesTable) -> Covariates:
    return Covariates(BesideNames(), {one: np.zeros((0, 0)) for one in table.ids}, dict.fromkeys(table.ids, ()))


def _check_daily(table: SeriesTable) -> None:
    steps = {rhythm.step for rhythm in table.rhythms.values()}
    dated = not table.counted and bool(table.columns.ds) and steps and all(map(_is_fine, steps))
    if not dated or not all(np.issubdtype(times.dtype, np.datetime64) for times in table.times.values()):
        found = (
            f"steps of {', '.join(sorted(map(str, steps)))}" if steps and not table.counted else "steps without dates"
        )
        wrong = f"{either('--holidays', 'holidays')}: days that cannot be told"
        advice = "give time stamps, or do without holidays"
        raise DataError(wrong, found=found, allowed="time stamps, a day apart or less", advice=advice)


def _is_fine(step: TimeStep) -> bool:
    return step.unit in FINE and (step.unit not in FINE[:2] or step.every == 1)


def _days(table: SeriesTable, name: str, count: int) -> Days:
    """Return the days of the first steps of a series and of those behind it, as its clocks show them."""
    times = table.times[name]
    every = np.concatenate([times, table.coming(name, max(count - len(times), 0))])[:count]
    return wall(every, table.zone(name)).astype("datetime64[D]")


def _holidays(country: str, days: Mapping[str, Days]) -> Days:
    """Return the holidays of all years that there are."""
    try:
        import holidays
    except ImportError:
        advice = "pip install 'recurra[series]', or leave the holidays out"
        raise UsageError("holidays need the package holidays", advice=advice) from None
    years = np.unique(np.concatenate([np.unique(each.astype("datetime64[Y]")) for each in days.values()]))
    code, _, part = country.upper().partition("-")
    try:
        found: Any = holidays.country_holidays(
            code, subdiv=part or None, years=(years.astype(np.int64) + 1970).tolist()
        )
    except NotImplementedError:
        allowed = "the code of a country, such as US or DE, with a part of it where there are some: DE-BY"
        raise UsageError(either("--holidays", "holidays"), found=repr(country), allowed=allowed) from None
    return np.array(sorted(found), "datetime64[D]")


def _beside(rows: Numbers, marked: NDArray[np.bool_]) -> Numbers:
    told = np.full((len(marked), rows.shape[1] + 1), np.nan)
    told[: len(rows), :-1] = rows
    told[:, -1] = marked
    return told
