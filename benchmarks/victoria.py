"""Half-hourly electricity demand of Victoria, a day ahead, with temperature and holidays known: ours beside rivals.

Learnt from 2012 and 2013; each day of 2014 is forecast from its midnight, 48 half hours at once, by models that are
fitted once. The temperature of the day is known to ours and to the boosted trees alike; seasonal naive, Theta and
damped Holt know the past alone, and so does AutoETS, which is asked on some of the days, with the newest four weeks,
for it takes long. Run: `python benchmarks/victoria.py [--seeds 0,1,2]`, with RECURRA_DATA; one thread. What was
measured before is kept. It writes results/victoria.json.

Not here: other panels (forecast.py).
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from smoke import SMOKE, sized
from writing import keep_once, write_sets

from recurra import SeriesReading
from recurra.baselines.statistical import auto_ets
from recurra.datasets.series.files import read_series
from recurra.datasets.series.table import SeriesTable
from recurra.engine.processors import prepare_training
from recurra.estimators.backtests import Backtest
from recurra.estimators.series import SERIES_SETTINGS, Forecaster
from recurra.tasks.heads.horizon.origins import Origins

NAME = "victoria"
DAY, WEEK = 48, 336
DAYS = sized(365, 4)
ETS_EVERY = sized(15, 4)
"""AutoETS is asked on each so manieth day."""
LAGS = (*range(1, 8), 14)
"""Days ago whose demand the boosted trees know."""
Values = NDArray[np.float64]


def main() -> None:
    """Measure each seed that is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="0", help="apart by commas")
    prepare_training(1)
    table = victoria()
    for seed in map(int, parser.parse_args().seeds.split(",")):
        keep_once(NAME, f"Victorian electricity, seed {seed}", partial(measured, table, seed))
    write_sets(NAME)


def victoria() -> SeriesTable:
    """Read the demand with its columns beside; a smoke run makes a few weeks of waves."""
    reading = SeriesReading(ds="Time", y="Demand", future=("Temperature", "Holiday"), zone="Australia/Melbourne")
    if not SMOKE:
        return read_series(Path(os.environ["RECURRA_DATA"]) / "series" / "energy" / "vic_electricity.parquet", reading)
    import tempfile

    times = pd.date_range("2013-11-01", periods=40 * DAY, freq="30min", tz="UTC")
    warm = 20 + 5 * np.sin(np.arange(len(times)) * 2 * np.pi / DAY)
    rows = {
        "Time": times,
        "Demand": 4000 + 20 * warm,
        "Temperature": warm,
        "Holiday": np.arange(len(times)) // DAY == 9,
    }
    with tempfile.TemporaryDirectory() as scratch:
        pd.DataFrame(rows).to_parquet(Path(scratch) / "smoke.parquet")
        return read_series(Path(scratch) / "smoke.parquet", reading)


def measured(table: SeriesTable, seed: int) -> dict[str, Any]:
    """Mean absolute errors, in megawatts, of ours and of each rival on the same half hours."""
    demand = table.values[table.ids[0]]
    done, told = ours(table, seed)
    answers: dict[str, Values] = dict(done.skill.told.answers)
    firsts, truths = np.asarray(done.skill.told.firsts), done.skill.told.truths
    answers |= {"seasonal naive, a week": np.stack([demand[first - WEEK : first - WEEK + DAY] for first in firsts])}
    trees = {name: boosted(table, firsts, columns) for name, columns in columns_of(table).items()}
    errors = {who: np.abs(rows - truths).mean() for who, rows in {**answers, **trees}.items()}
    some = np.arange(0, DAYS, ETS_EVERY)
    ets = np.stack([auto_ets(demand[firsts[day] - 4 * WEEK : firsts[day]], horizon=DAY, season=DAY) for day in some])
    own = answers.pop("Recurra")
    best = min(float(error) for who, error in errors.items() if who != "Recurra")
    return {
        "mae": {who: round(float(error), 2) for who, error in errors.items()},
        "share_below_the_best_rival": round(1 - float(errors["Recurra"]) / best, 4),
        "mae_by_third": [round(float(part.mean()), 1) for part in np.array_split(np.abs(own - truths), 3, axis=1)],
        "mape": round(100 * float((np.abs(own - truths) / truths).mean()), 3),
        "on_days_of_AutoETS": {
            "days": len(some),
            "AutoETS": round(float(np.abs(ets - truths[some]).mean()), 2),
            "Recurra": round(float(np.abs(own - truths)[some].mean()), 2),
        },
        "inside_80": round(100 * float(done.figures()["coverage_80"]), 1),
        **told,
    }


def ours(table: SeriesTable, seed: int) -> tuple[Backtest, dict[str, Any]]:
    """Fit once, on what is before the year, with nothing but the horizon and the columns; forecast each of its days."""
    tiny: dict[str, Any] = sized({}, {"epochs": 1, "config": SERIES_SETTINGS.changed({"hidden": 4, "batch_size": 8})})
    forecaster = Forecaster(horizon=DAY, future=["Temperature", "Holiday"], random_state=seed, **tiny)
    began = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        done = forecaster.backtest(table, Origins(DAY, DAYS), levels=[80])
    told = {"told": done.model.fact, "processor_seconds": round(time.process_time() - began, 1)}
    return done, told


def columns_of(table: SeriesTable) -> dict[str, Mapping[str, Values]]:
    """Return what the boosted trees read of each half hour: what ours is given, and what people may make of it."""
    name = table.ids[0]
    demand, rows = table.values[name], table.covariates
    assert rows is not None
    warm, holiday = rows.rows[name].T
    zone: Any = table.zone(name)
    clock = pd.DatetimeIndex(table.times[name]).tz_localize("UTC").tz_convert(zone.name)
    plain = {"half hour": clock.hour * 2 + clock.minute // 30, "weekday": clock.dayofweek, "day": clock.dayofyear}
    given = {"temperature": warm, "holiday": holiday, **{what: np.asarray(each, float) for what, each in plain.items()}}
    given |= {f"demand {days} days ago": before(demand, days * DAY) for days in LAGS}
    made = {f"{what} {days} days ago": before(each, days * DAY) for what, each in
            (("temperature", warm), ("holiday", holiday)) for days in (1, 7)}  # fmt: skip
    made["mean temperature of a day"] = pd.Series(warm).rolling(DAY).mean().to_numpy()
    return {"boosted trees": given, "boosted trees, more columns": {**given, **made}}


def before(values: Values, steps: int) -> Values:
    """Return what stood so many steps before each."""
    return np.concatenate([np.full(steps, np.nan), values[:-steps]])


def boosted(table: SeriesTable, firsts: NDArray[np.int64], columns: Mapping[str, Values]) -> Values:
    """Forecast by scikit-learn's trees of all half hours before the year; of each day no column is younger than it."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    read, demand = np.stack(list(columns.values()), axis=1), table.values[table.ids[0]]
    learnt = slice(max(LAGS) * DAY, int(firsts[0]))
    # The absolute error and slower steps suit it best of what was tried.
    trees = HistGradientBoostingRegressor(
        loss="absolute_error", max_iter=sized(1000, 5), learning_rate=0.05, random_state=0
    )
    trees.fit(read[learnt], demand[learnt])
    return np.stack([trees.predict(read[first : first + DAY]) for first in firsts])


if __name__ == "__main__":
    main()
