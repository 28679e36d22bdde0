"""A longer season beside the season: found, read from the past alone, answered as learnt, kept by the artefact."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import recurra
from recurra.errors import UsageError
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.layers.segments.learn import Segments
from recurra.layers.segments.run import SegmentsSpec, cut_windows, read_windows, segments
from recurra.panels.longer import TIMES, extra_inputs, longer_season_of
from recurra.panels.series import Panel, Values, panel_of
from recurra.streams.kept import rows_kept
from recurra.tasks.heads.panel.shapes import told_otherwise

RANDOM = np.random.default_rng(7)
SPEC = SegmentsSpec(
    segment=4, segments=3, season=4, horizon=6, longer=28,
    recurrent=RecurrentSpec(cell="gru", inputs=5, hidden=5),
)  # fmt: skip
BRIEF = {"epochs": 1, "hidden": 4, "season": 4, "horizon": 6}


def week(steps: int, day: int = 4, *, strength: float = 3.0, noise: float = 0.3) -> Values:
    """Days of `day` steps, of which each seventh has another shape."""
    wave = np.sin(2 * np.pi * np.arange(steps) / day)
    seventh = np.arange(steps) // day % 7 == 6
    return np.asarray(9 + wave * np.where(seventh, -strength, 1) + noise * RANDOM.standard_normal(steps))


def read_of(panel: Panel, origins: list[int], spec: SegmentsSpec = SPEC):  # type: ignore[no-untyped-def]
    return read_windows(spec, cut_windows(spec, panel, np.zeros(len(origins), int), np.array(origins)))


@pytest.mark.parametrize(("day", "usual"), [(24, (24, 168)), (24, ()), (48, (48, 336)), (7, (7, 365))])
def test_a_longer_season_is_found_where_values_resemble_those_of_then_more_than_their_neighbours(
    day: int, usual: tuple[int, ...]
) -> None:
    longer = {24: 168, 48: 336, 7: 364}[day]
    shape = 3 * RANDOM.standard_normal(longer)
    told = [np.tile(shape, 4) + RANDOM.standard_normal(4 * longer).cumsum() * 0.1 for _ in range(4)]
    plain = [np.tile(shape[:day], 4 * longer // day) + RANDOM.standard_normal(4 * longer) for _ in range(16)]
    assert longer_season_of(told, day, usual) == longer
    assert longer_season_of(plain, day, usual) == longer_season_of([*told[:2], *plain], day, usual) == 1
    short, still = [each[: 2 * longer] for each in told], [np.full(4 * longer, 3.0)]
    assert longer_season_of(short, day, usual) == longer_season_of(still, day, usual) == longer_season_of([], day) == 1


def test_a_year_is_read_beside_weeks_and_nothing_beside_a_season_that_has_no_longer_one() -> None:
    year = np.tile(RANDOM.standard_normal(52), 4)
    assert longer_season_of([year], 1) == longer_season_of([year], 1, (52,)) == 52
    assert longer_season_of([year], 52, (52,)) == longer_season_of([np.tile(year, 2)], 12) == 1


def test_what_stood_there_is_read_at_todays_level_and_masked_where_nothing_is_known() -> None:
    values = week(200, noise=0) + np.where(np.arange(200) < 100, 0, 50)
    read = read_of(panel_of([values], 4), [178, 33, 20])
    told = (read.skips[0, 5:] + read.mean[0]) * read.level[0]
    assert np.allclose(told, np.stack([values[178:184]] * 2), atol=1e-4)
    shares = read.extras[:, -TIMES:]
    # At 33 the day before a week ago is there, and of the week but the last step; at 20 nothing.
    assert shares.tolist() == [[1, 1, 1], [1, 0, 0], [0, 0, 0]]
    assert np.array_equal(read.skips[2, 5:], np.stack([read.skips[2, 2]] * 2)) and not read.extras[2, -15:].any()
    plain = read_of(panel_of([values], 4), [178, 33, 20], SPEC.model_copy(update={"longer": 0}))
    assert np.array_equal(plain.extras, read.extras[:, : -extra_inputs(28, 6)])


def test_blanks_of_then_are_no_values() -> None:
    values = week(200)
    values[110:124] = np.nan
    panel = panel_of([values], 4)
    read = read_of(panel, [150])
    # The blanks reach from before the day a week ago to half of it.
    assert read.extras[0, -TIMES:].tolist() == [0, 1, 1]
    other = replace(panel, flat=np.where(panel.known, panel.flat, 1e6))
    again = read_of(other, [150])
    assert np.array_equal(again.skips[:, 5:], read.skips[:, 5:])


@pytest.mark.parametrize("horizon", [6, 40])
def test_nothing_behind_the_origin_is_read(horizon: int) -> None:
    spec, values = SPEC.model_copy(update={"horizon": horizon}), week(200)
    other = np.concatenate([values[:150], RANDOM.standard_normal(50)])
    reads = [read_of(panel_of([each], 4), [150], spec) for each in (values, other)]
    assert np.array_equal(reads[0].skips, reads[1].skips) and np.array_equal(reads[0].extras, reads[1].extras)
    earlier = values.copy()
    earlier[125] += 5
    assert not np.array_equal(read_of(panel_of([earlier], 4), [150], spec).skips, reads[0].skips)


@pytest.mark.parametrize(("horizon", "log"), [(6, False), (40, True)])
def test_a_net_with_a_longer_season_answers_without_torch_what_it_learns(horizon: int, log: bool) -> None:
    spec = SPEC.model_copy(update={"horizon": horizon, "log": log})
    net = Segments(spec, torch.Generator().manual_seed(0)).eval()
    with torch.no_grad():
        for weight in net.parameters():
            weight.add_(0.1 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1)))
    read = read_of(panel_of([week(200)], 4), [200, 120, 31, 3], spec)
    parts = [torch.from_numpy(getattr(read, name)) for name in ("segments", "extras", "skips", "slope", "spread")]
    with torch.no_grad():
        learnt = net(*parts).numpy()
    weights = {name: weight.detach().numpy() for name, weight in net.named_parameters()}
    assert {name: weight.shape for name, weight in weights.items()} == spec.weights()
    assert np.allclose(segments(spec, weights, read), learnt, rtol=1e-4, atol=1e-5)


def test_a_chosen_longer_season_is_kept_and_answers_the_same_bits_after_a_reload(tmp_path: Path) -> None:
    values = [week(300), week(90), np.array([2.0])]
    forecaster = Forecaster(config=SERIES_SETTINGS.changed({"longer_season": 28}), **BRIEF)  # type: ignore[arg-type]
    forecaster.fit(values[0])
    assert forecaster.model_.plan.member[0].longer == 28
    forecaster.save(tmp_path / "artefact")
    loaded = recurra.load(tmp_path / "artefact")
    panel = panel_of(values, 4)
    told = loaded.model_.members(panel)
    assert np.isfinite(told).all() and np.array_equal(told, forecaster.model_.members(panel))
    # A stream keeps as many rows as are read; with fewer it answers otherwise.
    assert rows_kept(loaded.model_) >= TIMES * 28 + 4
    assert loaded.model_.encoder.config.longer_season == 28


def test_a_longer_season_is_told_and_can_be_left_out() -> None:
    values = np.tile(RANDOM.standard_normal(52), 3) + 0.2 * RANDOM.standard_normal(156) + 0.1 * np.arange(156)
    sizes = {**BRIEF, "season": 1}
    found = Forecaster(**sizes).fit(values)  # type: ignore[arg-type]
    assert found.model_.plan.member[0].longer == 52
    assert "a longer season of 52 steps was found; longer_season chooses another, 1: none" in found.notes_
    without = Forecaster(config=SERIES_SETTINGS.changed({"longer_season": 1}), **sizes).fit(values)  # type: ignore[arg-type]
    assert without.model_.plan.member[0].longer == 0 and not any("longer" in note for note in without.notes_)
    narrow = Forecaster(recipe="panel", window=48, **sizes).fit(values)  # type: ignore[arg-type]
    assert narrow.model_.plan.member[0].longer == 0


def test_a_longer_season_is_not_looked_for_where_it_is_told_otherwise() -> None:
    placed, ahead = SPEC.model_copy(update={"among": (0.0, 1.0)}), SPEC.model_copy(update={"future": 1})
    assert told_otherwise(placed, 28) and told_otherwise(ahead, 28)
    assert not told_otherwise(ahead, 32) and not told_otherwise(SPEC, 28)


def test_a_longer_season_that_is_shorter_and_one_that_no_net_reads_are_refused() -> None:
    chosen = {"config": SERIES_SETTINGS.changed({"longer_season": 4})}
    with pytest.raises(UsageError, match=r"longer_season; found 4 steps; allowed: more than the season's 4"):
        Forecaster(**BRIEF, **chosen).fit(week(100))  # type: ignore[arg-type]
    chosen = {"config": SERIES_SETTINGS.changed({"longer_season": 28})}
    with pytest.raises(UsageError, match="a longer season: read by the nets of a panel alone"):
        Forecaster(**BRIEF, recipe="classics", **chosen).fit(week(100))  # type: ignore[arg-type]
