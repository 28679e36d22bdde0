"""A model that is asked about values far from what it learnt says so, at every door."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from command_line import recurra
from reading import series_from_frame
from recurra.errors import DataError, RecurraWarning
from recurra.estimators.series import SERIES_SETTINGS, Forecaster

SMALL = SERIES_SETTINGS.changed({"hidden": 4, "epochs": 1, "window": 5})
DAYS = pd.date_range("2024-01-01", periods=60)
WAVE = 130.0 + 30 * np.sin(np.arange(60))
TOLD = "are far from what the model learnt: the last is"


def fitted(**series: Any) -> Forecaster:
    return Forecaster(config=SMALL.changed({f"series.{name}": value for name, value in series.items()}), horizon=2).fit(
        WAVE
    )


def frame(values: Any, name: str = "shop") -> pd.DataFrame:
    return pd.DataFrame({"unique_id": name, "ds": DAYS[: len(values)], "y": values})


def told(model: Forecaster, values: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.predict(values)
    return [str(warning.message) for warning in caught if TOLD in str(warning.message)]


@pytest.mark.parametrize("series", [{}, {"scale": "minmax"}, {"log": True}])
def test_newest_values_far_from_the_learnt_ones_are_told(series: dict[str, Any]) -> None:
    model = fitted(**series)
    (line,) = told(model, WAVE * 400)
    assert line.startswith("series 'series': its newest values are far") and "it learnt values from about 1" in line
    # Alternating around the learnt level is as far as another level.
    if not series.get("log"):
        assert told(model, 130 + 59_000.0 * (-1) ** np.arange(60))
    # What was learnt, its neighbourhood, and one spike are no reason to warn.
    assert not told(model, WAVE) and not told(model, WAVE + 80) and not told(model, np.append(WAVE, 400.0))
    assert not told(model, np.append(WAVE * 400, WAVE))


@pytest.mark.parametrize("series", [{"difference": True}, {"relative": True}, {"log": True, "difference": True}])
def test_a_net_that_reads_changes_is_not_far_at_another_level(series: dict[str, Any]) -> None:
    model = fitted(**series)
    assert not told(model, WAVE + 59_000)
    # Changes 400 times as large are far, but for a logarithm.
    assert bool(told(model, WAVE * 400)) == ("log" not in series)


def test_a_series_that_never_moved_is_not_far_where_it_stays() -> None:
    model = Forecaster(config=SMALL, horizon=2, recipe="net")
    with pytest.warns(RecurraWarning, match="constant"):
        model.fit(np.full(60, 100.0))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*constant")
        assert model.predict(np.full(60, 59_000.0)).tolist() == [59_000.0, 59_000.0]
    assert not told(model, np.full(60, 59_000.0))


def test_each_door_names_the_series_and_counts_the_others(tmp_path: Path) -> None:
    both = pd.concat([frame(WAVE, "a"), frame(WAVE, "b"), frame(WAVE, "c")])
    far = pd.concat([frame(WAVE, "a"), frame(WAVE * 400, "b"), frame(WAVE * 500, "c")])
    model = Forecaster(config=SMALL, horizon=2, recipe="net").fit(both)
    (line,) = told(model, far)
    assert line.startswith("series 'b': its newest values (and those of 1 other series) are far")
    model.save(tmp_path / "run")
    assert told(Forecaster.load(tmp_path / "run"), far) == [line]
    far.to_csv(tmp_path / "far.csv", index=False)
    both.to_csv(tmp_path / "near.csv", index=False)
    done = recurra("forecast", tmp_path / "run", tmp_path / "far.csv")
    assert done.code == 0 and line in done.err and len(done.out.splitlines()) == 7
    assert TOLD not in recurra("forecast", tmp_path / "run", tmp_path / "near.csv").err


@pytest.mark.parametrize("value", [1e200, -2e150, float("inf")])
def test_numbers_too_large_to_square_are_refused_at_every_door(value: float, tmp_path: Path) -> None:
    values = np.append(WAVE, value)
    given = (values, values.tolist(), pd.Series(values), pd.DataFrame({"y": values}))
    for numbers in given:
        with pytest.raises(DataError, match=r":61: no usable number.*; allowed: finite values up to 1e\+150"):
            Forecaster(config=SMALL, horizon=2, recipe="net").fit(numbers)
    model = fitted()
    with pytest.raises(DataError, match="no usable number"):
        model.predict(values)
    model.save(tmp_path / "run")
    done = recurra("forecast", tmp_path / "run", f"--values=1,2,3,4,{value}")
    assert done.code == 2 and "finite numbers up to 1e+150" in done.err


def test_plain_numbers_are_doubted_as_those_of_a_frame_are() -> None:
    values = np.append(WAVE, 1e17)
    for numbers in (values, pd.DataFrame({"y": values})):
        with (
            pytest.warns(RecurraWarning, match="1 values reach 2\\^53"),
            pytest.warns(RecurraWarning, match="values far from all others, such as 1e\\+17"),
        ):
            Forecaster(config=SMALL, horizon=2, recipe="net").fit(numbers)


@pytest.mark.parametrize("door", ["predict", "evaluate"])
def test_a_forecaster_warns_of_the_same_rows_where_it_answers_and_where_it_is_measured(door: str) -> None:
    model = Forecaster(config=SMALL, horizon=2, recipe="net").fit(frame(WAVE).drop(columns="unique_id"))
    answer, huge = getattr(model, door), frame(np.append(1e14, WAVE[1:])).drop(columns="unique_id")
    with pytest.warns(RecurraWarning, match="values far from all others, such as 1e\\+14"):
        answer(huge)
    with pytest.warns(RecurraWarning, match="the model learnt a rhythm of 1 day"):
        answer(huge[["y"]].tail(30))
    # Of a table, which somebody has read before, the reader's warnings were told there.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        answer(series_from_frame(huge))


def test_rows_without_times_are_warned_of_where_the_model_learnt_a_rhythm(tmp_path: Path) -> None:
    told = "the model learnt a rhythm of 1 day; the rows of 'y' have no times, and each is taken for one such step"
    model = Forecaster(config=SMALL, horizon=2, recipe="net").fit(frame(WAVE).drop(columns="unique_id"))
    model.save(tmp_path / "run")
    (tmp_path / "y.csv").write_text("y\n" + "".join(f"{value}\n" for value in WAVE))
    for door in ("forecast", "evaluate"):
        done = recurra(door, tmp_path / "run", tmp_path / "y.csv")
        assert done.code == 0 and told in done.err
    assert told not in recurra("forecast", tmp_path / "run", tmp_path / "y.csv", "--rows-as-steps").err
    with pytest.warns(RecurraWarning, match=told):
        model.predict(pd.DataFrame({"y": WAVE}))
    # Numbers alone are said to be the newest ones.
    assert model.predict(WAVE).shape == (2,)
