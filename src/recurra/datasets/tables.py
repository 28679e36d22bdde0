"""Tables from CSV, TSV, JSON, Parquet or plain lines, plain or gzipped: opened once, described, then streamed.

Not here: what the columns mean. A row that cannot be used stops the reading or is counted out, as the caller chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Literal, Unpack, get_args

from recurra.datasets.columns import listed
from recurra.datasets.delimited_rows import open_delimited
from recurra.datasets.dialects import SAMPLE, Dialect, line_doubts
from recurra.datasets.encodings import text_codec
from recurra.datasets.formats import Format, FormatOptions
from recurra.datasets.json_rows import pick_keys, read_json, whole_table
from recurra.datasets.lines import Line, decoded_bytes, inner_codec, read_lines
from recurra.datasets.parquet_rows import parquet_columns, read_parquet
from recurra.datasets.records import Reject, Row
from recurra.datasets.sources import name_of
from recurra.errors import DataError, Place, UsageError

OnError = Literal["stop", "reject"]

LINES_COLUMN = "text"
"""The column name that plain lines get."""

Rows = Iterator[Row | DataError]


@dataclass(frozen=True)
class Table:
    """An opened file: how it is read, its columns, and its rows, which can be read once."""

    file: str
    dialect: Dialect
    names: list[str]
    again: Callable[[], Table]
    """Opens the file once more, as it was opened."""
    read: Callable[[list[str] | None], Rows]
    """Gives the rows with the wanted columns (None: all); what is wrong with a row comes in its place."""
    warnings: list[str] = field(default_factory=list)
    """What is doubtful; complete once the rows are read."""

    @property
    def note(self) -> str:
        """What was taken for delimiter, quoting, header and columns, in one line."""
        return self.dialect.told(self.names)

    def rows(
        self, columns: Sequence[str] | None = None, *, on_error: OnError = "stop", rejects: list[Reject] | None = None
    ) -> Iterator[Row]:
        """Yield the rows with the wanted columns (None: all), in order.

        A bad row raises DataError with `file:line:column`, or with `on_error="reject"` is added to `rejects` and left
        out. What concerns the whole file (no rows, line and gzip caps, a change on disk) always raises.
        """
        if on_error not in get_args(OnError):
            raise UsageError("on_error", found=repr(on_error), allowed="stop, reject")
        seen = 0
        for row in self.read(None if columns is None else list(columns)):
            seen += 1
            if isinstance(row, Row):
                yield row
            elif on_error == "stop":
                raise row
            elif rejects is not None:
                rejects.append(reject_of(row))
        if not seen:
            wrong = "0 rows after the header" if self.dialect.header[0] else "no rows"
            advice = "; ".join(("bring a file with data", *self.dialect.doubts))
            raise DataError(wrong, place=Place(self.file), advice=advice)


def open_table(source: str | Path, *, asked: Sequence[str] = (), **options: Unpack[FormatOptions]) -> Table:
    """Open a file, or stdin (`-`), and settle how it is read; `asked` names columns that the caller expects there.

    Options: `form`, `encoding`, `delimiter`, `quoting`, `header`, each left to the file when None (formats.py).
    Raises DataError for a file that cannot be read, UsageError for an option that is none or that the form ignores.
    """
    given = Format(**options)
    form, file = given.form_of(source), name_of(source)

    def again() -> Table:
        return open_table(source, asked=asked, **options)

    if form == "parquet":
        return Table(file, Dialect(form), parquet_columns(source), again, partial(read_parquet, source))
    if form == "jsonl":
        names, rows = _open_json(source, file, given.encoding)
        return Table(file, Dialect(form, given.encoding), names, again, partial(pick_keys, rows, file))
    lines = read_lines(source, encoding=given.encoding)
    if form == "lines":
        warnings: list[str] = []
        read = partial(_plain, lines, file, warnings)
        return Table(file, Dialect(form, given.encoding), [LINES_COLUMN], again, read, warnings)
    opened = open_delimited(lines, form=form, given=given, asked=asked, file=file)
    return Table(file, opened.dialect, opened.named, again, opened.rows, opened.warnings)


def read_columns(source: str | Path, **options: Unpack[FormatOptions]) -> list[str]:
    """Return the column names of a file: its header, the keys of its first JSON objects, or `text` for plain lines."""
    return open_table(source, **options).names


def read_rows(
    source: str | Path,
    *,
    columns: Sequence[str] | None = None,
    on_error: OnError = "stop",
    rejects: list[Reject] | None = None,
    **options: Unpack[FormatOptions],
) -> Iterator[Row]:
    """Open a file and yield its rows, as `Table.rows` does; `open_table` also tells how it is read."""
    table = open_table(source, asked=columns or (), **options)
    yield from table.rows(columns, on_error=on_error, rejects=rejects)


def reject_of(problem: DataError) -> Reject:
    """Keep a bad row's line and reason."""
    return Reject(problem.place.line if problem.place else 0, str(problem))


def _open_json(source: str | Path, file: str, encoding: str) -> tuple[list[str], Rows]:
    """Return the columns (the keys of the first objects together: not each row need have each) and the rows."""
    codec = text_codec(encoding)
    rows = read_json(decoded_bytes(source, codec=codec), codec=inner_codec(codec), file=file)
    first = list(islice(rows, SAMPLE))
    good = [row for row in first if isinstance(row, Row)]
    broken = next((row for row in first if isinstance(row, DataError)), None)
    if not first:
        raise DataError("no rows", place=Place(file), advice="bring a file with data")
    if broken is not None and not good:
        raise broken
    if good and whole_table(good[0]):
        raise DataError(
            "one object that holds the whole table",
            place=Place(file, good[0].line),
            found="keys " + listed(list(good[0].values)),
            allowed="one JSON object a line, or an array of objects (pandas: orient='records')",
        )
    return list(dict.fromkeys(name for row in good for name in row.values)), chain(first, rows)


def _plain(lines: Iterator[Line], file: str, warnings: list[str], wanted: list[str] | None) -> Rows:
    """Yield each line as a row; afterwards warn where they look like a table."""

    def place(row: Row, name: str) -> Place:
        return Place(file, row.line)

    first: list[str] = []
    for number, text, problem in lines:
        if len(first) < SAMPLE:
            first.append(text)
        yield problem or Row(number, {LINES_COLUMN: text}, finder=place)
    warnings.extend(line_doubts(first, file))
