"""A few long series: how much is read, where a window stands among all values, how many windows weigh."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

import recurra
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.run import SegmentsSpec, read_windows
from recurra.panels.columns import BesideUnits, ColumnUnits, beside_of
from recurra.panels.features import STANDING, extras_of, standing
from recurra.panels.few import few_long
from recurra.panels.linear import along, fits_line, line_of
from recurra.panels.series import Panel, panel_of
from recurra.panels.windows import windows_at
from recurra.tasks.heads.panel.shapes import STEPS, among_of, shape_of, taught
from recurra.tasks.heads.panel.weighing import OFTEN_ORIGINS, OFTEN_WINDOWS, weighing_origins

RANDOM = np.random.default_rng(3)
SETTINGS = SERIES_SETTINGS.changed({"hidden": 4, "horizon": 5, "season": 4, "batch_size": 16})


def panel(*, drift: float = 0.0, apart: float = 0.0, count: int = 2, steps: int = 400) -> Panel:
    waves = [RANDOM.standard_normal(steps) + drift * np.arange(steps) / steps + apart * row for row in range(count)]
    return panel_of(waves, 4)


def test_nets_of_a_panel_read_as_many_values_as_they_are_told_to() -> None:
    values = np.sin(np.arange(60) * np.pi / 2) + 0.1 * RANDOM.standard_normal(60)
    told = Forecaster(window=10, recipe="panel", season=4, horizon=3, epochs=1, hidden=4).fit(values)
    # Whole segments hold them; a window of windows it is not.
    assert told.model_.plan.kind == "panel" and told.model_.plan.member[0].length == 12
    assert shape_of(panel(), SETTINGS, window=3).length == 8, "two seasons at least"
    assert shape_of(panel(), SETTINGS).length == shape_of(panel(), SETTINGS, window=0).length == 56


def test_a_window_is_told_by_its_place_where_long_series_share_a_scale_and_come_back_to_it() -> None:
    shared = among_of(panel(), 5)
    assert shared is not None and abs(shared[0]) < 0.2 and abs(shared[1] - 1) < 0.2
    assert among_of(panel(drift=9.0), 5) is None and among_of(panel(apart=9.0), 5) is None
    assert among_of(panel(steps=90), 5) is None and among_of(panel(count=31), 5) is None
    assert among_of(panel_of([np.ones(400)], 4), 5) is None


def test_blanks_say_nothing_of_where_values_stand() -> None:
    values = RANDOM.standard_normal(400)
    values[50:60] = np.nan
    told = among_of(panel_of([np.where(np.isnan(values), 1e6, values)], 4), 5)
    assert told is None or told[1] > 1e3
    shared = among_of(panel_of([values], 4), 5)
    assert shared is not None and np.allclose(shared, (np.nanmean(values), np.nanstd(values)))


def test_the_place_of_a_window_is_read_beside_the_others_and_moves_with_its_level() -> None:
    series = panel_of([RANDOM.standard_normal(40)], 4)
    spec = SegmentsSpec(
        segment=4, segments=3, season=4, horizon=3, recurrent=RecurrentSpec(cell="gru", inputs=5, hidden=5)
    )
    cut = windows_at(series, np.zeros(1, int), series.lengths, length=12, horizon=3, season=4)
    plain, placed = read_windows(spec, cut), read_windows(spec.model_copy(update={"among": (0.0, 2.0)}), cut)
    assert plain.extras.shape[1] == extras_of(4, 4) and np.array_equal(placed.extras[:, :-STANDING], plain.extras)
    assert spec.model_copy(update={"among": (0.0, 2.0)}).parts()["wide"].inputs == 5 + placed.extras.shape[1]
    raised = standing(cut.contexts + 2.0, 4, (0.0, 2.0)) - standing(cut.contexts, 4, (0.0, 2.0))
    assert (
        np.allclose(raised[0, [0, 2, 3]], [1, 1, 0]) and np.isfinite(standing(np.full((1, 12), 3.0), 4, (3, 1))).all()
    )


def test_few_long_series_are_learnt_less_often_and_weighed_on_more_windows() -> None:
    long, short = panel(steps=4000), panel(steps=90)
    assert few_long(long, 5) and not few_long(short, 5) and not few_long(panel(count=31, steps=200), 5)
    told = taught(long, shape_of(long, SETTINGS), SETTINGS)
    assert told is not None and STEPS[0] < told.batches * 10 < 2.1 * 8000 / 16
    assert len(weighing_origins(long, 5, often=True, windows=OFTEN_WINDOWS)) == OFTEN_ORIGINS
    # 31 series of one window each are not enough windows, and 12 of each are.
    assert len(weighing_origins(panel(count=31, steps=400), 50, often=True, windows=OFTEN_WINDOWS)) < 12


def test_a_linear_forecast_follows_a_linear_rule_and_asks_for_enough_windows() -> None:
    # Each value is half the one three steps before it, and noise.
    values = RANDOM.standard_normal(3000)
    for place in range(3, 3000):
        values[place] += 0.9 * values[place - 3]
    series = panel_of([7 + values], 4)
    assert fits_line(series, length=12, horizon=3) and not fits_line(panel_of([values[:80]], 4), length=12, horizon=3)
    sizes = {"length": 12, "horizon": 3, "season": 4}
    weight, bias = line_of(series, **sizes, among=(7.0, 2.0))
    assert weight.shape == (3, 12) and not bias.any()
    assert np.allclose(weight[:, -3:], 0.9 * np.eye(3), atol=0.08) and np.abs(weight[:, :-3]).max() < 0.08
    told = along(weight, bias, panel_of([7 + values[:40], np.array([9.0])], 4), season=4, among=(7.0, 2.0))
    assert np.allclose(told[0], 7 + 0.9 * values[37:40], atol=0.5) and told.shape == (2, 3) and np.isfinite(told).all()


def test_a_linear_forecast_is_weighed_kept_and_answers_after_loading(tmp_path: Path) -> None:
    values = np.sin(np.arange(300) * np.pi / 2) + 0.1 * RANDOM.standard_normal(300)
    told = Forecaster(window=8, recipe="panel", season=4, horizon=3, epochs=1, hidden=4).fit(values)
    model = told.model_
    assert model.encoder.shares["linear"] > 0.3 and model.encoder.window == 8
    told.save(tmp_path / "model")
    loaded = recurra.load(tmp_path / "model")
    assert np.array_equal(loaded.predict(values), told.predict())
    # Every part reads the newest window alone.
    older = np.concatenate([RANDOM.standard_normal(100) + 50, values[-8:]])
    assert np.allclose(told.predict(older), told.predict())


def test_the_newest_values_of_a_panel_keep_what_stands_beside_them() -> None:
    series = panel_of([np.arange(9.0), np.arange(3.0)], 2)
    assert series.newest(0) is series and series.newest(9) is series
    assert series.newest(4).flat.tolist() == [5, 6, 7, 8, 0, 1, 2]
    units = BesideUnits(past=(ColumnUnits(name="a", mean=0.0, spread=1.0),))
    beside = beside_of(units, [np.arange(10.0)[:, None], np.arange(4.0)[:, None]], [[], []], [])
    short = replace(series, beside=beside).newest(4)
    assert short.beside is not None
    around = short.beside.around(np.array([0, 1]), np.array([4, 3]), length=2, horizon=1)
    assert around.columns[:, :2, 0].tolist() == [[7, 8], [1, 2]]
