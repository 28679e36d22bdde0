"""Several columns of values: each is a target, a series of its own, and may read the past of the others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import recurra
from command_line import recurra as recurra_command
from recurra.datasets.series.files import read_series
from recurra.datasets.series.table import SeriesReading
from recurra.errors import DataError
from recurra.estimators.series import Forecaster

BOTH = SeriesReading(y=("load", "price"))


def frame(*shops: str, days: int = 40) -> pd.DataFrame:
    times = pd.date_range("2024-01-01", periods=days)
    random = np.random.default_rng(0)
    rows = [
        {
            "shop": shop,
            "ds": times,
            "load": random.random(days) + 5,
            "price": random.random(days),
            "warm": np.ones(days),
        }
        for shop in shops
    ]
    return pd.concat([pd.DataFrame(row) for row in rows], ignore_index=True)


def test_each_target_of_each_name_is_a_series(tmp_path: Path) -> None:
    told = frame("a", "b")
    told.to_csv(tmp_path / "t.csv", index=False)
    table = read_series(tmp_path / "t.csv", SeriesReading(unique_id="shop", y=("load", "price"), past=("load", "warm")))
    assert table.ids == ["a/load", "a/price", "b/load", "b/price"]
    assert np.allclose(table.values["b/price"], told[told["shop"] == "b"]["price"])
    # Each reads the past of what is named.
    assert table.covariates is not None
    assert np.allclose(table.covariates.rows["b/price"][:, 0], table.values["b/load"])
    alone = read_series(tmp_path / "t.csv", SeriesReading(unique_id="shop", y=("load",)))
    assert alone.ids == ["a", "b"]


def test_without_names_targets_are_called_by_their_columns(tmp_path: Path) -> None:
    frame("a").drop(columns=["shop", "warm"]).to_csv(tmp_path / "t.csv", index=False)
    assert read_series(tmp_path / "t.csv", BOTH).ids == ["load", "price"]
    frame("a").drop(columns=["shop", "warm", "ds"]).to_csv(tmp_path / "plain.csv", index=False)
    assert read_series(tmp_path / "plain.csv", BOTH).ids == ["load", "price"]


@pytest.mark.filterwarnings("error")
def test_names_that_were_found_do_not_fit_beside_themselves() -> None:
    rows = {"unique_id": ["a"] * 9, "ds": pd.date_range("2024-01-01", periods=9), "load": range(9), "price": range(9)}
    fitted = Forecaster(horizon=2, cell="none").fit(pd.DataFrame(rows), reading=BOTH)
    assert fitted.table_.ids == ["a/load", "a/price"]


def test_a_target_is_never_known_ahead_and_names_stay_apart(tmp_path: Path) -> None:
    told = frame("a", "a/load").rename(columns={"price": "load/load"})
    told.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(DataError, match="column 'load' is the value or the time"):
        read_series(tmp_path / "t.csv", SeriesReading(unique_id="shop", y=("load", "warm"), future=("load",)))
    with pytest.raises(DataError, match="column 'load' is the value or the time"):
        read_series(tmp_path / "t.csv", SeriesReading(unique_id="shop", y="load", past=("load",)))
    with pytest.raises(DataError, match="two series would have one name; found 'a/load/load'"):
        read_series(tmp_path / "t.csv", SeriesReading(unique_id="shop", y=("load", "load/load")))


def test_a_model_of_several_targets_answers_by_name_after_loading(tmp_path: Path) -> None:
    told = frame("a", "b")
    reading = SeriesReading(unique_id="shop", y=("load", "price"))
    model = Forecaster(horizon=3, recipe="classics", season=7).fit(told, reading=reading)
    answers = model.predict()
    assert answers["shop"].unique().tolist() == ["a/load", "a/price", "b/load", "b/price"] and len(answers) == 12
    model.save(tmp_path / "model")
    # It looks for the same targets.
    again = recurra.load(tmp_path / "model").predict(told)
    assert np.allclose(again["Recurra"], answers["Recurra"])


def test_coming_rows_serve_all_targets_of_a_name() -> None:
    told = frame("a", "b")
    reading = SeriesReading(unique_id="shop", y=("load", "price"))
    model = Forecaster(horizon=2, season=7, future=["warm"], past=["load", "price"], epochs=1, hidden=2)
    model.fit(told, reading=reading)
    coming = frame("a", "b", days=42).groupby("shop").tail(2)[["shop", "ds", "warm"]]
    assert len(model.predict(future=coming)) == 8


def test_the_command_takes_several_values(tmp_path: Path) -> None:
    frame("a", "b").to_csv(tmp_path / "t.csv", index=False)
    taken = ["--id", "shop", "--value", "load", "--value", "price"]
    done = recurra_command("forecast", str(tmp_path / "t.csv"), "--horizon", "2", *taken)
    assert "a/price" in done.out and "b/load" in done.out
