"""A delimited file as a table: one header, then rows that must have as many fields.

Not here: cutting lines into fields (delimited.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from recurra.datasets.columns import listed, need
from recurra.datasets.delimited import Record, guess_delimiter, place_of, read_records
from recurra.datasets.lines import Line, blank_errors, note_blank
from recurra.datasets.records import Row
from recurra.errors import DataError, Place

WIDEST = 16_384
"""Columns of a table, at most."""


@dataclass(frozen=True)
class Delimited:
    """An opened table: its header and the records below it."""

    file: str
    delimiter: str
    names: list[str]
    records: Iterator[Record]

    def rows(self, wanted: list[str] | None) -> Iterator[Row | DataError]:
        """Yield the rows with the wanted columns (None: all); what is wrong with a row comes in its place."""
        names = self.names if wanted is None else wanted
        picks = [(name, self.names.index(need(name, self.names, place=Place(self.file, 1)))) for name in names]
        width, blanks = len(self.names), list[int]()
        for record in self.records:
            if record.blank and record.problem is None:
                note_blank(blanks, record.line, file=self.file)
                continue
            yield from blank_errors(blanks, self.file)
            if record.problem is not None:
                yield record.problem
            elif len(record.fields) != width:
                yield self._wrong_width(record)
            else:
                fields = record.fields
                yield Row(record.line, {name: fields[index] for name, index in picks}, record.raw, self._find)

    def _find(self, row: Row, name: str) -> Place:
        return place_of(row.raw, self.names.index(name), line=row.line, delimiter=self.delimiter, file=self.file)

    def _wrong_width(self, record: Record) -> DataError:
        found, due = len(record.fields), len(self.names)
        index = min(found - 1, due)
        place = place_of(record.raw, index, line=record.line, delimiter=self.delimiter, file=self.file)
        hint = f"quote fields that hold {self.delimiter!r}" if found > due else ""
        return DataError(
            f"{'long' if found > due else 'short'} row",
            place=place,
            found=f"{found} fields",
            allowed=f"{due}, as in the header",
            advice=hint,
        )


def open_delimited(lines: Iterator[Line], *, file: str, delimiter: str | None, wanted: list[str]) -> Delimited:
    """Read the header; the delimiter is taken from it when None.

    Raises DataError for no rows at all, a blank or damaged header, names twice, and more than 16,384 columns.
    """
    first = next(lines, None)
    if first is None:
        raise DataError("no rows", place=Place(file), advice="bring a file with a header and data")
    mark = delimiter or guess_delimiter(first[1], wanted)
    records = read_records(chain([first], lines), delimiter=mark, file=file)
    header = next(records)
    if header.problem is not None:
        raise header.problem
    if header.blank:
        raise DataError("blank line where the header is due", place=Place(file, 1))
    _check_names(header, mark, file)
    return Delimited(file, mark, header.fields, records)


def _check_names(header: Record, delimiter: str, file: str) -> None:
    names = header.fields
    if len(names) > WIDEST:
        raise DataError("too many columns", place=Place(file, 1), found=f"{len(names):,}", allowed=f"{WIDEST:,}")
    if len(set(names)) == len(names):
        return
    twice = next(name for name in names if names.count(name) > 1)
    positions = [index for index, name in enumerate(names) if name == twice]
    raise DataError(
        f"column name {twice!r} stands more than once, at positions {', '.join(str(at + 1) for at in positions)}",
        place=place_of(header.raw, positions[1], line=header.line, delimiter=delimiter, file=file),
        found="columns " + listed(names),
        advice="rename one of them",
    )
