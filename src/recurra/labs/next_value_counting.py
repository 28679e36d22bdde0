"""The counting sequence of the lab `next-value`: the record's network from many seeds, under each start and rate.

Not here: what the figures say (next_value_observations.py), airline passengers (airline.py).

A training takes a fraction of a second, so that its 20 seeds are cheap: one seed would tell little.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from recurra.config import Init, Settings
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.labs.record import LabOptions, remembered
from recurra.training.schedules import StepDrop

LAST = 14
"""The sequence is 1, 2, … 14: the record does not state it, and this one makes both its figures usual."""
OTHERS = (10, 12, 20)
"""Last values that are tried beside, to see which sequence the record may have had."""
ASKED = (5.0, 6.0, 7.0)
BEYOND = (20.0, 21.0, 22.0)
SEEDS = 20
"""Trainings of each kind, at least; the quick lab makes as many as it has seeds."""
INITS: tuple[Init, ...] = ("keras", "torch")
"""How weights start: the record's own words (LSTM, Dense, output suppressed) are Keras'."""
RATE, DROP, EVERY, EPOCHS = 0.001, 0.0001, 10, 200
FLOORS = {"0": 0.0, "0.0001": 0.0001}
"""The lowest learning rate of the recorded schedule, which alone would go below zero."""

LITERAL = SERIES_SETTINGS.changed(
    {
        "cell": "lstm",
        "activation": "relu",
        "init": "keras",
        "hidden": 50,
        "window": 3,
        "horizon": 1,
        "scale": "none",
        "epochs": EPOCHS,
        "batch_size": 1000,
        "optimiser": "adam",
        "learning_rate": RATE,
        "schedule": "constant",
        "clip": 0.0,
    }
)
"""The record's own choices; a batch of 1000 holds all windows at once."""


def scheduled(init: Init, floor: float) -> Settings:
    """Return the literal choices under the record's schedule, from another start."""
    step = {"schedule": "step", "drop": DROP, "drop_every": EVERY, "min_learning_rate": floor}
    return LITERAL.changed({"init": init, **step})


def measure_counting(options: LabOptions) -> dict[str, Any]:
    """Train every kind from its seeds; return the figures that the page and JSON tell."""
    constant = {init: _group(options, f"constant, {init}", LITERAL.changed({"init": init})) for init in INITS}
    schedule = {
        init: {name: _group(options, f"schedule, {init}, floor {name}", scheduled(init, floor))
               for name, floor in FLOORS.items()}
        for init in INITS
    }  # fmt: skip
    first = constant[INITS[0]]
    return {
        "literal_next_values": first["next_values"],
        "literal_beyond_values": first["beyond_values"],
        "literal_losses": first["losses"],
        "literal_history": [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate(first["course"], start=1)],
        "literal_fit": first["fitted"],
        "literal_seed": first["shown_seed"],
        "last": LAST,
        "constant": {init: _told(group) for init, group in constant.items()},
        "schedule": {init: {name: _told(group) for name, group in floors.items()} for init, floors in schedule.items()},
        "schedules": _courses(schedule[INITS[0]]),
        "sequences": [] if options.quick else _sequences(options, first, schedule[INITS[0]]["0"]),
    }


def trainings(options: LabOptions) -> int:
    """Count the trainings of `measure_counting`."""
    kinds = len(INITS) * (1 + len(FLOORS))
    return _seeds(options) * (kinds if options.quick else kinds + 2 * len(OTHERS))


def _seeds(options: LabOptions) -> int:
    return options.seeds if options.quick else max(options.seeds, SEEDS)


def middle(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most over seeds."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def _told(group: dict[str, Any]) -> dict[str, Any]:
    """A group as JSON tells it: the final loss over seeds, its values, and what each seed answers."""
    return {**middle(group["losses"]), "losses": group["losses"], "next_values": group["next_values"]}


def _courses(floors: dict[str, Any]) -> dict[str, Any]:
    """Learning rates, and over epochs the losses of the seed that is shown, under both floors."""
    free = [round(RATE - DROP * (epoch // EVERY), 12) for epoch in range(EPOCHS)]
    told = {
        name: {
            "floor": FLOORS[floor],
            "rates": [StepDrop(RATE, DROP, EVERY, FLOORS[floor]).rate(epoch, EPOCHS) for epoch in range(EPOCHS)],
            "losses": floors[floor]["course"],
        }
        for name, floor in (("literal", "0"), ("sensible", "0.0001"))
    }
    return {"epochs": list(range(1, EPOCHS + 1)), "without_floor": free, **told}


def _sequences(options: LabOptions, constant: dict[str, Any], schedule: dict[str, Any]) -> list[dict[str, Any]]:
    """For each length of the sequence: the answer at a constant rate, and the loss under the recorded schedule."""
    pairs = {LAST: (constant, schedule)}
    for last in OTHERS:
        pairs[last] = (
            _group(options, f"1 to {last}, constant", LITERAL, last),
            _group(options, f"1 to {last}, schedule", scheduled(INITS[0], 0.0), last),
        )
    return [
        {"last": last, "next_value": middle(steady["next_values"]), "loss": middle(falling["losses"])}
        for last, (steady, falling) in sorted(pairs.items())
    ]


def _group(options: LabOptions, title: str, settings: Settings, last: int = LAST) -> dict[str, Any]:
    """Return what all seeds of one kind gave; one of them is shown, whose answer is in their middle."""
    seeds = _seeds(options)
    choices = {"settings": settings.model_dump(mode="json"), "last": last, "seeds": seeds}
    work = partial(_trained, options, title, settings, last, seeds)
    name = title.replace(",", "").replace(" ", "-")
    found: dict[str, Any] = remembered(options, name, choices, work, trainings=seeds)
    return found


def _trained(options: LabOptions, title: str, settings: Settings, last: int, seeds: int) -> dict[str, Any]:
    values = np.arange(1.0, last + 1.0)
    runs = [_one(options, f"{title}, seed {seed}", settings, values, seed) for seed in range(seeds)]
    answers = [next_value(run, ASKED) for run in runs]
    shown = answers.index(statistics.median_low(answers))
    if (settings, last) == (LITERAL, LAST):
        runs[shown].save(options.out / "runs" / "literal" / "artefact")
    return {
        "losses": [run.history_[-1]["loss"] for run in runs],
        "next_values": answers,
        "beyond_values": [next_value(run, BEYOND) for run in runs],
        "shown_seed": shown,
        "course": [record["loss"] for record in runs[shown].history_],
        "fitted": {
            "actual": values[3:].tolist(),
            "predicted": runs[shown].model_.one_step("series", values, first=3).tolist(),
        },
    }


def _one(options: LabOptions, title: str, settings: Settings, values: Any, seed: int) -> Forecaster:
    with options.watch(title) as watch:
        model = Forecaster(validation=0, random_state=seed, config=settings).fit(values, watch=watch)
        if watch.on_epoch:
            watch.on_epoch({**model.history_[-1], "next_value": next_value(model, ASKED)})
    return model


def next_value(model: Forecaster, window: Sequence[float]) -> float:
    """What a model expects after a window."""
    return float(model.predict(list(window))[0])
