"""Parquet files as batches of rows, read through pyarrow.

Not here: text formats. Row numbers stand for lines; dates and times become ISO texts, as a text table would hold them.
pandas' periods lie there as ordinals and become the times at which they begin.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from recurra.datasets.columns import Header, name_list
from recurra.datasets.sources import Readable, check_unchanged, facts, open_regular
from recurra.datasets.tables import CellValue, Dialect, FileTable, Request, RowBatch
from recurra.errors import DataError, Place

BATCH = 16_384
# The years that Python's calendar has.
FIRST_YEAR, AFTER_LAST = np.datetime64("0001-01-01"), np.datetime64("10000-01-01")


def open_parquet(request: Request) -> FileTable:
    """Open a Parquet file; raise DataError when it is none or has a name twice."""
    with open_regular(request.source) as stream:
        schema = _opened(stream, Place(request.file)).schema_arrow
    zones = {field.name: getattr(field.type, "tz", None) or "" for field in schema if _holds_times(field)}
    read = partial(read_parquet, request.source)
    return FileTable(request, Dialect(request.form), _names(schema, request.file), read, zones=zones)


def _holds_times(field: Any) -> bool:
    from pyarrow import types

    return types.is_timestamp(field.type) or types.is_date(field.type) or bool(frequency_of(field))


def read_parquet(source: Readable, columns: list[str] | None) -> Iterator[RowBatch]:
    """Yield the rows with the wanted columns (all when None); raise DataError for damaged files and nested columns."""
    place = Place(str(source))
    with open_regular(source) as stream:
        before = facts(stream)
        table = _opened(stream, place)
        found = _names(table.schema_arrow, place.file)
        wanted = found if columns is None else Header(found, place).need(*columns)
        # Rows are numbered from 1, as lines are.
        begin = 1
        for cells in _batches(table, wanted, place):
            check_unchanged(stream, before, place=place)
            # The number of rows is that of any column; of no column there are none.
            lines = range(begin, begin + len(next(iter(cells.values()), ())))

            def place_of(row: int, name: str, lines: range = lines) -> Place:
                return Place(place.file, lines[row], wanted.index(name) + 1)

            yield RowBatch(lines, cells, place_of)
            begin = lines.stop
        check_unchanged(stream, before, place=place)
    if begin == 1:
        raise DataError("no rows", place=place)


def _opened(stream: Any, place: Place) -> Any:
    import pyarrow.parquet as parquet

    try:
        return parquet.ParquetFile(stream)
    except (OSError, ValueError) as problem:
        raise DataError(f"cannot be read as Parquet: {_first_line(problem)}", place=place) from None


def _names(schema: Any, file: str) -> list[str]:
    names = list(schema.names)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError("column names twice", place=Place(file), found=name_list(twice), advice="rename one of each")
    return names


def _batches(table: Any, wanted: list[str], place: Place) -> Iterator[dict[str, list[CellValue]]]:
    try:
        frequencies = {name: frequency_of(table.schema_arrow.field(name)) for name in wanted}
        for batch in table.iter_batches(batch_size=BATCH, columns=wanted):
            yield {name: _values(batch.column(name), frequencies[name], name, place) for name in wanted}
    except (OSError, ValueError) as problem:
        raise DataError(f"damaged Parquet data: {_first_line(problem)}", place=place) from None


def _values(column: Any, frequency: str, name: str, place: Place) -> list[CellValue]:
    from pyarrow import compute, types

    # Categories are stored once and referred to by number; cells are wanted.
    column = column.dictionary_decode() if types.is_dictionary(column.type) else column
    # Periods come as plain numbers that nobody could tell from values.
    column = begun(column, frequency, name, place) if frequency else column
    kind = column.type
    if types.is_nested(kind) or types.is_binary(kind) or types.is_large_binary(kind):
        raise DataError(
            f"column {name!r} holds {kind}", place=place, allowed="texts, numbers, truth values, dates and times"
        )
    if types.is_temporal(kind):
        return _written(column)
    if types.is_floating(kind):
        # NaN stands for a missing value.
        column = compute.if_else(compute.is_nan(column), None, column)
    cells: list[Any] = column.to_pylist()
    usual = types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind) or types.is_floating(kind)
    # Everything unusual stands as its text.
    return cells if usual else [cell if cell is None or isinstance(cell, bool) else str(cell) for cell in cells]


def _written(column: Any) -> list[CellValue]:
    """Write times as a text table would; each distinct one once, since times stand in every series again."""
    # Each distinct time is written once.
    encoded = column.dictionary_encode()
    # The last place stands for missing: NumPy has no index for null.
    texts = np.array([*_texts(encoded.dictionary), None], dtype=object)
    written: list[CellValue] = texts[encoded.indices.fill_null(texts.size - 1).to_numpy()].tolist()
    return written


def _texts(times: Any) -> list[str]:
    from pyarrow import types

    if types.is_timestamp(times.type) and times.type.tz is None:
        stamps = times.to_numpy(zero_copy_only=False)
        seconds = stamps.astype("datetime64[s]")
        # NumPy writes whole seconds at once; fractions, zones and years beyond 9999 need Python's own.
        if (seconds == stamps).all() and ((seconds >= FIRST_YEAR) & (seconds < AFTER_LAST)).all():
            return [text.replace("T", " ") for text in np.datetime_as_string(seconds).tolist()]
    written = times.to_pylist()
    return [time.isoformat(sep=" ") if isinstance(time, datetime.datetime) else str(time) for time in written]


def _first_line(problem: Exception) -> str:
    return str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__


NAME = "pandas.period"
# pandas' frequencies, old names among them, whose ordinals count NumPy's units from 1970 on; Q counts three months.
UNITS = {
    **{"Y": "Y", "Y-DEC": "Y", "A-DEC": "Y", "Q": "Q", "Q-DEC": "Q", "M": "M", "W": "W", "W-SUN": "W", "D": "D"},
    **{"h": "h", "H": "h", "min": "m", "T": "m", "s": "s", "S": "s"},
    **{"ms": "ms", "L": "ms", "us": "us", "U": "us", "ns": "ns", "N": "ns"},
}
WEEK_0 = -10
"""The day, from 1970 on, with which pandas' week 0 begins: a Monday."""


