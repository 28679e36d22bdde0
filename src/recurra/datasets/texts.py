"""Texts with their labels and groups out of a table, and running text for language models.

Not here: whether labels are fit for training (labels.py), and tokens. Empty texts are kept and counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Unpack

from recurra.datasets.columns import TextColumns, choose_text_columns, told_columns
from recurra.datasets.dialects import SAMPLE, line_doubts
from recurra.datasets.encodings import advised, doubtful_characters, replaced_characters, text_codec, wide_codec
from recurra.datasets.formats import Format, FormatOptions, as_form
from recurra.datasets.labels import label_text
from recurra.datasets.lines import decoded_bytes, inner_codec
from recurra.datasets.missing import is_missing
from recurra.datasets.records import Reject, Row, RunningText, TextTable
from recurra.datasets.sources import name_of
from recurra.datasets.tables import OnError, Table, open_table, reject_of
from recurra.errors import DataError, Place, UsageError, either


@dataclass
class _Growing:
    texts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    groups: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)


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
    """Read texts from CSV, TSV, JSON, Parquet or plain lines (one text a line), or from stdin (`-`, plain lines).

    Columns not named are those that a model `learnt` from, else guessed by their obvious names. `labelled`: True needs
    a label column, False reads none, None takes one that is there. A label such as `NULL` is a missing one, unless
    `labels_as_written`. Rows keep the file's order; `on_error="reject"` leaves bad rows out and lists them. The options
    say how the file is written (`open_table`). Raises DataError with `file:line:column`.
    """
    asked = [name for name in (text, label, group, learnt and learnt.text) if name]
    table = open_table(source, asked=asked, **options)
    # Columns without names are the same as another file's by their numbers alone.
    learnt = learnt if table.dialect.named or (learnt and learnt.text in table.names) else None
    columns = choose_text_columns(
        table.names,
        text=text,
        label=label,
        group=group,
        labelled=labelled,
        place=Place(table.file, table.dialect.first),
        learnt=learnt,
        hint=table.dialect.hint,
    )
    rejects: list[Reject] = []
    rows = table.rows(columns.names, on_error=on_error, rejects=rejects)
    growing = _collect(rows, columns, on_error, rejects, labels_as_written)
    if not growing.texts:
        raise DataError("no usable row", place=Place(table.file), found=rejects[0].reason if rejects else "")
    guesses = told_columns(columns, table.names, text=text, label=label, learnt=learnt)
    return _text_table(growing, rejects, table, columns, guesses)


def _text_table(
    growing: _Growing, rejects: list[Reject], table: Table, columns: TextColumns, warnings: list[str]
) -> TextTable:
    return TextTable(
        texts=growing.texts,
        labels=growing.labels if columns.label is not None else None,
        groups=growing.groups if columns.group is not None else None,
        lines=growing.lines,
        rejects=sorted(rejects, key=lambda reject: reject.line),
        warnings=[*table.warnings, *warnings, *_warnings(growing, rejects, table.dialect.encoding)],
        columns=None if table.dialect.form == "lines" else columns,
        note=table.note,
    )


def read_whole_text(source: str | Path, *, text: str | None = None, **options: Unpack[FormatOptions]) -> str:
    """Read a file as one text: `read_running_text` without its warnings."""
    return read_running_text(source, text=text, **options).text


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


def _collect(
    rows: Iterator[Row], columns: TextColumns, on_error: OnError, rejects: list[Reject], as_written: bool
) -> _Growing:
    growing = _Growing()
    for row in rows:
        try:
            text = _text(row, columns.text)
            label = "" if columns.label is None else _label(row, columns.label, as_written)
            group = "" if columns.group is None else _name(row, columns.group)
        except DataError as problem:
            if on_error == "stop":
                raise
            rejects.append(reject_of(problem))
            continue
        growing.texts.append(text)
        growing.labels.append(label)
        growing.groups.append(group)
        growing.lines.append(row.line)
    return growing


def _text(row: Row, column: str) -> str:
    value = row.values[column]
    if not isinstance(value, str):
        found = "nothing" if value is None else f"{type(value).__name__} {value}"
        raise DataError(f"{column!r} is no text", place=row.place(column), found=found, allowed="a text")
    return _encodable(value, row, column)


def _label(row: Row, column: str, as_written: bool) -> str:
    name = _name(row, column)
    if is_missing(name, as_written=as_written):
        advice = "fill it, or leave the row out"
        if name.strip():
            advice += f"; where it is a class: {either('--labels-as-written', 'labels_as_written=True')}"
        raise DataError(
            f"label is missing in column {column!r}", place=row.place(column), found=repr(name), advice=advice
        )
    return name


def _name(row: Row, column: str) -> str:
    """Write a label or group as text; whole numbers stay exact, whatever their size."""
    value = row.values[column]
    return _encodable("" if value is None else label_text(value), row, column)


def _encodable(text: str, row: Row, column: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as problem:
        found = f"U+{ord(text[problem.start]):04X} at character {problem.start + 1:,} of the field"
        raise DataError("lone surrogate: not a character", place=row.place(column), found=found) from None
    return text


def _warnings(growing: _Growing, rejects: list[Reject], encoding: str) -> list[str]:
    empty = sum(1 for text in growing.texts if not text.strip())
    missing = [text for text in growing.texts if text.strip() and is_missing(text)]
    example = f"such as {''.join(missing[:1])!r}"
    return [
        *([f"{empty:,} texts are empty; they are kept"] if empty else []),
        *([f"{len(missing):,} texts are words for missing, {example}; they are read as texts"] if missing else []),
        *replaced_characters(growing.texts),
        *replaced_characters(set(growing.labels), what="labels"),
        *doubtful_characters(growing.texts, encoding=encoding),
        *doubtful_characters(set(growing.labels), encoding=encoding, what="labels"),
        *([f"{len(rejects):,} rows were refused and left out"] if rejects else []),
    ]
