"""Blanks and gaps of series are values that nobody knows: read, filled from the past alone, and never counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command_line import recurra
from recurra.datasets.series.table import SeriesReading
from recurra.errors import DataError, RecurraWarning
from recurra.estimators.series import Forecaster
from recurra.panels.series import bridged

WEEKS = np.tile([1.0, 2, 3, 4, 5, 6, 9], 8)
DAYS = pd.date_range("2024-01-01", periods=56)
CLASSICS: dict[str, Any] = {"horizon": 3, "season": 7, "recipe": "classics"}
UNKNOWN = "read as unknown"
WHAT = (("values are missing", ""), ("times are missing", " at 2024-02-10 00:00:00, 2024-02-11 00:00:00"))


def blanked(*places: int) -> Any:
    values = WEEKS.copy()
    values[list(places)] = np.nan
    return values


def written(path: Path, values: Any, times: Any = DAYS, name: str = "ds,y") -> Path:
    cells = ("" if np.isnan(value) else f"{value:g}" for value in values)
    rows = "".join(f"{time:%Y-%m-%d},{cell}\n" for time, cell in zip(times, cells, strict=True))
    path.write_text(f"{name}\n{rows}")
    return path


@pytest.mark.parametrize("recipe", ["auto", "classics"])
def test_blanks_at_begin_middle_and_end_are_read_and_told(recipe: str) -> None:
    frame = pd.DataFrame({"ds": DAYS, "y": blanked(0, 1, 20, 21, 54, 55)})
    brief = {"epochs": 1, "hidden": 2} if recipe != "classics" else {}
    with pytest.warns(RecurraWarning, match=f"6 values are missing in series 'series': {UNKNOWN}"):
        model = Forecaster(horizon=3, season=7, recipe=recipe, **brief).fit(frame)  # type: ignore[arg-type]
    told = model.predict()
    assert told["ds"].tolist() == pd.date_range("2024-02-26", periods=3).tolist()
    assert np.abs(told["Recurra"] - [1, 2, 3]).max() < 1.5


def test_a_polars_frame_with_nulls_answers_as_a_pandas_frame_with_blanks() -> None:
    polars = pytest.importorskip("polars")
    values, rows = blanked(3, 30), np.delete(np.arange(56), [40, 41])
    frames = [pd.DataFrame({"ds": DAYS[rows], "y": values[rows]})]
    frames.append(polars.DataFrame({"ds": DAYS[rows].to_list(), "y": [None if v != v else v for v in values[rows]]}))
    answers = []
    for frame in frames:
        with pytest.warns(RecurraWarning) as told:
            answers.append(Forecaster(**CLASSICS).fit(frame).predict())
        wanted = [f"2 {what} in series 'series'{at}: {UNKNOWN}" for what, at in WHAT]
        assert [str(one.message) for one in told] == wanted
    assert answers[0]["Recurra"].tolist() == answers[1]["Recurra"].to_list()
    assert np.abs(answers[0]["Recurra"] - [1, 2, 3]).max() < 0.5


@pytest.mark.filterwarnings("ignore::recurra.errors.RecurraWarning")
def test_errors_are_counted_on_known_values_and_rivals_read_what_is_filled() -> None:
    # The newest known values lie two steps before the end, one blank lies among those to measure on.
    frame = pd.DataFrame({"ds": DAYS, "y": blanked(46, 52, 54, 55)})
    told = Forecaster(**CLASSICS).fit(frame).evaluate(frame)
    rivals = {rival["name"]: rival for rival in told["rivals"]}
    # 3 and 5 are asked for, 2 is repeated; a season before, all is as it is now.
    assert rivals["naive"]["mae"] == 2 and rivals["seasonal naive"]["mae"] == 0 and told["mae"] < 0.5
    drawn = told["series"][0]
    assert drawn["actual"][-2] is None and drawn["actual"][-3:][::2] == [3, 5]
    # Blanks at the end are not measured on.
    cut = Forecaster(**CLASSICS).fit(frame).evaluate(frame.iloc[:54])
    assert cut["mase"] == told["mase"]


def test_what_is_imputed_by_choice_is_read_as_it_was_filled() -> None:
    values = np.where(np.arange(56) % 3 == 0, 3.0, np.nan)
    frame = pd.DataFrame({"ds": DAYS, "y": values})
    with pytest.warns(RecurraWarning):
        kept = np.asarray(Forecaster(**CLASSICS).fit(frame).predict()["Recurra"])
        zero = Forecaster(**CLASSICS).fit(frame, reading=SeriesReading(impute="zero")).predict()["Recurra"]
    assert (kept == 3).all() and (zero < 2.5).all()


@pytest.mark.parametrize(
    ("times", "coming"),
    [
        (pd.date_range("2015-01-31", periods=56, freq="ME"), "2019-09-30"),
        (pd.bdate_range("2024-01-01", periods=56), "2024-03-19"),
        (pd.date_range("2024-01-07", periods=56, freq="W"), "2025-02-02"),
    ],
)
def test_missing_times_are_unknown_and_the_rhythm_goes_on(times: Any, coming: str, tmp_path: Path) -> None:
    kept = np.delete(np.arange(56), [10, 11, 12, 40])
    path = written(tmp_path / "sales.csv", WEEKS[kept], times[kept])
    done = recurra("forecast", path, "--horizon", 1, "--season", 7)
    assert done.code == 0 and "4 times are missing in series 'sales' at 20" in done.err and UNKNOWN in done.err
    name, time, told = done.out.splitlines()[1].split(",")
    assert (name, time) == ("sales", coming) and abs(float(told) - 1) < 0.02
    checked = recurra("data", "check", path, "--horizon", 2, "--recipe", "classics")
    assert checked.code == 0 and "4 times are missing" in checked.out
    net = recurra("data", "check", path, "--horizon", 2, "--recipe", "net")
    assert net.code == 3 and "sales.csv:11:" in net.out and "--fill-gaps" in net.out


def test_a_series_without_any_value_is_left_out_and_told_at_every_door(tmp_path: Path) -> None:
    path = tmp_path / "panel.csv"
    rows = [
        f"{name},{day:%Y-%m-%d},{'' if name == 'b' else value}"
        for name in "abc"
        for day, value in zip(DAYS, WEEKS, strict=True)
    ]
    path.write_text("unique_id,ds,y\n" + "\n".join(rows) + "\n")
    said, fit = "1 series have no value at all, such as 'b': left out", ("--horizon", 2, "--recipe", "classics")
    assert said in recurra("data", "check", path, *fit).out
    done = recurra("fit", "series", path, *fit, "--out", tmp_path / "run", "--quiet")
    assert done.code == 0 and said in done.err
    for told in (recurra("forecast", tmp_path / "run", path), recurra("forecast", path, "--horizon", 2)):
        assert said in told.err and [row[0] for row in told.out.splitlines()[1:]] == ["a", "a", "c", "c"]
    assert recurra("evaluate", tmp_path / "run", path).code == 0


def test_a_plain_series_of_numbers_may_have_blanks_and_a_net_of_windows_refuses_them() -> None:
    with pytest.warns(RecurraWarning, match="2 values are missing"):
        assert np.abs(np.asarray(Forecaster(**CLASSICS).fit(blanked(8, 9)).predict()) - [1, 2, 3]).max() < 0.5
    with pytest.raises(DataError, match="2 values are missing"):
        Forecaster(horizon=3, recipe="net").fit(blanked(8, 9))
    with pytest.raises(DataError, match=r"frame:9: 1 missing values in column 'y'.*impute="):
        Forecaster(horizon=3, recipe="net").fit(pd.DataFrame({"ds": DAYS, "y": blanked(8)}))


def test_a_gap_keeps_the_phase_of_a_season() -> None:
    assert bridged(np.array([np.nan, 1, np.nan, np.nan, 4, np.nan])).tolist() == [1, 2, 3, 4]
    assert not len(bridged(np.full(3, np.nan)))
    # A line over a long gap would be a slow wave: the longest part is looked at.
    assert bridged(np.concatenate([np.arange(3.0), np.full(20, np.nan), np.arange(7.0)])).tolist() == [*range(7)]
    # Five days are missing, which is no whole season.
    with pytest.warns(RecurraWarning):
        model = Forecaster(horizon=3, recipe="classics").fit(np.concatenate([blanked(*range(30, 35)), WEEKS]))
    assert model.model_.encoder.config.season == 7
