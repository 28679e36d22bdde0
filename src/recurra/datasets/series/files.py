"""Series out of files: CSV, TSV, JSON Lines or Parquet, long or wide.

Not here: the cells of their columns (cells.py), frames (frames.py), checks (build.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import TIME_NAMES, guess
from recurra.datasets.formats import FormatOptions
from recurra.datasets.parquet import parquet_times, parquet_zone
from recurra.datasets.series import advice
from recurra.datasets.series.build import LongRows, build
from recurra.datasets.series.cells import Distinct, SeriesCells
from recurra.datasets.series.columns import Chosen, choose_columns, names_of, naming_hint
from recurra.datasets.series.learnt import LearntSeries
from recurra.datasets.series.moments import ColumnTimes, parse_moments
from recurra.datasets.series.numbers import NumberForm, PointsBetweenThousands
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.datasets.series.zones import NamedZone, zone_named
from recurra.datasets.sources import Readable, Stored, stored
from recurra.datasets.tables import FileTable, open_table
from recurra.errors import DataError, Place

# Columns in which exports number their rows.
COUNTS = re.compile(r"unnamed: ?[0-9]+|index", re.IGNORECASE)
LOOKED_AT = 200_000
"""Rows that are looked at for a column that may name series, at most."""


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
    reading = reading or SeriesReading()
    known = learnt or LearntSeries()
    # Places and names of series are looked up by reading again, which stdin does not allow.
    kept = stored(source)
    if isinstance(kept, Stored):
        # Plain lines, which stdin is otherwise, hold no series.
        options["form"] = options.get("form") or "csv"
    table = open_table(kept, asked=[*names_of(reading), *names_of(known.reading)], **options)
    reading = known.reading_of(reading, table.names)
    place = Place(table.file, table.dialect.first)
    # A column of row numbers would otherwise be the only one that is left for a value.
    counts = [name for name in table.names if COUNTS.fullmatch(name)]
    hint = table.dialect.hint or _times_by_type(kept, table, reading)
    chosen = choose_columns(table.names, reading, place=place, never_values=counts, hint=hint)
    built = build(_long_rows(_File(kept, table), chosen, reading, known), reading, expected=known.step)
    doubts = known.doubts(reading, chosen.columns.y)
    return replace(built, warnings=[*table.warnings, *doubts, *built.warnings], note=table.note)


def _times_by_type(source: Readable, table: FileTable, reading: SeriesReading) -> str:
    """Say which column of a Parquet file holds times where no name tells it, such as an index without a name."""
    if table.dialect.form != "parquet" or reading.ds is not None or guess(TIME_NAMES, table.names):
        return ""
    timed = parquet_times(source)
    return f"take {timed[0]!r}, which holds times: {advice.time_columns(timed[:1])}" if timed else ""


@dataclass(frozen=True)
class _File:
    """An opened table that can be read again and again."""

    source: Readable
    table: FileTable

    @property
    def stem(self) -> str:
        """What a series without a name is called."""
        return "series" if isinstance(self.source, Stored) else Path(self.table.file).name.split(".")[0] or "series"

    def place(self, columns: Sequence[str], row: int, column: str) -> Place:
        """Return where a cell stands, by reading the file again."""
        for batch in self.table.again().batches(columns):
            if row < len(batch):
                return batch.place(row, column)
            # Rows are counted over all batches.
            row -= len(batch)
        return Place(self.table.file)

    def beginning(self, columns: Sequence[str]) -> dict[str, list[Any]]:
        """Return the first cells of some columns."""
        cells: dict[str, list[Any]] = {name: [] for name in columns}
        for batch in self.table.again().batches(columns):
            for name in columns:
                cells[name] += batch.columns[name][: LOOKED_AT - len(cells[name])]
            if len(cells[columns[0]]) == LOOKED_AT:
                break
        return cells


def _long_rows(file: _File, chosen: Chosen, reading: SeriesReading, learnt: LearntSeries) -> LongRows:
    """Take the chosen columns; rows are not kept: where a cell stands is found by reading the file again."""
    # A wide table has as many values in a row; else there is one.
    width, marked = len(chosen.values), reading.decimal is not None or reading.thousands is not None
    cells = SeriesCells(chosen, number_form(reading), stem=file.stem, marked=marked)
    for batch in file.table.batches(chosen.read):
        cells.take(batch)

    def place(at: int) -> Place:
        return file.place(chosen.read, at // width, chosen.values[at % width])

    def place_of_time(row: int) -> Place:
        return file.place(chosen.read, row, chosen.times[0])

    if cells.points.doubtful():
        _ask_about_points(place(cells.points.first or 0), cells.points)
    names, written = cells.names(), cells.times()
    moments = _moments(written, place_of_time, file, chosen, reading, learnt)
    # Each value of a wide row has the row's time.
    moments = moments.repeated(width) if moments else None

    def naming() -> str:
        stamps = written.rows if moments is None else moments.times
        return naming_hint(chosen, file.table.names, file.beginning, stamps, names.rows)

    if moments is None and _stand_twice(names.rows, written.rows) and naming():
        raise DataError("the same times stand more than once", place=place_of_time(0), advice=naming())
    doubts = [*chosen.warnings, *_doubtful_points(file, cells.points, reading)]
    encoding = file.table.dialect.encoding
    return LongRows(names, moments, cells.values(), place, chosen.columns, naming, doubts, encoding)


def _stand_twice(names: NDArray[np.int64], times: NDArray[np.int64]) -> bool:
    """Tell whether a series has the same time more than once; rows that have none have no time."""
    pairs = names[: times.size] * (int(times.max(initial=0)) + 1) + times
    return np.unique(pairs).size < pairs.size


def number_form(reading: SeriesReading) -> NumberForm:
    """Return how numbers are written; where points set thousands apart, the decimal mark is a comma."""
    # Where points set thousands apart they cannot be decimal, too.
    decimal = reading.decimal or ("," if reading.thousands == "." else ".")
    return NumberForm(decimal, reading.thousands or "", reading.missing_words)


def _ask_about_points(place: Place, points: PointsBetweenThousands) -> None:
    raise DataError(
        "points that may set thousands apart: every number has exactly three digits behind its point, or none",
        place=place,
        found=f"such numbers beside {points.wholes:,} whole ones",
        advice=f"say which: {advice.marks('.', '')} for thousands, {advice.marks('', '.')} for decimals",
    )


def _doubtful_points(file: _File, points: PointsBetweenThousands, reading: SeriesReading) -> list[str]:
    """Warn where each number of a file with semicolons has three digits behind a point: decimals are commas there."""
    settled = reading.decimal or reading.thousands or points.first is None or not points.possible
    # Files with semicolons come from where a comma is the decimal mark.
    if settled or file.table.dialect.delimiter[0] != ";":
        return []
    choices = f"{advice.marks('.', '')} if they set thousands apart, {advice.marks('', '.')} if not"
    return [f"every number has exactly three digits behind its point, and is read as a decimal: say {choices}"]


def _moments(
    cells: Distinct,
    place: Callable[[int], Place],
    file: _File,
    chosen: Chosen,
    reading: SeriesReading,
    learnt: LearntSeries,
) -> ColumnTimes | None:
    """Read the times; where rows are plain steps anyway, times that cannot be read are none."""
    if not chosen.times:
        return None
    zone = zone_named(reading.zone) if reading.zone else _zone_of(file, chosen)

    def read(how: SeriesReading) -> ColumnTimes:
        return parse_moments(cells, place=place, date_format=how.date_format, epoch=how.epoch, zone=zone)

    try:
        return learnt.times_of(reading, read)
    except DataError as problem:
        if len(chosen.times) == 1:
            raise
        both = f"the time is {' and '.join(map(repr, chosen.times))} with a space between"
        example = f"{advice.date_format('%d/%m/%Y %H:%M:%S')} reads such as 31/12/2024 23:00:00"
        raise DataError(f"{problem}; {both}: {example}") from None


def _zone_of(file: _File, chosen: Chosen) -> NamedZone | None:
    name = parquet_zone(file.source, chosen.times[0]) if file.table.dialect.form == "parquet" else ""
    # An offset such as +02:00 is no zone: its clocks never change.
    return NamedZone(name) if "/" in name or name == "UTC" else None
