"""Series out of pandas, polars or Arrow frames, through narwhals; and answers as a frame of the same kind.

Not here: files (files.py), whose checks apply here too. What stands in a pandas index is brought among the columns
where it means something; a plain count of rows means nothing and is left; what is not clear is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import TIME_NAMES, Header, guess
from recurra.datasets.parquet import check_no_ordinals
from recurra.datasets.series.answers import CUTOFF
from recurra.datasets.series.cells import cell_text
from recurra.datasets.series.columns import Chosen
from recurra.datasets.series.files import ColumnSource, series_of
from recurra.datasets.series.frame_times import read_times, write_times
from recurra.datasets.series.learnt import LearntSeries
from recurra.datasets.series.numbers import check_usable
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.datasets.tables import Dialect, RowBatch
from recurra.errors import DataError, Place

FRAME = "frame"
"""What error places name as the file; lines are row numbers from 1."""
Cutoffs = Sequence[NDArray[Any]]
"""A time for each step of each series; none where nothing is forecast from the past."""


@dataclass(frozen=True, eq=False)
class FrameSeries:
    """Series that came in a frame, and the frame's columns, whose types the answers take over."""

    table: SeriesTable
    columns: Any
    """A narwhals frame."""
    chosen: Chosen

    @classmethod
    def of(cls, frame: Any, reading: SeriesReading, *, learnt: LearntSeries | None = None) -> FrameSeries:
        """Read a frame, or a pandas Series with times in its index; where nothing is said, as a model has `learnt`.

        Raises DataError.
        """
        known = learnt or LearntSeries()
        columns, reading, levels = _columns(frame, reading, known)
        if not len(columns):
            raise DataError("no rows", place=Place(FRAME))
        # What was the index is a time or a name, and never a value.
        table, chosen = series_of(_columns_of(columns), reading, known, never_values=levels)
        return cls(table, columns, chosen)

    def answered(
        self, names: Sequence[str], times: Sequence[NDArray[Any]], figures: dict[str, Any], *, cutoffs: Cutoffs = ()
    ) -> Any:
        """Return a frame of the kind that was given: for each series its name and times, beside columns of figures.

        `cutoffs` are times, too: those of a column of that name.
        """
        import narwhals as nw

        table, backend = self.table, self.columns.implementation
        # The answer has the columns of the question, under the same names.
        made: dict[str, Any] = {
            table.columns.unique_id or "unique_id": self._named(names, [part.size for part in times])
        }
        for column, parts in ((table.columns.ds or "ds", times), (CUTOFF, cutoffs)):
            if parts:
                made[column] = self._times(names, parts)
        # What is no column yet has no type that could be lost.
        plain = {name: cells for name, cells in made.items() if not isinstance(cells, nw.Series)}
        # Columns go in as they are: from a dictionary, pandas' zones and periods would not come out again.
        typed = [cells.alias(name) for name, cells in made.items() if isinstance(cells, nw.Series)]
        frame = nw.from_dict({**plain, **figures}, backend=backend).with_columns(*typed)
        return frame.select(*made, *figures).to_native()

    def _times(self, names: Sequence[str], times: Sequence[NDArray[Any]]) -> Any:
        """Return times one series behind the other, in the type of the column that they came from."""
        table = self.table
        parts = [(part, table.zone(name)) for name, part in zip(names, times, strict=True)]
        if len(self.chosen.times) == 1:
            like = self.columns[self.chosen.times[0]]
            return write_times(parts, like, table.notation, counted=table.counted)
        # Without one column of times there is no type to take over.
        if table.counted or not self.chosen.times:
            return np.concatenate(times)
        return [text for part, zone in parts for text in table.notation.write(part, zone)]

    def _named(self, names: Sequence[str], sizes: Sequence[int]) -> Any:
        if len(self.chosen.ids) != 1 or self.chosen.wide:
            return np.repeat(np.array(names, dtype=object), sizes).tolist()
        column = self.columns[self.chosen.ids[0]]
        # The first row of each series: its cell has the name in the column's own type.
        first: dict[str, int] = {}
        for row, name in enumerate(map(cell_text, _cells(column))):
            first.setdefault(name, row)
        return column[np.repeat([first[name] for name in names], sizes).tolist()]


def _columns(frame: Any, reading: SeriesReading, learnt: LearntSeries) -> tuple[Any, SeriesReading, list[str]]:
    """Return the columns of a frame, its index among them, how they are read, and which of them were the index."""
    import narwhals as nw

    if has_index(frame) and not hasattr(frame, "columns"):
        # A pandas Series is a frame of one column of values.
        frame = frame.to_frame("y" if frame.name is None else str(frame.name))
        reading = replace(reading, y=str(frame.columns[0]))
    levels: list[str] = []
    if has_index(frame):
        frame = with_text_names(frame, place=Place(FRAME))
    known = getattr(frame, "column_names", getattr(frame, "columns", ()))
    # Levels of the index can be asked for by their names, like columns.
    named = (*known, *(frame.index.names if has_index(frame) else ()))
    reading = learnt.reading_of(reading, [str(name) for name in named])
    if has_index(frame) and not counts_rows(frame.index):
        frame, reading, levels = with_index_columns(frame, reading, place=Place(FRAME))
    try:
        return nw.from_native(frame, eager_only=True), reading, levels
    except TypeError:
        allowed = "a pandas, polars or Arrow frame"
        raise DataError("not a frame", found=type(frame).__name__, allowed=allowed) from None


