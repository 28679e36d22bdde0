"""The lab `next-value`, measured: one net trained, and the figures of all joined to the record.

Of airline passengers the last 24 of the 144 months are the test part, read once. One step ahead, each month is forecast
from the true months before it; many steps ahead, all 24 from the end of training, the net reading its own answers.

Not here: which nets there are (next_value_recipe.py), what the figures say and how they are drawn (next_value.py).
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.baselines.naive import naive, seasonal_naive
from recurra.datasets.known.airline import load_airline
from recurra.errors import UsageError
from recurra.estimators.series import Forecaster
from recurra.labs.lab import LabOptions, LabRecord, NetFigures, Nets, Training, flat, mean
from recurra.labs.next_value_recipe import (
    AIRLINE,
    ASKED,
    BEYOND,
    DROP,
    EPOCHS,
    EVERY,
    FLOORS,
    HELD,
    INITS,
    LAST,
    LITERAL,
    NETS,
    OTHERS,
    RATE,
    SEASON,
    in_quick,
    searched,
)
from recurra.metrics import mae, mase
from recurra.training.descent import StepDrop

CHOICES = (
    "cell", "activation", "init", "hidden", "window", "horizon", "scale", "relative", "epochs", "batch_size",
    "optimiser", "learning_rate", "schedule",
)  # fmt: skip
"""The settings in which this lab's nets differ from one another, or that the record tells."""

Months = NDArray[np.float64]
"""A value for each month, in thousands of passengers."""
Airline = tuple[list[str], Months]
"""The months, and their values."""


def read_airline(options: LabOptions) -> tuple[Airline, dict[str, Any]]:
    """Load the airline series; it comes with the package, so that nothing of it is a choice."""
    months, values = load_airline()
    return ([str(month) for month in months], values), {}


def train_forecaster(training: Training) -> NetFigures:
    """Train one net on its series and measure it."""
    variant, seed = training.variant, training.seed
    if "last" in variant.more:
        return _counted(training)
    _, values = training.shared
    # The test part is cut off first: neither the scaler nor the choice of the epoch has seen it.
    past = values[:-HELD]
    if variant.name == "forecaster":
        return _forecast(training, values)
    model = Forecaster(validation=SEASON, random_state=seed, config=variant.settings).fit(past, watch=training.watch)
    if variant.name != "airline":
        # The lowest loss on the way, not the last: the question is what a pair of choices can reach at all.
        return {"loss": min(epoch["val_loss"] for epoch in model.history_)}
    if seed == 0:
        model.save(training.folder.with_name("airline") / "artefact")
    # From the true months before each: the whole series is given, and read from the first month of the test part on.
    one = model.model_.one_step("series", values, first=len(past))
    many = model.model_.forecast("series", past, steps=HELD)
    return {
        "one_step": one.tolist(),
        "multi_step": many.tolist(),
        "one_step_score": _score(values, one),
        "multi_step_score": _score(values, many),
        "history": model.history_,
    }


def _forecast(training: Training, values: Months) -> NetFigures:
    """Train the default forecaster before the test part, and forecast all of that with its interval of 80 %."""
    model = Forecaster(random_state=training.seed, config=training.variant.settings)
    model.fit(values[:-HELD], watch=training.watch)
    if training.seed == 0:
        model.save(training.folder.with_name("forecaster") / "artefact")
    told = model.model_.coming(model.table_, steps=HELD, levels=[80])
    middle, low, high = (told[end][0] for end in ("", "-lo-80", "-hi-80"))
    return {
        "forecast": middle.tolist(),
        "low": low.tolist(),
        "high": high.tolist(),
        "score": _score(values, middle),
        "shares": dict(model.model_.encoder.shares),
    }


