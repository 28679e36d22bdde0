"""A delimited file as a table: a header (or none), then rows that must have as many fields.

Not here: what is taken for delimiter, quoting and header (dialects.py), and cutting lines into fields (delimited.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

from recurra.datasets.columns import listed, need
from recurra.datasets.delimited import Record, Records, place_of
from recurra.datasets.dialects import DELIMITERS, Dialect, delimited_dialect, first_lines
from recurra.datasets.formats import Form, Format, as_quoting
from recurra.datasets.lines import Line, blank_errors, note_blank
from recurra.datasets.records import Row
from recurra.errors import DataError, Place, either

WIDEST = 16_384
"""Columns of a table, at most."""


@dataclass(frozen=True)
class Delimited:
    """An opened table: how it is read, the names of its columns, and the records below the header."""

    file: str
    dialect: Dialect
    names: list[str]
    """One for each field; blank where the header has none."""
    records: Records
    warnings: list[str] = field(default_factory=list)
    """What was doubtful in the rows; complete once they are read."""

    def rows(self, wanted: list[str] | None) -> Iterator[Row | DataError]:
        """Yield the rows with the wanted columns (None: all that have names); what is wrong comes in a row's place."""
        names = self.named if wanted is None else wanted
        place, hint = Place(self.file, self.dialect.first), self.dialect.hint
        picks = [(name, self.names.index(need(name, self.named, place=place, hint=hint))) for name in names]
        # The first column is often a frame's index; those behind may hold the rest of a text.
        nameless = [index for index, name in enumerate(self.names) if index and not name.strip()]
        header = self.names if self.dialect.header[0] and len(self.names) > 1 else None
        width, unread, again, blanks = len(self.names), list[int](), list[int](), list[int]()
        for record in self.records:
            fields = record.fields
            if record.blank and record.problem is None:
                note_blank(blanks, record.line, file=self.file)
                continue
            if blanks:
                yield from blank_errors(blanks, self.file)
            if record.problem is not None:
                yield record.problem
            elif len(fields) != width:
                yield self._wrong_width(record)
            # Joined files repeat the header, and perhaps a byte order mark before it.
            elif header and fields[-1] == header[-1] and [fields[0].removeprefix("\ufeff"), *fields[1:]] == header:
                again.append(record.line)
            else:
                if nameless and any(fields[index].strip() for index in nameless):
                    unread.append(record.line)
                yield Row(record.line, {name: fields[index] for name, index in picks}, record.raw, self._find)
        self._warn(unread, again)

    @property
    def named(self) -> list[str]:
        """The names of the columns that have one."""
        return [name for name in self.names if name.strip()]

    def _warn(self, unread: list[int], again: list[int]) -> None:
        if again:
            self.warnings.append(f"{len(again):,} lines repeat the header, left out; the first is line {again[0]}")
        if unread:
            where = f"the first on line {unread[0]}"
            self.warnings.append(f"{len(unread):,} rows hold values in columns without a name, left out; {where}")
        if spaced := self.records.spaced:
            where = f"the first on line {spaced[0]}"
            self.warnings.append(f"{len(spaced):,} fields keep their quotes, since spaces stand before them, {where}")
        if self.dialect.quoting[1] != "asked for" and (spanning := self.records.spanning):
            self.warnings.append(
                f"{len(spanning):,} quoted fields hold lines that would be rows themselves, the first on line "
                f"{spanning[0]}; if quotes are plain text, pass {as_quoting('none')}"
            )

    def _find(self, row: Row, name: str) -> Place:
        return self._place(row.raw, self.names.index(name), row.line)

    def _place(self, raw: str, index: int, line: int) -> Place:
        delimiter, quoting = self.dialect.delimiter[0], self.dialect.quoting[0]
        return place_of(raw, index, line=line, delimiter=delimiter, quoting=quoting, file=self.file)

    def _wrong_width(self, record: Record) -> DataError:
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
            place=self._place(record.raw, min(found - 1, due), record.line),
            found=f"{found} fields",
            allowed=f"{due}, as in the {'header' if self.dialect.header[0] else 'first row'}",
            advice=hint,
        )


def open_delimited(lines: Iterator[Line], *, form: Form, given: Format, asked: Sequence[str], file: str) -> Delimited:
    """Look at the first lines, settle how the file is read, and take the names of its columns.

    Raises DataError for no rows at all, a blank or damaged header, names twice, and more than 16,384 columns.
    """
    sample = first_lines(lines)
    dialect = delimited_dialect(sample, form=form, given=given, asked=asked, file=file)
    sample = [line for line in sample if line[0] >= dialect.first]
    records = _records(chain(sample, lines), dialect, file)
    header = next(iter(records)) if dialect.header[0] else _first_row(_records(iter(sample), dialect, file))
    if header.problem is not None:
        raise header.problem
    if header.blank:
        raise DataError("blank line where the header is due", place=Place(file, dialect.first))
    names = header.fields
    if not dialect.header[0]:
        names = [str(number) for number in range(1, len(header.fields) + 1)]
    table = Delimited(file, dialect, names, records, list(dialect.doubts))
    records.width = len(names)
    _check_names(table, header)
    return table


def _records(lines: Iterator[Line], dialect: Dialect, file: str) -> Records:
    (delimiter, _), (quoting, source) = dialect.delimiter, dialect.quoting
    return Records(lines, delimiter=delimiter, file=file, quoting=quoting, proved=source != "assumed")


def _first_row(records: Records) -> Record:
    """Return the first good record of a table without a header: the others must be as wide."""
    first, *others = list(records)
    return next((record for record in (first, *others) if record.problem is None and not record.blank), first)


def _check_names(table: Delimited, header: Record) -> None:
    names, place = table.names, Place(table.file, header.line)
    if len(names) > WIDEST:
        raise DataError("too many columns", place=place, found=f"{len(names):,}", allowed=f"{WIDEST:,}")
    twice = next((name for name, count in Counter(table.named).items() if count > 1), None)
    if twice is None:
        return
    positions = [index for index, name in enumerate(names) if name == twice]
    raise DataError(
        f"column name {twice!r} stands more than once, at positions {', '.join(str(at + 1) for at in positions)}",
        place=table._place(header.raw, positions[1], header.line),
        found="columns " + listed(table.named),
        advice="rename one of them",
    )
