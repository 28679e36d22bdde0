"""Tables from files of any form: opened once, described, then streamed in batches of rows.

Not here: the readers, each in a file of its own (formats.py names them), and what the columns mean. A bad row ends the
reading, or is left out and listed, as the caller chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Unpack, get_args

from recurra.datasets import FORMS
from recurra.datasets.columns import Header, name_list
from recurra.datasets.formats import ChoiceOrigin, Form, Format, FormatOptions, OnError, Quoting
from recurra.datasets.sources import Readable, name_of
from recurra.errors import DataError, Place, UsageError, either

CellValue = str | float | int | bool | None
"""What a cell can hold: CSV and TSV give texts; JSONL and Parquet also numbers, truth values and None."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table: the physical line it starts on (from 1; for Parquet the row number) and its cells."""

    line: int
    values: dict[str, CellValue]
    raw: str
    place: Callable[[str], Place]
    """Finds where the cell of a column stands: file, line and column in characters."""


@dataclass(frozen=True)
class RowBatch:
    """Rows of a table after one another: the cells (rows,) of each column."""

    lines: Sequence[int]
    """The physical line each row starts on."""
    columns: Mapping[str, Sequence[CellValue]]
    place: Callable[[int, str], Place]
    """Finds where the cell of a row and a column stands; only errors need it."""
    raw: Callable[[int], str] = lambda row: ""
    """Gives the text that a row was read from."""
    written: bool = False
    """Whether all cells are texts, as plain files have them."""

    def texts(self, name: str) -> Sequence[str] | None:
        """Return the cells of a column where all of them are texts, else None."""
        cells = self.columns[name]
        return cells if self.written or {*map(type, cells)} == {str} else None  # type: ignore[return-value]

    def holds_texts(self, name: str) -> bool:
        """Tell whether some cells of a column are texts."""
        return self.written or str in map(type, self.columns[name])

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.lines)

    def rows(self) -> Iterator[TableRow]:
        """Yield the rows; columns are many times quicker to read."""
        for at, line in enumerate(self.lines):
            values = {name: cells[at] for name, cells in self.columns.items()}
            yield TableRow(line, values, self.raw(at), partial(self.place, at))


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was refused and left out: its physical line and the whole error line."""

    line: int
    reason: str

    @classmethod
    def of(cls, problem: DataError) -> Reject:
        """Keep what is wrong with a row."""
        return cls(problem.place.line if problem.place else 0, str(problem))


Batches = Iterator[RowBatch | DataError]
"""Rows as a reader gives them; what is wrong with a row comes in its place."""


@dataclass(frozen=True)
class Dialect:
    """Form, encoding, delimiter, quoting and header of a file, where each comes from, and what is doubtful in it."""

    form: Form
    encoding: str = "utf-8"
    delimiter: tuple[str, ChoiceOrigin] = (",", "assumed")
    quoting: tuple[Quoting, ChoiceOrigin] = ("csv", "assumed")
    header: tuple[bool, ChoiceOrigin] = (False, "assumed")
    first: int = 1
    """The line of the first record."""
    doubts: tuple[str, ...] = ()

    def told(self, names: Sequence[str]) -> str:
        """Say in one line how the file is read."""
        encoding = "" if self.form == "parquet" else f" in {self.encoding}"
        if self.form not in ("csv", "tsv"):
            return f"read as {self.form}{encoding}: columns {name_list(names)}"
        marks = f"delimiter {self.delimiter[0]!r} ({self.delimiter[1]}), quoting {self.quoting[0]} ({self.quoting[1]})"
        header = f"header on line {self.first}" if self.header[0] else "no header"
        return f"read{encoding}, {marks}, {header} ({self.header[1]}): columns {name_list(names)}"

    @property
    def named(self) -> bool:
        """Whether the file itself names its columns."""
        return self.header[0] or self.form in ("jsonl", "parquet")

    @property
    def hint(self) -> str:
        """What to try when a column is missing, because the first line was taken for something else."""
        if self.header[1] == "asked for" or self.form not in ("csv", "tsv"):
            return ""
        if self.header[0]:
            without = either("--no-header", "header=False")
            return f"pass {without} if line {self.first} is data" if self.header[1] == "assumed" else ""
        return f"pass {either('--header', 'header=True')}: line {self.first} was taken for data"


@dataclass(frozen=True)
class Request:
    """What a reader is told when it opens a file."""

    source: Readable
    written: Format
    form: Form
    columns: Sequence[str]
    """Names that the caller expects among the columns."""
    streamed: bool
    """Whether the file is a pipe that may wait for answers: nothing is read ahead that can be done without."""
    lists: bool = False
    """Whether a cell of JSON may be a list."""

    @property
    def file(self) -> str:
        """The name that error places carry."""
        return name_of(self.source)

    def opened(self) -> FileTable:
        """Open the file by the reader of its form."""
        # Readers are loaded here and no sooner: pyarrow's, for one, costs more than a whole answer does.
        # Readers are found by name, so that a new form is a line in FORMS and no import here.
        module, function = FORMS[self.form][0].split(".")
        table: FileTable = getattr(import_module(f"{__package__}.{module}"), function)(self)
        return table


@dataclass(frozen=True)
class FileTable:
    """An opened file: how it is read, its columns, and its rows in batches, which can be read once."""

    request: Request
    dialect: Dialect
    names: list[str]
    read: Callable[[list[str] | None], Batches]
    """Gives the rows with the wanted columns (None: all)."""
    warnings: list[str] = field(default_factory=list)
    """What is doubtful; complete once the rows are read."""
    zones: Mapping[str, str] = field(default_factory=dict)
    """The columns that hold times by their type, and the zone of each; empty where it has none."""

    @property
    def file(self) -> str:
        """The name that error places carry."""
        return self.request.file

    @property
    def header(self) -> Header:
        """The names of the columns, and what to try where one is missing."""
        return Header(self.names, Place(self.file, self.dialect.first), self.dialect.hint)

    @property
    def note(self) -> str:
        """What was taken for delimiter, quoting, header and columns, in one line."""
        return self.dialect.told(self.names)

    def again(self) -> FileTable:
        """Open the file once more, as it was opened."""
        # Now the whole file is there, so nothing has to be settled by its header alone.
        return replace(self.request, streamed=False).opened()

    def batches(
        self, columns: Sequence[str] | None = None, *, on_error: OnError = "stop", rejects: list[Reject] | None = None
    ) -> Iterator[RowBatch]:
        """Yield the rows with the wanted columns (None: all), in order.

        A bad row raises DataError with `file:line:column`, or with `on_error="reject"` is added to `rejects` and left
        out. What concerns the whole file (no rows, line and gzip caps, a change on disk) always raises.
        """
        if on_error not in get_args(OnError):
            raise UsageError("on_error", found=repr(on_error), allowed="stop, reject")
        seen = False
        for batch in self.read(None if columns is None else list(columns)):
            seen = True
            if isinstance(batch, RowBatch):
                yield batch
            elif on_error == "stop":
                raise batch
            elif rejects is not None:
                rejects.append(Reject.of(batch))
        # Only here is it sure that no row comes: each reader may stream.
        if not seen:
            wrong = "0 rows after the header" if self.dialect.header[0] else "no rows"
            advice = "; ".join(("bring a file with data", *self.dialect.doubts))
            raise DataError(wrong, place=Place(self.file), advice=advice)


def open_table(
    source: Readable,
    *,
    asked: Sequence[str] = (),
    streamed: bool = False,
    lists: bool = False,
    **options: Unpack[FormatOptions],
) -> FileTable:
    """Open a file, or stdin (`-`), and settle how it is read; `asked` names columns that the caller expects there.

    `streamed` settles it by the header, or the first object, where that leaves no doubt, without waiting for more.
    Options: `form`, `encoding`, `delimiter`, `quoting`, `header`, each left to the file when None (formats.py).
    Raises DataError for a file that cannot be read, UsageError for an option that is none or that the form ignores.
    """
    written = Format(**options)
    return Request(source, written, written.form_of(source), asked, streamed, lists).opened()


def read_columns(source: str | Path, **options: Unpack[FormatOptions]) -> list[str]:
    """Return the column names of a file: its header, the keys of its first JSON objects, or `text` for plain lines."""
    return open_table(source, **options).names
