"""Columns of forecasts as rows, as CSV, and as a file: CSV, JSON or Parquet by its ending.

Not here: making them (answering.py, backtesting.py).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

from recurra.cli.console import say
from recurra.errors import UsageError

TOGETHER = 100_000
"""Rows that are written at once."""


def rows_of(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a record for each row, as JSON and CSV hold them."""
    return [
        {
            name: float(cell) if hasattr(cell, "dtype") and cell.dtype.kind == "f" else str(cell)
            for name, cell in zip(columns, cells, strict=True)
        }
        for cells in zip(*columns.values(), strict=True)
    ]


def csv_parts(columns: dict[str, Any]) -> Iterator[str]:
    """Yield the columns as CSV with a header, a part after the other."""
    header: list[Any] = [list(columns)]
    for part in _parts(columns):
        page = io.StringIO()
        # Plain line feeds on every system: the output is a file as often as a screen.
        writer = csv.writer(page, lineterminator="\n")
        writer.writerows([*header, *(row.values() for row in rows_of(part))])
        header = []
        yield page.getvalue()


def _parts(columns: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the rows by `TOGETHER`; one empty part where there is none."""
    count = len(next(iter(columns.values()), ()))
    for start in range(0, max(count, 1), TOGETHER):
        yield {name: cells[start : start + TOGETHER] for name, cells in columns.items()}


def write_table(columns: dict[str, Any], output: str, *, as_json: bool = False) -> None:
    """Write the columns to a file: as JSON or Parquet where its ending says so, else as CSV; a file of before is kept
    whole until the new one is. CSV and Parquet are written part by part, in Parquet a row group each.
    """
    from recurra.artefact.writing import write_atomically

    ending = Path(output).suffix.lower()
    if ending == ".parquet":
        _write_parquet(columns, Path(output))
    elif as_json or ending == ".json":
        write_atomically(Path(output), json.dumps({"task": "series", "rows": rows_of(columns)}) + "\n")
    else:
        write_atomically(Path(output), lambda file: file.writelines(part.encode() for part in csv_parts(columns)))
    count = len(next(iter(columns.values()), ()))
    say(f"{count:,} forecasts → {output}")


def _write_parquet(columns: dict[str, Any], output: Path) -> None:
    from recurra.artefact.writing import write_atomically

    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError("Parquet needs pyarrow", advice="pip install 'recurra[train]', or write a .csv") from None

    def write(file: BinaryIO) -> None:
        tables = (pyarrow.table({name: _typed(cells) for name, cells in part.items()}) for part in _parts(columns))
        first = next(tables)
        with parquet.ParquetWriter(file, first.schema) as writer:
            for table in chain([first], tables):
                writer.write_table(table)

    write_atomically(output, write)


def _typed(cells: Any) -> Any:
    """Return times in a unit that Arrow has: seconds for hours, months and the like."""
    times = getattr(getattr(cells, "dtype", None), "kind", "") == "M"
    return cells if not times or str(cells.dtype)[-3:-1] in ("ms", "us", "ns") else cells.astype("datetime64[s]")