def _columns_of(frame: Any) -> ColumnSource:
    """Return the columns of a narwhals frame, which are read as those of a file are; its times have their own types."""

    def rows(chosen: Chosen) -> Iterator[RowBatch]:
        cells: dict[str, list[Any]] = {name: _cells(frame[name]) for name in (*chosen.ids, *chosen.beside.all)}
        cells |= {name: _numbers(frame[name], name) for name in chosen.values}
        yield RowBatch(range(1, len(frame) + 1), cells, lambda row, name: Place(FRAME, row + 1))
        _check_kinds([cells[name] for name in chosen.ids])

    return ColumnSource(
        header=Header(frame.columns, Place(FRAME)),
        dialect=Dialect(FRAME),
        batches=rows,
        times=lambda written, chosen, reading, place: read_times(_time_column(frame, chosen), reading, place=place),
        place=lambda columns, row, column: Place(FRAME, row + 1),
        beginning=lambda columns: {name: frame[name].to_list() for name in columns},
    )


def _time_column(frame: Any, chosen: Chosen) -> Any:
    import narwhals as nw

    for name in chosen.times:
        check_no_ordinals(frame.to_native(), name, Place(FRAME))
    if len(chosen.times) == 1:
        return frame[chosen.times[0]]
    parts = zip(*(frame[name].to_list() for name in chosen.times), strict=True)
    # Several columns are one time together, as in a file.
    texts = [" ".join(str(part).strip() for part in row) for row in parts]
    return nw.new_series(" ".join(chosen.times), texts, nw.String, backend=frame.implementation)


def _check_kinds(ids: Sequence[Sequence[Any]]) -> None:
    """Refuse a text "1" beside the number 1: two series would have one name."""
    # Hardly any column has cells of several kinds.
    if all(len({*map(type, cells)}) < 2 for cells in ids):
        return
    known: dict[tuple[str, ...], list[bool]] = {}
    for row, cells in enumerate(zip(*ids, strict=True)):
        texts, kinds = tuple(map(cell_text, cells)), [isinstance(cell, str) for cell in cells]
        if known.setdefault(texts, kinds) != kinds:
            found = f"{texts[0]!r} as a text and as a number" if len(ids) == 1 else f"{texts} and {texts}"
            raise DataError("two series would have one name", place=Place(FRAME, row + 1), found=found)


def _cells(column: Any) -> list[Any]:
    """Return the cells of a column, None where one is missing; polars does not count NaN among those."""
    missing = column.is_null().to_list()
    return [None if none or cell != cell else cell for cell, none in zip(column.to_list(), missing, strict=True)]


def _numbers(column: Any, name: str) -> list[float]:
    if not column.dtype.is_numeric():
        raise DataError(
            f"column {name!r} holds {column.dtype}",
            place=Place(FRAME),
            allowed="whole numbers or floats",
            advice=f"make them numbers, such as by astype(float) of column {name!r}",
        )
    values = np.array(_cells(column), dtype=np.float64)
    check_usable(values, name=name, place=lambda row: Place(FRAME, row + 1))
    numbers: list[float] = values.tolist()
    return numbers


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
    # A plain index is one level.
    levels = [index.get_level_values(level) for level in range(index.nlevels)]
    dated = [level for level, values in enumerate(levels) if _kind(values) in ("DatetimeIndex", "PeriodIndex")]
    if any(_kind(values) == "TimedeltaIndex" for values in levels):
        raise DataError("an index of durations", place=place, allowed="times, or steps", advice=RESET)
    other_time = guess(TIME_NAMES, [str(name) for name in frame.columns]) if reading.ds is None else reading.ds
    # Numbers without a name may be steps, or the rows that are left of a larger frame.
    numbered = index.nlevels == 1 and index.names[0] is None and levels[0].dtype.kind in "iu"
    # There is a time in a column, so these numbers are only rows.
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
    # What the caller has said goes before what the index seems to say.
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
    # The levels are added by hand, since reset_index fails for a name that a column has too.
    plain = frame.reset_index(drop=True)
    for name, values in zip(names, levels, strict=True):
        if name not in plain.columns:
            plain = plain.assign(**{name: values})
        elif not bool((plain[name].to_numpy() == values.to_numpy()).all()):
            advice = "rename one of them, or " + RESET
            raise DataError(f"the index and a column are both called {name!r} and differ", place=place, advice=advice)
    return plain
