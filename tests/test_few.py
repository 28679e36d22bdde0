"""One series or a few: nets count by how long it is, forecasts by their errors, widths are drawn to a usual one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recurra.datasets.series.table import SeriesReading
from recurra.estimators.series import Forecaster
from recurra.panels.few import USUAL_WIDTH, few_values, shares_of_few, usual_of_few, usual_width, widths_of_few
from recurra.panels.marks import mark
from recurra.panels.series import Panel, panel_of
from recurra.panels.tables import beside_units, panel_of_table
from recurra.tasks.heads.panel.shapes import FEWER_STEPS, shape_of, taught
from recurra.tasks.heads.panel.weighing import judged, weighed
from recurra.tasks.inputs.series import given_series
from recurra.tasks.panels import box_series, panel_settings
from recurra.tasks.series import SETTINGS

ALL = ("net", "pretrained", "theta", "holt")
RANDOM = np.random.default_rng(3)


def panel(count: int, steps: int) -> Panel:
    return panel_of(list(10 + RANDOM.standard_normal((count, steps))), 4)


def test_few_series_of_few_values_are_few_and_columns_beside_make_them_others() -> None:
    assert few_values(panel(1, 60), 6) and few_values(panel(30, 60), 6)
    assert not few_values(panel(31, 60), 6) and not few_values(panel(1, 1900), 6) and not few_values(panel_of([]), 6)


def test_nets_count_more_the_longer_a_series_is_and_all_shares_sum_to_one() -> None:
    shares = [usual_of_few(ALL, panel(1, steps), season=12, horizon=6) for steps in (24, 240, 1200)]
    assert shares[0]["net"] < shares[1]["net"] == 0.45 < shares[2]["net"] < 0.9
    yearly = usual_of_few(ALL, panel(1, 24), season=1, horizon=6)
    assert yearly == usual_of_few(ALL, panel(1, 48), season=12, horizon=6)
    # A short season is a part of one: a net learns from values.
    quarters, months = (usual_of_few(ALL, panel(1, 36), season=season, horizon=8) for season in (4, 12))
    assert quarters == months and months["net"] < 0.12
    lined = usual_of_few((*ALL, "linear"), panel(1, 240), season=12, horizon=6)
    assert lined["net"] == lined["linear"] == 0.225
    for told in [
        *shares,
        lined,
        usual_of_few(("pretrained",), panel(1, 60), season=6, horizon=6),
        usual_of_few((), panel(1, 60), season=6, horizon=6),
    ]:
        assert sum(told.values()) == pytest.approx(1)


def test_shares_follow_inverse_errors_and_one_window_says_less_than_many() -> None:
    truths = RANDOM.standard_normal((40, 6))
    parts = {name: truths + (0.2 if name == "theta" else 1) * RANDOM.choice([-1.0, 1], truths.shape) for name in ALL}
    usual, known = usual_of_few(ALL, panel(1, 60), season=6, horizon=6), np.ones(truths.shape, np.bool_)
    many = shares_of_few(truths, known, parts, np.ones(40), usual)
    one = shares_of_few(truths[:1], known[:1], {name: told[:1] for name, told in parts.items()}, np.ones(1), usual)
    assert usual["theta"] < one["theta"] < many["theta"] and many["theta"] > 0.9
    assert sum(many.values()) == pytest.approx(1) and sum(one.values()) == pytest.approx(1)


def test_what_was_not_measured_keeps_its_place_and_without_known_values_all_do() -> None:
    truths, usual = RANDOM.standard_normal((5, 6)), {"net": 0.2, "pretrained": 0.8}
    known = np.ones(truths.shape, np.bool_)
    assert shares_of_few(truths, known, {"net": truths + 1}, np.ones(5), usual) == pytest.approx(usual, abs=0.02)
    assert shares_of_few(truths, ~known, {"net": truths + 1}, np.ones(5), usual) == usual
    perfect = shares_of_few(truths, known, {"net": truths, "pretrained": truths}, np.ones(5), usual)
    assert perfect == usual


def test_few_windows_hardly_move_the_usual_width_and_many_do() -> None:
    truths = RANDOM.standard_normal((300, 6))
    levels = np.array([-1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28])
    narrow, known = np.zeros((300, 6, 1)) + levels / 3, np.ones(truths.shape, np.bool_)
    many = widths_of_few(truths, known, narrow, independent=300, usual=USUAL_WIDTH)
    few = widths_of_few(truths[:1], known[:1], narrow[:1], independent=1, usual=USUAL_WIDTH)
    assert all(2.7 < found < 3.1 for found in many) and all(1 < found < 1.4 for found in few)
    nothing = widths_of_few(truths[:1], ~known[:1], narrow[:1], independent=0, usual=1.3)
    assert nothing == pytest.approx([1.3] * 3)


def test_the_usual_width_is_larger_where_a_series_is_short() -> None:
    widths = [usual_width(panel(1, steps)) for steps in (1, 4, 40, 400)]
    assert widths[0] == widths[1] == 2 * USUAL_WIDTH > widths[2] > widths[3] > USUAL_WIDTH


def test_a_series_that_the_net_of_the_box_learnt_from_still_gets_its_widths() -> None:
    # A mark of eight values is enough to be known again: the net then keeps its usual share.
    values, box = np.arange(60.0) + RANDOM.standard_normal(60), box_series()
    settled = usual_of_few(("pretrained",), panel_of([values]), season=6, horizon=6)
    encoder = replace(box.encoder, config=box.encoder.config.model_copy(update={"season": 4, "horizon": 6}))
    encoder = replace(encoder, shares=settled)
    told = weighed(panel_of([values], 4), (6,), encoder, replace(box, encoder=encoder), (mark(values),))
    assert "pretrained" not in told.parts and "pretrained" in told.nets
    found = judged(encoder, told)
    assert found.shares["pretrained"] > 0.4 and all(0.8 < factor < 2 for factor in found.factors)


def test_one_series_teaches_fewer_batches_than_many() -> None:
    settings = panel_settings(Forecaster(season=4, horizon=6).asked(), SETTINGS)
    batches = []
    for count in (1, 40):
        given = panel(count, 60)
        found = taught(given, shape_of(given, settings), settings)
        assert found is not None
        batches.append(found.batches)
    assert batches == [FEWER_STEPS // 10, 30]


def test_a_calendar_alone_leaves_a_series_among_the_few() -> None:
    days = pd.date_range("2020-01-01", periods=800)
    frame = pd.DataFrame({"unique_id": "a", "ds": days, "y": RANDOM.standard_normal(800), "warm": 1.0 * np.arange(800)})
    for past, few in (((), True), (("warm",), False)):
        table = given_series(frame, SeriesReading(past=past)).table
        given = panel_of_table(table, beside_units(table, "auto"), season=7, ahead=7)
        assert given.beside is not None and few_values(given, 7) is few


def test_of_a_single_value_intervals_are_wide() -> None:
    frame = pd.DataFrame({"unique_id": "a", "ds": [0], "y": [5.0]})
    told = Forecaster(horizon=2, season=1).fit(frame).predict(level=80)
    assert (told["Recurra-hi-80"] - told["Recurra-lo-80"] > 0.5).all() and told["Recurra"].between(4.9, 5.1).all()
