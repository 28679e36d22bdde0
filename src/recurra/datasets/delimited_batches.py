"""Blocks of lines become batches of rows: cut at once where each line is a plain row, else record by record.

Not here: what is taken for delimiter, quoting and header (dialects.py), and how a record is cut (delimited.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from recurra.datasets.blocks import Block, Lines, blank_errors, note_blank
from recurra.datasets.delimited import Record, Records, place_of
from recurra.datasets.dialects import DELIMITERS, Dialect
from recurra.datasets.records import Batch
from recurra.errors import DataError, Place, either

LINE_FEED = ord("\n")
COUNT = re.compile(r"[0-9]{1,7}(?:\.0)?")
"""The number of a row as a frame's index has it; a date without marks is longer."""
Cells = dict[int, list[str]]
"""The cells (rows,) of columns, by their index."""


@dataclass(frozen=True)
class Layout:
    """How a delimited file is read, and the names of its columns: one for each field, blank where it has none."""

    file: str
    dialect: Dialect
    names: list[str]

    def place(self, raw: str, index: int, line: int) -> Place:
        """Return where a field of a record stands."""
        delimiter, quoting = self.dialect.delimiter[0], self.dialect.quoting[0]
        return place_of(raw, index, line=line, delimiter=delimiter, quoting=quoting, file=self.file)

    def wrong_width(self, record: Record) -> DataError:
        """Refuse a record with more fields or fewer than there are columns; say what may be the reason."""
        found, due = len(record.fields), len(self.names)
        mark = self.dialect.delimiter[0]
        other = next((each for each in DELIMITERS if each != mark and record.raw.count(each) == due - 1 > 0), None)
        hint = f"quote fields that hold {mark!r}" if found > due else ""
        if found > due == 1 and self.dialect.header[0]:
            hint += f", or remove line {self.dialect.first} if it is a title"
        if found < due and other:
            hint = f"pass {either('--delimiter', 'delimiter=')} if it is {other!r}"
        return DataError(
            f"{'long' if found > due else 'short'} row",
            place=self.place(record.raw, min(found - 1, due), record.line),
            found=f"{found} fields",
            allowed=f"{due}, as in the {'header' if self.dialect.header[0] else 'first row'}",
            advice=hint,
        )


