"""Parquet files as batches of rows, read through pyarrow.

Not here: text formats. Row numbers stand for lines; dates and times become ISO texts, as a text table would hold them.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from recurra.datasets.columns import listed, need
from recurra.datasets.records import Batch, Value
from recurra.datasets.sources import Readable, check_unchanged, facts, open_regular
from recurra.errors import DataError, Place

BATCH = 4096


def parquet_columns(source: Readable) -> list[str]:
    """Return the column names of a Parquet file; raise DataError when it is none or has a name twice."""
    import pyarrow.parquet as parquet

    with open_regular(source) as stream:
        return _names(_opened(parquet, stream, Place(str(source))), str(source))


def parquet_zone(source: Readable, column: str) -> str:
    """Return the name of the zone of a column of times, as the file's schema tells it; empty where there is none."""
    import pyarrow.parquet as parquet

    with open_regular(source) as stream:
        kind = _opened(parquet, stream, Place(str(source))).schema_arrow.field(column).type
    return getattr(kind, "tz", None) or ""


def read_parquet(source: Readable, columns: list[str] | None) -> Iterator[Batch]:
    """Yield the rows with the wanted columns (all when None); raise DataError for damaged files and nested columns."""
    import pyarrow.parquet as parquet

    place = Place(str(source))
    with open_regular(source) as stream:
        before = facts(stream)
        table = _opened(parquet, stream, place)
        found = _names(table, place.file)
        wanted = found if columns is None else [need(name, found, place=place) for name in columns]
        begin = 1
        for cells in _batches(table, wanted, place):
            check_unchanged(stream, before, place=place)
            lines = range(begin, begin + len(next(iter(cells.values()), ())))
            yield Batch(lines, cells, partial(_place, place.file, lines, wanted))
            begin = lines.stop
        check_unchanged(stream, before, place=place)
    if begin == 1:
        raise DataError("no rows", place=place)


def _opened(parquet: Any, stream: Any, place: Place) -> Any:
    try:
        return parquet.ParquetFile(stream)
    except (OSError, ValueError) as problem:
        raise DataError(f"cannot be read as Parquet: {_first_line(problem)}", place=place) from None


def _names(table: Any, file: str) -> list[str]:
    names = list(table.schema_arrow.names)
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise DataError("column names twice", place=Place(file), found=listed(twice), advice="rename one of each")
    return names


def _batches(table: Any, wanted: list[str], place: Place) -> Iterator[dict[str, list[Value]]]:
    try:
        for batch in table.iter_batches(batch_size=BATCH, columns=wanted):
            yield {name: _values(batch.column(name), name, place) for name in wanted}
    except (OSError, ValueError) as problem:
        raise DataError(f"damaged Parquet data: {_first_line(problem)}", place=place) from None


def _values(column: Any, name: str, place: Place) -> list[Value]:
    import pyarrow

    kind = column.type.value_type if pyarrow.types.is_dictionary(column.type) else column.type
    if pyarrow.types.is_nested(kind) or pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind):
        raise DataError(
            f"column {name!r} holds {kind}", place=place, allowed="texts, numbers, truth values, dates and times"
        )
    if pyarrow.types.is_temporal(kind):
        return [None if value is None else _iso(value) for value in column.to_pylist()]
    return [_plain(value) for value in column.to_pylist()]


def _iso(value: Any) -> str:
    return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else str(value)


def _plain(value: Any) -> Value:
    """Let NaN stand as a missing value and everything unusual as its text."""
    if isinstance(value, float) and math.isnan(value):
        return None
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _place(file: str, lines: Sequence[int], names: Sequence[str], row: int, name: str) -> Place:
    return Place(file, lines[row], names.index(name) + 1)


def _first_line(problem: Exception) -> str:
    return str(problem).strip().splitlines()[0] if str(problem).strip() else type(problem).__name__
