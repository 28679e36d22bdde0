"""What the columns of an answer are called; and a refusal where a column of the table would be called the same.

Not here: making answers (frames.py, tasks/inputs/series.py).
"""

from __future__ import annotations

from recurra.datasets.series.table import SeriesColumns
from recurra.errors import DataError, Place

ANSWER = "Recurra"
"""The column of the forecasts; intervals are Recurra-lo-80, Recurra-hi-80 and so on, as Nixtla names them."""
CUTOFF = "cutoff"
"""The column of the newest time that was known where a step was forecast, as Nixtla names it."""


def check_apart(columns: SeriesColumns, *others: str, place: Place | None = None) -> None:
    """Raise DataError where names, times, forecasts and `others` would not each have a column of its own."""
    names, times = columns.unique_id or "unique_id", columns.ds or "ds"
    taken = [*others, ANSWER]
    for name in (names, times, *others):
        if (names, times, *taken).count(name) > 1 or name.startswith((f"{ANSWER}-lo-", f"{ANSWER}-hi-")):
            raise DataError(f"column {name!r} would stand twice in the answer", place=place, advice="rename it")