def frequency_of(field: Any) -> str:
    """Return the frequency of a column of periods, as the schema tells it whether pandas is loaded or not; else ''."""
    if getattr(field.type, "extension_name", "") == NAME:
        return str(field.type.freq)
    # Without pandas loaded the type is unknown to Arrow, and only the metadata tell it.
    told = field.metadata or {}
    if told.get(b"ARROW:extension:name") != NAME.encode():
        return ""
    written = json.loads(told.get(b"ARROW:extension:metadata", b"{}"))
    return str(written["freq"]) if isinstance(written, dict) and "freq" in written else "unknown"


def check_no_ordinals(frame: Any, name: str, place: Place) -> None:
    """Raise DataError for periods in a column of an Arrow or a polars frame, in which they are ordinals."""
    schema = getattr(frame, "schema", {name: ""})
    if frequency_of(schema.field(name)) if hasattr(schema, "field") else NAME in str(schema[name]):
        raise DataError(
            f"column {name!r} holds the ordinals of pandas' periods",
            place=place,
            advice="read them by pandas: pandas.read_parquet(FILE)",
        )


def begun(column: Any, frequency: str, name: str, place: Place) -> Any:
    """Return an Arrow column of dates or times at which the periods begin; raises DataError for other calendars."""
    import pyarrow

    if frequency not in UNITS:
        raise DataError(
            f"column {name!r} holds pandas' periods of frequency {frequency}",
            place=place,
            allowed="periods of calendar years, quarters, months, weeks from Monday, days, hours, minutes or seconds",
            advice=f"write them as times: frame[{name!r}].dt.to_timestamp()",
        )
    # The ordinals lie below the extension type.
    column = getattr(column, "storage", column).cast("int64")
    missing = column.is_null().to_numpy(zero_copy_only=False)
    # Any number will do where one is missing: the mask takes it away again.
    ordinals = column.fill_null(0).to_numpy(zero_copy_only=False)
    return pyarrow.array(_times(ordinals, UNITS[frequency]), mask=missing)


def _times(ordinals: Any, unit: str) -> Any:
    if unit == "Q":
        return (3 * ordinals).astype("datetime64[M]").astype("datetime64[D]")
    if unit == "W":
        return (WEEK_0 + 7 * ordinals).astype("datetime64[D]")
    times = ordinals.astype(f"datetime64[{unit}]")
    # Arrow has no dates coarser than a day, and no times coarser than a second.
    return times.astype("datetime64[D]" if unit in "YMD" else np.promote_types(times.dtype, "datetime64[s]"))
