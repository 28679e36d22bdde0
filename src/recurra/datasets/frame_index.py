"""What stands in a pandas index, brought among the columns where it means something: times and names of series.

Not here: columns (series_columns.py). A plain count of rows means nothing and is left; what is not clear is refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recurra.datasets.columns import TIME_NAMES, guess
from recurra.datasets.series_table import SeriesReading
from recurra.errors import DataError, Place

RESET = "call reset_index() first, or reset_index(drop=True) where the index means nothing"


def has_index(frame: Any) -> bool:
    """Tell whether a frame or a series has an index, as pandas' have."""
    return hasattr(frame, "index") and hasattr(frame, "reset_index") and hasattr(frame.index, "names")


def counts_rows(index: Any) -> bool:
    """Tell whether an index does no more than count the rows from 0."""
    return (
        index.nlevels == 1
        and index.dtype.kind in "iu"
        and list(index[:1]) in ([], [0])
        and bool((index == range(len(index))).all())
    )


def with_text_names(frame: Any, *, place: Place) -> Any:
    """Return a frame whose columns are named by texts; raises DataError for levels of names and for names twice."""
    if frame.columns.nlevels > 1:
        raise DataError("columns named on several levels", place=place, advice="join their names first")
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise DataError(f"column {twice!r} stands more than once", place=place, advice="rename one of them")
    return frame.rename(columns=str)


def with_index_columns(frame: Any, reading: SeriesReading, *, place: Place) -> tuple[Any, SeriesReading, list[str]]:
    """Return the frame with the levels of its index as columns, what they are read as, and their names.

    Times become the time column, what stands beside them in a MultiIndex names the series. Raises DataError for an
    index that would otherwise be dropped in silence: of texts without a name, of durations, or of a second time.
    """
    index = frame.index
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    dated = [level for level, values in enumerate(levels) if _kind(values) in ("DatetimeIndex", "PeriodIndex")]
    if any(_kind(values) == "TimedeltaIndex" for values in levels):
        raise DataError("an index of durations", place=place, allowed="times, or steps", advice=RESET)
    other_time = guess(TIME_NAMES, [str(name) for name in frame.columns]) if reading.ds is None else reading.ds
    numbered = index.nlevels == 1 and index.names[0] is None and levels[0].dtype.kind in "iu"
    if numbered and other_time is not None:
        return frame, reading, []
    if not dated and not numbered and index.nlevels == 1 and index.names[0] is None:
        raise DataError(f"an index of {levels[0].dtype} without a name", place=place, advice=RESET)
    # Whole numbers are steps, where there is no other time.
    dated = [0] if numbered else dated
    names = [_named(index.names[level], level, dated, index.nlevels) for level in range(index.nlevels)]
    if "" in names or len(dated) > 1 or len(set(names)) < len(names):
        raise DataError("an index whose levels cannot be told", place=place, found=str(list(index.names)), advice=RESET)
    _check_second_time(frame, reading, names, dated, place)
    meaning: dict[str, Any] = {"ds": names[dated[0]]} if dated and reading.ds is None else {}
    others = tuple(name for level, name in enumerate(names) if level not in dated)
    meaning |= {"unique_id": others} if dated and others and reading.unique_id is None else {}
    return _joined(frame, levels, names, place), replace(reading, **meaning), names


def _kind(values: Any) -> str:
    return type(values).__name__


def _named(name: Any, level: int, dated: list[int], levels: int) -> str:
    if name is not None:
        return str(name)
    if level in dated:
        return "ds"
    return "unique_id" if dated and levels == 2 else ""


def _check_second_time(frame: Any, reading: SeriesReading, names: list[str], dated: list[int], place: Place) -> None:
    second = guess(TIME_NAMES, [str(name) for name in frame.columns if str(name) not in names])
    if dated and second is not None and reading.ds is None:
        advice = f"name the one that is meant: ds={second!r} or ds={names[dated[0]]!r}"
        raise DataError(f"times in the index and in column {second!r}", place=place, advice=advice)


def _joined(frame: Any, levels: list[Any], names: list[str], place: Place) -> Any:
    plain = frame.reset_index(drop=True)
    for name, values in zip(names, levels, strict=True):
        if name not in plain.columns:
            plain = plain.assign(**{name: values})
        elif not bool((plain[name].to_numpy() == values.to_numpy()).all()):
            advice = "rename one of them, or " + RESET
            raise DataError(f"the index and a column are both called {name!r} and differ", place=place, advice=advice)
    return plain
