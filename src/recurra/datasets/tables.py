"""Rows of a table, streamed from CSV, TSV, JSON Lines, Parquet or plain lines, plain or gzipped.

Not here: what the columns mean. A row that cannot be used stops the reading or is counted out, as the caller chooses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

from recurra.datasets.delimited_rows import Delimited, open_delimited
from recurra.datasets.json_rows import pick_keys, read_objects
from recurra.datasets.lines import Line, read_lines
from recurra.datasets.parquet_rows import parquet_columns, read_parquet
from recurra.datasets.records import Reject, Row
from recurra.datasets.sources import name_of
from recurra.errors import DataError, Place, UsageError

Form = Literal["csv", "tsv", "jsonl", "parquet", "lines"]
OnError = Literal["stop", "reject"]

ENDINGS: dict[str, Form] = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".txt": "lines",
    ".tokens": "lines",
    ".text": "lines",
}
LINES_COLUMN = "text"
"""The column name that plain lines get."""


def form_of(source: str | Path) -> Form:
    """Tell the form from the file's ending, a last `.gz` aside; stdin is plain lines unless the caller knows better."""
    if str(source) == "-":
        return "lines"
    name = Path(source).name.casefold().removesuffix(".gz")
    form = ENDINGS.get(Path(name).suffix)
    if form is None:
        raise DataError(
            "unknown kind of file", place=Place(str(source)), allowed=", ".join(ENDINGS) + ", and .gz of them"
        )
    return form


def read_columns(
    source: str | Path, *, encoding: str = "utf-8", form: Form | None = None, delimiter: str | None = None
) -> list[str]:
    """Return the column names of a table: the header, the keys of the first JSON object, or `text` for plain lines."""
    kind = form or form_of(source)
    if kind == "parquet":
        return parquet_columns(source)
    if kind == "lines":
        return [LINES_COLUMN]
    lines = read_lines(source, encoding=encoding)
    if kind == "jsonl":
        first = next(read_objects(lines, file=name_of(source)), None)
        if isinstance(first, DataError):
            raise first
        return list(first.values) if first else []
    return _delimited(lines, name_of(source), kind, delimiter, []).names


def read_rows(
    source: str | Path,
    *,
    columns: Sequence[str] | None = None,
    encoding: str = "utf-8",
    on_error: OnError = "stop",
    rejects: list[Reject] | None = None,
    form: Form | None = None,
    delimiter: str | None = None,
) -> Iterator[Row]:
    """Yield the rows of a file, or of stdin (`-`), with the wanted columns (None: all), in order.

    A bad row raises DataError with `file:line:column`, or with `on_error="reject"` is added to `rejects` and left out.
    What concerns the whole file (no such file, no rows, header, line and gzip caps, a change on disk) always raises.
    """
    if on_error not in get_args(OnError):
        raise UsageError("on_error", found=repr(on_error), allowed="stop, reject")
    kind = form or form_of(source)
    wanted = None if columns is None else list(columns)
    seen = 0
    for row in _rows(source, kind, wanted=wanted, encoding=encoding, delimiter=delimiter):
        seen += 1
        if isinstance(row, Row):
            yield row
        elif on_error == "stop":
            raise row
        elif rejects is not None:
            rejects.append(reject_of(row))
    if not seen:
        wrong = "0 rows after the header" if kind in ("csv", "tsv") else "no rows"
        raise DataError(wrong, place=Place(name_of(source)), advice="bring a file with data")


def reject_of(problem: DataError) -> Reject:
    """Keep a bad row's line and reason."""
    return Reject(problem.place.line if problem.place else 0, str(problem))


def _rows(
    source: str | Path, kind: Form, *, wanted: list[str] | None, encoding: str, delimiter: str | None
) -> Iterator[Row | DataError]:
    file = name_of(source)
    if kind == "parquet":
        return iter(read_parquet(source, columns=wanted))
    lines = read_lines(source, encoding=encoding)
    if kind == "lines":
        return _plain(lines, file)
    if kind == "jsonl":
        return pick_keys(read_objects(lines, file=file), wanted=wanted, file=file)
    return _delimited(lines, file, kind, delimiter, wanted or []).rows(wanted)


def _delimited(lines: Iterator[Line], file: str, kind: Form, delimiter: str | None, wanted: list[str]) -> Delimited:
    return open_delimited(lines, file=file, delimiter=delimiter or ("\t" if kind == "tsv" else None), wanted=wanted)


def _plain(lines: Iterator[Line], file: str) -> Iterator[Row | DataError]:
    def place(row: Row, name: str) -> Place:
        return Place(file, row.line)

    for number, text, problem in lines:
        yield problem or Row(number, {LINES_COLUMN: text}, finder=place)
