"""Columns beside the values: read by name, in units of what was learnt, known ahead or missed, never leaked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import recurra
from command_line import recurra as recurra_command
from command_line import refused
from recurra.config import Settings
from recurra.datasets.series.files import read_series
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.errors import DataError, RecurraWarning, UsageError
from recurra.estimators.series import Forecaster
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.learn import Segments
from recurra.layers.segments.run import SegmentsSpec, read_windows, segments
from recurra.panels.beside import hidden_parts
from recurra.panels.blend import weights_of
from recurra.panels.columns import BesideUnits, column_units, drawn, static_units
from recurra.panels.series import Panel, panel_of
from recurra.panels.tables import beside_units
from recurra.panels.windows import windows_at
from recurra.tasks.heads.panel.weighing import weighing_origins
from recurra.tasks.inputs.series import given_series

STEPS, AHEAD = 220, 6
DAYS = pd.date_range("2024-01-01", periods=STEPS)
SMALL = Settings().changed({"batch_size": 16, "optimiser": "adamw"})
BRIEF: dict[str, Any] = {"horizon": AHEAD, "season": 7, "hidden": 8, "epochs": 3, "config": SMALL}
COLUMNS: dict[str, Any] = {"past": ["old"], "future": ["x", "promo"], "static": ["region"]}


def table(*, seed: int = 0) -> pd.DataFrame:
    """Two series that a week, a number known ahead and a promotion make."""
    random, parts = np.random.default_rng(seed), []
    for name, region in (("a", "north"), ("b", "south")):
        x, promo = random.standard_normal(STEPS), random.random(STEPS) < 0.2
        y = 20 + 2 * np.sin(np.arange(STEPS) * 2 * np.pi / 7) + 4 * x + 8 * promo
        beside = {"x": x, "promo": promo, "old": random.standard_normal(STEPS), "region": region}
        parts.append(pd.DataFrame({"unique_id": name, "ds": DAYS, "y": y, **beside}))
    return pd.concat(parts, ignore_index=True)


WHOLE = table()
LATER = WHOLE.ds >= DAYS[-AHEAD]
PAST, COMING = WHOLE[~LATER], WHOLE[LATER].drop(columns=["y", "old", "region"])
BLANK = WHOLE.assign(y=WHOLE.y.where(~LATER), old=WHOLE.old.where(~LATER))


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    return Forecaster(**BRIEF, **COLUMNS).fit(PAST)


def read(rows: pd.DataFrame, reading: SeriesReading | None = None) -> SeriesTable:
    return given_series(rows, reading or SeriesReading()).table


def error(told: pd.DataFrame) -> float:
    return float(np.abs(told.Recurra.to_numpy() - WHOLE.y[LATER].to_numpy()).mean())


def test_what_is_known_ahead_is_used_and_may_be_missed_with_a_warning(fitted: Forecaster) -> None:
    known = fitted.predict(future=COMING)
    with pytest.warns(RecurraWarning, match=r"nothing is known ahead of 'x', 'promo': the model answers without"):
        missed = fitted.predict()
    assert error(known) < 0.5 * error(missed) and np.isfinite(missed.Recurra).all()


def test_coming_rows_may_stand_at_the_end_of_the_table_with_the_value_blank(fitted: Forecaster) -> None:
    assert fitted.predict(BLANK).equals(fitted.predict(PAST, future=COMING))
    assert fitted.predict(PAST, future=pd.concat([PAST, COMING])).equals(fitted.predict(PAST, future=COMING))


def test_a_table_of_one_series_without_a_name_is_ahead_of_all(fitted: Forecaster) -> None:
    weather = COMING[COMING.unique_id == "a"].drop(columns="unique_id")
    told = fitted.predict(PAST, future=weather)
    both = pd.concat([weather.assign(unique_id=name) for name in "ab"])
    assert told.equals(fitted.predict(PAST, future=both))


def test_coming_rows_that_are_missing_are_named(fitted: Forecaster) -> None:
    with pytest.raises(DataError, match=r"coming rows of series 'a' are missing; found 5 of 6 .*: 2024-08-05"):
        fitted.predict(PAST, future=COMING[COMING.ds != "2024-08-05"])
    with pytest.raises(DataError, match=r"coming rows of series 'a' are missing; found 6 of 9 .*: 2024-08-08"):
        fitted.predict(PAST, future=COMING, steps=9)
    with pytest.raises(DataError, match="no coming rows for series 'b'; found series 'a'"):
        fitted.predict(PAST, future=COMING[COMING.unique_id == "a"])
    with pytest.raises(DataError, match="no column 'promo'"):
        fitted.predict(PAST, future=COMING.drop(columns="promo"))


def test_columns_that_a_table_lacks_are_told_and_done_without(fitted: Forecaster) -> None:
    bare = PAST[["unique_id", "ds", "y"]]
    with pytest.warns(RecurraWarning, match="columns 'old', 'region' are not there"):
        told = fitted.predict(bare, future=COMING)
    assert np.isfinite(told.Recurra).all()


def test_a_reloaded_forecaster_answers_the_same_bits(fitted: Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "artefact")
    loaded = recurra.load(tmp_path / "artefact")
    assert loaded.predict(BLANK).equals(fitted.predict(BLANK)) and loaded.get_params()["future"] == ("x", "promo")


def test_the_last_horizon_is_measured_with_what_is_known_ahead_of_it(fitted: Forecaster) -> None:
    assert fitted.evaluate(WHOLE)["mae"] == pytest.approx(error(fitted.predict(future=COMING)), rel=1e-6)


def test_what_was_measured_after_the_cut_moves_no_answer(fitted: Forecaster) -> None:
    again = Forecaster(**BRIEF, **COLUMNS).fit(BLANK)
    assert again.predict().equals(fitted.predict(future=COMING))
    changed = BLANK.assign(old=BLANK.old.where(~LATER, 1e9))
    assert again.predict(changed).equals(again.predict())


def test_origins_of_the_past_know_what_is_known_ahead_of_them() -> None:
    told = Forecaster(**BRIEF, **COLUMNS).cross_validate(WHOLE, n_windows=2)
    assert np.abs(told.Recurra - told.y).mean() < 0.5 * np.abs(told.Theta - told.y).mean()


def test_columns_are_refused_with_a_reason() -> None:
    cases = {"y": "is the value or the time", "ds": "is the value or the time", "promos": "did you mean 'promo'"}
    for column, reason in {**cases, "region": "no usable number in column 'region'.*static"}.items():
        with pytest.raises(DataError, match=reason):
            Forecaster(**BRIEF, future=[column]).fit(PAST, reading=SeriesReading(ds="ds", y="y"))
    with pytest.raises(DataError, match="static column 'x' changes within series 'a'"):
        Forecaster(**BRIEF, static=["x"]).fit(PAST)
    with pytest.raises(UsageError, match=r"columns 'x' beside the values: read by the nets of a panel alone"):
        Forecaster(**BRIEF, future=["x"], recipe="classics").fit(PAST)
    with pytest.raises(DataError, match="one series of numbers has no columns beside it"):
        Forecaster(**BRIEF, future=["x"]).fit([1.0, 2.0, 3.0])


def test_the_command_reads_columns_and_coming_rows(tmp_path: Path) -> None:
    for name, rows in {"past": PAST, "coming": COMING, "blank": BLANK}.items():
        rows.to_csv(tmp_path / f"{name}.csv", index=False)
    options = [
        "--horizon",
        AHEAD,
        "--season",
        7,
        "--set",
        "hidden=4",
        "--set",
        "batch_size=16",
        "--epochs",
        1,
        "--quiet",
    ]
    named = ["--past", "old", "--future", "x,promo", "--static", "region", "--out", tmp_path / "run"]
    done = recurra_command("fit", "series", tmp_path / "past.csv", *options, *named)
    assert done.code == 0 and "known up to now: old; known ahead: x, promo; of each series: region" in done.err
    with_file = recurra_command(
        "forecast", tmp_path / "run", tmp_path / "past.csv", "--future", tmp_path / "coming.csv"
    )
    at_the_end = recurra_command("forecast", tmp_path / "run", tmp_path / "blank.csv")
    assert with_file.out == at_the_end.out and with_file.out.count("\n") == 2 * AHEAD + 1
    alone = recurra_command("forecast", tmp_path / "past.csv", "--horizon", 3, "--future", tmp_path / "coming.csv")
    refused(alone, 2, "no model that learnt from columns")
    assert recurra_command("data", "check", tmp_path / "past.csv", "--horizon", 6, "--future", "x,promo").code == 0


def test_a_column_without_any_cell_is_warned_of() -> None:
    blank = table().assign(old=np.nan, region=None)
    told = given_series(blank, SeriesReading(**COLUMNS).keeping()).table.warnings
    assert told == [f"column {name!r} is blank throughout: it tells nothing" for name in ("old", "region")]
    assert not given_series(table(), SeriesReading(**COLUMNS).keeping()).table.warnings


def test_a_wide_table_has_the_same_columns_beside_all_its_series(tmp_path: Path) -> None:
    rows = pd.DataFrame({"ds": DAYS, "left": 1.5, "right": 2.5, "warm": np.arange(STEPS), "free": [True, False] * 110})
    rows.to_parquet(tmp_path / "wide.parquet")
    read = read_series(tmp_path / "wide.parquet", SeriesReading(wide=True, future=("warm",), past=("free", "warm")))
    assert read.ids == ["left", "right"] and read.covariates is not None and read.covariates.names.past == ("free",)
    assert all((rows[:3] == [[1, 0], [0, 1], [1, 2]]).all() for rows in read.covariates.rows.values())


SPEC = SegmentsSpec(
    segment=4, segments=4, season=4, horizon=6, recurrent=RecurrentSpec(cell="gru", inputs=5, hidden=5),
    past=1, future=2, calendar=7, static=2,
)  # fmt: skip
UNITS = BesideUnits(
    past=(column_units("old", [np.arange(9.0)]),),
    future=(column_units("x", [np.arange(9.0)]), column_units("promo", [np.zeros(4)])),
    static=(static_units("region", ["north", "south"]),),
    calendar=("weekday",),
)


def beside_panel() -> Panel:
    panel = panel_of([np.sin(np.arange(30)) + 3, np.arange(9.0)], 4)
    return replace(panel, beside=drawn(UNITS, panel.lengths + 6))


@pytest.mark.parametrize("beside", [{}, {"future": 0, "calendar": 0}, {"past": 0, "future": 0, "static": 0}])
def test_a_net_with_columns_answers_without_torch_what_it_learns(beside: dict[str, int]) -> None:
    spec = SPEC.model_copy(update=beside)
    net = Segments(spec, torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    panel = beside_panel()
    own, kept = panel.beside, [0, 1, 2][1 - spec.past : 1 + spec.future]
    assert own is not None
    cut = replace(own, columns=own.columns[:, kept], finer=own.finer[kept], past=spec.past)
    cut = replace(cut, calendar=cut.calendar[:, : spec.calendar], statics=cut.statics[:, : spec.static])
    windows = windows_at(replace(panel, beside=cut), np.arange(2), panel.lengths, length=16, horizon=6, season=4)
    read = read_windows(spec, windows)
    assert (read.steps is None) == (not spec.ahead) == (spec.ahead == 0)
    parts = [getattr(read, name) for name in ("segments", "extras", "skips", "slope", "spread", "steps")]
    with torch.no_grad():
        learnt = net(*(None if part is None else torch.from_numpy(part) for part in parts)).numpy()
    weights = {name: weight.detach().numpy() for name, weight in net.named_parameters()}
    assert {name: weight.shape for name, weight in weights.items()} == spec.weights()
    assert np.allclose(segments(spec, weights, read), learnt, rtol=1e-4, atol=1e-5)


def test_a_window_reads_of_coming_steps_only_what_is_known_ahead() -> None:
    panel, other = beside_panel(), beside_panel()
    assert panel.beside is not None and other.beside is not None
    other.beside.columns[20:, 0] = 99
    cuts = [windows_at(each, np.array([0]), np.array([20]), length=16, horizon=6, season=4) for each in (panel, other)]
    first, second = (read_windows(SPEC, cut) for cut in cuts)
    for name in ("segments", "extras", "steps"):
        assert np.array_equal(getattr(first, name), getattr(second, name))
    other.beside.columns[20:, 1] = 99
    cut = windows_at(other, np.array([0]), np.array([20]), length=16, horizon=6, season=4)
    changed = read_windows(SPEC, cut)
    assert np.array_equal(first.segments, changed.segments) and not np.array_equal(first.steps, changed.steps)


def test_training_misses_each_column_now_and_then_and_all_that_is_ahead() -> None:
    hidden = hidden_parts(np.random.default_rng(0), 20_000, 3)
    assert 0.08 < hidden[:, 0].mean() < 0.12 and 0.17 < hidden[:, 1].mean() < 0.21
    assert 0.09 < hidden[:, 1].all(axis=1).mean() < 0.12


def test_nets_with_columns_are_weighed_over_a_quarter_of_a_long_history() -> None:
    long = panel_of([np.arange(8000.0)])
    backs = weighing_origins(long, 48, often=True)
    assert len(backs) == 42 and 1700 < max(backs) <= 2000 and backs[-1] == 48
    assert (
        max(weighing_origins(long, 48)) == 48 + 4 * 24
        and weighing_origins(panel_of([np.arange(9.0)]), 6, often=True) == ()
    )


def test_a_net_with_columns_counts_alone_unless_others_surely_save_something() -> None:
    random = np.random.default_rng(0)
    truths, scales = random.standard_normal((40, 50)), np.ones(40)
    net = truths + 0.5 * random.standard_normal((40, 1))
    others = {"theta": truths + 1.6 * random.standard_normal((40, 1)), "holt": 5 + truths}
    known = np.ones(truths.shape, np.bool_)
    plain = weights_of(truths, known, {"net": net, **others}, scales)
    alone = weights_of(truths, known, {"net": net, **others}, scales, alone=True)
    assert plain["net"] < 0.9 < alone["net"]
    better = {"net": net, "theta": truths + 0.01, "holt": 5 + truths}
    assert weights_of(truths, known, better, scales, alone=True)["theta"] > 0.8


def test_units_come_from_the_part_that_is_learnt_from_alone() -> None:
    reading = SeriesReading(**COLUMNS)
    wild = BLANK.assign(x=BLANK.x.where(~LATER, 1e6))
    cut, blank, other = (beside_units(read(rows, reading), "auto") for rows in (PAST, BLANK, wild))
    assert cut == blank == other


def test_static_columns_are_numbers_or_categories() -> None:
    assert static_units("size", ["1", "", "3"]).mean == 2 and static_units("size", ["1", "", "3"]).figures == 2
    assert static_units("region", ["south", "north", "", "south"]).words == ("north", "south")
