"""Lines out of files and pipes, each with the key of its stream: texts, observations, and rows of any table.

Not here: what is answered to them (texts.py, series.py), and the readers themselves (datasets).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from recurra.datasets.formats import OnError
from recurra.datasets.series.cells import cell_text
from recurra.datasets.tables import FileTable, Reject, RowBatch
from recurra.datasets.texts import OpenTexts
from recurra.errors import DataError, Place

TOGETHER = 128
"""Lines that are answered together, at most: more would not be quicker, and the first one would wait longer."""


class Line(NamedTuple):
    """What came: its number, whose stream it belongs to, what is read of it, and where it stands."""

    number: int
    key: str
    item: Any
    place: Place


class Waiting(NamedTuple):
    """A line that is read next: where its stream is kept, and what is read of it."""

    line: Line
    slot: int
    item: Any


class Told(NamedTuple):
    """What is answered to a line."""

    begins: bool
    """Whether its stream had read nothing before."""
    answer: dict[str, Any]
    warnings: Sequence[str] = ()


Lines = Iterator[Sequence[Line | Reject]]
"""Lines that are there at one time, some at once; what is wrong with one comes in its place, if it may be left out."""


def text_lines(opened: OpenTexts) -> Lines:
    """Yield texts, each with the cell of the group as its key. Raises DataError as `OpenTexts.parts`."""
    for part in opened.parts():
        # Told and forgotten: a stream has no end.
        yield [*opened.rejects]
        opened.rejects.clear()
        rows = zip(part.texts, part.groups, part.lines, strict=True)
        yield from _some([Line(number, key, text, Place(opened.table.file, number)) for text, key, number in rows])
    yield opened.rejects


def row_lines(
    table: FileTable, columns: list[str], on_error: OnError, item: Callable[[RowBatch, int], Any], *, keys: list[str]
) -> Lines:
    """Yield the rows of a table, by what `item` takes of a batch's row; the columns `keys` together are the key."""
    rejects: list[Reject] = []
    for batch in table.batches(columns, on_error=on_error, rejects=rejects):
        yield [*rejects]
        rejects.clear()
        lines = []
        for row, number in enumerate(batch.lines):
            key = ", ".join(cell_text(batch.columns[name][row]) for name in keys)
            lines.append(Line(number, key, item(batch, row), Place(table.file, number)))
        yield from _some(lines)
    yield rejects


def _some(lines: list[Line]) -> Iterator[list[Line]]:
    for start in range(0, len(lines), TOGETHER):
        yield lines[start : start + TOGETHER]


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
