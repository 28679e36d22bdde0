"""The forecaster in the box: what it reads, its arithmetic in NumPy and in torch, its answers to any series."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import recurra
from recurra.cli.app import app
from recurra.datasets.series.table import SeriesReading
from recurra.layers.patches.run import PatchesSpec, patches_net
from recurra.layers.recurrent.run import RecurrentSpec
from recurra.panels.generator import invent
from recurra.panels.patches import patches
from recurra.panels.series import panel_of
from recurra.tasks.heads.panel.pretrained import Pretrained
from recurra.tasks.inputs.series import given_series
from recurra.tasks.panels import box_series, untaught

SPEC = PatchesSpec(horizon=8, context=4, steps=6, recurrent=RecurrentSpec(cell="gru", inputs=8, hidden=8))


def weights_of_a_net(seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {name: random.normal(size=shape).astype(np.float32) * 0.3 for name, shape in SPEC.weights().items()}


def boxed() -> Pretrained:
    model = box_series()
    start = "pretrained."
    assert model.plan.pretrained is not None
    weights = {name.removeprefix(start): value for name, value in model.tensors.items()}
    return Pretrained(model.plan.pretrained, weights)


def test_torch_and_numpy_tell_the_same() -> None:
    torch = pytest.importorskip("torch")
    from recurra.layers.patches.learn import PatchesNet

    net, held = PatchesNet(SPEC), weights_of_a_net()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in held.items()})
    contexts = np.random.default_rng(1).normal(size=(5, 64)).cumsum(axis=1) + 30
    there = np.arange(64)[None] >= np.array([[0], [3], [40], [60], [63]])
    read = patches(contexts, there, season=12, second=24, horizon=7, log=True)
    parts = (read.tokens, read.told, read.simple, read.seen, read.phases)
    told = net(*map(torch.from_numpy, parts)).detach().numpy()
    np.testing.assert_allclose(patches_net(SPEC, held, read), told, rtol=0, atol=2e-5)


def test_the_first_answers_of_a_net_are_simple_forecasts() -> None:
    torch = pytest.importorskip("torch")
    from recurra.layers.patches.learn import PatchesNet

    wave = 10 + np.sin(2 * np.pi * np.arange(128) / 8)
    read = patches(wave[None], np.ones((1, 128), bool), season=8, second=0, horizon=8, log=False)
    net = PatchesNet(SPEC, torch.Generator().manual_seed(0))
    held = {name: value.numpy() for name, value in net.state_dict().items()}
    middle = read.answered(patches_net(SPEC, held, read), log=False)[0, :, 4]
    # The level of the newest steps counts a little, too.
    assert np.abs(middle - wave[:8]).max() < 0.5


@pytest.mark.parametrize("season", [1, 4, 7, 12, 24, 52, 96, 365])
def test_every_length_season_and_size_is_answered(season: int) -> None:
    random = np.random.default_rng(2)
    lengths = [1, 2, 3, 5, 17, 40, 130, 700]
    series = [np.abs(random.normal(size=length)).cumsum() + 0.1 for length in lengths]
    series += [np.zeros(30), np.full(9, 7.0), -series[5], 1e-12 * series[6], 1e12 * series[6], (series[5] > 3) * 1.0]
    told = boxed().quantiles(panel_of(series, season), season=season, horizon=70)
    assert told.shape == (len(series), 70, 9)
    assert np.isfinite(told).all()
    assert (np.diff(told, axis=2) >= 0).all()
    # It reads relative to each series: another unit is another unit of the answer.
    np.testing.assert_allclose(told[lengths.index(130)] * 1e12, told[-2], rtol=1e-4)


def test_neighbours_in_a_batch_change_nothing() -> None:
    random = np.random.default_rng(3)
    series = [random.normal(size=length).cumsum() + 50 for length in (40, 100, 100, 33)]
    together = boxed().quantiles(panel_of(series), season=1, horizon=5)
    for place, values in enumerate(series):
        alone = boxed().quantiles(panel_of([values]), season=1, horizon=5)
        np.testing.assert_allclose(together[place], alone[0], rtol=1e-5)


def test_a_wave_goes_on() -> None:
    wave = 100 + 20 * np.sin(2 * np.pi * np.arange(144 + 12) / 12)
    frame = recurra.load("series").predict(wave[:144].tolist(), steps=12)
    assert np.abs(frame - wave[144:]).max() < 4


def test_the_box_finds_season_and_shares_in_the_file() -> None:
    random = np.random.default_rng(4)
    wave = 10 + np.tile(random.normal(size=6), 20) + 0.1 * random.normal(size=120)
    model, notes = untaught(given_series(wave, SeriesReading()).table, horizon=6)
    assert model.encoder.config.season == 6
    assert sum(model.encoder.shares.values()) == pytest.approx(1)
    assert any("season of 6" in note for note in notes)


def test_a_file_is_forecast_without_a_fit(tmp_path: Path) -> None:
    lines = [f"{day},{10 + day % 7}" for day in range(60)]
    file = tmp_path / "days.csv"
    file.write_text("ds,y\n" + "\n".join(lines) + "\n")
    told = CliRunner().invoke(app, ["forecast", str(file), "--horizon", "7", "--level", "80"])
    assert told.exit_code == 0, told.output
    missing = CliRunner().invoke(app, ["forecast", str(tmp_path / "none.csv"), "--horizon", "7"])
    assert str(missing.exception).endswith("none.csv: no such file or run")
    rows = [line.split(",") for line in told.stdout.splitlines()[1:]]
    assert [abs(float(row[2]) - (10 + (60 + step) % 7)) < 1 for step, row in enumerate(rows)] == [True] * 7


@pytest.mark.parametrize("rhythm", [(1, 0), (7, 365), (24, 168), (5, 0)])
def test_invented_series_are_numbers_and_come_again_by_their_seed(rhythm: tuple[int, int]) -> None:
    first, second = (invent(np.random.default_rng(5), 200, 400, *rhythm) for _ in range(2))
    assert first.shape == (200, 400)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, second)
    assert len(np.unique(first[:, -1])) > 150


def test_the_box_is_small() -> None:
    from recurra.artefact.folder import BOX

    assert sum(file.stat().st_size for file in (BOX / "series").iterdir()) < 2_000_000
    assert sum(file.stat().st_size for file in BOX.rglob("*") if file.is_file()) < 12_000_000
