"""Texts with their labels and groups out of a table, part by part or whole, and running text for language models.

Not here: whether labels are fit for training (labels.py), and tokens. Empty texts are kept and counted. Columns are
taken at once, and row by row where something is wrong in them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import compress
from pathlib import Path
from typing import Any, NamedTuple, Unpack

from recurra.datasets.columns import TextColumns, choose_text_columns, told_columns
from recurra.datasets.doubts import Doubts, doubtful_characters
from recurra.datasets.formats import Format, FormatOptions, TextOptions, TextReading, as_form
from recurra.datasets.labels import is_missing, label_text
from recurra.datasets.sources import name_of
from recurra.datasets.tables import FileTable, Reject, RowBatch, open_table
from recurra.errors import DataError, Place, UsageError, either

SURROGATE = re.compile("[\ud800-\udfff]")


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

    def at(self, rows: Sequence[int]) -> TextTable:
        """Return the table of some rows, in their order."""
        lists = ("texts", "labels", "groups", "lines", "ids")
        whole = {name: cells for name in lists if (cells := getattr(self, name)) is not None}
        picked: dict[str, Any] = {name: [cells[row] for row in rows] for name, cells in whole.items()}
        return replace(self, **picked)


@dataclass(frozen=True)
class RunningText:
    """One text, its line ends all line feeds, with what is doubtful in it and how it was read."""

    text: str
    warnings: list[str] = field(default_factory=list)
    note: str = ""
    columns: TextColumns | None = None
    """The column of a table that was taken; None for plain text."""


class TextRows(NamedTuple):
    """Texts after one another and what belongs to them; a column that is not read has empty labels or groups."""

    texts: list[str]
    labels: list[str]
    groups: list[str]
    lines: list[int]


@dataclass(frozen=True)
class OpenTexts:
    """An opened table of texts, which can be read once: part by part, or whole."""

    table: FileTable
    columns: TextColumns
    guesses: list[str]
    """What is doubtful in the choice of the columns."""
    reading: TextReading
    doubts: Doubts
    rejects: list[Reject] = field(default_factory=list)
    """Rows that were left out so far."""

    def parts(self) -> Iterator[TextRows]:
        """Yield the rows as they are read. Raises DataError with `file:line:column`, and for no usable row."""
        seen = False
        for batch in self.table.batches(self.columns.names, on_error=self.reading.on_error, rejects=self.rejects):
            part = self.usable(batch)
            seen = seen or bool(part.texts)
            self.doubts.see(part.texts, part.labels)
            yield part
        if not seen:
            found = self.rejects[0].reason if self.rejects else ""
            raise DataError("no usable row", place=Place(self.table.file), found=found)

    def warnings(self) -> list[str]:
        """Return what is doubtful in the file and the rows that were read so far."""
        rejected = [f"{len(self.rejects):,} rows were refused and left out"] if self.rejects else []
        return [*self.table.warnings, *self.guesses, *self.doubts.told(), *rejected]

    def whole(self) -> TextTable:
        """Read all rows; raises as `parts` does."""
        grown = TextRows([], [], [], [])
        for part in self.parts():
            grown.texts.extend(part.texts)
            grown.labels.extend(part.labels)
            grown.groups.extend(part.groups)
            grown.lines.extend(part.lines)
        return TextTable(
            texts=grown.texts,
            labels=grown.labels if self.columns.label is not None else None,
            groups=grown.groups if self.columns.group is not None else None,
            lines=grown.lines,
            rejects=sorted(self.rejects, key=lambda reject: reject.line),
            warnings=self.warnings(),
            # A list of lines has no column that a later file could have again.
            columns=None if self.table.dialect.form == "lines" else self.columns,
            note=self.table.note,
        )

    def usable(self, batch: RowBatch) -> TextRows:
        """Take whole columns; a row that is at fault ends the reading, or is left out and listed."""
        columns, blank = self.columns, [""] * len(batch)
        texts: Sequence[Any] = batch.columns[columns.text]
        labels = blank if columns.label is None else [*map(_name, batch.columns[columns.label])]
        groups = blank if columns.group is None else [*map(_name, batch.columns[columns.group])]
        rows = TextRows([*texts], labels, groups, [*batch.lines])
        # Labels are few: each distinct one is looked at once.
        missing = columns.label is not None and any(map(self._is_missing, {*labels}))
        if not missing and all(map(_are_texts, rows[:3])):
            return rows
        # Row by row only to find the places of the faults, and what is good around them.
        good: list[bool] = []
        for row in range(len(batch)):
            fault = self._fault(batch, rows, row)
            good.append(fault is None)
            if fault is not None and self.reading.on_error == "stop":
                raise fault
            self.rejects.extend([] if fault is None else [Reject.of(fault)])
        return TextRows(*([*compress(cells, good)] for cells in rows))  # type: ignore[arg-type]

    def _fault(self, batch: RowBatch, rows: TextRows, row: int) -> DataError | None:
        """Return what is wrong with the first cell of a row that is not what it must be."""
        columns = self.columns
        for column, cells in ((columns.text, rows.texts), (columns.label, rows.labels), (columns.group, rows.groups)):
            wrong = None if column is None else self._wrong(cells[row], column, is_label=cells is rows.labels)
            if column is not None and wrong is not None:
                return DataError(place=batch.place(row, column), **wrong)
        return None

    def _wrong(self, cell: Any, column: str, *, is_label: bool) -> dict[str, str] | None:
        """Say what is wrong with a cell, and what to do."""
        if not isinstance(cell, str):
            found = "nothing" if cell is None else f"{type(cell).__name__} {cell}"
            return {"wrong": f"{column!r} is no text", "found": found, "allowed": "a text"}
        # JSON may hold half of a pair of surrogates, which is no character and cannot be written to a file.
        if half := SURROGATE.search(cell):
            found = f"U+{ord(half[0]):04X} at character {half.start() + 1:,} of the field"
            return {"wrong": "lone surrogate: not a character", "found": found}
        if not (is_label and self._is_missing(cell)):
            return None
        advice = "fill it, or leave the row out"
        # A blank label is never a class; a word for missing may be one, if that is said.
        if cell.strip():
            advice += f"; where it is a class: {either('--labels-as-written', 'labels_as_written=True')}"
        return {"wrong": f"label is missing in column {column!r}", "found": repr(cell), "advice": advice}

    def _is_missing(self, label: str) -> bool:
        return is_missing(label, as_written=self.reading.labels_as_written)


def _are_texts(cells: Sequence[Any]) -> bool:
    """Tell whether all cells are texts that can be encoded."""
    try:
        # ASCII can always be encoded, and is most of what there is; joining the rest fails for what is no text.
        return all(map(str.isascii, cells)) or bool("".join(cells).encode("utf-8"))
    except (TypeError, UnicodeEncodeError):
        return False


def _name(value: Any) -> str:
    """Write a label or group as text; whole numbers stay exact, whatever their size."""
    return value if isinstance(value, str) else "" if value is None else label_text(value)


def open_texts(
    source: str | Path,
    reading: TextReading,
    *,
    labelled: bool | None = None,
    learnt: TextColumns | None = None,
    streamed: bool = False,
    lists: bool = False,
) -> OpenTexts:
    """Open CSV, TSV, JSON, Parquet or plain lines (one text a line), or stdin (`-`, plain lines), to read texts.

    `labelled`: True needs a label column, False reads none, None takes one that is there. Columns that `reading` leaves
    open are those that a model has `learnt` from, else guessed. `streamed` settles the columns by the header, or the
    first object, where that leaves no doubt, without waiting for more. `lists`: a cell of JSON may be one.
    Raises DataError with `file:line:column`.
    """
    # Names that are expected help to tell header and delimiter.
    asked = [name for name in (reading.text, reading.label, reading.group, learnt and learnt.text) if name]
    table = open_table(source, asked=asked, streamed=streamed, lists=lists, **reading.options())
    # Columns without names are the same as another file's by their numbers alone.
    learnt = learnt if table.dialect.named or (learnt and learnt.text in table.names) else None
    columns = choose_text_columns(table.header, reading, labelled=labelled, learnt=learnt)
    guesses = told_columns(columns, table.names, reading, learnt=learnt)
    return OpenTexts(table, columns, guesses, reading, Doubts(table.dialect.encoding))


def read_texts(
    source: str | Path,
    *,
    labelled: bool | None = None,
    learnt: TextColumns | None = None,
    **choices: Unpack[TextOptions],
) -> TextTable:
    """Read all texts of a file in its order; the choices are those of `TextReading`, the rest is as in `open_texts`."""
    return open_texts(source, TextReading(**choices), labelled=labelled, learnt=learnt).whole()


def read_running_text(source: str | Path, *, text: str | None = None, **options: Unpack[FormatOptions]) -> RunningText:
    """Read a file (or stdin, `-`) as one text for a language model; every kind of line end becomes a line feed.

    Of a table (by its ending, or `form`) the column `text` is taken, else an obvious one, a row a line; any other file
    is plain text, one line of which may be as long as the file. Raises DataError for bytes that are not in the
    encoding, NUL, no text, and whatever is wrong with a table.
    """
    # Only running text needs it.
    from recurra.datasets.plain import line_doubts, plain_text, unified

    written = Format(**options)
    if written.form_of(source, unknown="lines") != "lines":
        table = read_texts(source, text=text, labelled=False, **options)
        running = RunningText(unified("\n".join(table.texts)), table.warnings, table.note, table.columns)
    elif text is not None:
        found = f"{source} is read as plain text"
        raise UsageError("--text is for tables", found=found, advice=f"pass {as_form('csv')}")
    else:
        whole, encoding = plain_text(source, written.encoding), written.encoding
        lines, unreadable = whole.split("\n"), whole.count("\ufffd")
        warnings = line_doubts(lines, name_of(source))
        warnings += [f"{unreadable:,} U+FFFD: was it decoded wrongly?"] if unreadable else []
        warnings += doubtful_characters(lines, encoding=encoding, what="lines")
        running = RunningText(whole, warnings, f"read as plain text in {encoding}")
    if not running.text.strip():
        raise DataError("no text", place=Place(name_of(source)))
    return running
