"""Columns of forecasts as rows, as CSV, and as a file: CSV, JSON or Parquet by its ending.

Not here: making them (answering.py, backtesting.py).
"""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from recurra.cli.console import say
from recurra.errors import UsageError


def rows_of(columns: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a record for each row, as JSON and CSV hold them."""
    return [
        {
            name: float(cell) if hasattr(cell, "dtype") and cell.dtype.kind == "f" else str(cell)
            for name, cell in zip(columns, cells, strict=True)
        }
        for cells in zip(*columns.values(), strict=True)
    ]


def csv_of(columns: dict[str, Any]) -> str:
    """Return the columns as CSV with a header."""
    page = io.StringIO()
    # Plain line feeds on every system: the output is a file as often as a screen.
    writer = csv.writer(page, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(row.values() for row in rows_of(columns))
    return page.getvalue()


def write_table(columns: dict[str, Any], output: str, *, as_json: bool = False) -> None:
    """Write the columns to a file: as JSON or Parquet where its ending says so, else as CSV; a file of before is kept
    whole until the new one is.
    """
    from recurra.artefact.writing import write_atomically

    ending = Path(output).suffix.lower()
    if ending == ".parquet":
        write_atomically(Path(output), _parquet_of(columns))
    elif as_json or ending == ".json":
        write_atomically(Path(output), json.dumps({"task": "series", "rows": rows_of(columns)}) + "\n")
    else:
        write_atomically(Path(output), csv_of(columns))
    count = len(next(iter(columns.values()), ()))
    say(f"{count:,} forecasts → {output}")


def _parquet_of(columns: dict[str, Any]) -> bytes:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise UsageError("Parquet needs pyarrow", advice="pip install 'recurra[train]', or write a .csv") from None
    sink = pyarrow.BufferOutputStream()
    parquet.write_table(pyarrow.table({name: _typed(cells) for name, cells in columns.items()}), sink)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _typed(cells: Any) -> Any:
    """Return times in a unit that Arrow has: seconds for hours, months and the like."""
    times = getattr(getattr(cells, "dtype", None), "kind", "") == "M"
    return cells if not times or str(cells.dtype)[-3:-1] in ("ms", "us", "ns") else cells.astype("datetime64[s]")
