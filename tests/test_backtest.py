"""Backtests: nothing behind an origin reaches a model, tables are Nixtla's, figures equal those of evaluate."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

import recurra
from command_line import recurra as recurra_command
from command_line import refused
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.errors import DataError, UsageError
from recurra.estimators.series import Forecaster
from recurra.metrics import paired_bootstrap
from recurra.series import Values
from recurra.tasks.heads.horizon.drawn import drawn_series
from recurra.tasks.heads.horizon.origins import Origins
from recurra.tasks.heads.panel import shapes
from recurra.tasks.inputs.series import given_series

NET = {"epochs": 1, "hidden": 4, "horizon": 4}
TIMES = pd.date_range("2024-01-01", periods=60)


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    # Nets that hardly learnt leak as well as any: the bits tell.
    monkeypatch.setattr(shapes, "STEPS", (10, 10))


def waves(count: int = 5, *, seed: int = 0, shorter: int = 0) -> dict[str, Values]:
    random = np.random.default_rng(seed)
    return {
        f"s{number}": (20 + number + 3 * np.sin(2 * np.pi * np.arange(60) / 4) + random.normal(0, 0.5, 60))[
            shorter * number :
        ]
        for number in range(count)
    }


def frame(series: dict[str, Values]) -> pd.DataFrame:
    parts = [
        pd.DataFrame({"unique_id": name, "ds": TIMES[-len(values) :], "y": values}) for name, values in series.items()
    ]
    return pd.concat(parts, ignore_index=True)


def table(series: dict[str, Values]) -> SeriesTable:
    return given_series(frame(series), SeriesReading()).table


def classics(**more: Any) -> Forecaster:
    return Forecaster(horizon=4, recipe="classics", **more)


def test_utilsforecast_judges_the_table_as_it_is_and_finds_the_same_errors() -> None:
    evaluation = pytest.importorskip("utilsforecast.evaluation")
    losses = pytest.importorskip("utilsforecast.losses")
    forecaster = classics()
    told = forecaster.cross_validate(frame(waves()), n_windows=3, step=5, gap=2)
    judged = evaluation.evaluate(told, metrics=[losses.mae, losses.smape])
    means = judged.groupby("metric").mean(numeric_only=True)
    figures = forecaster.backtest_
    assert means.loc["mae", "Recurra"] == pytest.approx(figures["mae"])
    rivals = {rival["name"]: rival["mae"] for rival in figures["rivals"]}
    assert means.loc["mae", "Theta"] == pytest.approx(rivals["Theta"])
    # Nixtla's sMAPE goes from 0 to 1.
    assert 200 * means.loc["smape", "Recurra"] == pytest.approx(figures["smape"])
    inside = evaluation.evaluate(told, metrics=[losses.coverage], models=["Recurra"], level=[80])
    assert inside["Recurra"].mean() == pytest.approx(figures["coverage_80"])


def test_the_table_has_the_columns_and_the_times_of_the_question() -> None:
    told = classics().cross_validate(frame(waves(2)), n_windows=2, step=3, gap=1, level=[90])
    ends = ["Recurra-lo-90", "Recurra-hi-90"]
    rivals = ["Naive", "SeasonalNaive", "Theta", "DampedHolt"]
    assert list(told.columns) == ["unique_id", "ds", "cutoff", "y", "Recurra", *ends, *rivals]
    one = told[told.unique_id == "s1"]
    assert one.cutoff.unique().tolist() == [TIMES[51], TIMES[54]] and one.ds.dtype == one.cutoff.dtype
    assert one.ds.tolist() == [*TIMES[53:57], *TIMES[56:60]]
    assert one.y.tolist() == [*waves(2)["s1"][53:57], *waves(2)["s1"][56:60]]
    # The last value that is known, also where a step behind it is left out.
    assert (one.Naive.to_numpy()[:4] == waves(2)["s1"][51]).all()


def test_frames_of_other_kinds_and_plain_numbers_come_back_as_what_they_are() -> None:
    polars = pl.from_pandas(frame(waves(2))).rename({"unique_id": "shop", "ds": "day", "y": "sales"})
    told = classics().cross_validate(polars, n_windows=1, reading=SeriesReading(unique_id="shop", ds="day", y="sales"))
    assert isinstance(told, pl.DataFrame) and told.columns[:4] == ["shop", "day", "cutoff", "sales"]
    zoned = frame(waves(1)).assign(ds=lambda rows: rows.ds.dt.tz_localize("Europe/Berlin"))
    assert str(classics().cross_validate(zoned, n_windows=1).cutoff.dtype) == "datetime64[ns, Europe/Berlin]"
    numbers = classics().cross_validate(waves(1)["s0"], n_windows=1)
    assert numbers["cutoff"].tolist() == [55] * 4 and len(numbers["Recurra"]) == 4


# Nets learn for seconds: that they are fitted before each origin, as the classics' shares are, is one way for both.
@pytest.mark.parametrize(("recipe", "refit"), [("classics", False), ("classics", True), ("panel", False)])
def test_what_comes_behind_an_origin_moves_no_bit_before_it(recipe: str, refit: bool) -> None:
    forecaster, origins, random = Forecaster(**NET, recipe=recipe), Origins(4, 3, 5, gap=1), np.random.default_rng(3)  # type: ignore[arg-type]
    series = waves(4)
    plain = forecaster.backtest(table(series), origins, refit=refit)
    for number, back in list(enumerate(origins.backs))[: 3 if recipe == "classics" else 1]:
        noise = random.normal(size=(4, back)) * 10.0 ** random.integers(-3, 6)
        changed = {
            name: np.r_[values[:-back], noise[row] + values[-back:]]
            for row, (name, values) in enumerate(series.items())
        }
        other = forecaster.backtest(table(changed), origins, refit=refit)
        rows = slice(number, None, 3)
        for told in ("answers", "ends"):
            for who, forecasts in getattr(plain.skill.told, told).items():
                assert np.array_equal(forecasts[rows], getattr(other.skill.told, told)[who][rows]), (number, who)
        assert np.array_equal(plain.skill.told.scales[rows], other.skill.told.scales[rows])
        if not number and not refit:
            # All that was found and weighed, too.
            assert other.model.encoder == plain.model.encoder and other.season == plain.season


def test_a_past_column_behind_an_origin_moves_no_bit_before_it() -> None:
    temperatures = np.random.default_rng(4).normal(size=(2, 60))
    forecaster, origins = Forecaster(**NET, season=4), Origins(4, 1, gap=2)  # type: ignore[arg-type]

    def told(column: Values) -> Any:
        rows = frame(waves(2)).assign(temperature=column.ravel())
        done = forecaster.backtest(given_series(rows, SeriesReading(past=("temperature",))).table, origins)
        return done.skill.told.answers["Recurra"], done.model.encoder

    before = told(temperatures)
    temperatures[:, -6:] += 1000
    after = told(temperatures)
    assert np.array_equal(before[0], after[0]) and before[1] == after[1]
    temperatures[:, -7] += 1000
    assert not np.array_equal(before[0], told(temperatures)[0])


def test_refitting_learns_before_each_origin_and_else_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []
    fit = Forecaster.fit_prepared
    monkeypatch.setattr(
        Forecaster,
        "fit_prepared",
        lambda self, prepared, **more: (seen.append(len(prepared.data.panel.flat)), fit(self, prepared, **more))[1],
    )
    forecaster = classics(season=4)
    forecaster.cross_validate(frame(waves(1)), n_windows=3, step=2, refit=True)
    assert seen == [52, 54, 56]
    seen.clear()
    forecaster.cross_validate(frame(waves(1)), n_windows=3, step=2)
    # The forecaster itself has learnt nothing.
    assert seen == [52] and not hasattr(forecaster, "model_")


def test_a_backtest_of_one_window_is_evaluate() -> None:
    rows = frame(waves())
    forecaster = classics(season=4)
    forecaster.cross_validate(rows, n_windows=1)
    learnt = forecaster.fit(rows.groupby("unique_id").head(56)).evaluate(rows)
    for name in ("mae", "mase", "smape", "owa", "pinball", "coverage_80", "coverage_95", "rivals", "by_horizon"):
        assert learnt[name] == forecaster.backtest_[name], name


def test_the_interval_of_a_difference_draws_whole_series() -> None:
    forecaster = classics()
    done = forecaster.backtest(table(waves(6)), Origins(4, 2))
    figures, (own, other) = done.figures(), (done.skill.by_series(who)[:, 1] for who in ("Recurra", "naive"))
    drawn = paired_bootstrap(own, other)
    beside = figures["rivals"][0]
    assert own.shape == (6,) and (beside["low"], beside["high"]) == (drawn.low, drawn.high)
    assert beside["skill"] == pytest.approx(1 - own.mean() / other.mean()) and figures["bootstrap_over"] == "series"
    assert forecaster.backtest(table(waves(1)), Origins(4, 2)).figures()["bootstrap_over"] == "origins"
    each = figures["by_series"][2]
    assert each["unique_id"] == "s2" and each["mase"] == own[2] and each["skill"].keys() == {
        "naive", "seasonal naive", "Theta", "damped Holt",
    }  # fmt: skip


def test_short_series_are_judged_where_they_have_begun() -> None:
    series = {**waves(2), "young": waves(1)["s0"][-7:], "newborn": waves(1)["s0"][-3:]}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        rows = classics(season=4).cross_validate(frame(series), n_windows=3)
    assert rows.groupby("unique_id").cutoff.nunique().to_dict() == {"s0": 3, "s1": 3, "young": 1}
    lines = [str(one.message) for one in told]
    assert "1 series begin behind every origin: not measured on" in lines
    assert "1 series were not learnt from, such as 'young': forecast all the same" in lines
    with pytest.raises(DataError, match="no series is long enough"):
        classics().cross_validate(frame({"one": np.arange(4.0)}))


def test_missing_values_are_nobodys_truth_and_filled_from_before_alone() -> None:
    values = waves(1)["s0"]
    values[[20, 50, 58]] = np.nan
    reading = SeriesReading(missing=True, impute="linear")
    with pytest.warns(UserWarning):
        rows = classics(season=4).cross_validate(frame({"s0": values}), n_windows=2, reading=reading)
        unfilled = classics(season=4).cross_validate(frame({"s0": values}), n_windows=2)
    assert len(rows) == 7 and rows.y.notna().all() and unfilled.y.equals(rows.y)
    # The origin stands behind the blank: it takes the value before it, and no line to what comes.
    values[51:] += 1000
    with pytest.warns(UserWarning):
        other = classics(season=4).cross_validate(frame({"s0": values}), n_windows=1, gap=5, reading=reading)
    assert (other.cutoff == TIMES[50]).all() and (other.Naive == values[49]).all()


def test_a_walk_of_chance_is_told_to_be_no_better_than_its_last_value() -> None:
    random = np.random.default_rng(1)
    walks = {f"s{number}": 100 + random.normal(size=60).cumsum() for number in range(12)}
    forecaster = classics(season=1)
    forecaster.cross_validate(frame(walks), n_windows=2)
    assert "o better than repeating the last value: MASE " in forecaster.backtest_["lag"]
    assert "season" not in forecaster.backtest_["lag"]
    forecaster = classics()
    forecaster.cross_validate(frame(waves()), n_windows=2)
    assert "the last value" not in forecaster.backtest_.get("lag", "")


def test_a_loaded_forecaster_is_judged_by_its_own_choices(tmp_path: Path) -> None:
    rows = frame(waves(3))
    classics(season=4).fit(rows).save(tmp_path / "saved")
    loaded: Any = recurra.load(tmp_path / "saved")
    told = loaded.cross_validate(rows, n_windows=1)
    assert told.equals(classics(season=4).cross_validate(rows, n_windows=1))


@pytest.mark.parametrize("wrong", [{"n_windows": 0}, {"step": 0}, {"gap": -1}, {"h": 0}, {"refit": "yes"}])
def test_numbers_out_of_their_range_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        classics().cross_validate(frame(waves(1)), **wrong)


def test_the_command_tells_figures_and_writes_every_kind_of_table(tmp_path: Path) -> None:
    frame(waves(3)).to_csv(tmp_path / "sales.csv", index=False)
    asked = ("backtest", tmp_path / "sales.csv", "--horizon", 4, "--recipe", "classics", "--windows", 2, "--quiet")
    done = recurra_command(*asked, "-o", tmp_path / "out.parquet")
    assert done.code == 0, done.err
    assert "3 series, 24 values; 2 origins 4 steps apart; horizon 4, season 4" in done.out
    assert "damped Holt" in done.out and "inside the 80 % interval: " in done.out and "worst series" in done.out
    written = pd.read_parquet(tmp_path / "out.parquet")
    assert written.cutoff.dtype.kind == "M" and len(written) == 24
    told = recurra_command(*asked, "-o", tmp_path / "out.csv", "--json").json()
    assert told["refit"] is False and len(told["by_series"]) == 3 and told["mase"] > 0
    assert (tmp_path / "out.csv").read_text().splitlines()[1].startswith("s0,2024-02-22,2024-02-21,")
    assert recurra_command(*asked, "-o", tmp_path / "out.json", "--refit").code == 0
    assert len(json.loads((tmp_path / "out.json").read_text())["rows"]) == 24
    assert recurra_command(*asked, "--fail-under", "mase=0.001").code == 5
    refused(recurra_command("backtest", tmp_path / "sales.csv"), 2, "--horizon")


def test_a_run_is_not_judged_on_what_it_learnt(tmp_path: Path) -> None:
    series = waves(3)
    frame(series).to_csv(tmp_path / "sales.csv", index=False)
    fit = ("fit", "series", tmp_path / "sales.csv", "--horizon", 8, "--recipe", "classics", "--out", tmp_path / "run")
    assert recurra_command(*fit, "--quiet").code == 0
    asked = ("backtest", tmp_path / "run", tmp_path / "sales.csv", "--quiet")
    refused(recurra_command(*asked), 2, "learnt from values behind an origin", "--refit")
    refused(recurra_command(*asked, "--epochs", 3), 2, "--epochs")
    held = recurra_command(*asked, "--horizon", 4, "--windows", 2, "--json").json()
    assert held["windows"] == 2 and held["values"] == 24
    anew = recurra_command(*asked, "--refit", "--windows", 2, "--json").json()
    assert anew["horizon"] == 8 and anew["refit"] is True
    later = frame(series).assign(ds=lambda rows: rows.ds + pd.Timedelta(days=60))
    later.to_csv(tmp_path / "later.csv", index=False)
    done = recurra_command("backtest", tmp_path / "run", tmp_path / "later.csv")
    assert done.code == 0 and "nothing tells whether" in done.err


def test_a_report_draws_the_best_the_middle_and_the_worst_of_many_series() -> None:
    done = classics(season=4).backtest(table(waves(9)), Origins(4, 2))
    drawn = drawn_series(done.skill, done.table)
    newest = done.skill.scores["Recurra"].rows[1::2, 1]
    order = [f"s{place}" for place in np.argsort(newest)]
    assert [one["name"] for one in drawn["series"]] == [*order[:2], *order[3:5], order[8], order[7]]
    assert [one["standing"] for one in drawn["series"]] == ["best", "best", "middle", "middle", "worst", "worst"]
    one = drawn["series"][0]
    assert len(one["actual"]) == len(one["low"]) == len(one["times"]) and one["predicted"][one["test_from"] - 1] is None
    assert one["actual"][-4:] == waves(9)[one["name"]][-4:].tolist() and len(drawn["residuals"]) == 72
    assert len(drawn_series(classics(season=4).backtest(table(waves(2)), Origins(4)).skill, done.table)["series"]) == 2
