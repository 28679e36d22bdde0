"""The calendar as features: waves that go round, those that a history shows, models that read them.

Not here: other columns beside the values (test_covariates.py).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from recurra.calendar import calendar_waves, waves_for
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.errors import DataError
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.panels.tables import beside_units, panel_of_table
from recurra.tasks.inputs.series import given_series


def read(rows: pd.DataFrame) -> SeriesTable:
    return given_series(rows, SeriesReading()).table


def test_the_calendar_goes_round_with_hour_weekday_month_and_year() -> None:
    times: NDArray[Any] = np.array(["2024-01-01T00", "2024-01-01T06", "2024-01-08T00", "1969-12-29T12"], "M8[h]")
    told = calendar_waves(times, ("hour", "weekday", "day of month", "day of year"))
    assert told.shape == (4, 19)
    assert np.allclose(told[:2, [0, 3]], [[0, 1], [1, 0]], atol=1e-6)  # midnight and six o'clock
    assert (told[:, 6:13].argmax(axis=1) == 0).all() and (told[:, 6:13].sum(axis=1) == 1).all()  # Mondays
    assert np.allclose(told[0, 13:15], [0, 1], atol=1e-6) and told[3, 15] < 0  # the first of a month; late in a year


def test_the_calendar_has_waves_that_steps_show_and_a_history_saw_twice() -> None:
    assert waves_for(1 / 24, 20) == ("hour", "weekday") and waves_for(1, 800) == (
        "weekday",
        "day of month",
        "day of year",
    )
    assert waves_for(30.4, 4000) == ("day of year",) and waves_for(365.25, 9000) == ()


def test_long_daily_series_read_the_calendar_and_others_when_they_are_asked_to() -> None:
    days = pd.date_range("2021-01-01", periods=800)
    rows = pd.DataFrame({"ds": days, "y": 3 + (days.dayofweek == 6) * 1.0})
    told = beside_units(read(rows), "auto")
    assert told is not None and told.calendar == ("weekday", "day of month", "day of year") and not told.columns
    short = read(rows[:200])
    assert beside_units(short, "auto") is None and beside_units(read(rows), "never") is None
    asked = beside_units(short, "always")
    assert asked is not None and asked.calendar == ("weekday", "day of month")
    panel = panel_of_table(short, asked, season=7, ahead=3)
    assert panel.beside is not None and panel.beside.calendar.shape == (203, 9)
    # The three days behind the table have a calendar, too.
    assert panel.beside.calendar[200:, :7].argmax(axis=1).tolist() == [days[at].dayofweek for at in (200, 201, 202)]


def test_a_model_that_reads_the_calendar_asks_for_times() -> None:
    days = pd.date_range("2024-01-01", periods=220)
    rows = pd.DataFrame({"ds": days, "y": 3 + (days.dayofweek == 6) * 1.0})
    settings = SERIES_SETTINGS.changed({"series.calendar": "always", "batch_size": 16})
    model = Forecaster(horizon=6, season=7, hidden=4, epochs=1, config=settings).fit(rows)
    assert "the calendar: weekday, day of month" in " ".join(model.notes_)
    with pytest.raises(DataError, match="the model reads the calendar, and these series have no times"):
        model.predict(list(rows.y))
