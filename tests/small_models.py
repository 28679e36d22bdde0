"""Small models with drawn weights, one of each task, for tests that need an artefact but no training.

Not here: tests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from recurra.config import NetConfig, SeriesConfig, TextConfig
from recurra.model import Model as Running
from recurra.nets.layouts import classifier_net, forecast_net, language_net
from recurra.nets.run import Plan
from recurra.series import fit_series_encoder
from recurra.tasks.heads.classes.run import RunningClassifier
from recurra.tasks.heads.horizon.run import RunningForecaster
from recurra.tasks.heads.next_token.run import RunningLanguage
from recurra.text.encoder import fit_encoder

NET = NetConfig(cell="gru", hidden=5, embedding_size=4, bidirectional=True, pool=("last", "mean", "attention"), heads=2)
SENTENCES = ["a good film", "a bad film", "not good", "not bad at all", "the good , the bad and the plot"]


def drawn(plan: Plan, *, seed: int = 0) -> dict[str, Any]:
    """Weights of the plan's shapes from N(0, 0.3²)."""
    random = np.random.default_rng(seed)
    return {name: (random.standard_normal(shape) * 0.3).astype(np.float32) for name, shape in plan.weights().items()}


def text_model(
    *, labels: tuple[str, ...] = ("bad", "good"), config: TextConfig | None = None, seed: int = 0
) -> RunningClassifier:
    """A classifier of short texts."""
    encoder = fit_encoder(SENTENCES, config or TextConfig(min_count=1))
    plan = classifier_net(NET, words=len(encoder.vocabulary), labels=len(labels))
    return RunningClassifier(plan, drawn(plan, seed=seed), encoder, labels)


def language_model(*, config: TextConfig | None = None, seed: int = 0) -> RunningLanguage:
    """A language model of the same sentences."""
    encoder = fit_encoder(SENTENCES, config or TextConfig(min_count=1))
    plan = language_net(NetConfig(cell="lstm", hidden=5, embedding_size=4), words=len(encoder.vocabulary))
    return RunningLanguage(plan, drawn(plan, seed=seed), encoder)


def series_model(*, horizon: int = 2, window: int = 3, name: str = "a") -> RunningForecaster:
    """A forecaster of one series, with intervals."""
    plan = forecast_net(NetConfig(cell="rnn", hidden=5), horizon=horizon)
    encoder = fit_series_encoder({name: np.arange(12.0)}, SeriesConfig(window=window, horizon=horizon))
    widths = {str(level): [level / 100 * (1 + step) for step in range(horizon)] for level in (50, 80, 90, 95)}
    return RunningForecaster(plan, drawn(plan), encoder, widths)


def save_all(folder: Path) -> dict[str, Path]:
    """Save one artefact of each task and return their folders."""
    models: dict[str, Running] = {"text": text_model(), "language": language_model(), "series": series_model()}
    for task, model in models.items():
        model.save(folder / task)
    return {task: folder / task for task in models}
