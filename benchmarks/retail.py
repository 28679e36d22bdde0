"""A shop's panel of which the truth is known: what price, promotion and region beside the values are worth, and cost.

Series of 420 days are generated (500; --series changes it): a level, a week, a slow wave, an elasticity to the price, a
lift by promotions that depends on the region, an effect of the traffic of the days before, and noise. The last 14 days
are the test part. `Forecaster` is fitted with columns and without, with nothing else said but the horizon
and the season; beside them stand the seasonal naive forecast and the truth without its noise, which nobody can beat.
Run: `python benchmarks/retail.py`; one thread. What was measured before is kept. It writes results/retail.json.

Not here: panels of the world (forecast.py, victoria.py).
"""

from __future__ import annotations

import argparse
import time
import warnings
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from smoke import sized
from writing import keep_once, write_sets

from recurra.engine.processors import prepare_training
from recurra.estimators.series import SERIES_SETTINGS, Forecaster

NAME = "retail"
DAYS, AHEAD, WEEK = sized(420, 90), 14, 7
REGIONS = {"north": 0.2, "south": 0.5, "west": 0.9}
"""What a promotion adds in each, of the level."""
WAYS: dict[str, dict[str, Any]] = {
    "values alone": {},
    "future": {"future": ["price", "promotion"]},
    "past, future and static": {"past": ["traffic"], "future": ["price", "promotion"], "static": ["region"]},
}
Values = NDArray[np.float64]


def main() -> None:
    """Measure each way and seed that is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0", help="apart by commas")
    parser.add_argument("--series", type=int, default=sized(500, 6))
    asked = parser.parse_args()
    prepare_training(1)
    for seed in map(int, asked.seeds.split(",")):
        for way in WAYS:
            keep_once(NAME, f"{asked.series} series, {way}, seed {seed}", partial(measured, way, asked.series, seed))
    write_sets(NAME)


def shop(count: int, seed: int) -> tuple[pd.DataFrame, Values]:
    """Return the rows of all series, and their truths without noise (series, days)."""
    random = np.random.default_rng(seed)
    days = np.arange(DAYS)
    rows, truths = [], []
    for number in range(count):
        region = list(REGIONS)[number % len(REGIONS)]
        level, elasticity = np.exp(random.normal(3, 1)), random.uniform(0.8, 2.5)
        week = 1 + 0.3 * np.sin(2 * np.pi * (days + random.integers(WEEK)) / WEEK) * random.uniform(0.5, 1.5)
        # Prices stay for weeks, promotions last for days.
        price = np.exp(np.repeat(random.normal(0, 0.15, DAYS // 20 + 1), 20)[:DAYS])
        promotion = np.repeat(random.random(DAYS // 4 + 1) < 0.12, 4)[:DAYS]
        traffic = np.convolve(random.normal(0, 1, DAYS + 9), np.ones(10) / np.sqrt(10), mode="valid")
        slow = 1 + 0.2 * np.sin(2 * np.pi * days / 180 + random.uniform(0, 6))
        lift = 1 + REGIONS[region] * promotion + 0.1 * np.concatenate([[0], traffic[:-1]])
        truth = level * week * slow * price**-elasticity * np.maximum(lift, 0.1)
        beside = {"price": price, "promotion": promotion, "traffic": traffic, "region": region}
        sold = truth * np.exp(random.normal(0, 0.1, DAYS))
        names = {"unique_id": f"item_{number:03}", "ds": pd.date_range("2024-01-01", periods=DAYS), "y": sold}
        rows.append(pd.DataFrame({**names, **beside}))
        truths.append(truth)
    return pd.concat(rows, ignore_index=True), np.stack(truths)


def measured(way: str, count: int, seed: int) -> dict[str, Any]:
    """Fit on what is before the last days, forecast these, and hold the errors against the noise alone."""
    rows, truths = shop(count, seed)
    columns = WAYS[way]
    coming = np.tile(np.arange(DAYS) >= DAYS - AHEAD, count)
    known = rows[["unique_id", "ds", *columns.get("future", [])]][coming]
    tiny: dict[str, Any] = sized({}, {"epochs": 1, "config": SERIES_SETTINGS.changed({"hidden": 4})})
    forecaster = Forecaster(horizon=AHEAD, season=WEEK, random_state=seed, **columns, **tiny)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        began = time.process_time()
        forecaster.fit(rows[~coming])
        spent = time.process_time() - began
        told = forecaster.predict(level=80, **({"future": known} if columns.get("future") else {}))
    sold = rows.y.to_numpy().reshape(count, DAYS)
    answers = {
        "Recurra": told["Recurra"].to_numpy().reshape(count, AHEAD),
        "seasonal naive": np.tile(sold[:, -AHEAD - WEEK : -AHEAD], AHEAD // WEEK),
        "the truth without noise": truths[:, -AHEAD:],
    }
    scales = np.abs(sold[:, WEEK:-AHEAD] - sold[:, : -AHEAD - WEEK]).mean(axis=1)
    true = sold[:, -AHEAD:]
    inside = (told["Recurra-lo-80"].to_numpy().reshape(true.shape) <= true) & (
        true <= told["Recurra-hi-80"].to_numpy().reshape(true.shape)
    )
    errors = {who: float((np.abs(each - true).mean(axis=1) / scales).mean()) for who, each in answers.items()}
    return {
        "mase": {who: round(error, 4) for who, error in errors.items()},
        "inside_80": round(100 * float(inside.mean()), 1),
        "processor_seconds": round(spent, 1),
        "told": forecaster.model_.fact,
    }


if __name__ == "__main__":
    main()
