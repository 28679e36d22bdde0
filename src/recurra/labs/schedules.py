"""The search of the lab `next-value` for the lowest loss: batch size and learning rate, on the airline series.

Not here: the recorded schedule (next_value_counting.py) and the page.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from recurra.config import Settings
from recurra.datasets.known.airline import load_airline
from recurra.estimators.series import Forecaster
from recurra.labs.airline import HELD, SETTINGS
from recurra.labs.record import LabOptions, remembered

BATCHES = (8, 32, 64, 1000)
RATES = (1e-4, 1e-3, 1e-2)


def trainings() -> int:
    """Count the trainings of the search."""
    return len(BATCHES) * len(RATES)


def search_optimum(options: LabOptions) -> dict[str, Any]:
    """Search batch size and learning rate on the airline series; the loss is the mean squared error on validation."""
    epochs = 20 if options.quick else 100
    grid = [
        {"batch_size": batch, "learning_rate": rate, "loss": _searched(options, batch, rate, epochs)}
        for batch in BATCHES
        for rate in RATES
    ]
    best = min(grid, key=lambda point: point["loss"])
    return {**best, "epochs": epochs, "grid": grid}


def _searched(options: LabOptions, batch: int, rate: float, epochs: int) -> float:
    choices = {"batch_size": batch, "learning_rate": rate, "epochs": epochs, "schedule": "constant"}
    found = remembered(
        options,
        f"search-{batch}-{rate:g}",
        SETTINGS.changed(choices).model_dump(),
        partial(_lowest, options, SETTINGS.changed(choices)),
        trainings=1,
    )
    return float(found)


def _lowest(options: LabOptions, settings: Settings) -> float:
    _, values = load_airline()
    title = f"search, batch {settings.training.batch_size}, rate {settings.training.learning_rate:g}"
    with options.watch(title) as watch:
        model = Forecaster(validation=12, random_state=0, config=settings).fit(values[:-HELD], watch=watch)
    return min(record["val_loss"] for record in model.history_)