def _counted(training: Training) -> NetFigures:
    """Train on 1, 2, … and ask for the next value, inside the sequence and far beyond it.

    The improved net sees 1 … 7 only: neither the window [5, 6, 7] → 8 nor any value of 8 or more is in training.
    """
    variant, seed, watch = training.variant, training.seed, training.watch
    # All of it is learnt, `validation=0`: eleven windows leave none to spare, and the record held none out.
    values = np.arange(1.0, variant.more["last"] + 1.0)
    model = Forecaster(validation=0, random_state=seed, config=variant.settings).fit(values, watch=watch)
    answer = expected_after(model, ASKED)
    # The answer is sent after the last epoch, so that the bar can set it beside the recorded 8.01.
    if watch.on_epoch:
        watch.on_epoch({**model.history_[-1], "next_value": answer})
    if (variant.name, seed) == ("improved", 0):
        model.save(training.folder.with_name("improved") / "artefact")
    elif (variant.settings, variant.more["last"]) == (LITERAL, LAST):
        # Which of the seeds the page shows is known only when all have answered.
        model.save(training.folder.with_name(f"literal-{seed}") / "artefact")
    return {
        "loss": model.history_[-1]["loss"],
        "next_value": answer,
        "beyond": expected_after(model, BEYOND),
        "course": [epoch["loss"] for epoch in model.history_],
        "fitted": {
            "actual": values[3:].tolist(),
            "predicted": model.model_.one_step("series", values, first=3).tolist(),
        },
    }


def expected_after(model: Forecaster, window: Sequence[float]) -> float:
    """What a model expects after a window."""
    return float(model.predict(list(window))[0])


def next_value_record(options: LabOptions, shared: Airline, nets: Nets) -> LabRecord:
    """Join the figures of all nets to the record of the lab."""
    # By the record's words the net starts as Keras' would; torch's start stands beside, and is not the literal one.
    improved, literal = nets["improved"], nets[f"constant-{INITS[0]}"]
    shown = _middle_seed(literal)
    _keep(options, shown)
    schedule = {init: {name: nets[f"schedule-{init}-floor-{name}"] for name in FLOORS} for init in INITS}
    return {
        "next_value": mean(_each(improved, "next_value")),
        "next_values": _each(improved, "next_value"),
        "beyond_values": _each(improved, "beyond"),
        "literal_next_values": _each(literal, "next_value"),
        "literal_beyond_values": _each(literal, "beyond"),
        "literal_losses": _each(literal, "loss"),
        "literal_history": [{"epoch": epoch, "loss": loss} for epoch, loss in enumerate(literal[shown]["course"], 1)],
        "literal_fit": literal[shown]["fitted"],
        "literal_seed": shown,
        "last": LAST,
        "constant": {init: _group(nets[f"constant-{init}"]) for init in INITS},
        "schedule": {init: {name: _group(runs) for name, runs in floors.items()} for init, floors in schedule.items()},
        "schedules": _courses(schedule[INITS[0]]),
        "sequences": [] if options.quick else _sequences(nets, literal, schedule[INITS[0]]["0"]),
        "airline": {**_airline(options, *shared, nets["airline"]), "forecaster": _forecaster(nets["forecaster"])},
        "optimal": _optimum(options, nets),
        "settings": {"literal": flat(LITERAL, *CHOICES), "improved": flat(NETS["improved"].settings, *CHOICES)},
    }


def _each(runs: Sequence[NetFigures], name: str) -> list[Any]:
    """Return one figure of each seed."""
    return [run[name] for run in runs]


def _middle_seed(runs: Sequence[NetFigures]) -> int:
    """Return the seed whose answer is in the middle of all: the one that is shown."""
    # `median_low` is one of the values, so that it belongs to a seed; the plain median of 20 lies between two.
    answers = _each(runs, "next_value")
    return answers.index(statistics.median_low(answers))


def _keep(options: LabOptions, shown: int) -> None:
    """Copy the literal net that is shown to runs/literal.

    The other seeds stay where they are: a call with more seeds takes their figures over, and may show another of them.
    """
    folder, kept = options.out / "runs" / "literal", options.net_folder("literal", shown)
    if not kept.is_dir():
        # Figures are taken over from parts/, so that a net that was deleted since would not be trained again.
        raise UsageError(f"{kept} is no longer there", advice=f"delete {options.out / 'parts'} to train it again")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(kept, folder)


