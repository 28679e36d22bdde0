"""Rows of a file and series of a frame for tests, through the same doors as the product's readers.

Not here: tests.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Unpack

from recurra.datasets.formats import FormatOptions, OnError
from recurra.datasets.series import files
from recurra.datasets.series.frames import FrameSeries
from recurra.datasets.series.table import SeriesReading, SeriesTable
from recurra.datasets.tables import Reject, TableRow, open_table


def read_rows(
    source: str | Path,
    *,
    columns: Sequence[str] | None = None,
    on_error: OnError = "stop",
    rejects: list[Reject] | None = None,
    **options: Unpack[FormatOptions],
) -> Iterator[TableRow]:
    """Open a file and yield its rows one by one."""
    table = open_table(source, asked=columns or (), **options)
    for batch in table.batches(columns, on_error=on_error, rejects=rejects):
        yield from batch.rows()


def read_series(source: str | Path, **choices: Any) -> SeriesTable:
    """Read series from a file; the choices are those of `SeriesReading`, and how the file is written."""
    written = {name: choices.pop(name) for name in FormatOptions.__annotations__ if name in choices}
    return files.read_series(source, SeriesReading(**choices), **written)


def series_from_frame(frame: Any, **choices: Any) -> SeriesTable:
    """Take series out of a frame; the choices are those of `SeriesReading`."""
    return FrameSeries.of(frame, SeriesReading(**choices)).table
