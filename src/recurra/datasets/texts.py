"""Texts with their labels and groups out of a table, part by part or whole, and running text for language models.

Not here: whether labels are fit for training (labels.py), and tokens. Empty texts are kept and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

from recurra.datasets.columns import TextColumns, choose_text_columns, told_columns
from recurra.datasets.dialects import SAMPLE, line_doubts
from recurra.datasets.encodings import Doubts, advised, doubtful_characters, text_codec, wide_codec
from recurra.datasets.formats import Format, FormatOptions, as_form
from recurra.datasets.lines import decoded_bytes, inner_codec
from recurra.datasets.records import Reject, RunningText, TextTable
from recurra.datasets.sources import name_of
from recurra.datasets.tables import OnError, Table, open_table
from recurra.datasets.text_batches import TextBatch, text_batches
from recurra.errors import DataError, Place, UsageError


@dataclass(frozen=True)
class TextReading:
    """What is taken out of a table of texts: its columns (None: guessed), and what is done about bad rows."""

    text: str | None = None
    label: str | None = None
    group: str | None = None
    labelled: bool | None = None
    """True needs a label column, False reads none, None takes one that is there."""
    learnt: TextColumns | None = None
    """The columns that a model learnt from: those that are not named are the same."""
    on_error: OnError = "stop"
    """reject: bad rows are left out and listed."""
    labels_as_written: bool = False
    """A label such as `NULL` is one, not a missing one."""


@dataclass(frozen=True)
class Texts:
    """An opened table of texts, which can be read once: part by part, or whole."""

    table: Table
    columns: TextColumns
    guesses: list[str]
    """What is doubtful in the choice of the columns."""
    reading: TextReading
    doubts: Doubts
    rejects: list[Reject] = field(default_factory=list)
    """Rows that were left out so far."""

    def parts(self) -> Iterator[TextBatch]:
        """Yield the rows as they are read. Raises DataError with `file:line:column`, and for no usable row."""
        seen = False
        batches = self.table.batches(self.columns.names, on_error=self.reading.on_error, rejects=self.rejects)
        rejects = self.rejects if self.reading.on_error == "reject" else None
        for part in text_batches(batches, self.columns, rejects=rejects, as_written=self.reading.labels_as_written):
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
        grown = TextBatch([], [], [], [])
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
            columns=None if self.table.dialect.form == "lines" else self.columns,
            note=self.table.note,
        )


def open_texts(
    source: str | Path, reading: TextReading, *, streamed: bool = False, **options: Unpack[FormatOptions]
) -> Texts:
    """Open CSV, TSV, JSON, Parquet or plain lines (one text a line), or stdin (`-`, plain lines), to read texts.

    `streamed` settles the columns by the header, or the first object, where that leaves no doubt, without waiting for
    more. The options say how the file is written (`open_table`). Raises DataError with `file:line:column`.
    """
    learnt = reading.learnt
    asked = [name for name in (reading.text, reading.label, reading.group, learnt and learnt.text) if name]
    table = open_table(source, asked=asked, streamed=streamed, **options)
    # Columns without names are the same as another file's by their numbers alone.
    learnt = learnt if table.dialect.named or (learnt and learnt.text in table.names) else None
    columns = choose_text_columns(
        table.names,
        text=reading.text,
        label=reading.label,
        group=reading.group,
        labelled=reading.labelled,
        place=Place(table.file, table.dialect.first),
        learnt=learnt,
        hint=table.dialect.hint,
    )
    guesses = told_columns(columns, table.names, text=reading.text, label=reading.label, learnt=learnt)
    return Texts(table, columns, guesses, reading, Doubts(table.dialect.encoding))


def read_texts(
    source: str | Path,
    *,
    text: str | None = None,
    label: str | None = None,
    group: str | None = None,
    labelled: bool | None = None,
    learnt: TextColumns | None = None,
    on_error: OnError = "stop",
    labels_as_written: bool = False,
    **options: Unpack[FormatOptions],
) -> TextTable:
    """Read all texts of a file in its order; the choices are those of `TextReading`, the files those of `open_texts`.

    Columns not named are those that a model `learnt` from, else guessed by their obvious names. Raises DataError with
    `file:line:column`.
    """
    reading = TextReading(text, label, group, labelled, learnt, on_error, labels_as_written)
    return open_texts(source, reading, **options).whole()


def read_running_text(source: str | Path, *, text: str | None = None, **options: Unpack[FormatOptions]) -> RunningText:
    """Read a file (or stdin, `-`) as one text for a language model; every kind of line end becomes a line feed.

    Of a table (by its ending, or `form`) the column `text` is taken, else an obvious one, a row a line; any other file
    is plain text, one line of which may be as long as the file. Raises DataError for bytes that are not in the
    encoding, NUL, no text, and whatever is wrong with a table.
    """
    given = Format(**options)
    if given.form_of(source, unknown="lines") != "lines":
        table = read_texts(source, text=text, labelled=False, **options)
        whole = _unified("\n".join(table.texts))
        found = RunningText(whole, table.warnings, table.note, table.columns)
    elif text is not None:
        raise UsageError(
            "--text is for tables", found=f"{source} is read as plain text", advice=f"pass {as_form('csv')}"
        )
    else:
        whole = _decoded(source, given.encoding)
        lines = whole.split("\n")
        warnings = line_doubts(lines[:SAMPLE], name_of(source))
        warnings += [f"{count:,} U+FFFD: was it decoded wrongly?"] if (count := whole.count("\ufffd")) else []
        warnings += doubtful_characters(lines, encoding=given.encoding, what="lines")
        found = RunningText(whole, warnings, f"read as plain text in {given.encoding}")
    if not whole.strip():
        raise DataError("no text", place=Place(name_of(source)))
    return found


def _decoded(source: str | Path, encoding: str) -> str:
    codec = text_codec(encoding)
    data = b"".join(decoded_bytes(source, codec=codec))
    codec = inner_codec(codec)
    try:
        whole = data.decode(codec)
    except UnicodeDecodeError as problem:
        start, end = data.rfind(b"\n", 0, problem.start) + 1, data.find(b"\n", problem.start)
        line = data[start : end if end >= 0 else None]
        raise DataError(
            f"not {codec} at byte {problem.start:,}",
            place=Place(name_of(source), data.count(b"\n", 0, problem.start) + 1),
            found=f"byte 0x{data[problem.start]:02x}",
            advice=advised(line, codec, above=not data[:start].isascii()),
        ) from None
    if "\0" in whole:
        wide = wide_codec(data)
        advice = f"is it UTF-16? then pass --encoding {wide}" if wide else "remove it"
        line_number = whole.count("\n", 0, whole.index("\0")) + 1
        raise DataError("NUL character", place=Place(name_of(source), line_number), advice=advice)
    return _unified(whole)


def _unified(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
