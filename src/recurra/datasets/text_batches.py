"""Texts, labels and groups out of batches of rows: a column at once; row by row where something is wrong in it.

Not here: which columns they are (columns.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from recurra.datasets.cells import is_missing
from recurra.datasets.columns import TextColumns
from recurra.datasets.labels import label_text
from recurra.datasets.records import Batch, Reject, Row
from recurra.datasets.tables import reject_of
from recurra.errors import DataError, either


class TextBatch(NamedTuple):
    """Texts after one another and what belongs to them; a column that is not read has empty labels or groups."""

    texts: list[str]
    labels: list[str]
    groups: list[str]
    lines: list[int]


def text_batches(
    batches: Iterator[Batch], columns: TextColumns, *, rejects: list[Reject] | None, as_written: bool
) -> Iterator[TextBatch]:
    """Yield the texts of each batch. A bad row raises DataError, or goes to `rejects` and is left out."""
    for batch in batches:
        yield _at_once(batch, columns, as_written) or _by_row(batch, columns, rejects, as_written)


def _at_once(batch: Batch, columns: TextColumns, as_written: bool) -> TextBatch | None:
    """Take whole columns; None where a cell of them is not what it must be."""
    texts = batch.columns[columns.text]
    blank = [""] * len(batch)
    labels = blank if columns.label is None else _names(batch.columns[columns.label])
    groups = blank if columns.group is None else _names(batch.columns[columns.group])
    missing = columns.label is not None and any(is_missing(name, as_written=as_written) for name in {*labels})
    if missing or not all(map(_are_texts, (texts, labels, groups))):
        return None
    return TextBatch([*texts], labels, groups, [*batch.lines])  # type: ignore[list-item]


def _are_texts(cells: Sequence[Any]) -> bool:
    """Tell whether all cells are texts that can be encoded."""
    try:
        return all(map(str.isascii, cells)) or bool("".join(cells).encode("utf-8"))
    except (TypeError, UnicodeEncodeError):
        return False


def _names(cells: Sequence[Any]) -> list[str]:
    return [cell if isinstance(cell, str) else _name(cell) for cell in cells]


def _name(value: Any) -> str:
    """Write a label or group as text; whole numbers stay exact, whatever their size."""
    return "" if value is None else label_text(value)


def _by_row(batch: Batch, columns: TextColumns, rejects: list[Reject] | None, as_written: bool) -> TextBatch:
    taken = TextBatch([], [], [], [])
    for row in batch.rows():
        try:
            text = _text(row, columns.text)
            label = "" if columns.label is None else _label(row, columns.label, as_written)
            group = "" if columns.group is None else _group(row, columns.group)
        except DataError as problem:
            if rejects is None:
                raise
            rejects.append(reject_of(problem))
            continue
        taken.texts.append(text)
        taken.labels.append(label)
        taken.groups.append(group)
        taken.lines.append(row.line)
    return taken


def _text(row: Row, column: str) -> str:
    value = row.values[column]
    if not isinstance(value, str):
        found = "nothing" if value is None else f"{type(value).__name__} {value}"
        raise DataError(f"{column!r} is no text", place=row.place(column), found=found, allowed="a text")
    return _encodable(value, row, column)


def _label(row: Row, column: str, as_written: bool) -> str:
    name = _group(row, column)
    if is_missing(name, as_written=as_written):
        advice = "fill it, or leave the row out"
        if name.strip():
            advice += f"; where it is a class: {either('--labels-as-written', 'labels_as_written=True')}"
        raise DataError(
            f"label is missing in column {column!r}", place=row.place(column), found=repr(name), advice=advice
        )
    return name


def _group(row: Row, column: str) -> str:
    return _encodable(_name(row.values[column]), row, column)


def _encodable(text: str, row: Row, column: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as problem:
        found = f"U+{ord(text[problem.start]):04X} at character {problem.start + 1:,} of the field"
        raise DataError("lone surrogate: not a character", place=row.place(column), found=found) from None
    return text
