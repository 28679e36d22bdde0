"""Series out of pandas, polars or Arrow frames, through narwhals; and answers as a frame of the same kind.

Not here: files (series_frames.py), whose checks apply here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.distinct import Distinct
from recurra.datasets.frame_index import counts_rows, has_index, with_index_columns, with_text_names
from recurra.datasets.frame_times import read_times, write_times
from recurra.datasets.moments import Moments
from recurra.datasets.number_columns import check_usable
from recurra.datasets.numbers import NumberForm
from recurra.datasets.parquet_periods import check_no_ordinals
from recurra.datasets.series_build import LongRows, build
from recurra.datasets.series_columns import Chosen, choose_columns, naming_hint
from recurra.datasets.series_learnt import Learnt
from recurra.datasets.series_table import SeriesReading, SeriesTable
from recurra.errors import DataError, Place

FRAME = "frame"
"""What error places name as the file; lines are row numbers from 1."""


@dataclass(frozen=True, eq=False)
class FrameSeries:
    """Series that came in a frame, and the frame's columns, whose types the answers take over."""

    table: SeriesTable
    columns: Any
    """A narwhals frame."""
    chosen: Chosen

    @classmethod
    def of(cls, frame: Any, reading: SeriesReading, *, learnt: Learnt | None = None) -> FrameSeries:
        """Read a frame, or a pandas Series with times in its index; where nothing is said, as a model has `learnt`.

        Raises DataError.
        """
        known = learnt or Learnt()
        columns, reading, levels = _columns(frame, reading, known)
        if not len(columns):
            raise DataError("no rows", place=Place(FRAME))
        chosen = choose_columns(columns.columns, reading, place=Place(FRAME), never_values=levels)
        built = build(_long_rows(columns, chosen, reading, known), reading, expected=known.step)
        doubts = known.doubts(reading, chosen.columns.y)
        return cls(replace(built, warnings=[*doubts, *built.warnings]), columns, chosen)

    def answered(self, names: Sequence[str], times: Sequence[NDArray[Any]], figures: dict[str, Any]) -> Any:
        """Return a frame of the kind that was given: for each series its name and times, beside columns of figures."""
        import narwhals as nw

        table, backend = self.table, self.columns.implementation
        made: dict[str, Any] = {
            table.columns.unique_id or "unique_id": self._named(names, [part.size for part in times])
        }
        parts = [(part, table.zone(name)) for name, part in zip(names, times, strict=True)]
        column = table.columns.ds or "ds"
        if len(self.chosen.times) == 1:
            like = self.columns[self.chosen.times[0]]
            made[column] = write_times(parts, like, table.notation, counted=table.counted)
        elif table.counted or not self.chosen.times:
            made[column] = np.concatenate(times)
        else:
            made[column] = [text for part, zone in parts for text in table.notation.write(part, zone)]
        plain = {name: cells for name, cells in made.items() if not isinstance(cells, nw.Series)}
        # Columns go in as they are: from a dictionary, pandas' zones and periods would not come out again.
        typed = [cells.alias(name) for name, cells in made.items() if isinstance(cells, nw.Series)]
        frame = nw.from_dict({**plain, **figures}, backend=backend).with_columns(*typed)
        return frame.select(*made, *figures).to_native()

    def _named(self, names: Sequence[str], sizes: Sequence[int]) -> Any:
        if len(self.chosen.ids) != 1:
            return np.repeat(np.array(names, dtype=object), sizes).tolist()
        column = self.columns[self.chosen.ids[0]]
        first: dict[str, int] = {}
        for row, name in enumerate(_texts(column)):
            first.setdefault(name, row)
        return column[np.repeat([first[name] for name in names], sizes).tolist()]


def is_plain(series: Any) -> bool:
    """Tell whether a pandas Series has no more in its index than the count of its rows."""
    return counts_rows(series.index)


def _columns(frame: Any, reading: SeriesReading, learnt: Learnt) -> tuple[Any, SeriesReading, list[str]]:
    """Return the columns of a frame, its index among them, how they are read, and which of them were the index."""
    import narwhals as nw

    if has_index(frame) and not hasattr(frame, "columns"):
        frame = frame.to_frame("y" if frame.name is None else str(frame.name))
        reading = replace(reading, y=str(frame.columns[0]))
    levels: list[str] = []
    if has_index(frame):
        frame = with_text_names(frame, place=Place(FRAME))
    known = getattr(frame, "column_names", getattr(frame, "columns", ()))
    named = (*known, *(frame.index.names if has_index(frame) else ()))
    reading = learnt.reading_of(reading, [str(name) for name in named])
    if has_index(frame) and not counts_rows(frame.index):
        frame, reading, levels = with_index_columns(frame, reading, place=Place(FRAME))
    try:
        return nw.from_native(frame, eager_only=True), reading, levels
    except TypeError:
        allowed = "a pandas, polars or Arrow frame"
        raise DataError("not a frame", found=type(frame).__name__, allowed=allowed) from None


