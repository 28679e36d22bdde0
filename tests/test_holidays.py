"""Public holidays as a column known ahead: marked by what clocks show, kept by their code, computed for each forecast.

Not here: other columns known ahead (test_covariates.py).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import recurra
from command_line import recurra as recurra_command
from command_line import refused
from recurra.config import Settings
from recurra.datasets.series.holidays import with_holidays
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.errors import DataError, RecurraWarning, UsageError
from recurra.estimators.series import Forecaster
from recurra.tasks.inputs.series import given_series

SMALL = Settings().changed({"batch_size": 16, "calendar": "never"})
BRIEF: dict[str, Any] = {"horizon": 5, "season": 7, "hidden": 4, "epochs": 1, "config": SMALL}


def table(times: Any) -> SeriesTable:
    """One series of these times."""
    frame = pd.DataFrame({"unique_id": "a", "ds": times, "y": np.arange(len(times)) % 7 + 1.0})
    return given_series(frame, SeriesReading()).table


def marked(given: SeriesTable, country: str, ahead: int = 0) -> list[int]:
    """Which steps are marked."""
    told = with_holidays(given, country, ahead=ahead).covariates
    assert told is not None and told.names.future == (f"holidays {country.upper()}",)
    return np.flatnonzero(told.rows["a"][:, 0]).tolist()


def test_days_are_marked_also_behind_the_series() -> None:
    days = table(pd.date_range("2024-12-20", periods=10))
    assert marked(days, "US", ahead=5) == [5, 12]
    assert marked(days, "us-ca") == [5] and marked(days, "DE", ahead=5) == [5, 6, 12]
    assert with_holidays(days, "", ahead=5) is days


def test_hours_are_marked_by_what_the_clocks_of_the_zone_show() -> None:
    hours = pd.date_range("2024-12-24", periods=60, freq="h", tz="UTC")
    # Midnight of Christmas in New York is five hours later than in Greenwich.
    assert marked(table(hours.tz_convert("America/New_York")), "US") == list(range(29, 53))
    assert marked(table(hours), "US") == list(range(24, 48))


def test_business_days_are_fine_and_what_is_no_day_is_refused() -> None:
    assert marked(table(pd.bdate_range("2024-12-20", periods=10)), "US") == [3, 8]
    for times in (pd.date_range("2024-01-01", periods=9, freq="W"), pd.date_range("2024-01-01", periods=9, freq="MS")):
        with pytest.raises(DataError, match="days that cannot be told; found steps of"):
            with_holidays(table(times), "US", ahead=1)
    with pytest.raises(DataError, match="days that cannot be told"):
        with_holidays(table(np.arange(9)), "US", ahead=1)
    with pytest.raises(UsageError, match="such as US or DE"):
        with_holidays(table(pd.date_range("2024-01-01", periods=9)), "XX", ahead=1)


def test_without_the_package_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(UsageError, match=r"recurra\[series\]"):
        with_holidays(table(pd.date_range("2024-01-01", periods=9)), "US", ahead=1)


def frame() -> pd.DataFrame:
    """Two series of days, with a column known ahead and five coming rows."""
    days = pd.date_range("2024-06-01", periods=205)
    parts = []
    for name, level in (("a", 20.0), ("b", 50.0)):
        wave = level + np.sin(np.arange(205) * 2 * np.pi / 7)
        parts.append(pd.DataFrame({"unique_id": name, "ds": days, "y": wave, "price": np.arange(205) % 3}))
    return pd.concat(parts, ignore_index=True)


WHOLE = frame()
PAST = WHOLE[WHOLE.ds < "2024-12-18"]
COMING = WHOLE[WHOLE.ds >= "2024-12-18"][["unique_id", "ds", "price"]]


def test_a_forecaster_keeps_the_code_and_asks_nobody_for_the_holidays_to_come(tmp_path: Path) -> None:
    forecaster = Forecaster(holidays="us", future=["price"], **BRIEF).fit(PAST)
    assert any("known ahead: price, holidays US" in note for note in forecaster.notes_) and not forecaster.warnings_
    told = forecaster.predict(future=COMING)["Recurra"]
    assert np.array_equal(forecaster.predict(PAST, future=COMING)["Recurra"], told)
    forecaster.save(tmp_path / "artefact")
    loaded = recurra.load(tmp_path / "artefact")
    assert loaded.model_.encoder.config.holidays == "us"
    assert np.array_equal(loaded.predict(PAST, future=COMING)["Recurra"], told)
    # Other columns are asked for as before.
    with pytest.warns(RecurraWarning, match="nothing is known ahead of 'price'"):
        loaded.predict(PAST)
    with pytest.raises(DataError, match="coming rows of series"):
        loaded.predict(PAST, future=COMING[COMING.ds < "2024-12-20"])


def test_the_commands_take_a_country_and_refuse_it_where_nobody_reads_it(tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    PAST.drop(columns="price").to_csv(file, index=False)
    told = recurra_command("data", "check", file, "--task", "series", "--horizon", 5, "--holidays", "US")
    assert told.code == 0 and "holidays US" in told.out + told.err
    asked = ("fit", "series", file, "--horizon", 5, "--holidays")
    refused(recurra_command(*asked, "US", "--cell", "none"), 2, "holidays: read by the nets of a panel alone")
    refused(recurra_command(*asked, "U-"), 2, "holidays")
