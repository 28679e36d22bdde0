"""A delimited file as a table: a header (or none), then rows that must have as many fields.

Not here: what is taken for delimiter, quoting and header (dialects.py), and cutting lines into rows
(delimited_batches.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from recurra.datasets.blocks import Block, Line, Lines
from recurra.datasets.columns import listed, need
from recurra.datasets.delimited import Record, Records
from recurra.datasets.delimited_batches import Cutting, Layout
from recurra.datasets.dialects import Dialect, delimited_dialect, first_lines, settled
from recurra.datasets.formats import Form, Format, as_quoting
from recurra.datasets.records import Batch
from recurra.errors import DataError, Place

WIDEST = 16_384
"""Columns of a table, at most."""


@dataclass(frozen=True)
class Delimited:
    """An opened table: how it is read, and the lines below its header."""

    layout: Layout
    lines: Lines
    records: Records
    """Takes the same lines one by one."""
    warnings: list[str] = field(default_factory=list)
    """What was doubtful in the rows; complete once they are read."""

    def batches(self, wanted: list[str] | None) -> Iterator[Batch | DataError]:
        """Yield the rows with the wanted columns (None: all that have names); what is wrong comes in a row's place."""
        place, hint = Place(self.layout.file, self.layout.dialect.first), self.layout.dialect.hint
        names = self.named if wanted is None else [need(name, self.named, place=place, hint=hint) for name in wanted]
        cutting = Cutting(self.layout, self.lines, self.records, names)
        yield from cutting.batches()
        self._warn(cutting)

    @property
    def named(self) -> list[str]:
        """The names of the columns that have one."""
        return [name for name in self.layout.names if name.strip()]

    def _warn(self, cutting: Cutting) -> None:
        if again := cutting.again:
            self.warnings.append(f"{len(again):,} lines repeat the header, left out; the first is line {again[0]}")
        if unread := cutting.unread:
            where = f"the first on line {unread[0]}"
            self.warnings.append(f"{len(unread):,} rows hold values in columns without a name, left out; {where}")
        if spaced := self.records.spaced:
            where = f"the first on line {spaced[0]}"
            self.warnings.append(f"{len(spaced):,} fields keep their quotes, since spaces stand before them, {where}")
        if self.layout.dialect.quoting[1] != "asked for" and (spanning := self.records.spanning):
            self.warnings.append(
                f"{len(spanning):,} quoted fields hold lines that would be rows themselves, the first on line "
                f"{spanning[0]}; if quotes are plain text, pass {as_quoting('none')}"
            )


def open_delimited(
    blocks: Iterable[Block], *, form: Form, given: Format, asked: Sequence[str], streamed: bool, file: str
) -> Delimited:
    """Look at the first lines, settle how the file is read, and take the names of its columns.

    `streamed` takes no line behind a header that leaves no doubt. Raises DataError for no rows at all, a blank or
    damaged header, names twice, and more than 16,384 columns.
    """
    lines = Lines(blocks)

    def enough(sample: list[Line]) -> bool:
        return streamed and settled(sample, form=form, given=given, asked=asked, file=file)

    sample = first_lines(lines, enough)
    dialect = delimited_dialect(sample, form=form, given=given, asked=asked, file=file)
    sample = [line for line in sample if line[0] >= dialect.first]
    lines.put(Block.of(sample))
    records = _records(lines, dialect, file)
    header = next(records) if dialect.header[0] else _first_row(_records(iter(sample), dialect, file))
    if header.problem is not None:
        raise header.problem
    if header.blank:
        raise DataError("blank line where the header is due", place=Place(file, dialect.first))
    names = header.fields
    if not dialect.header[0]:
        names = [str(number) for number in range(1, len(header.fields) + 1)]
    table = Delimited(Layout(file, dialect, names), lines, records, list(dialect.doubts))
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
    names, place = table.layout.names, Place(table.layout.file, header.line)
    if len(names) > WIDEST:
        raise DataError("too many columns", place=place, found=f"{len(names):,}", allowed=f"{WIDEST:,}")
    twice = next((name for name, count in Counter(table.named).items() if count > 1), None)
    if twice is None:
        return
    positions = [index for index, name in enumerate(names) if name == twice]
    raise DataError(
        f"column name {twice!r} stands more than once, at positions {', '.join(str(at + 1) for at in positions)}",
        place=table.layout.place(header.raw, positions[1], header.line),
        found="columns " + listed(table.named),
        advice="rename one of them",
    )
