"""Monthly totals of international airline passengers in thousands, 1949 to 1960 (Box & Jenkins 1976, series G).

Not here: any other series; these 144 numbers are small enough to travel with the package, in airline.csv.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from recurra.datasets.series.files import read_series
from recurra.datasets.series.table import SeriesTable


def load_airline() -> tuple[np.ndarray, np.ndarray]:
    """Return (months as datetime64[M] (144,), passengers in thousands as float64 (144,))."""
    table = airline_table()
    return table.times["airline"], table.values["airline"]


def is_airline(source: str) -> bool:
    """Tell whether a source is the airline passengers; a file of that name comes first."""
    return source == "airline" and not Path(source).exists()


def airline_table() -> SeriesTable:
    """The 144 monthly numbers of airline passengers, 1949 to 1960, in thousands (Box & Jenkins 1976, series G)."""
    # How our own file is read is nothing that anybody has to check.
    return replace(read_series(Path(__file__).with_suffix(".csv")), note="")
