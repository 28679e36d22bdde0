"""Forecaster: frames in, frames of the same kind out; ordered intervals, many series, one artefact."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.base import clone

from recurra.datasets.series.rhythms import infer
from recurra.errors import DataError, RecurraError, UsageError
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.series import fit_scaler

SMALL = SERIES_SETTINGS.changed({"hidden": 6, "epochs": 8, "learning_rate": 0.02, "window": 6})


def small(**more: Any) -> Forecaster:
    return Forecaster(config=SMALL.changed(more.pop("settings", {})), recipe="net", **more)


def columns(*, series: int = 2, steps: int = 40) -> dict[str, Any]:
    days = np.datetime64("2024-01-01") + np.arange(steps)
    values = [np.sin(np.arange(steps) / 3 + number) * (1 + number) + 10 * number for number in range(series)]
    names = [f"shop {number}" for number in range(series) for _ in range(steps)]
    return {"unique_id": names, "ds": np.tile(days, series), "y": np.concatenate(values)}


FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame}


@pytest.mark.parametrize("kind", FRAMES)
def test_a_frame_goes_in_and_the_same_kind_comes_out(kind: str) -> None:
    frame = FRAMES[kind](columns())
    model = small(horizon=3).fit(frame)
    told = model.predict(level=[80, 95])
    assert type(told) is FRAMES[kind]
    assert list(told.columns) == [
        "unique_id", "ds", "Recurra", "Recurra-lo-80", "Recurra-hi-80", "Recurra-lo-95", "Recurra-hi-95",
    ]  # fmt: skip
    assert list(told["unique_id"]) == ["shop 0"] * 3 + ["shop 1"] * 3
    days = np.array(told["ds"], dtype="datetime64[D]")
    assert days.tolist() == (np.datetime64("2024-02-10") + np.tile(np.arange(3), 2)).tolist()


def test_both_kinds_of_frame_and_both_orders_of_columns_give_the_same_forecast() -> None:
    given = columns()
    one = small().fit(pd.DataFrame(given)).predict()["Recurra"].to_numpy()
    turned = {name: given[name] for name in ("y", "ds", "unique_id")}
    two = small().fit(pl.DataFrame(turned)).predict()["Recurra"].to_numpy()
    assert np.array_equal(one, two)


def test_intervals_hold_the_forecast_and_widen_with_their_level() -> None:
    told = small(horizon=4).fit(pd.DataFrame(columns())).predict(steps=9, level=[95, 50, 80])
    order = [f"Recurra{part}" for part in ("-lo-95", "-lo-80", "-lo-50", "", "-hi-50", "-hi-80", "-hi-95")]
    rows = told[order].to_numpy()
    assert rows.shape == (18, 7) and (np.diff(rows, axis=1) >= 0).all() and (rows[:, 6] > rows[:, 0]).all()
    widths = told["Recurra-hi-95"] - told["Recurra-lo-95"]
    # Beyond the horizon answers lean on answers.
    assert (np.diff(widths[3:9]) > 0).all()


def test_a_level_without_widths_names_those_there_are() -> None:
    with pytest.raises(UsageError, match="no intervals of 85 %; allowed: 50, 80, 90, 95"):
        small().fit(pd.DataFrame(columns())).predict(level=[85])
    with pytest.raises(UsageError, match="none: the model was fitted without validation"):
        small(validation=0).fit(np.arange(30.0)).predict(level=[80])


def test_a_plain_sequence_of_numbers_is_one_series_and_gives_an_array() -> None:
    values = np.sin(np.arange(40.0) / 3)
    model = small(horizon=2).fit(values)
    told = model.predict(steps=5)
    assert isinstance(told, np.ndarray) and told.shape == (5,)
    # The third step reads the first two answers.
    assert told[2:4] == pytest.approx(model.predict(np.concatenate([values, told[:2]])), rel=1e-6)
    assert model.predict(values[:-1]).shape == (2,)
    assert np.array_equal(model.predict(values), model.predict())


def test_it_learns_a_wave_better_than_repeating_the_last_value() -> None:
    values = np.sin(np.arange(120.0) / 4)
    model = small(horizon=4, epochs=40, hidden=12).fit(values[:-4])
    ours, naive = np.abs(model.predict() - values[-4:]).mean(), np.abs(values[-5] - values[-4:]).mean()
    assert ours < naive / 3
    one_step = model.model_.one_step("series", values, first=116)
    assert one_step.shape == (4,) and np.abs(one_step - values[-4:]).mean() < naive / 3
    by_hand = [model.predict(values[:stop], steps=1)[0] for stop in range(116, 120)]
    assert one_step == pytest.approx(by_hand, abs=1e-5)


def test_scalers_see_the_training_part_only() -> None:
    values = np.concatenate([np.sin(np.arange(40.0)), [1e6] * 12])
    model = small(horizon=2, validation=12).fit(values)
    # 52 values: the last 13 hold the 12 windows of validation, whose targets nothing in training may touch.
    assert model.model_.encoder.scaler("series") == fit_scaler(values[:39], "standard")


def test_one_net_serves_many_series_each_at_its_own_scale() -> None:
    frame = pd.DataFrame(columns(series=3))
    model = small(horizon=2, epochs=60).fit(frame)
    means = model.predict(steps=20).groupby("unique_id")["Recurra"].mean()
    assert [abs(means[f"shop {number}"] - 10 * number) < 5 for number in range(3)] == [True] * 3
    some = model.predict(frame[frame["unique_id"] == "shop 2"])
    assert some["Recurra"].tolist() == model.predict()["Recurra"].tolist()[-2:]


@pytest.mark.filterwarnings("ignore:1 series are constant")
def test_a_constant_series_is_forecast_as_the_constant_and_one_that_starts_to_move_does_not_blow_up() -> None:
    steps = 40
    names = ["still"] * steps + ["wave"] * steps
    days = np.tile(np.datetime64("2024-01-01") + np.arange(steps), 2)
    values = np.concatenate([np.full(steps, 7.3), np.sin(np.arange(steps))])
    for changes in ({}, {"difference": True}, {"log": True}, {"relative": True}):
        used = np.exp(values) if changes.get("log") else values
        model = small(horizon=2, settings=changes).fit(pd.DataFrame({"unique_id": names, "ds": days, "y": used}))
        told = model.predict(steps=5).set_index("unique_id")["Recurra"]
        assert told["still"].tolist() == [used[0]] * 5 and np.ptp(told["wave"]) > 0
        moved = model.model_.forecast("still", [*used[: steps - 1], used[0] * 1.5], steps=3)
        assert np.isfinite(moved).all() and np.abs(moved - used[0]).max() < 10 * used[0]


def test_a_series_the_model_never_saw_is_refused_by_name() -> None:
    model = small().fit(pd.DataFrame(columns()))
    with pytest.raises(RecurraError, match="shop 9"):
        model.predict(pd.DataFrame(columns()).replace({"shop 0": "shop 9"}))


def test_a_loaded_forecaster_forecasts_exactly_as_the_fitted_one(tmp_path: Path) -> None:
    frame = pd.DataFrame(columns())
    model = small(horizon=2).fit(frame)
    model.save(tmp_path / "model")
    loaded = Forecaster.load(tmp_path / "model")
    pd.testing.assert_frame_equal(loaded.predict(frame, level=[80]), model.predict(level=[80]), check_exact=True)
    loaded.save(tmp_path / "again")
    for name in ("recurra.json", "weights.safetensors", "scaler.json", "SHA256SUMS"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "model" / name).read_bytes()


def test_the_same_random_state_gives_the_same_forecasts_and_another_does_not() -> None:
    told = [small(random_state=state).fit(np.sin(np.arange(40.0))).predict(steps=3) for state in (0, 0, 1)]
    assert np.array_equal(told[0], told[1]) and not np.array_equal(told[0], told[2])


def test_constructor_clone_and_unfitted_follow_scikit_learn() -> None:
    estimator = small(cell="gru", horizon=4, season=7)
    assert clone(estimator).get_params() == estimator.get_params()
    assert estimator.settings().series.season == 7 and estimator.settings().net.cell == "gru"
    with pytest.raises(UsageError, match="this Forecaster is not fitted"):
        estimator.predict(np.arange(30.0))
    with pytest.raises(UsageError, match="horizon"):
        small(horizon=0).fit(np.arange(30.0))


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], "too short; found 0 values; allowed: 19 or more: 7 for a window of 6 and a horizon of 1, 12 to validate"),
        ([1.0, 2.0], "too short; found 2 values; allowed: 19 or more"),
        ([1.0, np.nan] * 20, "missing|NaN|finite"),
        ([1.0, np.inf] * 20, "finite|inf"),
    ],
)
def test_values_that_cannot_be_learnt_from_are_refused(values: list[float], told: str) -> None:
    with pytest.raises(DataError, match=told):
        small().fit(values)


def coming_times(times: Any, steps: int) -> Any:
    rhythm = infer(times)
    return rhythm.times(rhythm.places(times[-1:]) + np.arange(1, steps + 1))


@pytest.mark.parametrize(
    ("steps", "coming"),
    [
        (["2024-11", "2024-12"], ["2025-01", "2025-02"]),
        (["2024-02-27", "2024-02-28"], ["2024-02-29", "2024-03-01"]),
        (["2024-01-01T00", "2024-01-01T06"], ["2024-01-01T12", "2024-01-01T18"]),
        (["2023", "2024"], ["2025", "2026"]),
    ],
)
def test_coming_times_keep_the_rhythm_of_the_series(steps: list[str], coming: list[str]) -> None:
    assert coming_times(np.array(steps, dtype="datetime64"), 2).astype(str).tolist() == coming


def test_plain_steps_go_on_counting() -> None:
    assert coming_times(np.array([3, 4, 5]), 3).tolist() == [6, 7, 8]


@pytest.mark.parametrize("level", [1e-12, 7.0, 1e7, -1e7, 1e12])
@pytest.mark.parametrize("changes", [{}, {"scale": "minmax"}, {"relative": True}, {"difference": True}])
def test_forecasts_of_a_nearly_constant_series_stay_within_its_movement(level: float, changes: dict[str, Any]) -> None:
    moved = abs(level) * 5e-9
    values = level + moved * np.sin(np.arange(121.0) / 3)
    told = small(horizon=3, settings=changes).fit(values).predict(level=())
    assert np.abs(told - level).max() < 4 * moved


@pytest.mark.filterwarnings("ignore:1 series are constant")
@pytest.mark.parametrize("changes", [{}, {"relative": True}, {"difference": True}, {"log": True}])
def test_a_series_that_starts_to_move_after_training_is_forecast_within_its_movement(changes: dict[str, Any]) -> None:
    model = small(horizon=3, settings=changes).fit(np.full(60, 1e7))
    moving = 1e7 + 0.05 * np.sin(np.arange(60.0) / 3)
    told = model.predict(np.concatenate([np.full(60, 1e7), moving]))
    assert np.abs(told - 1e7).max() < 0.5


@pytest.mark.filterwarnings("ignore:1 series are constant")
def test_a_series_that_has_never_moved_has_an_interval_without_width() -> None:
    steps = 40
    days = np.tile(np.datetime64("2024-01-01") + np.arange(steps), 2)
    values = np.concatenate([np.full(steps, 7.3), np.sin(np.arange(steps))])
    frame = pd.DataFrame({"unique_id": ["still"] * steps + ["wave"] * steps, "ds": days, "y": values})
    model = small(horizon=2).fit(frame)
    told = model.predict(level=[80]).set_index("unique_id")
    assert told.loc["still", "Recurra-lo-80"].tolist() == told.loc["still", "Recurra-hi-80"].tolist() == [7.3, 7.3]
    alone = small(horizon=2).fit(frame[frame["unique_id"] == "wave"])
    # A series that stands still tells nothing about how far the forecasts of another one are off.
    assert model.model_.widths["80"][0] > 0.3 * alone.model_.widths["80"][0]


def test_a_straight_line_goes_on_where_differences_are_learnt() -> None:
    told = small(horizon=2, settings={"difference": True}).fit(5 + 0.1 * np.arange(40)).predict(steps=5)
    assert told == pytest.approx(5 + 0.1 * np.arange(40, 45), rel=1e-12)
