"""Texts with their labels and groups out of a table, and the whole text of a file for language models.

Not here: whether labels are fit for training (labels.py), and tokens. Empty texts are kept and counted.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from recurra.datasets.columns import TextColumns, choose_text_columns, told_columns
from recurra.datasets.labels import label_text
from recurra.datasets.lines import decoded_bytes, splits_as_bytes, text_codec
from recurra.datasets.missing import is_missing
from recurra.datasets.records import Reject, Row, TextTable
from recurra.datasets.sources import name_of
from recurra.datasets.tables import Form, OnError, form_of, read_columns, read_rows, reject_of
from recurra.errors import DataError, Place, either


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
    encoding: str = "utf-8",
    on_error: OnError = "stop",
    form: Form | None = None,
    delimiter: str | None = None,
    labels_as_written: bool = False,
) -> TextTable:
    """Read texts from CSV, TSV, JSON Lines, Parquet or plain lines (one text a line), or from stdin (`-`, plain lines).

    Columns not named are guessed by their obvious names. `labelled`: True needs a label column, False reads none, None
    takes one that is there. A label such as `NULL` is a missing one, unless `labels_as_written`. Rows keep the file's
    order; `on_error="reject"` leaves bad rows out and lists them.
    Raises DataError with `file:line:column`.
    """
    kind = form or form_of(source)
    found: list[str] | None = None
    if kind == "lines" or str(source) != "-":
        found = read_columns(source, encoding=encoding, form=kind, delimiter=delimiter)
    place = Place(name_of(source), 1)
    columns = choose_text_columns(found, text=text, label=label, group=group, labelled=labelled, place=place)
    rejects: list[Reject] = []
    rows = read_rows(
        source,
        columns=columns.names,
        encoding=encoding,
        on_error=on_error,
        rejects=rejects,
        form=kind,
        delimiter=delimiter,
    )
    growing = _collect(rows, columns, on_error, rejects, labels_as_written)
    if not growing.texts:
        raise DataError("no usable row", place=Place(name_of(source)), found=rejects[0].reason if rejects else "")
    warnings = told_columns(columns, found or [], text=text, label=label) + _warnings(growing.texts, rejects)
    return _table(growing, columns if kind != "lines" else None, rejects, warnings)


def read_whole_text(source: str | Path, *, encoding: str = "utf-8") -> str:
    """Read a file (or stdin, `-`) as one text for a language model; every kind of line end becomes a line feed.

    One line may be as long as the file. Raises DataError for bytes that are not in the encoding, NUL, and no text.
    """
    codec = text_codec(encoding)
    data = b"".join(decoded_bytes(source, codec=codec))
    codec = codec if splits_as_bytes(codec) else "utf-8"
    try:
        whole = codecs.decode(data, codec)
    except UnicodeDecodeError as problem:
        place = Place(name_of(source), data.count(b"\n", 0, problem.start) + 1)
        found = f"byte 0x{data[problem.start]:02x}"
        raise DataError(
            f"not {codec} at byte {problem.start:,}", place=place, found=found, advice="pass --encoding"
        ) from None
    if "\0" in whole:
        line = whole.count("\n", 0, whole.index("\0")) + 1
        raise DataError("NUL character", place=Place(name_of(source), line), advice="is it UTF-16?")
    if not whole.strip():
        raise DataError("no text", place=Place(name_of(source)))
    return whole.replace("\r\n", "\n").replace("\r", "\n")


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


def _table(growing: _Growing, columns: TextColumns | None, rejects: list[Reject], warnings: list[str]) -> TextTable:
    return TextTable(
        texts=growing.texts,
        labels=growing.labels if columns is not None and columns.label is not None else None,
        groups=growing.groups if columns is not None and columns.group is not None else None,
        lines=growing.lines,
        rejects=sorted(rejects, key=lambda reject: reject.line),
        warnings=warnings,
        columns=columns,
    )


def _warnings(texts: list[str], rejects: list[Reject]) -> list[str]:
    empty = sum(1 for text in texts if not text.strip())
    replaced = sum(1 for text in texts if "\ufffd" in text)
    missing = [text for text in texts if text.strip() and is_missing(text)]
    notes = (
        (empty, "texts are empty; they are kept"),
        (len(missing), f"texts are words for missing, such as {''.join(missing[:1])!r}; they are read as texts"),
        (replaced, "texts hold U+FFFD: were they decoded wrongly?"),
        (len(rejects), "rows were refused and left out"),
    )
    return [f"{count:,} {note}" for count, note in notes if count]
