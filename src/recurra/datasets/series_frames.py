"""Series out of files: CSV, TSV, JSON Lines or Parquet, long or wide.

Not here: frames (series_from_frames.py), checks (series_build.py), scaling and windows (series.py).
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from recurra.datasets import advice
from recurra.datasets.formats import FormatOptions
from recurra.datasets.moments import Moments, parse_moments
from recurra.datasets.notations import Epoch
from recurra.datasets.numbers import NumberForm, PointsBetweenThousands, cell_number
from recurra.datasets.parquet_rows import parquet_zone
from recurra.datasets.records import Row
from recurra.datasets.series_build import LongRows, build
from recurra.datasets.series_columns import Chosen, choose_columns, names_of, naming_hint
from recurra.datasets.series_learnt import Learnt
from recurra.datasets.series_table import Duplicates, Gaps, Names, SeriesColumns, SeriesReading, SeriesTable
from recurra.datasets.tables import Table, open_table
from recurra.datasets.zones import NamedZone, zone_named
from recurra.errors import DataError, Place

__all__ = ["SeriesColumns", "SeriesReading", "SeriesTable", "open_series", "read_series"]

COUNTS = re.compile(r"unnamed: ?[0-9]+|index", re.IGNORECASE)
"""Columns in which exports number their rows."""
LOOKED_AT = 200_000
"""Rows that are looked at for a column that may name series, at most."""


def read_series(
    source: str | Path,
    *,
    unique_id: Names | None = None,
    ds: Names | None = None,
    y: str | None = None,
    wide: bool = False,
    date_format: str | None = None,
    epoch: Epoch | None = None,
    zone: str | None = None,
    decimal: str | None = None,
    thousands: str | None = None,
    missing_words: tuple[str, ...] = (),
    missing: bool = False,
    sort: bool = False,
    duplicates: Duplicates = "error",
    gaps: Gaps = "refuse",
    **options: Unpack[FormatOptions],
) -> SeriesTable:
    """Read series from CSV, TSV, JSON, Parquet or stdin (`-`, CSV); without an id column it is one series.

    The choices are those of `SeriesReading`, columns not named are guessed by their obvious names; the options say how
    the file is written (`tables.open_table`). Raises DataError.
    """
    reading = SeriesReading(
        unique_id, ds, y, wide, date_format, epoch, zone, decimal, thousands, missing_words, missing, sort, duplicates,
        gaps,
    )  # fmt: skip
    return open_series(source, reading, **options)


def open_series(
    source: str | Path, reading: SeriesReading, *, learnt: Learnt | None = None, **options: Unpack[FormatOptions]
) -> SeriesTable:
    """Read series as `reading` says, and for the rest as a model has `learnt` them. Raises DataError."""
    known = learnt or Learnt()
    if str(source) == "-" and options.get("form") is None:
        options["form"] = "csv"
    table = open_table(source, asked=[*names_of(reading), *names_of(known.reading)], **options)
    file = _File(source, table, list(table.rows()) if str(source) == "-" else None)
    reading = known.reading_of(reading, table.names)
    place = Place(table.file, table.dialect.first)
    counts = [name for name in table.names if COUNTS.fullmatch(name)]
    chosen = choose_columns(table.names, reading, place=place, never_values=counts, hint=table.dialect.hint)
    built = build(_long_rows(file, chosen, reading, known), reading, expected=known.step)
    doubts = known.doubts(reading, chosen.columns.y)
    return replace(built, warnings=[*table.warnings, *doubts, *built.warnings], note=table.note)


@dataclass(frozen=True)
class _File:
    """An opened table that can be read again and again; what comes from stdin is kept."""

    source: str | Path
    table: Table
    kept: list[Row] | None

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """The rows, for the first time."""
        return self.table.rows(columns) if self.kept is None else iter(self.kept)

    def again(self, columns: Sequence[str]) -> Iterator[Row]:
        """The rows once more."""
        return self.table.again().rows(columns) if self.kept is None else iter(self.kept)

    @property
    def stem(self) -> str:
        """What a series without a name is called."""
        return Path(self.table.file).name.split(".")[0] if self.kept is None else ""


@dataclass
class _Growing:
    """The cells of a long table while its rows come."""

    ids: list[str] = field(default_factory=list)
    times: list[str] = field(default_factory=list)
    values: array[float] = field(default_factory=lambda: array("d"))


def _long_rows(file: _File, chosen: Chosen, reading: SeriesReading, learnt: Learnt) -> LongRows:
    """Take the chosen columns; rows are not kept: where a cell stands is found by reading the file again."""
    width = len(chosen.values)

    def place(at: int, column: str = "") -> Place:
        row = next(islice(file.again(chosen.read), at // width, None))
        return row.place(column or chosen.values[at % width])

    growing, points = _grown(file, chosen, reading)
    if points.doubtful():
        _ask_about_points(place(points.first or 0), points)
    moments = _moments(growing.times, lambda at: place(at * width, chosen.times[0]), file, chosen, reading, learnt)
    moments = moments.repeated(width) if moments else None

    def naming() -> str:
        stamps = moments.times if moments is not None else np.array(growing.times)
        return _naming(file, chosen, stamps, growing.ids)

    if moments is None and len(set(zip(growing.ids, growing.times, strict=False))) < len(growing.times) and naming():
        raise DataError("the same times stand more than once", place=place(0, chosen.times[0]), advice=naming())
    values, encoding = np.array(growing.values), file.table.dialect.encoding
    doubts = [*chosen.warnings, *_doubtful_points(file, points, reading)]
    return LongRows(growing.ids, moments, values, place, chosen.columns, naming, doubts, encoding)


def _grown(file: _File, chosen: Chosen, reading: SeriesReading) -> tuple[_Growing, PointsBetweenThousands]:
    growing, points, form = _Growing(), PointsBetweenThousands(), number_form(reading)
    stem, watched = file.stem or "series", reading.decimal is None and reading.thousands is None
    name_of, time_of = _Names(chosen.ids), chosen.times[0] if len(chosen.times) == 1 else ""
    for row in file.rows(chosen.read):
        name = name_of(row) if chosen.ids else stem
        for column in chosen.values:
            value = row.values[column]
            if watched and points.possible and isinstance(value, str):
                points.see(len(growing.values), value.strip())
            growing.ids.append(column if chosen.wide else name)
            growing.values.append(_number(row, column, form))
        if time_of:
            growing.times.append(_text(row.values[time_of]))
        elif chosen.times:
            growing.times.append(" ".join(_text(row.values[column]) for column in chosen.times))
    return growing, points


def number_form(reading: SeriesReading) -> NumberForm:
    """Return how numbers are written; where points set thousands apart, the decimal mark is a comma."""
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
    if settled or file.table.dialect.delimiter[0] != ";":
        return []
    choices = f"{advice.marks('.', '')} if they set thousands apart, {advice.marks('', '.')} if not"
    return [f"every number has exactly three digits behind its point, and is read as a decimal: say {choices}"]


def _moments(
    cells: list[str],
    place: Callable[[int], Place],
    file: _File,
    chosen: Chosen,
    reading: SeriesReading,
    learnt: Learnt,
) -> Moments | None:
    """Read the times; where rows are plain steps anyway, times that cannot be read are none."""
    if not chosen.times:
        return None
    zone = zone_named(reading.zone) if reading.zone else _zone_of(file, chosen)

    def read(how: SeriesReading) -> Moments:
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
    return NamedZone(name) if "/" in name or name == "UTC" else None


def _naming(file: _File, chosen: Chosen, stamps: Any, names: list[str]) -> str:
    """Say which columns may name series that lie mixed under one name."""
    others = [name for name in file.table.names if name not in chosen.read]
    if not others or chosen.wide:
        return ""
    rows = list(islice(file.again(others), LOOKED_AT))
    cells = {name: [row.values[name] for row in rows] for name in others}
    return naming_hint(chosen, cells, stamps[: len(rows)], names[: len(rows)])


class _Names:
    """Names of series out of the cells of their columns; each distinct cell is looked at once."""

    def __init__(self, columns: Sequence[str]) -> None:
        self._columns = columns
        self._known: dict[Any, str] = {}
        self._parts: dict[str, tuple[str, ...]] = {}

    def __call__(self, row: Row) -> str:
        """Return the name; raises DataError for a missing one, and for two series that would have one name."""
        columns, cells = self._columns, row.values
        key = cells[columns[0]] if len(columns) == 1 else tuple(cells[column] for column in columns)
        name = self._known.get(key)
        return name if name is not None else self._known.setdefault(key, self._named(row))

    def _named(self, row: Row) -> str:
        parts = tuple(_text(row.values[column]) for column in self._columns)
        if not all(parts):
            empty = self._columns[parts.index("")]
            raise DataError(f"series id is missing in column {empty!r}", place=row.place(empty), advice="fill it in")
        name = "/".join(parts)
        if self._parts.setdefault(name, parts) != parts:
            both = f"{self._parts[name]} and {parts}"
            raise DataError("two series would have one name", place=row.place(self._columns[0]), found=both)
        return name


def _text(cell: Any) -> str:
    """Write a cell as text; pandas turns whole numbers with gaps into floats, and 1.0 must stay 1."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return str(int(cell))
    return "" if cell is None else str(cell)


def _number(row: Row, column: str, form: NumberForm) -> float:
    value = row.values[column]
    # The place is looked up only for the error: finding it means reading the row again.
    try:
        return cell_number(value, place=Place(""), column=column, form=form)
    except DataError:
        return cell_number(value, place=row.place(column), column=column, form=form)
