"""Delimited text (CSV, TSV) becomes records of fields, as RFC 4180 says, with physical lines and exact columns.

Not here: header and rows as tables (tables.py). Read by hand because the csv module swallows the rest of a file after
an unclosed quote, cannot say where it opened, and has one field limit for the whole process.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from recurra.datasets.lines import Line
from recurra.errors import DataError, Place

LARGEST_FIELD = 16 << 20
"""Characters of one field, at most."""
INSIDE = re.compile(r'[^"]*+(?:""[^"]*+)*+')
"""What may stand between the quotes of a field; possessive, so that it never goes back. It matches everywhere."""
DELIMITERS = (",", ";", "\t", "|")


@dataclass(slots=True)
class Record:
    """The fields of one record; `problem` tells why it must not be used, `blank` that its line was empty."""

    line: int
    raw: str
    fields: list[str] = field(default_factory=list)
    starts: list[tuple[int, int]] = field(default_factory=list)
    """Physical line and column of each field, from 1; empty for records without quotes."""
    problem: DataError | None = None
    blank: bool = False


class _Feed:
    """Lines one after another, with the way back that an unclosed quote needs."""

    def __init__(self, lines: Iterator[Line]) -> None:
        self._lines = lines
        self._back: deque[Line] = deque()

    def next(self) -> Line | None:
        return self._back.popleft() if self._back else next(self._lines, None)

    def give_back(self, lines: list[Line]) -> None:
        self._back.extendleft(reversed(lines))


def read_records(lines: Iterator[Line], *, delimiter: str, file: str) -> Iterator[Record]:
    """Yield records in file order; after a broken one reading goes on at the next line that can begin a record.

    After an unclosed quote that is the line below the one where the quote opened, so that nothing good is swallowed.
    """
    feed = _Feed(lines)
    while (line := feed.next()) is not None:
        number, text, problem = line
        if problem is None and '"' not in text:
            yield Record(number, text, text.split(delimiter), blank=not text.strip(" "))
        else:
            yield _Quoted(feed, line, delimiter=delimiter, file=file).read()


class _Quoted:
    """Reads one record that has quotes, over as many lines as its quoted fields go on."""

    def __init__(self, feed: _Feed, first: Line, *, delimiter: str, file: str) -> None:
        self._feed, self._delimiter, self._file = feed, delimiter, file
        self._taken = [first]
        self._record = Record(first[0], first[1], problem=first[2])
        self._text = first[1]

    def read(self) -> Record:
        """Return the record; its raw text holds all its lines."""
        record = self._record
        at: int | None = 0
        while at is not None:
            at = self._field(at)
        record.raw = "\n".join(text for _, text, _ in self._taken)
        return record

    def _field(self, at: int) -> int | None:
        """Take the field that begins at `at` of the present line; return where the next one begins, None at the end."""
        number = self._taken[-1][0]
        self._record.starts.append((number, at + 1))
        if not self._text.startswith('"', at):
            end = self._text.find(self._delimiter, at)
            self._record.fields.append(self._text[at:] if end < 0 else self._text[at:end])
            return end + 1 if end >= 0 else None
        opened = Place(self._file, number, at + 1)
        after = self._quoted(opened)
        if after is None or after == len(self._text):
            return None
        if self._text.startswith(self._delimiter, after):
            return after + 1
        self._stray(opened, after)
        return None

    def _quoted(self, opened: Place) -> int | None:
        """Take a quoted field; return the position after its closing quote, or None when it never closes."""
        parts, size, start = [], 0, opened.column
        while True:
            close = self._closing(start)
            part = self._text[start:close]
            parts.append(part.replace('""', '"'))
            size += len(part) + 1
            if size > LARGEST_FIELD + 1:
                self._unclosed(opened, f"a quoted field grows over {LARGEST_FIELD:,} characters; it opened here")
                return None
            if close is not None:
                self._record.fields.append("\n".join(parts))
                return close + 1
            if (line := self._feed.next()) is None:
                self._unclosed(opened, "quote opened here is never closed")
                return None
            self._taken.append(line)
            self._text, start = line[1], 0
            self._record.problem = self._record.problem or line[2]

    def _closing(self, start: int) -> int | None:
        """Find the quote that closes: the first that is not doubled."""
        end = INSIDE.match(self._text, start).end()  # type: ignore[union-attr]
        return end if end < len(self._text) else None

    def _unclosed(self, opened: Place, wrong: str) -> None:
        self._record.problem = DataError(wrong, place=opened, advice='close it, or double a quote that is text ("")')
        kept = opened.line - self._taken[0][0] + 1
        self._feed.give_back(self._taken[kept:])
        del self._taken[kept:]

    def _stray(self, opened: Place, at: int) -> None:
        """Text after a closing quote; over several lines it rather closed a quote that was forgotten further up."""
        place = Place(self._file, self._taken[-1][0], at + 1)
        if place.line > opened.line:
            self._unclosed(opened, f"quote opened here ends amid text on line {place.line}, column {place.column}")
        else:
            self._record.problem = self._record.problem or DataError(
                "text after a closing quote", place=place, advice='double a quote that is text ("")'
            )


def guess_delimiter(header: str, wanted: list[str]) -> str:
    """Return the delimiter of a header line: the one that shows all wanted columns, else the one with most fields."""
    fields = {mark: [name.strip('"') for name in header.removeprefix("\ufeff").split(mark)] for mark in DELIMITERS}
    for mark in DELIMITERS:
        if wanted and len(fields[mark]) > 1 and set(wanted) <= set(fields[mark]):
            return mark
    best = max(DELIMITERS[:3], key=lambda mark: len(fields[mark]))
    return best if len(fields[best]) > 1 else ","


def place_of(raw: str, index: int, *, line: int, delimiter: str, file: str) -> Place:
    """Return where field `index` of a record stands, by reading the record again."""
    lines = [(line + number, text, None) for number, text in enumerate(raw.split("\n"))]
    record = next(read_records(iter(lines), delimiter=delimiter, file=file))
    if not record.starts:
        return Place(file, line, sum(len(text) + 1 for text in record.fields[:index]) + 1)
    return Place(file, *record.starts[min(index, len(record.starts) - 1)])
