"""What reading a file gives: batches of rows, refused rows and tables of texts, as plain frozen records.

Not here: reading and checking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from recurra.datasets.columns import TextColumns
from recurra.errors import Place

Value = str | float | int | bool | None
"""What a cell can hold: CSV and TSV give texts; JSONL and Parquet also numbers, truth values and None."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a table: the physical line it starts on (from 1; for Parquet the row number) and its cells."""

    line: int
    values: dict[str, Value]
    raw: str
    finder: Callable[[str], Place]

    def place(self, name: str) -> Place:
        """Return where the cell of column `name` stands: file, line and column in characters."""
        return self.finder(name)


@dataclass(frozen=True)
class Batch:
    """Rows of a table after one another: the cells (rows,) of each column."""

    lines: Sequence[int]
    """The physical line each row starts on."""
    columns: Mapping[str, Sequence[Value]]
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

    def rows(self) -> Iterator[Row]:
        """Yield the rows, for whoever looks for the cell that is at fault."""
        for at, line in enumerate(self.lines):
            values = {name: cells[at] for name, cells in self.columns.items()}
            yield Row(line, values, self.raw(at), partial(self.place, at))


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that was refused and left out: its physical line and the whole error line."""

    line: int
    reason: str


@dataclass(frozen=True)
class TextTable:
    """Texts in file order with what belongs to them; all lists are as long as `texts`."""

    texts: list[str]
    labels: list[str] | None
    groups: list[str] | None
    lines: list[int]
    """The physical line each text starts on, from 1 (0 where a text is a file of its own)."""
    rejects: list[Reject] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    ids: list[str] | None = None
    """Names of the texts where the source has them, such as file stems."""
    columns: TextColumns | None = None
    """The columns of a table that were read; None where the source has no named columns."""
    note: str = ""
    """How the file was read, in one line."""

    def __len__(self) -> int:
        """Count the texts."""
        return len(self.texts)

    @property
    def empty(self) -> int:
        """Texts that are empty or hold only white space; they are kept."""
        return sum(1 for text in self.texts if not text.strip())


@dataclass(frozen=True)
class RunningText:
    """One text, its line ends all line feeds, with what is doubtful in it and how it was read."""

    text: str
    warnings: list[str] = field(default_factory=list)
    note: str = ""
    columns: TextColumns | None = None
    """The column of a table that was taken; None for plain text."""
