"""ETTh1, the long-horizon protocol: 96 hours read, 96 forecast, at each hour of the test months, by the Forecaster.

Borders of 12, 4 and 4 months; all seven series in spreads of the first twelve months, in which errors are told; each
window of 96 values is a series of its own to the fitted model, so that nothing older is read. Choices were made on the
validation months; the test months were read for the figures alone. Beside it stand a ridge regression on the same
windows, and what papers tell of the same split. Run: `python benchmarks/etth1.py [--seeds 0,1,2]`, with RECURRA_DATA;
one thread. What was measured before is kept. It writes results/etth1.json.

Not here: other panels (forecast.py).
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from smoke import SMOKE, sized
from writing import keep_once, write_sets

from recurra.engine.processors import prepare_training
from recurra.estimators.series import SERIES_SETTINGS, Forecaster

NAME = "etth1"
STEPS = sized(96, 48)
"""Values that are read, and as many that are forecast."""
MONTH = sized(30 * 24, 4 * 24)
BORDERS = (12 * MONTH, 16 * MONTH, 20 * MONTH)
PAPERS = {"SegRNN": 0.368, "DLinear": 0.386}
"""Mean squared errors that papers tell of 96 read, 96 forecast."""
PENALTY = 100.0
"""Of the ridge regression; from 100 to 10,000 the validation months do not care."""
Values = NDArray[np.float64]


def main() -> None:
    """Measure each seed that is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0", help="apart by commas")
    prepare_training(1)
    times, values = etth1()
    for seed in map(int, parser.parse_args().seeds.split(",")):
        keep_once(NAME, f"ETTh1, seed {seed}", partial(measured, times, values, seed))
    write_sets(NAME)


def etth1() -> tuple[NDArray[Any], Values]:
    """Read times and values (hours, 7), in spreads of the first twelve months; a smoke run makes waves."""
    if SMOKE:
        hours = np.arange(BORDERS[-1])
        waves = [np.sin(2 * np.pi * (hours + shift) / 24) + 0.1 * np.cos(hours) for shift in range(7)]
        times, values = pd.date_range("2020-01-01", periods=len(hours), freq="h").to_numpy(), np.stack(waves, axis=1)
    else:
        table = pd.read_parquet(Path(os.environ["RECURRA_DATA"]) / "series" / "multivariate" / "ETTh1.parquet")
        times, values = table["date"].to_numpy(), table.iloc[:, 1:].to_numpy(float)
    learnt = values[: BORDERS[0]]
    return times, (values - learnt.mean(axis=0)) / learnt.std(axis=0)


def measured(times: NDArray[Any], values: Values, seed: int) -> dict[str, Any]:
    """Errors in the validation and the test months, of ours and of the ridge regression."""
    tiny: dict[str, Any] = sized({}, {"epochs": 1, "config": SERIES_SETTINGS.changed({"hidden": 4, "batch_size": 8})})
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame = series_of(times, values, np.arange(values.shape[1]), np.array([0]), BORDERS[0])
        model = Forecaster(horizon=STEPS, window=STEPS, recipe="panel", random_state=seed, **tiny).fit(frame)
        fitting = time.process_time() - began
        parts = {"validation": (BORDERS[0], BORDERS[1]), "test": (BORDERS[1], BORDERS[2])}
        found = {part: errors(model, times, values, *hours) for part, hours in parts.items()}
    return {
        **found,
        "papers_mse": PAPERS,
        "told": model.model_.fact,
        "seconds_of_fit": round(fitting, 1),
        "processor_seconds": round(time.process_time() - began, 1),
    }


def series_of(times: NDArray[Any], values: Values, columns: Any, firsts: Any, length: int) -> pd.DataFrame:
    """Return a long frame with a series for each column and each first hour, of so many values."""
    places = firsts[:, None] + np.arange(length)
    names = [f"{column}@{first}" for column in columns for first in firsts]
    return pd.DataFrame(
        {
            "unique_id": np.repeat(names, length),
            "ds": np.tile(times[places].ravel(), len(columns)),
            "y": np.concatenate([values[places, column].ravel() for column in columns]),
        }
    )


def errors(model: Forecaster, times: NDArray[Any], values: Values, begin: int, end: int) -> dict[str, Any]:
    """Forecast from each hour whose next steps lie in a part: mean squared and mean absolute errors."""
    firsts = np.arange(begin, end - STEPS + 1, sized(1, 24))
    truths = stacked(values, firsts, STEPS)
    read = stacked(values, firsts - STEPS, STEPS)
    told: list[Values] = []
    for column in range(values.shape[1]):
        frame = series_of(times, values, [column], firsts - STEPS, STEPS)
        told.append(model.predict(frame)["Recurra"].to_numpy().reshape(len(firsts), STEPS))
    learnt = np.arange(STEPS, BORDERS[0] - STEPS + 1)
    line = ridge(stacked(values, learnt - STEPS, STEPS), stacked(values, learnt, STEPS))
    return {"windows": len(truths), "Recurra": both(np.concatenate(told), truths), "ridge": both(read @ line, truths)}


def both(told: Values, truths: Values) -> dict[str, float]:
    """Return MSE and MAE."""
    gaps = told - truths
    return {"mse": round(float((gaps**2).mean()), 4), "mae": round(float(np.abs(gaps).mean()), 4)}


def stacked(values: Values, firsts: NDArray[np.int64], length: int) -> Values:
    """Return the windows (columns · firsts, length) that begin at some hours, column by column."""
    return np.concatenate([values[firsts[:, None] + np.arange(length), column] for column in range(values.shape[1])])


def ridge(read: Values, told: Values) -> Values:
    """Return the weights (read, told) of a linear forecast of all columns alike."""
    line: Values = np.asarray(
        np.linalg.solve(read.T @ read + PENALTY * np.eye(read.shape[1]), read.T @ told), np.float64
    )
    return line


if __name__ == "__main__":
    main()
