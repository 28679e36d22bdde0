"""The lab `next-value`: what is measured. An LSTM of 50 ReLU units predicts the next value of a counting sequence.

Not here: the page (next_value_page.py), airline passengers (airline.py), schedules and the search (schedules.py).

What the record leaves open is read so: the sequence is 1, 2, … 10, unscaled, in windows of three; full batch; 8 is seen
in training, both as an input and as the target of [5, 6, 7].
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from recurra.config import Settings
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.labs.airline import measure_airline
from recurra.labs.record import LabOptions, mean, remembered
from recurra.labs.schedules import measure_schedules, search_optimum
from recurra.runs.versions import versions

ASKED = (5.0, 6.0, 7.0)
BEYOND = (20.0, 21.0, 22.0)
RECORDED = 8.01

LITERAL = SERIES_SETTINGS.changed(
    {
        "cell": "lstm",
        "activation": "relu",
        "hidden": 50,
        "window": 3,
        "horizon": 1,
        "scale": "none",
        "epochs": 200,
        "batch_size": 1000,
        "optimiser": "adam",
        "learning_rate": 0.001,
        "schedule": "constant",
        "clip": 0.0,
    }
)
"""The record's own choices; what it does not state stands in this file's head."""

IMPROVED = LITERAL.changed({"relative": True, "learning_rate": 0.01, "schedule": "cosine"})
"""Each window is read relative to its last value; the learning rate is ten times as high at first and ends at zero."""


def measure(options: LabOptions) -> dict[str, Any]:
    """Run every experiment of the lab and return its record."""
    seeds = range(options.seeds)
    literal = [remembered(options, f"literal-{seed}", LITERAL.model_dump(), partial(_literal, seed)) for seed in seeds]
    improved = [
        remembered(options, f"improved-{seed}", IMPROVED.model_dump(), partial(_improved, seed)) for seed in seeds
    ]
    options.say("airline passengers, one step and many steps ahead")
    airline = measure_airline(options)
    options.say("learning-rate schedules and the search for the optimal loss")
    return {
        "task": "lab",
        "lab": "next-value",
        "quick": options.quick,
        "seeds": options.seeds,
        "next_value": mean([one["next_value"] for one in improved]),
        "next_values": [one["next_value"] for one in improved],
        "beyond_values": [one["beyond"] for one in improved],
        "literal_next_values": [one["next_value"] for one in literal],
        "literal_beyond_values": [one["beyond"] for one in literal],
        "literal_history": literal[0]["history"],
        "literal_fit": literal[0]["fitted"],
        "literal_losses": [one["history"][-1]["loss"] for one in literal],
        "airline": airline,
        "schedules": measure_schedules(options),
        "optimal": search_optimum(options),
        "settings": {"literal": choices(LITERAL), "improved": choices(IMPROVED)},
        "versions": versions(),
    }


def choices(settings: Settings) -> dict[str, Any]:
    """The choices that this lab makes, flat."""
    told = {**settings.net.model_dump(), **settings.training.model_dump(), **settings.series.model_dump()}
    names = (
        "cell", "activation", "hidden", "window", "horizon", "scale", "relative", "epochs", "batch_size",
        "optimiser", "learning_rate", "schedule",
    )  # fmt: skip
    return {name: told[name] for name in names}


def _literal(seed: int) -> dict[str, Any]:
    """As recorded: 1 … 10, every window in training."""
    counting = np.arange(1.0, 11.0)
    model = Forecaster(validation=0, random_state=seed, config=LITERAL).fit(counting)
    fitted = model.model_.one_step("series", counting, first=3)
    return {
        "next_value": _next(model, ASKED),
        "beyond": _next(model, BEYOND),
        "history": [{"epoch": record["epoch"], "loss": record["loss"]} for record in model.history_],
        "fitted": {"actual": counting[3:].tolist(), "predicted": fitted.tolist()},
    }


def _improved(seed: int) -> dict[str, Any]:
    """1 … 7 only: neither the window [5, 6, 7] → 8 nor any value of 8 or more is in training."""
    model = Forecaster(validation=0, random_state=seed, config=IMPROVED).fit(np.arange(1.0, 8.0))
    return {"next_value": _next(model, ASKED), "beyond": _next(model, BEYOND), "loss": model.history_[-1]["loss"]}


def _next(model: Forecaster, window: tuple[float, ...]) -> float:
    return float(model.predict(list(window))[0])
