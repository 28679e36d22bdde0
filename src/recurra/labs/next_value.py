"""The lab `next-value`: what is measured. An LSTM of 50 ReLU units predicts the next value of a counting sequence.

Not here: the counting sequence (next_value_counting.py), airline passengers (airline.py), the search for the lowest
loss (schedules.py), verdicts (next_value_observations.py), the page (next_value_page.py).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from recurra.config import Settings
from recurra.estimators.series import Forecaster
from recurra.labs import next_value_counting as counting
from recurra.labs import schedules
from recurra.labs.airline import measure_airline
from recurra.labs.next_value_counting import ASKED, BEYOND, LITERAL, measure_counting, next_value
from recurra.labs.next_value_observations import judged
from recurra.labs.record import LabOptions, mean, remembered
from recurra.labs.schedules import search_optimum
from recurra.runs.versions import versions

IMPROVED = LITERAL.changed({"init": "gates", "relative": True, "learning_rate": 0.01, "schedule": "cosine"})
"""Each window is read relative to its last value; the learning rate is ten times as high at first and ends at zero."""


def measure(options: LabOptions) -> dict[str, Any]:
    """Run every experiment of the lab and return its record."""
    options.expect(counting.trainings(options) + 2 * options.seeds + schedules.trainings())
    figures = measure_counting(options)
    improved = [
        remembered(options, f"improved-{seed}", IMPROVED.model_dump(), partial(_improved, options, seed), trainings=1)
        for seed in range(options.seeds)
    ]
    record = {
        "task": "lab",
        "lab": "next-value",
        "quick": options.quick,
        "seeds": options.seeds,
        "next_value": mean([run["next_value"] for run in improved]),
        "next_values": [run["next_value"] for run in improved],
        "beyond_values": [run["beyond"] for run in improved],
        **figures,
        "airline": measure_airline(options),
        "optimal": search_optimum(options),
        "settings": {"literal": choices(LITERAL), "improved": choices(IMPROVED)},
        "versions": versions(),
    }
    return judged(record)


def choices(settings: Settings) -> dict[str, Any]:
    """The choices that this lab makes, flat."""
    told = {**settings.net.model_dump(), **settings.training.model_dump(), **settings.series.model_dump()}
    names = (
        "cell", "activation", "init", "hidden", "window", "horizon", "scale", "relative", "epochs", "batch_size",
        "optimiser", "learning_rate", "schedule",
    )  # fmt: skip
    return {name: told[name] for name in names}


def _improved(options: LabOptions, seed: int) -> dict[str, Any]:
    """1 … 7 only: neither the window [5, 6, 7] → 8 nor any value of 8 or more is in training."""
    with options.watch(f"improved, seed {seed}") as watch:
        model = Forecaster(validation=0, random_state=seed, config=IMPROVED).fit(np.arange(1.0, 8.0), watch=watch)
    if seed == 0:
        model.save(options.out / "runs" / "improved" / "artefact")
    return {
        "next_value": next_value(model, ASKED),
        "beyond": next_value(model, BEYOND),
        "loss": model.history_[-1]["loss"],
    }
