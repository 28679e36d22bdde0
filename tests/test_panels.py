"""Panels: seasons are found, classics hold on any series, nets of segments answer as they learnt, nothing leaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

import recurra
from command_line import recurra as recurra_command
from command_line import refused
from recurra.config import CellName
from recurra.datasets.series.table import SeriesReading
from recurra.errors import DataError, UsageError
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.learn import Segments
from recurra.layers.segments.run import SegmentsSpec, segments
from recurra.panels.blend import factors_of, stretched, weights_of
from recurra.panels.classics import classics, seasonal_index
from recurra.panels.features import features
from recurra.panels.few import usual_of_few, usual_width
from recurra.panels.seasons import _voted, season_of
from recurra.panels.series import panel_of
from recurra.panels.windows import windows_at
from recurra.series import Values
from recurra.tasks.heads.panel.run import RunningPanel, interval

BRIEF = {"epochs": 1, "hidden": 4, "season": 4, "horizon": 3}
STILL = pytest.mark.filterwarnings("ignore:2 series are constant")
RANDOM = np.random.default_rng(5)


def wave(count: int, season: int, *, noise: float = 0.1, size: float = 1.0) -> Values:
    turns = 2 * np.pi * np.arange(count) / season
    return np.asarray(size * (3 + np.sin(turns) + noise * RANDOM.standard_normal(count)))


def frame(series: dict[str, Values]) -> Any:
    import pandas as pd

    rows = [(name, step, value) for name, values in series.items() for step, value in enumerate(values)]
    return pd.DataFrame(rows, columns=["unique_id", "ds", "y"])


ODD = {
    "waves": wave(40, 4), "one": np.array([7.0]), "two": np.array([7.0, 8.0]), "still": np.full(20, 5.0),
    "zeros": np.zeros(9), "below": -wave(30, 4), "tiny": wave(30, 4, size=1e-12), "huge": wave(30, 4, size=1e12),
    "rare": np.where(np.arange(30) % 7 == 0, 3.0, 0.0), "near": 1e6 + wave(30, 4, size=1e-3),
}  # fmt: skip


@pytest.fixture(scope="module")
def fitted() -> Forecaster:
    with pytest.warns(UserWarning):
        return Forecaster(**BRIEF).fit(frame(ODD))  # type: ignore[arg-type]


@pytest.mark.parametrize(("season", "usual"), [(7, ()), (12, (12,)), (24, (24, 168)), (52, (52,)), (1, (12,))])
def test_the_season_that_most_series_show_is_found(season: int, usual: tuple[int, ...]) -> None:
    waves = [wave(6 * season + 30, season) if season > 1 else RANDOM.standard_normal(90).cumsum() for _ in range(9)]
    assert season_of(waves, usual) == season


def test_a_season_that_short_series_hint_at_is_believed_where_their_rhythm_has_it() -> None:
    quarters = [wave(26, 4, noise=0.6) for _ in range(40)]
    assert season_of(quarters, (4,)) == 4 and season_of([np.arange(5.0)], (4,)) == 1


def test_one_odd_vote_for_three_seasons_does_not_outdo_the_others() -> None:
    assert _voted([24] * 199 + [72], 40) == 24 and _voted([13] * 148 + [26] * 34 + [52] * 12, 40) == 52


def test_classics_go_on_with_a_clean_season_and_with_a_line() -> None:
    season, line = np.tile([1.0, 2, 3, 6], 8), np.arange(40.0) + 5
    told = classics(panel_of([season, line]), season=4, horizon=4)
    assert np.allclose(told["theta"][0], [1, 2, 3, 6], atol=0.05) and (told["seasonal naive"][0] == [1, 2, 3, 6]).all()
    assert np.allclose(told["holt"][1], [45, 46, 47, 48], atol=1.5) and np.allclose(told["ses"][1], 44, atol=0.1)
    assert seasonal_index(RANDOM.standard_normal(40), 4) is None


@pytest.mark.parametrize("factor", [1e-200, 1e-12, 1e12, 1e200])
def test_classics_do_not_change_with_the_unit(factor: float) -> None:
    panel = [wave(30, 4), RANDOM.standard_normal(50).cumsum()]
    plain = classics(panel_of(panel), season=4, horizon=5)
    scaled = classics(panel_of([values * factor for values in panel]), season=4, horizon=5)
    for name, told in plain.items():
        assert np.allclose(scaled[name] / factor, told, rtol=1e-9)


def test_a_series_answers_alike_whatever_its_neighbours_are() -> None:
    together = classics(panel_of(list(ODD.values())), season=4, horizon=3)
    for row, values in enumerate(ODD.values()):
        alone = classics(panel_of([values]), season=4, horizon=3)
        assert all(np.array_equal(alone[name][0], told[row]) for name, told in together.items())


def test_blanks_are_filled_from_the_past_alone_and_told() -> None:
    values = np.array([np.nan, 1, 2, 3, 4, np.nan, np.nan, 7, np.nan])
    panel = panel_of([values, np.full(3, np.nan)], season=2)
    assert panel.lengths.tolist() == [8, 0]
    assert panel.flat.tolist() == [1, 2, 3, 4, 3, 4, 7, 4] and panel.known.tolist() == [1, 1, 1, 1, 0, 0, 1, 0]
    assert panel.without_last(2).flat.tolist() == [1, 2, 3, 4, 3, 4]


def spec_of(cell: CellName = "gru", *, log: bool = False) -> SegmentsSpec:
    return SegmentsSpec(
        segment=4, segments=3, season=4, horizon=3, log=log, recurrent=RecurrentSpec(cell=cell, inputs=5, hidden=5)
    )


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "mingru", "sru"])
def test_a_net_of_segments_answers_without_torch_what_it_learns(cell: CellName) -> None:
    spec = spec_of(cell)
    net = Segments(spec, torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    panel = panel_of([wave(20, 4), wave(7, 4), np.array([2.0])], 4)
    cut = windows_at(panel, np.arange(3), panel.lengths, length=12, horizon=3, season=4)
    read = features(cut.contexts, cut.there, season=4, segment=4, horizon=3, log=False)
    parts = [torch.from_numpy(getattr(read, name)) for name in ("segments", "extras", "skips", "slope", "spread")]
    with torch.no_grad():
        learnt = net(*parts).numpy()
    weights = {name: weight.detach().numpy() for name, weight in net.named_parameters()}
    assert {name: weight.shape for name, weight in weights.items()} == spec.weights()
    answers = segments(spec, weights, read)
    assert np.allclose(answers, learnt, rtol=1e-4, atol=1e-5) and (np.diff(answers, axis=2) >= 0).all()


def test_a_window_does_not_know_what_comes_after_its_origin() -> None:
    values = wave(30, 4)
    other = np.concatenate([values[:20], RANDOM.standard_normal(10)])
    cuts = [
        windows_at(panel_of([each], 4), np.array([0]), np.array([20]), length=12, horizon=3, season=4)
        for each in (values, other)
    ]
    assert np.array_equal(cuts[0].contexts, cuts[1].contexts) and not np.array_equal(cuts[0].targets, cuts[1].targets)


def test_any_series_is_forecast_with_finite_numbers_and_ascending_intervals(fitted: Forecaster) -> None:
    told = fitted.predict(level=[50, 81, 95], steps=7)
    assert list(told.unique_id.unique()) == list(ODD) and len(told) == 7 * len(ODD)
    figures = told[[f"Recurra-lo-{p}" for p in (95, 81, 50)] + ["Recurra"] + [f"Recurra-hi-{p}" for p in (50, 81, 95)]]
    assert np.isfinite(figures.to_numpy()).all() and (np.diff(figures.to_numpy(), axis=1) >= 0).all()
    by_name = told.groupby("unique_id").Recurra
    assert (by_name.get_group("still") == 5).all() and (by_name.get_group("zeros") == 0).all()
    assert by_name.get_group("tiny").between(1e-12, 6e-12).all() and by_name.get_group("huge").between(1e12, 6e12).all()
    assert (by_name.get_group("below") < 0).all() and (by_name.get_group("rare") >= 0).all()


@STILL
def test_a_reloaded_forecaster_answers_the_same_bits_and_new_series(fitted: Forecaster, tmp_path: Path) -> None:
    fitted.save(tmp_path / "artefact")
    loaded = recurra.load(tmp_path / "artefact")
    again, first = loaded.predict(frame(ODD), level=80), fitted.predict(level=80)
    assert again.equals(first)
    with pytest.warns(UserWarning, match="1 series were not learnt from, such as 'new'"):
        assert len(loaded.predict(frame({"new": wave(20, 4)}))) == 3
    with pytest.raises(DataError, match="has no known value"):
        empty = replace(fitted.table_, values={name: v * np.nan for name, v in fitted.table_.values.items()})
        loaded.model_.forecasts(empty, steps=2)


@STILL
def test_a_series_that_is_not_longer_than_the_horizon_is_not_measured_and_counted(fitted: Forecaster) -> None:
    told = fitted.evaluate(frame(ODD))
    assert told["series_count"] == len(ODD) - 2 and told["too_short"] == 2


@STILL
def test_the_order_of_series_changes_no_answer(fitted: Forecaster) -> None:
    turned = fitted.predict(frame(dict(reversed(ODD.items()))))
    for name, answers in fitted.predict().groupby("unique_id"):
        assert np.allclose(turned[turned.unique_id == name].Recurra, answers.Recurra, rtol=1e-6)


def test_classics_alone_are_a_model_and_say_so() -> None:
    told = Forecaster(recipe="classics", horizon=3, season=4).fit(wave(40, 4))
    assert not told.model_.plan.member and any("classical forecasts alone" in note for note in told.notes_)
    assert np.abs(np.asarray(told.predict()) - 3).max() < 1.5


def test_a_file_is_forecast_without_a_model_and_into_a_file(tmp_path: Path) -> None:
    frame(ODD).to_csv(tmp_path / "odd.csv", index=False)
    out = tmp_path / "answers.csv"
    done = recurra_command("forecast", tmp_path / "odd.csv", "--horizon", 3, "--level", 80, "-o", out)
    assert (
        done.code == 0
        and "nothing is learnt; what each counts in the forecast: pretrained" in done.err
        and f"30 forecasts → {out}" in done.err
    )
    lines = out.read_text().splitlines()
    assert lines[0] == "unique_id,ds,Recurra,Recurra-lo-80,Recurra-hi-80" and len(lines) == 31
    refused(recurra_command("forecast", tmp_path / "odd.csv"), 2, "how far to forecast", "--horizon")
    told = recurra_command("forecast", tmp_path / "odd.csv", "--horizon", 2, "--season", 4, "--json").json()
    assert len(told["rows"]) == 20


def test_two_values_are_enough_to_fit_and_none_are_not() -> None:
    assert np.isfinite(Forecaster(horizon=2).fit([1.0, 2.0]).predict()).all()
    with pytest.raises(DataError, match="no series has a known value"):
        Forecaster(horizon=2).fit([])


def test_nets_count_where_no_first_net_could_be_weighed() -> None:
    # Enough windows to learn from, and too few before the newest ones.
    told = Forecaster(epochs=1, hidden=2, horizon=5, season=1).fit(np.arange(18.0) % 5)
    shares, panel = told.model_.encoder.shares, panel_of([np.arange(18.0)])
    assert told.model_.plan.member and shares == usual_of_few(("net", "pretrained"), panel, season=1, horizon=5)
    assert told.model_.encoder.factors == (usual_width(panel),) * 3


def test_choices_of_windows_make_a_net_of_windows_and_contradict_a_panel() -> None:
    assert Forecaster(window=6, epochs=1, hidden=2).fit(np.arange(40.0)).model_.plan.kind == "windows"
    with pytest.raises(UsageError, match="scale: read by a net of windows alone; found recipe panel"):
        Forecaster(recipe="panel", config=SERIES_SETTINGS.changed({"scale": "none"})).fit(np.arange(40.0))
    with pytest.raises(UsageError, match="recipe; found 'boosting'; allowed: auto, panel, classics, net"):
        Forecaster(recipe="boosting").fit(np.arange(40.0))
    lstm = Forecaster("lstm", epochs=1, hidden=2, horizon=2).fit(wave(40, 4))
    assert lstm.model_.plan.recurrent.cell == "lstm" and isinstance(lstm.model_, RunningPanel)


def test_shares_follow_the_better_forecast_and_few_points_change_little() -> None:
    truths = RANDOM.standard_normal((200, 6))
    names = ("net", "theta", "holt", "seasonal naive")
    parts = {name: truths + (0.01 if name == "theta" else 2) * RANDOM.standard_normal(truths.shape) for name in names}
    known, scales = np.ones(truths.shape, np.bool_), np.ones(200)
    many = weights_of(truths, known, parts, scales)
    few = weights_of(truths[:1], known[:1], {name: part[:1] for name, part in parts.items()}, scales[:1])
    assert many["theta"] > 0.7 and few["net"] > 0.6 and abs(sum(few.values()) - 1) < 1e-9


def test_intervals_are_stretched_until_they_hold() -> None:
    truths = 3 * RANDOM.standard_normal((400, 6))
    levels: NDArray[np.float64] = np.array([-1.28, -0.84, -0.52, -0.25, 0, 0.25, 0.52, 0.84, 1.28])
    quantiles = np.zeros((400, 6, 1)) + levels
    factors = factors_of(truths, np.ones(truths.shape, np.bool_), quantiles, independent=400)
    low, high = interval(stretched(quantiles, factors), 80)
    assert 0.76 < ((truths >= low) & (truths <= high)).mean() < 0.84


def test_a_held_out_horizon_leaves_no_trace_in_what_is_learnt() -> None:
    from recurra.tasks.series import hold, prepare
    from recurra.tasks.task import Rows

    estimator, table = Forecaster(**BRIEF), fitted_table({"a": wave(40, 4), "b": wave(30, 4), "c": np.arange(3.0)})  # type: ignore[arg-type]
    changed = {name: np.where(np.arange(len(v)) < len(v) - 3, v, 1e6) for name, v in table.values.items()}
    panels = []
    for each in (table, replace(table, values={**changed, "c": table.values["c"]})):
        parts = hold(estimator.asked(), Rows(each, "rows.csv"))
        assert "not measured on" in parts.warnings[0] and parts.test.ids == ["a", "b"]
        data = prepare(estimator.asked(), parts.learnt).data
        panels.append((data.panel.flat, data.whole.scales, data.before.panel.flat))
    assert all(np.array_equal(first, second) for first, second in zip(*panels, strict=True))


def fitted_table(series: dict[str, Values]) -> Any:
    from recurra.tasks.inputs.series import given_series

    return given_series(frame(series), SeriesReading()).table


def test_minutes_bound_how_long_nets_learn() -> None:
    rows = [wave(400, 7) + number for number in range(20)]
    table = frame({f"s{number}": values for number, values in enumerate(rows)})
    few = Forecaster(horizon=7, season=7, hidden=16, minutes=0.05).fit(table)
    assert few.model_.plan.member
    none = Forecaster(horizon=7, season=7, hidden=256, minutes=1e-4).fit(table)
    assert not none.model_.plan.member and none.model_.plan.pretrained is not None
    with pytest.raises(UsageError, match="minutes: of a panel alone; found recipe net"):
        Forecaster(recipe="net", minutes=1.0).fit(wave(60, 6))
