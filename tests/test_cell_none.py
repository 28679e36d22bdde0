"""`cell="none"` and `--cell none`: classical forecasts alone, by another name than the recipe.

Not here: the forecasts themselves (test_panels.py).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import recurra
from command_line import recurra as recurra_command
from command_line import refused
from recurra.errors import UsageError
from recurra.estimators.series import Forecaster

WAVE = np.sin(np.arange(40) * 2 * np.pi / 4) + np.arange(40) / 10


def test_no_cell_is_the_recipe_of_classics_also_after_a_reload(tmp_path: Path) -> None:
    forecaster = Forecaster(cell="none", horizon=4, season=4).fit(WAVE)
    recipe = Forecaster(recipe="classics", horizon=4, season=4).fit(WAVE)
    assert np.array_equal(forecaster.predict(), recipe.predict())
    assert not forecaster.model_.plan.member
    forecaster.save(tmp_path / "artefact")
    loaded = recurra.load(tmp_path / "artefact")
    assert loaded.get_params()["cell"] == "none"
    assert np.array_equal(Forecaster(**loaded.get_params()).fit(WAVE).predict(), forecaster.predict())


def test_no_cell_contradicts_what_a_net_reads() -> None:
    for more in ({"recipe": "net"}, {"recipe": "panel"}, {"window": 8}):
        with pytest.raises(UsageError, match="classic"):
            Forecaster(cell="none", **more).asked()
    assert Forecaster(cell="none", recipe="classics").asked().recipe == "classics"


def test_the_commands_take_no_cell_for_series_alone(tmp_path: Path) -> None:
    file, run = tmp_path / "wave.csv", tmp_path / "run"
    file.write_text("ds,y\n" + "".join(f"{step},{value}\n" for step, value in enumerate(WAVE)))
    told = recurra_command("fit", "series", file, "--horizon", 4, "--cell", "none", "--out", run, "--json")
    assert told.code == 0 and '"recipe": "net"' not in told.out
    assert recurra_command("data", "check", file, "--task", "series", "--horizon", 4, "--cell", "none").code == 0
    assert recurra_command("backtest", file, "--horizon", 4, "--cell", "none", "--json").code == 0
    refused(recurra_command("fit", "text", file, "--cell", "none"), 2, "gru, lstm, mingru, rnn, sru")
