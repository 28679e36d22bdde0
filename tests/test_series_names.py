"""Columns that are called as the panel calls its own: read as they are meant, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import recurra
from command_line import recurra as command_line
from command_line import refused
from recurra.datasets.series.table import SeriesReading
from recurra.errors import DataError
from recurra.estimators.series import Forecaster

DAYS = pd.date_range("2024-01-01", periods=30)
READING = SeriesReading(unique_id="shop", ds="when", y="load")
BRIEF: dict[str, Any] = {"horizon": 3, "season": 7, "hidden": 4, "epochs": 1}


def frame(**renamed: str) -> pd.DataFrame:
    """Three series called shop, when and load, or as `renamed` says."""
    parts = [
        pd.DataFrame({"shop": f"s{row}", "when": DAYS, "load": np.arange(30) % 7 + 10.0 * row, "kind": f"k{row % 2}"})
        for row in range(3)
    ]
    return pd.concat(parts, ignore_index=True).rename(columns=renamed)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("names", [["target", "y", "unique_id", "Recurra"]])
def test_columns_beside_the_values_may_be_called_as_the_panels_own(tmp_path: Path, names: list[str]) -> None:
    given, plain = frame(), frame()
    for name in names:
        given[name], plain[f"column {name}"] = given["kind"], plain["kind"]
    fitted = Forecaster(static=names, **BRIEF).fit(given, reading=READING)
    fitted.save(tmp_path / "model")
    told = recurra.load(tmp_path / "model").predict(given, level=80)
    assert list(told.columns) == ["shop", "when", "Recurra", "Recurra-lo-80", "Recurra-hi-80"]
    other = Forecaster(static=[f"column {name}" for name in names], **BRIEF).fit(plain, reading=READING)
    assert told.equals(other.predict(level=80))


@pytest.mark.parametrize(("own", "name"), [("shop", "Recurra"), ("when", "Recurra"), ("when", "Recurra-lo-80")])
def test_names_and_times_are_not_called_as_the_forecasts(tmp_path: Path, own: str, name: str) -> None:
    given, reading = frame(**{own: name}), {"unique_id": "shop", "ds": "when", "y": "load"}
    reading = {what: name if column == own else column for what, column in reading.items()}
    with pytest.raises(DataError, match=f"column '{name}' would stand twice in the answer; rename it"):
        Forecaster(horizon=3, cell="none").fit(given, reading=SeriesReading(**reading))
    given.to_csv(tmp_path / "t.csv", index=False)
    options = [f"--id={reading['unique_id']}", f"--time={reading['ds']}", "--value=load"]
    file = tmp_path / "t.csv"
    wrong = f"column '{name}' would stand twice in the answer"
    refused(command_line("forecast", file, "--horizon=3", *options), 3, wrong)
    assert wrong in command_line("data", "check", file, "--task=series", *options).out


@pytest.mark.parametrize(
    ("own", "name"), [("when", "cutoff"), ("shop", "Naive"), ("load", "cutoff"), ("load", "Recurra"), ("load", "Theta")]
)
def test_no_column_of_a_backtest_replaces_another(own: str, name: str) -> None:
    reading = {"unique_id": "shop", "ds": "when", "y": "load"}
    reading = {what: name if column == own else column for what, column in reading.items()}
    with pytest.raises(DataError, match=f"column '{name}' would stand twice in the answer"):
        Forecaster(horizon=3, cell="none").cross_validate(frame(**{own: name}), reading=SeriesReading(**reading))


def test_values_called_as_the_names_of_series_are_none() -> None:
    one = frame()[["when", "load"]][:30].rename(columns={"load": "unique_id"})
    reading = SeriesReading(ds="when", y="unique_id")
    told = Forecaster(horizon=3, cell="none").fit(one, reading=reading).predict()
    assert list(told["unique_id"]) == ["series"] * 3
    with pytest.raises(DataError, match="column 'unique_id' would stand twice in the answer"):
        Forecaster(horizon=3, cell="none").cross_validate(one, reading=reading)


@pytest.mark.filterwarnings("ignore")
def test_names_of_series_may_be_what_never_changes_within_them(tmp_path: Path) -> None:
    given = frame(shop="unique_id", when="ds", load="y")
    fitted = Forecaster(static=["unique_id"], **BRIEF).fit(given)
    assert list(fitted.predict()["unique_id"]) == ["s0"] * 3 + ["s1"] * 3 + ["s2"] * 3
    fitted.save(tmp_path / "model")
    assert recurra.load(tmp_path / "model").predict(given).equals(fitted.predict())


@pytest.mark.parametrize("name", ["y", "ds"])
def test_values_and_times_stand_not_beside_themselves(tmp_path: Path, name: str) -> None:
    given = frame(shop="unique_id", when="ds", load="y").drop(columns="kind")
    with pytest.raises(DataError, match=f"column '{name}' is the value or the time, and cannot stand beside it"):
        Forecaster(horizon=3, static=[name]).fit(given)
    given.to_csv(tmp_path / "t.csv", index=False)
    done = command_line("fit", "series", tmp_path / "t.csv", "--horizon=3", f"--past={name}", f"--out={tmp_path}/run")
    refused(done, 3, f"column '{name}' is the value or the time, and cannot stand beside it")


def test_two_targets_of_one_name_are_refused() -> None:
    given = frame()
    given["shop"] = given["shop"].map({"s0": "a", "s1": "a/load", "s2": "c"})
    given["load/load"] = given["load"]
    with pytest.raises(DataError, match="two series would have one name"):
        Forecaster(horizon=3, cell="none").fit(given, reading=SeriesReading("shop", "when", ("load", "load/load")))