def _long_rows(columns: Any, chosen: Chosen, reading: SeriesReading, learnt: Learnt) -> LongRows:
    rows, width = len(columns), len(chosen.values)

    def place(at: int) -> Place:
        return Place(FRAME, at // width + 1)

    if chosen.wide:
        names = Distinct([*chosen.values], np.tile(np.arange(width), rows))
    else:
        names = Distinct.of(_ids(columns, chosen) if chosen.ids else ["series"] * rows)
    absent = list(NumberForm(missing_words=reading.missing_words).missing_numbers)
    values = np.stack([_values(columns[name], name) for name in chosen.values], axis=1).reshape(-1)
    values[np.isin(values, absent)] = np.nan
    moments = _moments(columns, chosen, reading, learnt)

    def naming() -> str:
        if chosen.wide or moments is None:
            return ""
        others = {name: columns[name].to_list() for name in columns.columns if name not in chosen.read}
        return naming_hint(chosen, others, moments.times, names.rows)

    repeated = moments.repeated(width) if moments else None
    return LongRows(names, repeated, values, place, chosen.columns, naming, [*chosen.warnings])


def _moments(columns: Any, chosen: Chosen, reading: SeriesReading, learnt: Learnt) -> Moments | None:
    import narwhals as nw

    if not chosen.times:
        return None
    for name in chosen.times:
        check_no_ordinals(columns.to_native(), name, Place(FRAME))
    column = columns[chosen.times[0]]
    if len(chosen.times) > 1:
        parts = zip(*(columns[name].to_list() for name in chosen.times), strict=True)
        texts = [" ".join(str(part).strip() for part in row) for row in parts]
        column = nw.new_series(" ".join(chosen.times), texts, nw.String, backend=columns.implementation)
    return learnt.times_of(reading, lambda how: read_times(column, how, place=lambda row: Place(FRAME, row + 1)))


def _ids(columns: Any, chosen: Chosen) -> list[str]:
    """Return the names of the series; several columns are joined by a slash."""
    parts = [_texts(columns[name]) for name in chosen.ids]
    for name, texts in zip(chosen.ids, parts, strict=True):
        if "" in texts:
            raise DataError(f"series id is missing in column {name!r}", place=Place(FRAME, texts.index("") + 1))
    names = ["/".join(row) for row in zip(*parts, strict=True)]
    # A text "1" beside the number 1, or a slash within a name, would glue two series.
    kinds = zip(*([isinstance(cell, str) for cell in columns[name].to_list()] for name in chosen.ids), strict=True)
    known: dict[str, Any] = {}
    for row, (name, made_of) in enumerate(zip(names, zip(zip(*parts, strict=True), kinds, strict=True), strict=True)):
        if known.setdefault(name, made_of) != made_of:
            both = f"{name!r} as a text and as a number" if len(parts) == 1 else f"{known[name][0]} and {made_of[0]}"
            raise DataError("two series would have one name", place=Place(FRAME, row + 1), found=both)
    return names


def _texts(column: Any) -> list[str]:
    """Write names as texts, empty where they are missing; 1.0 is the name 1."""
    missing = column.is_null().to_list()
    return ["" if none else _text(cell) for cell, none in zip(column.to_list(), missing, strict=True)]


def _text(cell: Any) -> str:
    if isinstance(cell, float):
        return "" if cell != cell else str(int(cell)) if cell.is_integer() else str(cell)
    return str(cell).strip()


def _values(column: Any, name: str) -> NDArray[np.float64]:
    if not column.dtype.is_numeric():
        advice = f"make them numbers, such as by astype(float) of column {name!r}"
        raise DataError(
            f"column {name!r} holds {column.dtype}",
            place=Place(FRAME),
            allowed="whole numbers or floats",
            advice=advice,
        )
    missing = column.is_null().to_list()
    cells = zip(column.to_list(), missing, strict=True)
    values = np.array([np.nan if none else float(cell) for cell, none in cells], dtype=np.float64)
    check_usable(values, name=name, place=lambda row: Place(FRAME, row + 1))
    return values