def _middle(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most over seeds."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}


def _group(runs: Sequence[NetFigures]) -> LabRecord:
    """All seeds of one kind: the final loss, its middle, and what each seed answers."""
    losses = _each(runs, "loss")
    return {**_middle(losses), "losses": losses, "next_values": _each(runs, "next_value")}


def _courses(floors: Mapping[str, Sequence[NetFigures]]) -> LabRecord:
    """Learning rates, and over epochs the losses of a seed in the middle, under both floors."""
    # Rounded, since 0.001 less ten times 0.0001 is not quite zero in floats, and the curve should touch its axis.
    free = [round(RATE - DROP * (epoch // EVERY), 12) for epoch in range(EPOCHS)]
    courses = {
        name: {
            "floor": FLOORS[floor],
            "rates": [StepDrop(RATE, DROP, EVERY, FLOORS[floor]).rate(epoch, EPOCHS) for epoch in range(EPOCHS)],
            "losses": floors[floor][_middle_seed(floors[floor])]["course"],
        }
        for name, floor in (("literal", "0"), ("sensible", "0.0001"))
    }
    return {"epochs": list(range(1, EPOCHS + 1)), "without_floor": free, **courses}


def _sequences(nets: Nets, constant: Sequence[NetFigures], schedule: Sequence[NetFigures]) -> list[LabRecord]:
    """For each length of the sequence: the answer at a constant rate, and the loss under the recorded schedule."""
    # The length that is shown was trained anyway; it takes its place among the others by its last value.
    pairs = {last: (nets[f"1-to-{last}-constant"], nets[f"1-to-{last}-schedule"]) for last in OTHERS}
    return [
        {"last": last, "next_value": _middle(_each(steady, "next_value")), "loss": _middle(_each(falling, "loss"))}
        for last, (steady, falling) in sorted({**pairs, LAST: (constant, schedule)}.items())
    ]


def _airline(options: LabOptions, months: list[str], values: Months, runs: Sequence[NetFigures]) -> LabRecord:
    """Scores are means over seeds, forecasts those of the first; beside them the naive forecasts' scores."""
    past = values[:-HELD]
    # Rivals get the same task: from the end of training, or from the true months before each.
    ahead = {
        "naive": _score(values, naive(past, horizon=HELD)),
        "seasonal_naive": _score(values, seasonal_naive(past, horizon=HELD, season=SEASON)),
    }
    behind = {
        "naive": _score(values, values[-HELD - 1 : -1]),
        "seasonal_naive": _score(values, values[-HELD - SEASON : -SEASON]),
    }

    def kind(name: str, rivals: Mapping[str, Mapping[str, float]]) -> LabRecord:
        # Means of the seeds' scores, not scores of the mean forecast: averaging forecasts is another, better model.
        scores = _each(runs, f"{name}_score")
        return {
            "mae": mean(_each(scores, "mae")),
            "mase": mean(_each(scores, "mase")),
            "mases": _each(scores, "mase"),
            **{f"{rival}_{key}": value for rival, score in rivals.items() for key, value in score.items()},
            "forecast": runs[0][name],
        }

    return {
        "months": months,
        "values": values.tolist(),
        "held": HELD,
        "one_step": kind("one_step", behind),
        "multi_step": kind("multi_step", ahead),
        "naive_mase": ahead["naive"]["mase"],
        "seasonal_naive_mase": ahead["seasonal_naive"]["mase"],
        "history": runs[0]["history"],
        "settings": in_quick(AIRLINE, options).model_dump(mode="json"),
    }


def _forecaster(runs: Sequence[NetFigures]) -> LabRecord:
    """Scores of the default forecaster are means over seeds; the forecast with its interval is that of the first."""
    scores = _each(runs, "score")
    return {
        "mae": mean(_each(scores, "mae")),
        "mase": mean(_each(scores, "mase")),
        "mases": _each(scores, "mase"),
        **{name: runs[0][name] for name in ("forecast", "low", "high", "shares")},
    }


def _score(values: Months, forecast: Months) -> dict[str, float]:
    """MAE in thousands of passengers; MASE by the seasonal naive's error within training (Hyndman & Koehler 2006)."""
    # MASE is scaled by the training part alone: the test part must not change the unit it is measured in.
    past, actual = values[:-HELD], values[-HELD:]
    return {"mae": mae(actual, forecast), "mase": mase(actual, forecast, history=past, season=SEASON)}


def _optimum(options: LabOptions, nets: Nets) -> LabRecord:
    """The search over batch size and learning rate; the loss is the mean squared error on validation."""
    grid_nets = searched(options)
    grid = [
        {
            "batch_size": variant.settings.training.batch_size,
            "learning_rate": variant.settings.training.learning_rate,
            "loss": nets[variant.name][0]["loss"],
        }
        for variant in grid_nets
    ]
    best = min(grid, key=lambda point: point["loss"])
    return {**best, "epochs": grid_nets[0].settings.training.epochs, "grid": grid}