class Cutting:
    """Cuts the blocks of a file, and keeps in mind what is told when all are cut."""

    def __init__(self, layout: Layout, lines: Lines, records: Records, wanted: Sequence[str]) -> None:
        """Take the `wanted` columns of what is left of `lines`; `records` takes the same lines one by one."""
        self.unread, self.again = list[int](), list[int]()
        """Lines with values in columns without a name, and lines that repeat the header."""
        self._layout, self._lines, self._records = layout, lines, records
        self._blanks = list[int]()
        self._width, self._delimiter = len(layout.names), layout.dialect.delimiter[0]
        self._picks = {name: layout.names.index(name) for name in wanted}
        self._nameless = [index for index, name in enumerate(layout.names) if not name.strip()]
        self._indices = (*self._picks.values(), *self._nameless)
        self._header = layout.names if layout.dialect.header[0] and self._width > 1 else None

    def batches(self) -> Iterator[Batch | DataError]:
        """Yield the rows; what is wrong comes in a row's place."""
        while (block := self._lines.block()) is not None:
            cells = self._at_once(block)
            if cells is None:
                yield from self._each(block)
                continue
            yield from blank_errors(self._blanks, self._layout.file)
            lines = range(block.first, block.first + block.size)
            yield self._batch(lines, cells, partial(_text_of, block))

    def _at_once(self, block: Block) -> Cells | None:
        """Cut a block of which each line is a row; None where one is not."""
        if block.problems:
            return None
        if '"' in block.text and self._layout.dialect.quoting[0] != "none":
            rows = self._rows(block.texts)
            return None if rows is None else {index: [fields[index] for fields in rows] for index in self._indices}
        if not self._is_plain(block.text):
            return None
        mark, width = self._delimiter, self._width
        fields = block.text.replace("\n", mark).split(mark) if width > 1 else block.texts
        return {index: fields[index::width] for index in self._indices}

    def _rows(self, lines: Sequence[str]) -> list[list[str]] | None:
        rows, proved = list[list[str]](), False
        for text in lines:
            cut = self._records.on_one_line(text)
            if cut is None or len(cut[0]) != self._width or self._is_header(cut[0]) or self._records.blank(text):
                return None
            rows.append(cut[0])
            proved = proved or cut[1]
        self._records.proved |= proved
        return rows

    def _is_plain(self, text: str) -> bool:
        """Tell whether each line of a text without quotes is a row: as many delimiters, not blank, not the header."""
        again = self._header is not None and self._delimiter.join(self._header) in text
        if again or not self._delimiter.isascii():
            return False
        data = f"\n{text}\n".encode("utf-8", "surrogatepass")
        marks = data.translate(None, bytes({*range(256)} - {*self._delimiter.encode(), LINE_FEED}))
        return marks == b"\n" + (len(marks) - 1) // self._width * self._row_of_marks and not self._has_blank(data)

    @property
    def _row_of_marks(self) -> bytes:
        return self._delimiter.encode() * (self._width - 1) + b"\n"

    def _has_blank(self, data: bytes) -> bool:
        """Tell whether one of the lines, each with a line feed before it, has nothing but spaces and delimiters."""
        characters = np.frombuffer(data, np.uint8)
        begins = characters[np.flatnonzero(characters[:-1] == LINE_FEED) + 1]
        filling = f" {self._delimiter}".encode()
        if not np.isin(begins, [*filling, LINE_FEED]).any():
            return False
        return b"\n\n" in data.translate(None, filling)

    def _each(self, block: Block) -> Iterator[Batch | DataError]:
        """Cut a block record by record; the last one may go on in the next block."""
        end = block.first + block.size
        self._lines.put([block])
        rows: list[Record] = []
        while self._records.pending or self._lines.before(end):
            record = next(self._records)
            if record.blank and record.problem is None:
                note_blank(self._blanks, record.line, file=self._layout.file)
                continue
            fault = self._fault(record)
            wrong = [*blank_errors(self._blanks, self._layout.file), *fault]
            if wrong:
                yield from self._joined(rows)
                yield from wrong
                rows = []
            again = not fault and self._is_header(record.fields)
            self.again += [record.line] if again else []
            rows += [record] if not fault and not again else []
        yield from self._joined(rows)

    def _fault(self, record: Record) -> list[DataError]:
        if record.problem is not None:
            return [record.problem]
        return [] if len(record.fields) == self._width else [self._layout.wrong_width(record)]

    def _is_header(self, fields: list[str]) -> bool:
        """Tell whether fields are the header once more: joined files have it, perhaps behind a byte order mark."""
        header = self._header
        return (
            header is not None
            and fields[-1] == header[-1]
            and [fields[0].removeprefix("\ufeff"), *fields[1:]] == header
        )

    def _joined(self, rows: list[Record]) -> Iterator[Batch]:
        if rows:
            cells = {index: [record.fields[index] for record in rows] for index in self._indices}
            yield self._batch([record.line for record in rows], cells, lambda row: rows[row].raw)

    def _batch(self, lines: Sequence[int], cells: Cells, raw: Callable[[int], str]) -> Batch:
        unread = {row for index in self._nameless for row, cell in enumerate(cells[index]) if _says(index, cell)}
        self.unread += [lines[row] for row in sorted(unread)]
        columns = {name: cells[index] for name, index in self._picks.items()}

        def place(row: int, name: str) -> Place:
            return self._layout.place(raw(row), self._picks[name], lines[row])

        return Batch(lines, columns, place, raw, written=True)


def _says(index: int, cell: str) -> bool:
    """Tell whether a cell of a column without a name says anything: what counts a frame's rows, first, does not.

    Times and names of series that were a frame's index, and the rest of a text behind the last column, do.
    """
    return bool(cell.strip()) and not (index == 0 and COUNT.fullmatch(cell))


def _text_of(block: Block, row: int) -> str:
    return block.texts[row]
