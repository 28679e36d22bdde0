"""The airline part of the lab `next-value`: actual against predicted, one step and many steps ahead.

Not here: the counting sequence (next_value.py) and the page.

The last 24 of the 144 months are the test part, read once. One step ahead, each month is forecast from the true months
before it; many steps ahead, all 24 from the end of training, the net reading its own answers.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.baselines.naive import naive, seasonal_naive
from recurra.config import Settings
from recurra.datasets.known.airline import load_airline
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.labs.record import LabOptions, mean, remembered
from recurra.metrics import mae, mase

HELD = 24
SEASON = 12
SETTINGS = SERIES_SETTINGS.changed(
    {
        "cell": "lstm",
        "hidden": 50,
        "window": 12,
        "horizon": 1,
        "season": SEASON,
        "log": True,
        "difference": True,
        "scale": "standard",
        "learning_rate": 0.003,
        "schedule": "cosine",
        "epochs": 200,
    }
)
"""Chosen on the twelve months before the test part."""

Values = NDArray[np.float64]


def measure_airline(options: LabOptions) -> dict[str, Any]:
    """Train for each seed; scores are means over seeds, forecasts those of the first."""
    months, values = load_airline()
    settings = SETTINGS.changed({"epochs": 60}) if options.quick else SETTINGS
    runs = [
        remembered(
            options,
            f"airline-{seed}",
            settings.model_dump(),
            partial(_one, options, values, seed, settings),
            trainings=1,
        )
        for seed in range(options.seeds)
    ]
    past, actual = values[:-HELD], values[-HELD:]
    ahead = {
        "naive": naive(past, horizon=HELD),
        "seasonal_naive": seasonal_naive(past, horizon=HELD, season=SEASON),
    }
    behind = {"naive": values[-HELD - 1 : -1], "seasonal_naive": values[-HELD - SEASON : -SEASON]}
    return {
        "months": [str(month) for month in months],
        "values": values.tolist(),
        "held": HELD,
        "one_step": {**_means(runs, "one_step"), **_rivals(behind, actual, past), "forecast": runs[0]["one_step"]},
        "multi_step": {**_means(runs, "multi_step"), **_rivals(ahead, actual, past), "forecast": runs[0]["multi_step"]},
        "naive_mase": _score(actual, ahead["naive"], past)["mase"],
        "seasonal_naive_mase": _score(actual, ahead["seasonal_naive"], past)["mase"],
        "history": runs[0]["history"],
        "settings": settings.model_dump(mode="json"),
    }


def _one(options: LabOptions, values: Values, seed: int, settings: Settings) -> dict[str, Any]:
    """Train on all but the test part; the last year before it chooses the epoch."""
    past, actual = values[:-HELD], values[-HELD:]
    with options.watch(f"airline passengers, seed {seed}") as watch:
        model = Forecaster(validation=SEASON, random_state=seed, config=settings).fit(past, watch=watch)
    if seed == 0:
        model.save(options.out / "runs" / "airline" / "artefact")
    one = model.model_.one_step("series", values, first=len(past))
    many = model.model_.forecast("series", past, steps=HELD)
    return {
        "one_step": one.tolist(),
        "multi_step": many.tolist(),
        "one_step_score": _score(actual, one, past),
        "multi_step_score": _score(actual, many, past),
        "history": model.history_,
    }


def _means(runs: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    scores = [run[f"{kind}_score"] for run in runs]
    return {
        "mae": mean([score["mae"] for score in scores]),
        "mase": mean([score["mase"] for score in scores]),
        "mases": [score["mase"] for score in scores],
    }


def _rivals(rivals: dict[str, Values], actual: Values, past: Values) -> dict[str, Any]:
    return {
        f"{name}_{key}": value for name, told in rivals.items() for key, value in _score(actual, told, past).items()
    }


def _score(actual: Values, told: Values, past: Values) -> dict[str, float]:
    """MAE in thousands of passengers; MASE by the seasonal naive's error within training (Hyndman & Koehler 2006)."""
    return {"mae": mae(actual, told), "mase": mase(actual, told, history=past, season=SEASON)}
