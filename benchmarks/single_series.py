"""One series at a time: what most people bring, fitted with nothing but horizon and season, beside its rivals.

Judged are the last steps of training parts, so that no official test part is read: M3, M4 weekly, hourly and yearly
series that the net in the box never saw, invented ones, and records of the folder `small` (there the horizon before the
last one). An error is told over the seasonal naive's on the same steps; a kind's is the geometric mean of its series.
Run: `python benchmarks/single_series.py [--seeds 0] [KIND …]`, with RECURRA_DATA; one thread, some six minutes a seed.
What was measured before is kept. It writes results/single-series.json.

Not here: panels and official test parts (forecast.py).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from series_sets import judged_records
from smoke import SMOKE, sized
from writing import keep_once, write_sets
from zero_shot import unseen

import recurra
from recurra.baselines.statistical import auto_ets, auto_theta
from recurra.datasets.series.table import SeriesTable
from recurra.errors import RecurraError
from recurra.panels.classics import classics
from recurra.panels.generator import invent
from recurra.panels.seasons import season_of
from recurra.panels.series import panel_of
from recurra.tasks.panels import untaught

NAME = "single-series"
Values = NDArray[np.float64]
PANELS = {
    "M3 monthly": ("M3 monthly", 10, 60, 12, 18), "M3 monthly, two years": ("M3 monthly", 8, 110, 12, 24),
    "M3 quarterly": ("M3 quarterly", 8, 24, 4, 8), "M3 yearly": ("M3 yearly", 8, 14, 1, 6),
    "M4 yearly": ("M4 yearly", 6, 14, 1, 6), "M4 weekly": ("M4 weekly", 8, 60, 0, 13),
    "M4 hourly": ("M4 hourly", 8, 200, 24, 48),
}  # fmt: skip
"""Of which panel, how many series, of how many values at least, season (0: the one that is found) and horizon."""
INVENTED = (
    (12, 0, 96, 12), (12, 0, 144, 24), (12, 0, 200, 12), (12, 0, 72, 12), (7, 0, 150, 14), (7, 365, 900, 28),
    (7, 0, 400, 28), (1, 0, 60, 8), (1, 0, 150, 12), (1, 0, 300, 10), (24, 168, 700, 24), (24, 0, 400, 48),
    (4, 0, 60, 8), (4, 0, 100, 8),
)  # fmt: skip
"""Season, longer season, values to learn from and horizon of each invented series."""
KINDS = (*PANELS, "invented", "records")
LEVELS = (80, 95)
LEAST, MOST = 0.05, 20.0
"""Ratios are cut off here: one series that is met exactly must not decide a mean."""


@dataclass(frozen=True)
class One:
    """A series up to the steps that are judged, and these."""

    train: Values
    judge: Values
    season: int


def main() -> None:
    """Measure what was asked for and is not measured yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=", ".join(KINDS))
    parser.add_argument("--seeds", default="0", help="apart by commas")
    asked = parser.parse_args()
    for seed in map(int, asked.seeds.split(",")):
        for kind in asked.kinds or sized(KINDS, ("invented",)):
            keep_once(NAME, f"{kind}, seed {seed}", partial(measured, kind, seed))
    write_sets(NAME)


def series(kind: str) -> Iterator[One]:
    """Draw the series of a kind, the same ones for every seed."""
    if kind == "invented":
        for number, (season, longer, length, horizon) in enumerate(sized(INVENTED, INVENTED[-2:])):
            drawn = invent(np.random.default_rng(300 + number), 1, length + horizon, season, longer)[0].astype(float)
            yield _one(100 * np.exp(0.3 * drawn) if number % 2 else 50 + 10 * drawn, season, horizon)
    elif kind == "records":
        for values, season, horizon in judged_records():
            yield _one(values, season, horizon)
    else:
        name, count, least, season, horizon = PANELS[kind]
        rows = [values for values in unseen(name).train if len(values) >= least]
        chosen = np.random.default_rng(8).choice(len(rows), count, replace=False)
        for values in (rows[row] for row in chosen):
            yield _one(values, season or season_of([values[:-horizon]], (52,)), horizon)


def _one(values: Values, season: int, horizon: int) -> One:
    return One(values[:-horizon], values[-horizon:], season)


def measured(kind: str, seed: int) -> dict[str, Any]:
    """Errors of each forecaster over the seasonal naive's, what ours holds by third, and seconds of a fit."""
    ratios: dict[str, list[float]] = {}
    inside: dict[int, list[Values]] = {level: [] for level in LEVELS}
    spent = []
    for one in series(kind):
        began = time.process_time()
        model, told, ends = fitted(one, seed)
        spent.append(time.process_time() - began)
        told |= rivals(one) | untaught_told(one, model.table_)
        naive = float(np.abs(told.pop("seasonal naive") - one.judge).mean()) or 1e-9
        for who, forecast in told.items():
            ratio = float(np.clip(np.abs(forecast - one.judge).mean() / naive, LEAST, MOST))
            ratios.setdefault(who, []).append(round(ratio, 4))
        for level, (low, high) in ends.items():
            right = (low <= one.judge) & (one.judge <= high)
            inside[level].append(np.array([part.mean() for part in np.array_split(right, 3)]))
    held = {f"inside_{level}": np.round(100 * np.mean(each, axis=0), 1).tolist() for level, each in inside.items()}
    return {"series": len(spent), "ratios": ratios, **held, "processor_seconds": round(float(np.mean(spent)), 1)}


def fitted(one: One, seed: int) -> tuple[Any, dict[str, Values], dict[int, list[Values]]]:
    """Fit one series and forecast it: the estimator, its answer, and the ends of its intervals by level."""
    tiny: dict[str, Any] = sized({}, {"epochs": 1, "hidden": 4})
    frame = pd.DataFrame({"unique_id": "one", "ds": np.arange(len(one.train)), "y": one.train})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = recurra.Forecaster(horizon=len(one.judge), season=one.season, random_state=seed, **tiny).fit(frame)
        told = model.predict(level=list(LEVELS))
    ends = {level: [told[f"Recurra-{end}-{level}"].to_numpy(float) for end in ("lo", "hi")] for level in LEVELS}
    return model, {"Recurra": told["Recurra"].to_numpy(float)}, ends


def untaught_told(one: One, table: SeriesTable) -> dict[str, Values]:
    """What the forecaster in the box says without a fit."""
    model, _ = untaught(table, horizon=len(one.judge), season=one.season)
    return {"Recurra, no fit": model.forecasts(table, steps=len(one.judge))[0][0]}


def rivals(one: One) -> dict[str, Values]:
    """Forecasts by the batched classics and by statsforecast's automatic ones."""
    horizon, panel = len(one.judge), panel_of([one.train], one.season)
    plain = classics(panel, season=one.season, horizon=horizon)
    told = {"Theta": plain["theta"][0], "damped Holt": plain["holt"][0], "seasonal naive": plain["seasonal naive"][0]}
    for who, automatic in {} if SMOKE else {"AutoETS": auto_ets, "AutoTheta": auto_theta}.items():
        try:
            forecast = automatic(one.train, horizon=horizon, season=one.season)
        except RecurraError:
            # Too little history for it: what anybody would do then.
            forecast = told["seasonal naive"]
        told[who] = np.where(np.isfinite(forecast), forecast, told["seasonal naive"])
    return told


if __name__ == "__main__":
    main()
