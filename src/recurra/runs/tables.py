"""Where a command's series come from: a file, or the airline passengers that travel with the package.

Not here: the readers themselves (datasets/).
"""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import numpy as np

from recurra.datasets.formats import FormatOptions
from recurra.datasets.known.airline import load_airline
from recurra.datasets.series.build import imputed
from recurra.datasets.series.files import open_series
from recurra.datasets.series.learnt import Learnt
from recurra.datasets.series.notations import Notation
from recurra.datasets.series.rhythms import infer
from recurra.datasets.series.table import SeriesColumns, SeriesReading, SeriesTable


def series_table(
    source: str,
    reading: SeriesReading | None = None,
    *,
    unseen: int = 0,
    learnt: Learnt | None = None,
    **options: Unpack[FormatOptions],
) -> SeriesTable:
    """Read a file of series, or take `airline`; missing values are imputed as the reading says.

    What the reading leaves open is as a model has `learnt` it. The last `unseen` steps of each series are held out by
    the caller: nothing is filled from them. Raises DataError for what the reading does not allow.
    """
    if is_airline(source):
        return airline_table()
    table = open_series(source, reading or SeriesReading(), learnt=learnt, **options)
    return imputed(table, unseen=unseen)


def is_airline(source: str) -> bool:
    """Tell whether a source is the airline passengers; a file of that name comes first."""
    return source == "airline" and not Path(source).exists()


def airline_table() -> SeriesTable:
    """The 144 monthly numbers of airline passengers, 1949 to 1960, in thousands (Box & Jenkins 1976, series G)."""
    times, values = load_airline()
    missing = {"airline": np.zeros(len(values), np.bool_)}
    return SeriesTable(
        ["airline"],
        {"airline": times},
        {"airline": values},
        missing,
        SeriesColumns("", "ds", "y"),
        rhythms={"airline": infer(times)},
        notation=Notation(example="1949-01"),
    )
