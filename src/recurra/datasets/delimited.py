"""Delimited files as tables: the header, and rows cut at once where each line is a plain row, else one by one.

Not here: what is taken for delimiter, quoting and header (dialects.py), and how one record is cut (records.py).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from recurra.datasets.columns import Header, name_list
from recurra.datasets.dialects import delimited_dialect, first_lines
from recurra.datasets.formats import DELIMITERS, as_quoting
from recurra.datasets.lines import LineBlock, LineQueue, blank_errors, note_blank, read_blocks
from recurra.datasets.records import FieldRecord, RecordReader, place_of
from recurra.datasets.tables import Batches, Dialect, FileTable, Request, RowBatch
from recurra.errors import DataError, Place, either

WIDEST = 16_384
"""Columns of a table, at most."""
LINE_FEED = ord("\n")
# The number of a row as a frame's index has it; a date without marks is longer.
COUNT = re.compile(r"[0-9]{1,7}(?:\.0)?")
CellColumns = dict[int, list[str]]
"""The cells (rows,) of columns, by their index."""


def open_delimited(request: Request) -> FileTable:
    """Look at the first lines, settle how the file is read, and take the names of its columns.

    Raises DataError for no rows at all, a blank or damaged header, names twice, and more than 16,384 columns.
    """
    lines = LineQueue(read_blocks(request.source, encoding=request.written.encoding))
    sample = first_lines(lines, request)
    dialect = delimited_dialect(sample, request)
    # The line `sep=;` is no row.
    sample = [line for line in sample if line[0] >= dialect.first]
    # The sample was only looked at: its rows are read like all others.
    lines.put(LineBlock.of(sample))
    records = _reader(lines, dialect, request.file)
    first = LineQueue(LineBlock.of(sample))
    header = next(records) if dialect.header[0] else _first_row(_reader(first, dialect, request.file))
    if header.problem is not None:
        raise header.problem
    if header.blank:
        raise DataError("blank line where the header is due", place=Place(request.file, dialect.first))
    # Columns without names are called by their numbers, from 1, as people count them.
    names = header.fields if dialect.header[0] else [str(number + 1) for number in range(len(header.fields))]
    layout, warnings = Layout(request.file, dialect, names), list(dialect.doubts)
    layout.check_names(header)
    # From here on a row must have as many fields; before, the reader cannot tell a swallowed row.
    records.width = len(names)

    def rows(wanted: list[str] | None) -> Batches:
        cutting = Cutting(layout, lines, records, layout.chosen(wanted))
        yield from cutting.batches()
        warnings.extend(cutting.doubts())

    return FileTable(request, dialect, layout.named, rows, warnings)


def _reader(lines: LineQueue, dialect: Dialect, file: str) -> RecordReader:
    (quoting, origin), mark = dialect.quoting, dialect.delimiter[0]
    return RecordReader(lines, delimiter=mark, file=file, quoting=quoting, proved=origin != "assumed")


def _first_row(records: Iterable[FieldRecord]) -> FieldRecord:
    """Return the first good record of a table without a header: the others must be as wide."""
    first, *others = list(records)
    return next((record for record in (first, *others) if record.problem is None and not record.blank), first)


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

    @property
    def named(self) -> list[str]:
        """The names of the columns that have one."""
        return [name for name in self.names if name.strip()]

    def chosen(self, wanted: Sequence[str] | None) -> list[str]:
        """Return the wanted columns, all that have names where None is; raise DataError for one that is not there."""
        header = Header(self.named, Place(self.file, self.dialect.first), self.dialect.hint)
        return self.named if wanted is None else header.need(*wanted)

    def check_names(self, header: FieldRecord) -> None:
        """Raise DataError for too many columns and for two of one name."""
        if len(self.names) > WIDEST:
            place = Place(self.file, header.line)
            raise DataError("too many columns", place=place, found=f"{len(self.names):,}", allowed=f"{WIDEST:,}")
        twice = next((name for name, count in Counter(self.named).items() if count > 1), None)
        if twice is None:
            return
        positions = [index for index, name in enumerate(self.names) if name == twice]
        raise DataError(
            f"column name {twice!r} stands more than once, at positions {', '.join(str(at + 1) for at in positions)}",
            place=self.place(header.raw, positions[1], header.line),
            found="columns " + name_list(self.named),
            advice="rename one of them",
        )

    def wrong_width(self, record: FieldRecord) -> DataError:
        """Refuse a record with more fields or fewer than there are columns; say what may be the reason."""
        found, due = len(record.fields), len(self.names)
        mark = self.dialect.delimiter[0]
        # A row that another delimiter would cut as it must shows which one is meant.
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

    def __init__(self, layout: Layout, lines: LineQueue, records: RecordReader, wanted: Sequence[str]) -> None:
        """Take the `wanted` columns of what is left of `lines`; `records` takes the same lines one by one."""
        self.unread, self.again = list[int](), list[int]()
        """Lines with values in columns without a name, and lines that repeat the header."""
        self._layout, self._lines, self._records = layout, lines, records
        self._blanks = list[int]()
        self._width, self._delimiter = len(layout.names), layout.dialect.delimiter[0]
        self._picks = {name: layout.names.index(name) for name in wanted}
        # They are read only to tell that values in them are left out.
        self._nameless = [index for index, name in enumerate(layout.names) if not name.strip()]
        self._indices = (*self._picks.values(), *self._nameless)
        # A single column may well hold its own name as a value.
        self._header = layout.names if layout.dialect.header[0] and self._width > 1 else None

    def batches(self) -> Batches:
        """Yield the rows; what is wrong comes in a row's place."""
        while (block := self._lines.block()) is not None:
            cells = self._at_once(block)
            if cells is None:
                yield from self._each(block)
                continue
            yield from blank_errors(self._blanks, self._layout.file)
            yield self._batch(block.numbers, cells, _texts_of(block))

    def doubts(self) -> list[str]:
        """Return what was doubtful in the rows that were cut."""
        again, unread, spaced, spanning = self.again, self.unread, self._records.spaced, self._records.spanning
        plain = f"if quotes are plain text, pass {as_quoting('none')}"
        meant = self._layout.dialect.quoting[1] == "asked for"
        told = (
            (again, "lines repeat the header, left out; the first is line {}"),
            (unread, "rows hold values in columns without a name, left out; the first on line {}"),
            (spaced, "fields keep their quotes, since spaces stand before them, the first on line {}"),
            (
                [] if meant else spanning,
                "quoted fields hold lines that would be rows themselves, the first on line {}; " + plain,
            ),
        )
        return [f"{len(lines):,} {words.format(lines[0])}" for lines, words in told if lines]

    def _at_once(self, block: LineBlock) -> CellColumns | None:
        """Cut a block of which each line is a row; None where one is not."""
        # A faulty line must be told in its place among the rows.
        if block.problems:
            return None
        if '"' in block.text and self._layout.dialect.quoting[0] != "none":
            rows = self._rows(block.texts)
            return None if rows is None else {index: [fields[index] for fields in rows] for index in self._indices}
        if not self._is_plain(block.text):
            return None
        mark, width = self._delimiter, self._width
        # One cut for the whole block: column `index` is then every `width`-th field from there on.
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
        # Cheap and too careful on purpose: the header's text anywhere sends the block to the slow reader.
        again = self._header is not None and self._delimiter.join(self._header) in text
        if again or not self._delimiter.isascii():
            return False
        data = f"\n{text}\n".encode("utf-8", "surrogatepass")
        # Only delimiters and line feeds are left: rows are plain if that is one row's marks, again and again.
        marks = data.translate(None, bytes({*range(256)} - {*self._delimiter.encode(), LINE_FEED}))
        row = self._delimiter.encode() * (self._width - 1) + b"\n"
        return marks == b"\n" + (len(marks) - 1) // self._width * row and not self._has_blank(data)

    def _has_blank(self, data: bytes) -> bool:
        """Tell whether one of the lines, each with a line feed before it, has nothing but spaces and delimiters."""
        characters = np.frombuffer(data, np.uint8)
        # Only a line that begins with a space, a delimiter or its end can be blank, and hardly any does.
        begins = characters[np.flatnonzero(characters[:-1] == LINE_FEED) + 1]
        filling = f" {self._delimiter}".encode()
        if not np.isin(begins, [*filling, LINE_FEED]).any():
            return False
        return b"\n\n" in data.translate(None, filling)

    def _each(self, block: LineBlock) -> Batches:
        """Cut a block record by record; the last one may go on in the next block."""
        # The record reader takes its lines from the same queue.
        self._lines.put([block])
        for kind, items in groupby(self._records_before(block.numbers.stop), type):
            if kind is FieldRecord:
                yield self._joined([*items])  # type: ignore[list-item]
            else:
                yield from items  # type: ignore[misc]

    def _records_before(self, end: int) -> Iterator[FieldRecord | DataError]:
        """Yield the records that begin before a line; what is wrong comes in a record's place."""
        while self._lines.before(end):
            record = next(self._records)
            if record.blank and record.problem is None:
                note_blank(self._blanks, record.line, file=self._layout.file)
                continue
            # Blank lines are told before the row that shows that they were not the end.
            yield from blank_errors(self._blanks, self._layout.file)
            if record.problem is not None:
                yield record.problem
            elif len(record.fields) != self._width:
                yield self._layout.wrong_width(record)
            elif self._is_header(record.fields):
                self.again.append(record.line)
            else:
                yield record

    def _is_header(self, fields: list[str]) -> bool:
        """Tell whether fields are the header once more: joined files have it, perhaps behind a byte order mark."""
        header = self._header
        return (
            header is not None
            and fields[-1] == header[-1]
            and [fields[0].removeprefix("\ufeff"), *fields[1:]] == header
        )

    def _joined(self, rows: list[FieldRecord]) -> RowBatch:
        cells = {index: [record.fields[index] for record in rows] for index in self._indices}
        return self._batch([record.line for record in rows], cells, lambda row: rows[row].raw)

    def _batch(self, lines: Sequence[int], cells: CellColumns, raw: Callable[[int], str]) -> RowBatch:
        # Once for each row, however many of its nameless cells say something.
        unread = {row for index in self._nameless for row, cell in enumerate(cells[index]) if _says(index, cell)}
        self.unread += [lines[row] for row in sorted(unread)]
        columns = {name: cells[index] for name, index in self._picks.items()}

        def place(row: int, name: str) -> Place:
            return self._layout.place(raw(row), self._picks[name], lines[row])

        return RowBatch(lines, columns, place, raw, written=True)


def _says(index: int, cell: str) -> bool:
    """Tell whether a cell of a column without a name says anything: what counts a frame's rows, first, does not.

    Times and names of series that were a frame's index, and the rest of a text behind the last column, do.
    """
    return bool(cell.strip()) and not (index == 0 and COUNT.fullmatch(cell))


def _texts_of(block: LineBlock) -> Callable[[int], str]:
    # The block is cut into its lines only if a row's text is asked for.
    return lambda row: block.texts[row]
