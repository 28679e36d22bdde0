"""Measured series that the forecaster in the box learns from: training parts of the shared panels, and no test part.

M4 hourly and weekly, every second series of M3 and the second half of M4 yearly are left out whole: on those it is
measured. Not here: invented series (src/recurra/panels/generator.py), batches of both (drawn.py).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from smoke import SMOKE

from recurra.panels.marks import mark

Values = NDArray[np.float64]
Rhythm = tuple[int, int]
"""A season and a longer one, in steps; 0: none."""
SHORTEST = 8
MOST_STEPS = 3000
"""A longer series is drawn as often as one of so many steps."""
PANELS = {
    "energy/hourly_electricity": 0.8, "energy/hourly_solarpower": 0.8, "energy/hourly_windpower": 0.8,
    "multivariate/ETTh1": 0.6, "multivariate/ETTh2": 0.6, "multivariate/beijing_pm25": 0.7,
    "multivariate/bike_sharing": 0.7, "multivariate/hourly_traffic_volume": 0.7,
}  # fmt: skip
"""Hourly files, and the share of each that is its training part."""
NO_SERIES = ("No", "year", "month", "day", "hour", "holiday", "workingday", "weekday")


@dataclass
class Bank:
    """Series by their rhythm, and how often each is drawn."""

    series: dict[Rhythm, list[Values]] = field(default_factory=dict)
    chances: dict[Rhythm, Values] = field(default_factory=dict)

    @property
    def marks(self) -> tuple[int, ...]:
        """By which a net that learnt from these series knows them again."""
        return tuple(sorted({mark(one) for series in self.series.values() for one in series} - {0}))

    def add(self, values: Any, *rhythms: Rhythm) -> None:
        """Keep a series under each of its rhythms; blanks are filled, a series of mostly blanks is left out."""
        values = np.asarray(values, np.float64)
        known = np.isfinite(values)
        if len(values) < SHORTEST or known.mean() < 0.9 or values[known].std() < 1e-9:
            return
        values = np.interp(np.arange(len(values)), np.flatnonzero(known), values[known])
        for rhythm in rhythms:
            self.series.setdefault(rhythm, []).append(values)

    def add_hours(self, values: Any) -> None:
        """Keep hours, and the days, weeks and months that they sum to."""
        values = np.asarray(values, np.float64)
        self.add(values, (24, 168), (24, 0))
        self.add_days(summed(values, 24))
        self.add(summed(values, 730), (12, 0))

    def add_days(self, values: Any) -> None:
        """Keep days, and the weeks that they sum to."""
        self.add(values, (7, 0), (7, 365), (1, 0))
        self.add(summed(values, 7), (52, 0), (1, 52))

    def close(self) -> Bank:
        """Settle how often each series is drawn: by the root of its length."""
        for rhythm, series in self.series.items():
            weights = np.cumsum([min(len(values), MOST_STEPS) ** 0.5 for values in series])
            self.chances[rhythm] = weights / weights[-1]
        return self

    def draw(self, random: np.random.Generator, rhythm: Rhythm, count: int) -> list[Values]:
        """Return so many series of a rhythm."""
        places = np.searchsorted(self.chances[rhythm], random.random(count), side="right")
        return [self.series[rhythm][place] for place in np.minimum(places, len(self.series[rhythm]) - 1)]


def bank() -> Bank:
    """Read all of it from the folder that RECURRA_DATA names."""
    kept = Bank()
    if SMOKE:
        kept.add(np.sin(np.arange(200)) + 3, (12, 0))
        return kept.close()
    import pandas as pd

    folder = Path(os.environ["RECURRA_DATA"]) / "series"
    for row in seen_m3(pd.read_parquet(m3_file())).itertuples():
        kept.add(row.train, (int(row.season), 0))
    for values in seen_yearly(pd.read_parquet(folder / "m4" / "m4_yearly.parquet")).train:
        kept.add(values, (1, 0))
    _energy(kept, folder)
    for name, share in PANELS.items():
        table = numbers_of(name)
        for column in table.columns.difference(NO_SERIES):
            kept.add_hours(table[column].to_numpy(float)[: int(share * len(table))])
    _others(kept)
    return kept.close()


def numbers_of(name: str) -> Any:
    """Return the columns of numbers of a file: a pandas frame."""
    import pandas as pd

    return pd.read_parquet(Path(os.environ["RECURRA_DATA"]) / "series" / f"{name}.parquet").select_dtypes("number")


def m3_file() -> Path:
    """The file of all M3 series."""
    return Path(os.environ["RECURRA_DATA"]) / "series" / "m3" / "m3.parquet"


def seen_m3(table: Any) -> Any:
    """The half of M3 that is learnt from."""
    return table[::2]


def seen_yearly(table: Any) -> Any:
    """The half of M4 yearly that is learnt from."""
    return table[: len(table) // 2]


def _energy(kept: Bank, folder: Path) -> None:
    """Loads of regions: PJM's eleven, and Victoria without its last year."""
    import pandas as pd

    for _, zone in pd.read_parquet(folder / "energy" / "pjm_hourly.parquet").groupby("zone"):
        kept.add_hours(zone.mw.to_numpy(float)[: int(0.8 * len(zone))])
    halves = pd.read_parquet(folder / "energy" / "vic_electricity.parquet")
    for column in ("Demand", "Temperature"):
        values = halves[column].to_numpy(float)[: 2 * len(halves) // 3]
        kept.add(values, (48, 336), (48, 0))
        kept.add_hours(summed(values, 2))


def _others(kept: Bank) -> None:
    """Quarters of hours, ten minutes, rates of exchange, weeks of an illness."""
    for name in ("ETTm1", "ETTm2"):
        table = numbers_of(f"multivariate/{name}")
        for column in table:
            kept.add(table[column].to_numpy(float)[: int(0.6 * len(table))], (96, 0))
    weather = numbers_of("multivariate/weather")
    for column in weather:
        kept.add_hours(summed(weather[column].to_numpy(float)[: int(0.7 * len(weather))], 6))
    for name, rhythms in (("exchange_rate", ((1, 0), (5, 0))), ("national_illness", ((52, 0), (1, 52)))):
        table = numbers_of(f"multivariate/{name}")
        for column in table:
            kept.add(table[column].to_numpy(float)[: int(0.7 * len(table))], *rhythms)


def summed(values: Values, steps: int) -> Values:
    """Return the sums of each so many values; a blank among them makes the sum one."""
    told: Values = values[: len(values) // steps * steps].reshape(-1, steps).sum(axis=1)
    return told
