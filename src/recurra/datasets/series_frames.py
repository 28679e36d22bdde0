"""Long series tables: one row a series, a time and a value; from files and from pandas or polars frames.

Not here: order, doubles and gaps of the times (series_checks.py), scaling and windows (series.py).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Unpack

import numpy as np

from recurra.datasets.columns import ID_NAMES, TIME_NAMES, VALUE_NAMES, guess, listed, need, with_hint
from recurra.datasets.encodings import doubtful_characters
from recurra.datasets.formats import FormatOptions
from recurra.datasets.moments import Epoch, parse_moments
from recurra.datasets.numbers import EXACT, cell_number
from recurra.datasets.records import Row
from recurra.datasets.series_checks import Duplicates, Gaps, check_series
from recurra.datasets.tables import Table, open_table
from recurra.errors import DataError, Place


@dataclass(frozen=True)
class SeriesColumns:
    """Which columns hold the series' name, its times and its values; empty: there is no such column."""

    unique_id: str
    ds: str
    y: str


@dataclass(frozen=True, eq=False)
class SeriesTable:
    """Series by id, in order of first appearance; each with times ascending and as many values."""

    ids: list[str]
    times: dict[str, np.ndarray]
    """datetime64 (steps,) in one unit for the whole table, or int64 steps."""
    values: dict[str, np.ndarray]
    """float64 (steps,), NaN only where `missing` is True."""
    missing: dict[str, np.ndarray]
    """bool (steps,): no value was given there."""
    columns: SeriesColumns
    warnings: list[str] = field(default_factory=list)
    note: str = ""
    """How the file was read, in one line."""

    @property
    def rows(self) -> int:
        """All steps of all series."""
        return sum(values.size for values in self.values.values())


@dataclass(frozen=True)
class LongRows:
    """The columns of a long table before they are cut into series; `place(row)` finds a value."""

    ids: list[str]
    times: np.ndarray
    values: np.ndarray
    place: Callable[[int], Place]


def read_series(
    source: str | Path,
    *,
    unique_id: str | None = None,
    ds: str | None = None,
    y: str | None = None,
    date_format: str | None = None,
    epoch: Epoch | None = None,
    missing: bool = False,
    sort: bool = False,
    duplicates: Duplicates = "error",
    gaps: Gaps = "refuse",
    **options: Unpack[FormatOptions],
) -> SeriesTable:
    """Read series from CSV, TSV, JSON or Parquet; a file without an id column is one series named by its stem.

    Columns not named are guessed by their obvious names. `missing=True` keeps blank values as NaN, to be filled by
    `impute`; otherwise they are refused. `gaps="fill"` adds missing times as missing values. The options say how the
    file is written (`tables.open_table`). Raises DataError.
    """
    if str(source) == "-":
        raise DataError("series are not read from stdin", advice="name a file")
    table = open_table(source, asked=[name for name in (unique_id, ds, y) if name], **options)
    place = Place(table.file, table.dialect.first)
    columns = choose_columns(table.names, unique_id=unique_id, ds=ds, y=y, place=place, hint=table.dialect.hint)
    stem = Path(table.file).name.split(".")[0] or "series"
    long = _long_rows(table, columns, stem=stem, date_format=date_format, epoch=epoch)
    built = build(long, columns, missing=missing, sort=sort, duplicates=duplicates, gaps=gaps)
    read = [*table.warnings, *doubtful_characters(built.ids, encoding=table.dialect.encoding, what="series names")]
    return replace(built, warnings=[*read, *built.warnings], note=table.note)


def choose_columns(
    found: Sequence[str], *, unique_id: str | None, ds: str | None, y: str | None, place: Place, hint: str = ""
) -> SeriesColumns:
    """Settle the three columns: the named ones, else obvious names, else the one column that is left for the value."""
    for name in (unique_id, ds, y):
        if name is not None:
            need(name, found, place=place, hint=hint)
    left = [name for name in found if name not in (unique_id, ds, y)]
    identity = unique_id or guess(ID_NAMES, left) or ""
    time = ds or guess(TIME_NAMES, [name for name in left if name != identity]) or ""
    left = [name for name in left if name not in (identity, time)]
    value = y or guess(VALUE_NAMES, left) or (left[0] if len(left) == 1 else "")
    if not value or (not time and len(found) > 1):
        raise DataError(
            f"no {'value' if time else 'time'} column",
            place=place,
            found="columns " + listed(found),
            allowed="unique_id, ds and y, or a date and one value",
            advice=with_hint("name the columns that are meant", hint),
        )
    return SeriesColumns(identity, time, value)


