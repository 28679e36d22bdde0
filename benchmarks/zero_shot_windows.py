"""Forecasts without a fit on test parts of long series, of which the forecaster in the box knows the training parts.

Of each file ten windows are told, spread over its test part, every column from the 2,000 values before. MASE is a mean
over columns and windows, in units of the seasonal naive's error on those values. Run:
`python benchmarks/zero_shot_windows.py`, with RECURRA_DATA. It writes results/zero-shot-windows.json.

Not here: panels of which it knows nothing (zero_shot.py).
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from pretraining.bank import NO_SERIES, PANELS, Values, numbers_of, summed
from series_sets import SeriesSet
from smoke import SMOKE, sized
from writing import write_result
from zero_shot import measured

PAST, WINDOWS = 2_000, 10


class Long(NamedTuple):
    """Columns of a file, the share that was learnt from, and how it is told."""

    name: str
    columns: dict[str, Values]
    share: float
    season: int
    horizon: int


def main() -> None:
    """Measure every file, and write."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    sets = {}
    for one in files():
        sets[one.name] = told(one)
        print(one.name, sets[one.name], flush=True)
    write_result("zero-shot-windows", {"sets": sets}, seeds=[0])


def files() -> Iterator[Long]:
    """Read all files; a smoke run makes a wave."""
    if SMOKE:
        yield Long("waves", {"a": np.sin(np.arange(600) / 4) + np.arange(600) % 7}, 0.7, 24, 24)
        return
    for name, share in PANELS.items():
        yield Long(name.partition("/")[2], _columns(name), share, 24, 24)
    folder = Path(os.environ["RECURRA_DATA"]) / "series"
    zones = pd.read_parquet(folder / "energy" / "pjm_hourly.parquet").groupby("zone").mw
    yield Long("PJM", {str(zone): values.to_numpy(float) for zone, values in zones}, 0.8, 24, 24)
    halves = _columns("energy/vic_electricity")
    yield Long("Victoria", {name: halves[name] for name in ("Demand", "Temperature")}, 2 / 3, 48, 48)
    for name in ("ETTm1", "ETTm2"):
        yield Long(name, _columns(f"multivariate/{name}"), 0.6, 96, 96)
    weather = {name: summed(values, 6) for name, values in _columns("multivariate/weather").items()}
    yield Long("weather, hours", weather, 0.7, 24, 24)
    yield Long("exchange_rate", _columns("multivariate/exchange_rate"), 0.7, 1, 30)
    yield Long("national_illness", _columns("multivariate/national_illness"), 0.7, 52, 13)


def _columns(name: str) -> dict[str, Values]:
    table = numbers_of(name)
    return {str(column): table[column].to_numpy(float) for column in table.columns.difference(NO_SERIES)}


def told(one: Long) -> dict[str, Any]:
    """Return the means over the windows of what each forecaster has."""
    windows = [measured(rows) for rows in origins(one)]
    kinds = ("mase", "net_alone", "theta", "seasonal_naive")
    means = {kind: round(float(np.mean([window[kind] for window in windows])), 4) for kind in kinds}
    inside = np.mean([window["inside_80"] for window in windows], axis=0).round(1).tolist()
    return {"series": windows[0]["series"], "windows": len(windows), **means, "inside_80": inside}


def origins(one: Long) -> Iterator[SeriesSet]:
    """Cut the windows, blanks filled; a column that does not move in its past is left out."""
    for place in np.linspace(one.share, 1, sized(WINDOWS, 2), endpoint=False):
        kept = {}
        for name, values in one.columns.items():
            ends = int(place * len(values))
            window = values[max(0, ends - PAST) : ends + one.horizon]
            known = np.isfinite(window)
            if len(window) < 4 * one.horizon or known.mean() < 0.9:
                continue
            window = np.interp(np.arange(len(window)), np.flatnonzero(known), window[known])
            if np.ptp(window[one.season : -one.horizon] - window[: -one.horizon - one.season]) > 0:
                kept[name] = window
        if kept:
            past, coming = zip(*((each[: -one.horizon], each[-one.horizon :]) for each in kept.values()), strict=True)
            yield SeriesSet([*kept], [*past], [*coming], one.season, one.horizon)


if __name__ == "__main__":
    main()
