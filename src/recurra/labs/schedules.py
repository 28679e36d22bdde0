"""The learning-rate part of the lab `next-value`: the record's schedule with both floors, and the optimal loss.

Not here: the page.

The record states "final loss 5.5 (optimal loss) with batch size 1000" and a learning rate of 0.001 that drops by 0.0001
every 10 epochs. Such a rate is zero from epoch 100 on and would go negative after that.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from recurra.datasets.airline import load_airline
from recurra.estimators.series import Forecaster
from recurra.labs.airline import HELD, SETTINGS
from recurra.labs.record import LabOptions, remembered
from recurra.training.schedules import StepDrop

FLOORS = {"literal": 0.0, "sensible": 1e-4}
"""The lowest learning rate: nothing, as the record's rule gives, or a tenth of the first rate."""
EPOCHS = 200
BATCHES = (8, 32, 64, 1000)
RATES = (1e-4, 1e-3, 1e-2)


def measure_schedules(options: LabOptions) -> dict[str, Any]:
    """Train the counting net under both floors: rates and losses over 200 epochs, and the rate without a floor."""
    free = [round(0.001 - 0.0001 * (epoch // 10), 12) for epoch in range(EPOCHS)]
    told = {name: remembered(options, f"schedule-{name}", {"floor": floor, "epochs": EPOCHS}, partial(_under, floor))
            for name, floor in FLOORS.items()}  # fmt: skip
    return {"epochs": list(range(1, EPOCHS + 1)), "without_floor": free, **told}


def _under(floor: float) -> dict[str, Any]:
    from recurra.labs.next_value import LITERAL

    changes = {"schedule": "step", "drop": 1e-4, "drop_every": 10, "min_learning_rate": floor}
    model = Forecaster(validation=0, random_state=0, config=LITERAL.changed(changes)).fit(np.arange(1.0, 11.0))
    schedule = StepDrop(0.001, 1e-4, 10, floor)
    return {
        "floor": floor,
        "rates": [schedule.rate(epoch, EPOCHS) for epoch in range(EPOCHS)],
        "losses": [record["loss"] for record in model.history_],
        "next_value": float(model.predict([5.0, 6.0, 7.0])[0]),
    }


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
        partial(_lowest, SETTINGS.changed(choices)),
    )
    return float(found)


def _lowest(settings: Any) -> float:
    _, values = load_airline()
    model = Forecaster(validation=12, random_state=0, config=settings).fit(values[:-HELD])
    return min(record["val_loss"] for record in model.history_)
