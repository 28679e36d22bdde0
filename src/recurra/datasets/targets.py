"""Texts with targets that are no single class: numbers, several labels, classes in an order.

Not here: single classes (texts.py, labels.py), and what is learnt of targets (tasks/).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recurra.datasets.columns import Header, TextColumns, fitting, name_list
from recurra.datasets.formats import TextReading
from recurra.datasets.labels import is_missing, label_text
from recurra.datasets.series.numbers import NumberForm, cell_number
from recurra.datasets.texts import open_texts
from recurra.errors import DataError, Place, either

NUMBER_NAMES = ("score", "rating", "stars", "target", "value", "y", "label", "number", "grade", "price")
LABELS_NAMES = ("labels", "tags", "topics", "categories", "classes", "label", "tag", "category", "genres")
ORDERED_NAMES = ("label", "rating", "stars", "grade", "level", "score", "class", "target")
SEPARATOR = "|"
_FLAGS = {"0": 0, "1": 1, "false": 0, "true": 1}


@dataclass(frozen=True)
class TargetReading:
    """Which columns hold the targets, and how."""

    labels: tuple[str, ...] = ()
    """Empty: an obvious one."""
    separator: str = SEPARATOR
    """What parts several labels in a cell."""
    order: tuple[str, ...] = ()
    """The classes from the lowest to the highest; empty: they are numbers."""


@dataclass(frozen=True)
class TargetCells:
    """Texts in file order, and the cells of each target's column."""

    texts: list[str]
    cells: dict[str, list[Any]]
    place: Callable[[int, str], Place]
    columns: TextColumns
    note: str
    """Which columns were read, where some were guessed."""
    warnings: list[str]


def read_cells(
    source: str,
    reading: TextReading,
    wanted: Sequence[str],
    usual: Sequence[str],
    *,
    learnt: TextColumns | None = None,
    lists: bool = False,
) -> TargetCells:
    """Read the texts and the `wanted` columns, else the first column that has a `usual` name.

    With `lists` a cell of JSON may be a list. Raises DataError with `file:line:column`.
    """
    opened = open_texts(source, reading, labelled=False, learnt=learnt, lists=lists)
    text = opened.columns.text
    names = _columns(opened.table.header, text, wanted, usual)
    texts, batches, starts = list[str](), list[Any](), list[int]()
    for batch in opened.table.batches([text, *names]):
        starts.append(len(texts))
        batches.append(batch)
        rows = opened.usable(batch)
        opened.doubts.see(rows.texts, rows.labels)
        texts += rows.texts
    cells = {name: [cell for batch in batches for cell in batch.columns[name]] for name in names}

    def place(row: int, name: str) -> Place:
        number = int(np.searchsorted(starts, row, side="right")) - 1
        found: Place = batches[number].place(row - starts[number], name)
        return found

    guessed = "" if wanted and reading.text else f"texts from column {text!r}, targets from {name_list(names)}"
    columns = TextColumns(text, names[0])
    return TargetCells(texts, cells, place, columns, guessed, opened.warnings())


def _columns(header: Header, text: str, wanted: Sequence[str], usual: Sequence[str]) -> list[str]:
    """Return the columns of the targets; raises DataError where there are none."""
    if wanted:
        names = header.need(*wanted)
        if text in names:
            raise header.lacks(f"{text!r} is the column of the texts", "name another column: --label COLUMN")
        return names
    names = fitting(usual, [name for name in header.names if name != text])[:1]
    if not names:
        allowed = "a column named " + ", ".join(usual)
        raise header.lacks("no column of targets", "name it: --label COLUMN", allowed=allowed)
    return names


def numbers_of(cells: TargetCells) -> NDArray[np.float64]:
    """Return the numbers (rows, targets); raises DataError for what is none, or missing."""
    columns = []
    for name, values in cells.cells.items():
        column = np.empty(len(values))
        for row, value in enumerate(values):
            column[row] = cell_number(value, place=partial(cells.place, row, name), column=name, form=NumberForm())
            if np.isnan(column[row]):
                advice = "fill it, or leave the row out"
                wrong = f"number is missing in column {name!r}"
                raise DataError(wrong, place=cells.place(row, name), found=repr(value), advice=advice)
        columns.append(column)
    return np.stack(columns, axis=1)


def names_of(cells: TargetCells, order: Sequence[str], *, as_written: bool) -> list[str]:
    """Return the one class of each row; raises DataError where it is missing, and no class of the order either."""
    (column,) = cells.cells
    made = []
    for row, value in enumerate(cells.cells[column]):
        name = value if isinstance(value, str) else "" if value is None else label_text(value)
        if is_missing(name, as_written=as_written or name.strip() in order):
            advice = "fill it, or leave the row out"
            wrong = f"label is missing in column {column!r}"
            raise DataError(wrong, place=cells.place(row, column), found=repr(value), advice=advice)
        made.append(name.strip())
    return made


def labels_of_rows(cells: TargetCells, separator: str, *, as_written: bool) -> list[list[str]]:
    """Return the labels of each row: those of its cell, or the names of the columns that hold 1."""
    if len(cells.cells) > 1:
        flags = {name: [_flag(cells, row, name) for row in range(len(cells.texts))] for name in cells.cells}
        return [[name for name in flags if flags[name][row]] for row in range(len(cells.texts))]
    (column,) = cells.cells
    made = []
    for row, value in enumerate(cells.cells[column]):
        parts = value if isinstance(value, list) else _parted(value, separator)
        kept = dict.fromkeys(_label(part).strip() for part in parts)
        for label in kept:
            if is_missing(label, as_written=as_written):
                advice = f"leave it out; where it is a label: {either('--labels-as-written', 'labels_as_written=True')}"
                place = cells.place(row, column)
                raise DataError(
                    f"a label is missing in column {column!r}", place=place, found=repr(value)[:80], advice=advice
                )
        made.append([*kept])
    return made


def _parted(value: Any, separator: str) -> list[Any]:
    # A blank cell is a row without labels, which several labels may well be.
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return value.split(separator) if isinstance(value, str) else [value]


def _label(part: Any) -> str:
    return part if isinstance(part, str) else "" if part is None else label_text(part)


def _flag(cells: TargetCells, row: int, name: str) -> int:
    value = cells.cells[name][row]
    text = label_text(value).strip().casefold() if value is not None else ""
    if text.endswith(".0"):
        text = text[:-2]
    if text not in _FLAGS:
        place = cells.place(row, name)
        raise DataError(f"column {name!r} holds no truth value", place=place, found=repr(value), allowed="0 or 1")
    return _FLAGS[text]


def unparted(rows: Sequence[Sequence[str]], separator: str) -> list[str]:
    """Warn where no cell holds the separator, and most hold another."""
    labels = [label for row in rows for label in row]
    if not labels or any(len(row) > 1 for row in rows):
        return []
    for mark in (",", ";", "|", "/"):
        if mark != separator and 2 * sum(mark in label for label in labels) > len(labels):
            named = either(f"--separator {mark!r}", f"separator={mark!r}")
            return [f"no cell holds {separator!r}, and most hold {mark!r}: {named} if it parts labels"]
    return []
