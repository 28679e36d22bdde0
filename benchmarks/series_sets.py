"""Panels with official training and test parts: M4, M3, and the airline passengers.

They come from the folder that RECURRA_DATA names; a smoke run makes a few waves instead. Not here: measuring
(forecast.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from smoke import SMOKE

from recurra.baselines.naive import naive2
from recurra.metrics import naive_scale, owa
from recurra.metrics import smape as smape_of

Values = NDArray[np.float64]

FILES = {
    "M4 weekly": ("m4/m4_weekly.parquet", ""), "M4 hourly": ("m4/m4_hourly.parquet", ""),
    "M4 yearly": ("m4/m4_yearly.parquet", ""), "M3 monthly": ("m3/m3.parquet", "monthly"),
    "M3 quarterly": ("m3/m3.parquet", "quarterly"), "M3 yearly": ("m3/m3.parquet", "yearly"), "airline": ("", ""),
}  # fmt: skip
"""Each panel's file and, where that holds several, its frequency."""
SEASONS = {"M4 weekly": 1, "airline": 12}
"""Of the metric, where the file does not tell it."""

RECORDS = {
    "ausbeer": (4, 8), "daily-min-temperatures": (7, 28), "daily-total-female-births": (7, 14), "h2o": (12, 12),
    "monthly-car-sales": (12, 24), "monthly-milk": (12, 24), "monthly-robberies": (12, 12),
    "monthly-shampoo-sales": (12, 6), "monthly-sunspots": (1, 24), "monthly-writing-paper-sales": (12, 12),
    "monthly_champagne_sales": (12, 12), "us_gasoline": (52, 26), "wineind": (12, 12), "woolyrnq": (4, 8),
    "yearly-water-usage": (1, 6),
}  # fmt: skip
"""Well-known single series of the folder `small`, with season and horizon."""


@dataclass(frozen=True)
class SeriesSet:
    """Series with the part to learn from and the official one to tell."""

    ids: list[str]
    train: list[Values]
    test: list[Values]
    season: int
    horizon: int

    def mase(self, told: Values) -> float:
        """Mean absolute error of forecasts (series, horizon) over the seasonal naive's of the training part."""
        scales = [naive_scale(t, season=min(self.season, max(1, len(t) - 1))) for t in self.train]
        errors = np.abs(np.stack(self.test) - told).mean(axis=1) / np.array(scales)
        return round(float(errors.mean()), 4)

    def owa(self, *, mase: float, smape: float) -> float:
        """Return OWA of a forecast's means over series: in units of Naive 2's on the same rows."""
        told = np.stack([naive2(t, horizon=self.horizon, season=self.season) for t in self.train])
        reference = float(np.mean([smape_of(*pair) for pair in zip(self.test, told, strict=True)]))
        return round(owa(smape=smape, mase=mase, reference_smape=reference, reference_mase=self.mase(told)), 4)

    def inside(self, figures: dict[str, Values]) -> list[float]:
        """Return the percent of truths in the 80 % interval of a model's answers, for each third of the horizon."""
        truths = np.stack(self.test)
        held = (figures["-lo-80"] <= truths) & (truths <= figures["-hi-80"])
        return [round(100 * float(part.mean()), 1) for part in np.array_split(held, 3, axis=1)]

    def csv(self, path: Path, *, whole: bool) -> None:
        """Write `unique_id,ds,y`, with the test part where the file is `whole`."""
        with path.open("w") as file:
            file.write("unique_id,ds,y\n")
            for name, train, test in zip(self.ids, self.train, self.test, strict=True):
                values = np.concatenate([train, test]) if whole else train
                file.writelines(f"{name},{step},{value!r}\n" for step, value in enumerate(values.tolist()))


def series_set(name: str) -> SeriesSet:
    """Read a panel; raises FileNotFoundError where RECURRA_DATA does not hold it."""
    if SMOKE:
        waves = [np.sin(np.arange(40) / (1 + row)) + 3 for row in range(4)]
        return SeriesSet([f"w{row}" for row in range(4)], [w[:-4] for w in waves], [w[-4:] for w in waves], 1, 4)
    import pandas as pd

    folder = Path(os.environ["RECURRA_DATA"]) / "series"
    if name == "airline":
        values = pd.read_csv(folder / "small" / "airline-passengers.csv").iloc[:, 1].to_numpy(float)
        return SeriesSet(["airline"], [values[:-24]], [values[-24:]], 12, 24)
    file, frequency = FILES[name]
    table = pd.read_parquet(folder / file)
    table = table[table.freq == frequency] if frequency else table
    train, test = ([np.asarray(values, float) for values in column] for column in (table.train, table.test))
    season = SEASONS.get(name, int(table.season.iloc[0]))
    return SeriesSet([str(one) for one in table.id], train, test, season, int(table.h.iloc[0]))


def judged_records() -> list[tuple[Values, int, int]]:
    """Read the single records without their last horizon, each with season and horizon."""
    import pandas as pd

    told = []
    for name, (season, horizon) in RECORDS.items():
        table = pd.read_csv(Path(os.environ["RECURRA_DATA"]) / "series" / "small" / f"{name}.csv")
        # The values stand in the last column of numbers.
        values = table.select_dtypes("number").iloc[:, -1].dropna().to_numpy(float)
        told.append((values[:-horizon], season, horizon))
    return told
