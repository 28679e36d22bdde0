"""`--set loss=squared`: the middle answer of a panel is a mean, and parts are weighed by squared errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import recurra
from recurra.config import Settings
from recurra.errors import UsageError
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.layers.segments.run import MIDDLE
from recurra.panels.blend import weights_of
from recurra.panels.few import shares_of_few
from recurra.tasks.heads.panel.learn import pinball, squared_middle

SQUARED = SERIES_SETTINGS.changed({"loss": "squared"})
RANDOM = np.random.default_rng(0)


def test_the_middle_learns_a_mean_and_the_others_how_far_they_lie_from_it() -> None:
    truth = torch.from_numpy(RANDOM.exponential(1, (400, 1)).astype(np.float32))
    known, units = torch.ones(400, 1), torch.full((400,), 0.7)
    middle, around = torch.zeros(1, requires_grad=True), torch.linspace(-0.4, 0.4, 9).requires_grad_()
    optimiser = torch.optim.Adam([middle, around], 0.05)
    for _ in range(300):
        told = (middle + around - around[MIDDLE]).expand(400, 1, 9)
        loss, count = squared_middle(told, truth, known, units)
        optimiser.zero_grad(), (loss / count).backward(), optimiser.step()
    assert middle.item() == pytest.approx(float(truth.mean()), abs=0.02)
    ends = (middle + around - around[MIDDLE]).detach().numpy()
    np.testing.assert_allclose(ends[[0, 8]], np.quantile(truth, [0.1, 0.9]), rtol=0.15)


def test_what_is_not_known_counts_nothing() -> None:
    told, truth = torch.rand(3, 4, 9), torch.rand(3, 4)
    known, units = torch.zeros(3, 4), torch.ones(3)
    known[1, :2] = 1
    for lost in (pinball, squared_middle):
        loss, count = lost(told, truth, known, units)
        truth[0] = 1e9
        assert count == 2 and lost(told, truth, known, units)[0] == loss


def test_parts_are_weighed_by_squared_errors() -> None:
    truths = np.zeros((600, 5))
    # Often a little wrong, or seldom by far: the second has the smaller absolute error, and the larger squared one.
    often, seldom = np.ones((600, 5)), np.where(np.arange(600)[:, None] % 10 == 0, 8.0, np.zeros((600, 5)))
    given = truths, np.ones((600, 5), np.bool_), {"theta": often, "holt": seldom}, np.ones(600)
    assert weights_of(*given)["holt"] > 0.3 > weights_of(*given, squared=True)["holt"]
    usual = {"theta": 0.5, "holt": 0.5}
    assert shares_of_few(*given, usual)["holt"] > 0.5 > shares_of_few(*given, usual, squared=True)["holt"]


@pytest.mark.parametrize("recipe", ["net", "classics"])
def test_a_loss_that_nobody_reads_is_refused(recipe: str) -> None:
    with pytest.raises(UsageError, match="loss squared: read by the nets of a panel alone"):
        Forecaster(horizon=3, recipe=recipe, config=SQUARED).fit(list(range(60)))


def test_intervals_stay_around_the_forecast_after_a_reload(tmp_path: Path) -> None:
    values = RANDOM.exponential(1, 80)
    fitted = Forecaster(horizon=4, season=1, epochs=1, hidden=4, config=SQUARED).fit(values)
    fitted.save(tmp_path / "model")
    loaded = recurra.load(tmp_path / "model")
    assert loaded.model_.encoder.config.loss == "squared" and Settings().series.loss == "pinball"
    ends = loaded.model_.coming(fitted.table_, steps=4, levels=[80])
    np.testing.assert_array_equal(ends[""][0], fitted.predict())
    assert (ends["-lo-80"] <= ends[""]).all() and (ends[""] <= ends["-hi-80"]).all()
