"""How long the nets of a panel learn is told by windows that they have not learnt from."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.panels.series import panel_of
from recurra.tasks.heads.panel import shapes
from recurra.tasks.heads.panel.parts import LEAST_HELD, MOST_HELD, held_windows

RANDOM = np.random.default_rng(11)
BRIEF = {"hidden": 4, "season": 4, "horizon": 3, "epochs": 6}
SMALL = {"batch_size": 16}


def frame(count: int, steps: int = 20) -> Any:
    import pandas as pd

    rows = [(f"s{row:03}", step, value) for row in range(count) for step, value in enumerate(RANDOM.random(steps) + 1)]
    return pd.DataFrame(rows, columns=["unique_id", "ds", "y"])


def test_windows_that_tell_when_to_stop_stand_behind_what_is_learnt_from() -> None:
    series = [RANDOM.random(20) for _ in range(LEAST_HELD)]
    held = held_windows(panel_of([*series, np.ones(7), np.ones(0)], 4), (5, 3), 4)
    # One of seven values has too few before both origins.
    assert held is not None and len(held.rows) == 2 * LEAST_HELD and set(held.origins) == {15, 17}
    assert held.scales.shape == held.rows.shape and (held.scales > 0).all()
    assert held_windows(panel_of(series[:10], 4), (5, 3), 4) is None
    many = held_windows(panel_of([np.ones(20)] * 1000, 4), (9, 7, 6, 5, 3), 4)
    assert many is not None and len(many.rows) == MOST_HELD and many.rows[-1] == 999


def test_nets_of_noise_stop_early_and_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "STEPS", (90, 90))
    config = SERIES_SETTINGS.changed(SMALL | {"patience": 1, "learning_rate": 0.02})
    stopped = Forecaster(config=config, **(BRIEF | {"hidden": 32})).fit(frame(40))  # type: ignore[arg-type]
    (note,) = [note for note in stopped.notes_ if "was best" in note]
    best = int(note.split(" of 6 epochs")[0].split()[-1])
    assert note == f"a first net was best at the newest windows after {best} of 6 epochs" and best < 6
    # A member that goes on from it learns 40 % as long.
    assert len(stopped.history_) == max(1, round(0.4 * best))


def test_a_few_windows_do_not_say_when_to_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "STEPS", (10, 10))
    few = Forecaster(config=SERIES_SETTINGS.changed(SMALL), **BRIEF).fit(frame(5))  # type: ignore[arg-type]
    assert len(few.history_) == round(0.4 * 6) and not any("was best" in note for note in few.notes_)
