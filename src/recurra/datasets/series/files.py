"""Series out of files (CSV, TSV, JSON or Parquet, long or wide), and out of the columns of any other table.

Not here: the cells of the columns (cells.py), frames (frames.py), checks (build.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import TIME_NAMES, Header, guess
from recurra.datasets.formats import FormatOptions
from recurra.datasets.series import advice
from recurra.datasets.series.build import LongRows, build
from recurra.datasets.series.cells import Distinct, SeriesCells
from recurra.datasets.series.columns import Chosen, choose_columns, names_of, naming_hint
from recurra.datasets.series.learnt import LearntSeries
from recurra.datasets.series.moments import ColumnTimes, parse_moments
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.datasets.series.whole_times import PlaceOf
from recurra.datasets.series.zones import NamedZone, zone_named
from recurra.datasets.sources import Readable, Stored, stored
from recurra.datasets.tables import Dialect, FileTable, RowBatch, open_table
from recurra.errors import DataError, Place

# Columns in which exports number their rows.
COUNTS = re.compile(r"unnamed: ?[0-9]+|index", re.IGNORECASE)
USUAL = ("unique_id", "ds", "y")
LOOKED_AT = 200_000
"""Rows that are looked at for a column that may name series, at most."""


@dataclass(frozen=True)
class ColumnSource:
    """A table whose columns can be read again and again: what a reader of series has to give."""

    header: Header
    dialect: Dialect
    batches: Callable[[Chosen], Iterable[RowBatch]]
    """Gives the rows with the chosen columns; those of times only where they are cells to be read."""
    times: Callable[[Distinct, Chosen, SeriesReading, PlaceOf], ColumnTimes]
    """Gives the time of each row, out of the cells that the batches brought or by itself. Raises DataError."""
    place: Callable[[Sequence[str], int, str], Place]
    """Finds where a cell stands: the columns that are read, its row and its column."""
    beginning: Callable[[list[str]], Mapping[str, Sequence[Any]]]
    """Gives the first cells of some columns."""
    stem: str = "series"
    """What a series without a name is called."""


def read_series(
    source: Readable,
    reading: SeriesReading | None = None,
    *,
    learnt: LearntSeries | None = None,
    **options: Unpack[FormatOptions],
) -> SeriesTable:
    """Read series from CSV, TSV, JSON, Parquet or stdin (`-`, CSV); without an id column it is one series.

    They are read as `reading` says, and for the rest as a model has `learnt` them; columns that neither names are
    guessed by their obvious names. The options say how the file is written (`open_table`). Raises DataError.
    """
    # Places and names of series are looked up by reading again, which stdin does not allow.
    opened = open_series(stored(source), reading, learnt=learnt, **options)
    built = opened.built()
    return replace(built, warnings=[*opened.table.warnings, *built.warnings], note=opened.table.note)


@dataclass(frozen=True)
class OpenSeries:
    """An opened file of series, and how its columns are read."""

    table: FileTable
    columns: ColumnSource
    reading: SeriesReading
    learnt: LearntSeries
    never_values: Sequence[str]
    """Columns that number the rows: they would otherwise be the only ones that are left for a value."""

    def built(self) -> SeriesTable:
        """Build the series of all rows. Raises DataError."""
        return series_of(self.columns, self.reading, self.learnt, never_values=self.never_values)[0]


def open_series(
    source: Readable,
    reading: SeriesReading | None = None,
    *,
    learnt: LearntSeries | None = None,
    streamed: bool = False,
    **options: Unpack[FormatOptions],
) -> OpenSeries:
    """Open a file as `read_series` does; `streamed` settles how it is read without waiting for more than a row."""
    reading, known = reading or SeriesReading(), learnt or LearntSeries()
    if isinstance(source, Stored):
        # Plain lines, which stdin is otherwise, hold no series.
        options["form"] = options.get("form") or "csv"
    # A row of a stream that has the usual columns is like those that follow.
    asked = [*names_of(reading), *names_of(known.reading), *(USUAL if streamed else ())]
    table = open_table(source, asked=asked, streamed=streamed, **options)
    reading = known.reading_of(reading, table.names)
    counts = [name for name in table.names if COUNTS.fullmatch(name)]
    header = replace(table.header, hint=table.header.hint or _times_by_type(table, reading))
    return OpenSeries(table, _columns_of(table, header), reading, known, counts)


def _times_by_type(table: FileTable, reading: SeriesReading) -> str:
    """Say which column of a Parquet file holds times where no name tells it, such as an index without a name."""
    if not table.zones or reading.ds is not None or guess(TIME_NAMES, table.names):
        return ""
    timed = [*table.zones][:1]
    return f"take {timed[0]!r}, which holds times: {advice.time_columns(timed)}"


def _columns_of(table: FileTable, header: Header) -> ColumnSource:
    """Return the columns of an opened file."""

    def times(written: Distinct, chosen: Chosen, reading: SeriesReading, place: PlaceOf) -> ColumnTimes:
        zone = zone_named(reading.zone) if reading.zone else _zone(table.zones.get(chosen.times[0], ""))
        return parse_moments(written, place=place, date_format=reading.date_format, epoch=reading.epoch, zone=zone)

    def place(columns: Sequence[str], row: int, column: str) -> Place:
        for batch in table.again().batches(columns):
            if row < len(batch):
                return batch.place(row, column)
            # Rows are counted over all batches.
            row -= len(batch)
        return Place(table.file)

    def rows(chosen: Chosen) -> Iterable[RowBatch]:
        return table.batches(chosen.read)

    stem = "" if isinstance(table.request.source, Stored) else Path(table.file).name.split(".")[0]
    beginning = partial(_beginning, table)
    return ColumnSource(header, table.dialect, rows, times, place, beginning, stem or "series")


def _zone(name: str) -> NamedZone | None:
    # An offset such as +02:00 is no zone: its clocks never change.
    return NamedZone(name) if "/" in name or name == "UTC" else None


def _beginning(table: FileTable, columns: list[str]) -> dict[str, list[Any]]:
    """Return the first cells of some columns, by reading the file again."""
    cells: dict[str, list[Any]] = {name: [] for name in columns}
    for batch in table.again().batches(columns):
        for name in columns:
            cells[name] += batch.columns[name][: LOOKED_AT - len(cells[name])]
        if len(cells[columns[0]]) == LOOKED_AT:
            break
    return cells


def series_of(
    source: ColumnSource, reading: SeriesReading, learnt: LearntSeries, *, never_values: Sequence[str] = ()
) -> tuple[SeriesTable, Chosen]:
    """Choose the columns of a table and build its series; those of `never_values` are no values unless named so.

    Raises DataError.
    """
    chosen = choose_columns(source.header, reading, never_values=never_values)
    built = build(_long_rows(source, chosen, reading, learnt), reading, expected=learnt.step)
    doubts = learnt.doubts(reading, chosen.columns.y)
    return replace(built, warnings=[*doubts, *built.warnings]), chosen


def _long_rows(source: ColumnSource, chosen: Chosen, reading: SeriesReading, learnt: LearntSeries) -> LongRows:
    """Take the chosen columns; rows are not kept: where a cell stands is found by asking the source again."""
    # A wide table has as many values in a row; else there is one.
    width, cells = len(chosen.values), SeriesCells(chosen, reading, stem=source.stem)
    for batch in source.batches(chosen):
        cells.take(batch)

    def place(at: int) -> Place:
        return source.place(chosen.read, at // width, chosen.values[at % width])

    def place_of_time(row: int) -> Place:
        return source.place(chosen.read, row, chosen.times[0])

    cells.check_points(place)
    names, written = cells.names(), cells.times()
    moments = _moments(source, written, place_of_time, chosen, reading, learnt)
    # Each value of a wide row has the row's time.
    moments = moments.repeated(width) if moments else None
    stamps = written.rows if moments is None else moments.times

    def naming() -> str:
        return naming_hint(chosen, source.header.names, source.beginning, stamps, names.rows) if stamps.size else ""

    if moments is None and _stand_twice(names.rows, stamps) and naming():
        raise DataError("the same times stand more than once", place=place_of_time(0), advice=naming())
    doubts = [*chosen.warnings, *cells.doubtful_points(source.dialect)]
    beside = cells.beside(partial(source.place, chosen.read))
    encoding = source.dialect.encoding
    return LongRows(names, moments, cells.values(), place, chosen.columns, naming, doubts, encoding, beside)


def _moments(
    source: ColumnSource,
    written: Distinct,
    place: Callable[[int], Place],
    chosen: Chosen,
    reading: SeriesReading,
    learnt: LearntSeries,
) -> ColumnTimes | None:
    """Read the times; where rows are plain steps anyway, times that cannot be read are none."""
    if not chosen.times:
        return None
    try:
        return learnt.times_of(reading, lambda how: source.times(written, chosen, how, place))
    except DataError as problem:
        if len(chosen.times) == 1:
            raise
        both = f"the time is {' and '.join(map(repr, chosen.times))} with a space between"
        example = f"{advice.date_format('%d/%m/%Y %H:%M:%S')} reads such as 31/12/2024 23:00:00"
        raise DataError(f"{problem}; {both}: {example}") from None


def _stand_twice(names: NDArray[Any], times: NDArray[Any]) -> bool:
    """Tell whether a series has the same time more than once; rows that have none have no time."""
    # int32 would not hold the pairs.
    pairs = names[: times.size].astype(np.int64) * (int(times.max(initial=0)) + 1) + times
    return bool(np.unique(pairs).size < pairs.size)
