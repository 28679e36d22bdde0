"""Lines out of files and pipes, each with the key of its stream: texts, observations, and rows of any table.

Not here: what is answered to them (texts.py, series.py), and the readers themselves (datasets).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from recurra.datasets.formats import OnError
from recurra.datasets.series.cells import cell_text
from recurra.datasets.tables import FileTable, Reject, RowBatch
from recurra.datasets.texts import OpenTexts
from recurra.errors import DataError, Place


class Line(NamedTuple):
    """What came: its number, whose stream it belongs to, what is read of it, and where it stands."""

    number: int
    key: str
    item: Any
    place: Place


Lines = Iterator[Line | Reject]
"""What is wrong with a line comes in its place, where it may be left out."""


def text_lines(opened: OpenTexts) -> Lines:
    """Yield texts, each with the cell of the group as its key. Raises DataError as `OpenTexts.parts`."""
    for part in opened.parts():
        # Told and forgotten: a stream has no end.
        yield from opened.rejects
        opened.rejects.clear()
        for text, key, number in zip(part.texts, part.groups, part.lines, strict=True):
            yield Line(number, key, text, Place(opened.table.file, number))
    yield from opened.rejects


def row_lines(
    table: FileTable, columns: list[str], on_error: OnError, item: Callable[[RowBatch, int], Any], *, keys: list[str]
) -> Lines:
    """Yield the rows of a table, by what `item` takes of a batch's row; the columns `keys` together are the key."""
    rejects: list[Reject] = []
    for batch in table.batches(columns, on_error=on_error, rejects=rejects):
        yield from rejects
        rejects.clear()
        for row, number in enumerate(batch.lines):
            key = ", ".join(cell_text(batch.columns[name][row]) for name in keys)
            yield Line(number, key, item(batch, row), Place(table.file, number))
    yield from rejects


def observation_lines(table: FileTable, columns: list[str], on_error: OnError, *, key: str) -> Lines:
    """Yield observations: the list in one column, or the numbers in several."""

    def item(batch: RowBatch, row: int) -> list[Any]:
        cells = [batch.columns[name][row] for name in columns]
        return cells[0] if len(cells) == 1 and isinstance(cells[0], list) else cells

    keys = [key] if key else []
    return row_lines(table, [*keys, *columns], on_error, item, keys=keys)


def observed(table: FileTable, column: str, key: str) -> list[str]:
    """Return the columns of an observation: the one that was named, else all beside the key. Raises DataError."""
    table.header.need(*(name for name in (column, key) if name))
    columns = [column] if column else [name for name in table.names if name != key]
    if not columns:
        raise DataError("no column of an observation", place=Place(table.file), found=f"the key {key!r} alone")
    return columns
