"""A table of series as a panel: values with what stands beside them, and the units of all that, from what is learnt.

Not here: values alone (series.py), units and figures (columns.py), reading tables (datasets/series/).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from recurra.calendar import Wave, waves_for
from recurra.datasets.series.rhythms import TimeStep
from recurra.datasets.series.table import SeriesTable
from recurra.datasets.series.zones import wall
from recurra.panels.columns import BesideUnits, beside_of, column_units, static_units
from recurra.panels.series import Panel, Values, panel_of

Calendar = Literal["auto", "always", "never"]
LONG_ENOUGH = 2 * 365
"""Days of history without which the calendar is read only where it is asked for: a year was not seen twice."""
DAYS = {"Y": 365.25, "M": 30.4375, "business day": 1.4, "D": 1, "h": 1 / 24, "m": 1 / 1440, "s": 1 / 86_400}


def panel_of_table(table: SeriesTable, units: BesideUnits | None, *, season: int, ahead: int) -> Panel:
    """Return the panel of a table, with what stands beside it up to `ahead` steps behind each series, told in `units`.

    A column that the table lacks is unknown everywhere.
    """
    panel = panel_of(table.each(), season)
    if units is None:
        return panel
    rows, statics, times = [], [], []
    for name, length in zip(table.ids, panel.lengths.tolist(), strict=True):
        # A panel's series begins at its first known value.
        first = len(table.values[name]) - length
        rows.append(_rows(table, units, name, first, length + ahead))
        statics.append(_statics(table, units, name))
        if units.calendar:
            shown = wall(np.concatenate([table.times[name], table.coming(name, ahead)]), table.zone(name))
            times.append(shown[first:])
    return Panel(panel.flat, panel.known, panel.lengths, beside_of(units, rows, statics, times))


def _rows(table: SeriesTable, units: BesideUnits, name: str, first: int, count: int) -> Values:
    told = np.full((count, len(units.columns)), np.nan)
    if table.covariates is None:
        return told
    found = table.covariates.of(name, [column.name for column in units.columns])[first : first + count]
    told[: len(found)] = found
    return told


def _statics(table: SeriesTable, units: BesideUnits, name: str) -> list[str]:
    if table.covariates is None:
        return [""] * len(units.static)
    cells = dict(zip(table.covariates.names.static, table.covariates.statics[name], strict=True))
    return [cells.get(each.name, "") for each in units.static]


def beside_units(table: SeriesTable, calendar: Calendar) -> BesideUnits | None:
    """Return the units of everything beside the values of the series that are learnt from; None: there is nothing.

    Rows that stand behind the last value of a series, such as those of a test part, are not looked at.
    """
    waves = waves_of(table, calendar)
    if table.covariates is None:
        return BesideUnits(calendar=waves) if waves else None
    names, known = table.covariates.names, table.covariates
    learnt = [known.rows[name][: len(table.values[name])] for name in table.ids]
    columns = [column_units(name, [rows[:, at] for rows in learnt]) for at, name in enumerate(names.changing)]
    static = [static_units(name, [known.statics[one][at] for one in table.ids]) for at, name in enumerate(names.static)]
    past = len(names.past)
    return BesideUnits(past=tuple(columns[:past]), future=tuple(columns[past:]), static=tuple(static), calendar=waves)


def waves_of(table: SeriesTable, calendar: Calendar) -> tuple[Wave, ...]:
    """Return the waves of the calendar that series with time stamps are read with.

    Left to itself, that is where steps are a day or shorter, and the median series has two years or more.
    """
    steps = {rhythm.step for rhythm in table.rhythms.values()}
    if calendar == "never" or len(steps) != 1 or not table.columns.ds or not is_dated(table):
        return ()
    step = days_of(next(iter(steps)))
    history = step * float(np.median([len(values) for values in table.values.values()]))
    if not step or (calendar == "auto" and (step > 1.5 or history < LONG_ENOUGH)):
        return ()
    return waves_for(step, history + 1)


def days_of(step: TimeStep) -> float:
    """Return how many days a step has, about; 0 for one without times, or too short for any calendar."""
    return DAYS.get(step.unit, 0.0) * step.every


def is_dated(table: SeriesTable) -> bool:
    """Tell whether the calendar can be read from the times of a table."""
    return not table.counted and all(np.issubdtype(times.dtype, np.datetime64) for times in table.times.values())
