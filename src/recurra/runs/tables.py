"""Where a command's series come from: a file, or the airline passengers that travel with the package.

Not here: the readers themselves (datasets/).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recurra.datasets.airline import load_airline
from recurra.datasets.series_frames import SeriesColumns, SeriesTable, read_series


def series_table(
    source: str, *, unique_id: str | None = None, ds: str | None = None, y: str | None = None
) -> SeriesTable:
    """Read a file of series, or take `airline`."""
    if source == "airline" and not Path(source).exists():
        return airline_table()
    return read_series(source, unique_id=unique_id, ds=ds, y=y)


def airline_table() -> SeriesTable:
    """The 144 monthly numbers of airline passengers, 1949 to 1960, in thousands (Box & Jenkins 1976, series G)."""
    times, values = load_airline()
    missing = {"airline": np.zeros(len(values), np.bool_)}
    return SeriesTable(["airline"], {"airline": times}, {"airline": values}, missing, SeriesColumns("", "ds", "y"))
