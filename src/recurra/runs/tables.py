"""Where a command's series come from: a file, or the airline passengers that travel with the package.

Not here: the readers themselves (datasets/).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

import numpy as np

from recurra.datasets.airline import load_airline
from recurra.datasets.formats import FormatOptions
from recurra.datasets.imputing import Impute, impute
from recurra.datasets.moments import Epoch
from recurra.datasets.series_checks import Duplicates
from recurra.datasets.series_frames import SeriesColumns, SeriesTable, read_series
from recurra.errors import DataError, Place


@dataclass(frozen=True)
class SeriesReading:
    """How a file of series is read: its columns (None: guessed), its notation, and what is mended."""

    unique_id: str | None = None
    ds: str | None = None
    y: str | None = None
    date_format: str | None = None
    time_unit: Epoch | None = None
    sort: bool = False
    duplicates: Duplicates = "error"
    fill_gaps: bool = False
    impute: Impute | None = None


def series_table(
    source: str, reading: SeriesReading | None = None, *, unseen: int = 0, **options: Unpack[FormatOptions]
) -> SeriesTable:
    """Read a file of series, or take `airline`; missing values are imputed as the reading says.

    The last `unseen` steps of each series are held out by the caller: nothing is filled from them. `missing` goes on
    telling which values were filled. Raises DataError for what the reading does not allow.
    """
    if source == "airline" and not Path(source).exists():
        return airline_table()
    how = reading or SeriesReading()
    table = read_series(
        source,
        unique_id=how.unique_id,
        ds=how.ds,
        y=how.y,
        date_format=how.date_format,
        epoch=how.time_unit,
        missing=how.impute is not None,
        sort=how.sort,
        duplicates=how.duplicates,
        gaps="fill" if how.fill_gaps else "refuse",
        **options,
    )
    return _imputed(table, how.impute, unseen, source)


def _imputed(table: SeriesTable, how: Impute | None, unseen: int, source: str) -> SeriesTable:
    count = sum(int(mask.sum()) for mask in table.missing.values())
    if not count:
        return table
    if how is None:
        advice = "choose --impute ffill, linear or zero"
        raise DataError(f"{count:,} values are missing where gaps were filled", place=Place(source), advice=advice)
    values = {name: impute(series, how, train=max(1, len(series) - unseen))[0] for name, series in table.values.items()}
    return replace(table, values=values, warnings=[*table.warnings, f"{count:,} values were imputed: {how}"])


def airline_table() -> SeriesTable:
    """The 144 monthly numbers of airline passengers, 1949 to 1960, in thousands (Box & Jenkins 1976, series G)."""
    times, values = load_airline()
    missing = {"airline": np.zeros(len(values), np.bool_)}
    return SeriesTable(["airline"], {"airline": times}, {"airline": values}, missing, SeriesColumns("", "ds", "y"))