def build(
    long: LongRows,
    columns: SeriesColumns,
    *,
    missing: bool = False,
    sort: bool = False,
    duplicates: Duplicates = "error",
    gaps: Gaps = "refuse",
) -> SeriesTable:
    """Cut long rows into series and check each: order, doubles, gaps, missing, constant. Raises DataError."""
    warnings = _precision(long.values)
    members: dict[str, list[int]] = {}
    for row, name in enumerate(long.ids):
        members.setdefault(name, []).append(row)
    times: dict[str, np.ndarray] = {}
    values: dict[str, np.ndarray] = {}
    constant: list[str] = []
    _check_missing(long, columns.y, members, missing)
    for name, rows in members.items():
        index = np.array(rows)
        times[name], values[name] = check_series(
            long.times[index],
            long.values[index],
            name=name,
            place=lambda step, rows=rows: long.place(rows[step]),  # type: ignore[misc]
            sort=sort,
            duplicates=duplicates,
            gaps=gaps,
        )
        if values[name].size > 1 and np.nanmin(values[name]) == np.nanmax(values[name]):
            constant.append(name)
    if constant:
        warnings.append(
            f"{len(constant):,} series are constant, such as {constant[0]!r}: their forecast is the constant"
        )
    filled = sum(int(np.isnan(each).sum()) for each in values.values())
    if filled:
        warnings.append(f"{filled:,} values are missing and must be imputed")
    masks = {name: np.isnan(each) for name, each in values.items()}
    return SeriesTable(list(members), times, values, masks, columns, warnings)


def _long_rows(
    table: Table,
    columns: SeriesColumns,
    *,
    stem: str,
    date_format: str | None,
    epoch: Epoch | None,
) -> LongRows:
    """Take the three columns; rows are not kept: where a cell stands is found by reading the file again."""

    names = [name for name in (columns.unique_id, columns.ds, columns.y) if name]

    def place(at: int, column: str) -> Place:
        return next(islice(table.again().rows(names), at, None)).place(column)

    ids: list[str] = []
    cells: list[str] = []
    values = array("d")
    known: dict[str, str] = {}
    for row in table.rows(names):
        name = _identity(row, columns.unique_id) if columns.unique_id else stem
        # One object a series, not one a row.
        ids.append(known.setdefault(name, name))
        values.append(_number(row, columns.y))
        if columns.ds:
            cells.append("" if (cell := row.values[columns.ds]) is None else str(cell).strip())
    if columns.ds:
        times = parse_moments(cells, place=lambda at: place(at, columns.ds), date_format=date_format, epoch=epoch)
    else:
        times = np.arange(len(ids), dtype=np.int64)
    return LongRows(ids, times, np.array(values), lambda at: place(at, columns.y))


def _identity(row: Row, column: str) -> str:
    name = str("" if row.values[column] is None else row.values[column]).strip()
    if not name:
        raise DataError(f"series id is missing in column {column!r}", place=row.place(column), advice="fill it in")
    return name


def _number(row: Row, column: str) -> float:
    value = row.values[column]
    # The place is looked up only for the error: finding it means reading the row again.
    try:
        return cell_number(value, place=Place(""), column=column)
    except DataError:
        return cell_number(value, place=row.place(column), column=column)


def _precision(values: np.ndarray) -> list[str]:
    count = int((np.abs(values) >= EXACT).sum())
    return [f"{count:,} values reach 2^53: whole numbers lose digits there"] if count else []


def _check_missing(long: LongRows, column: str, members: dict[str, list[int]], allowed: bool) -> None:
    """Refuse missing values unless they are to be imputed; a series without any value is refused always."""
    blank = np.isnan(long.values)
    if not blank.any():
        return
    first = int(np.argmax(blank))
    if blank.all():
        raise DataError(
            f"column {column!r} has no value at all", place=long.place(first), found=f"{blank.size:,} blanks"
        )
    empty = next((name for name, rows in members.items() if blank[rows].all()), None)
    if empty is not None:
        raise DataError(f"series {empty!r} has no value at all", place=long.place(members[empty][0]))
    if not allowed:
        raise DataError(
            f"{int(blank.sum()):,} missing values in column {column!r}",
            place=long.place(first),
            found="the first here",
            advice="fill them in, or choose --impute ffill, linear or zero",
        )
