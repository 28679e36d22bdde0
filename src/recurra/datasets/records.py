"""Delimited text (CSV, TSV) becomes records of fields, as RFC 4180 says, with physical lines and exact columns.

Not here: header and rows as tables (delimited.py), and the choice of delimiter and quoting (dialects.py). Read by hand
because the csv module swallows the rest of a file after an unclosed quote, cannot say where it opened, and has one
field limit for the whole process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from recurra.datasets.formats import Quoting, as_quoting
from recurra.datasets.lines import LineBlock, LineQueue, NumberedLine
from recurra.errors import DataError, Place

LARGEST_FIELD = 16 << 20
"""Characters of one field, at most."""
# What may stand between the quotes of a field; possessive, so that it never goes back. It matches everywhere.
INSIDE = {
    "csv": re.compile(r'[^"]*+(?:""[^"]*+)*+'),
    "backslash": re.compile(r'[^"\\]*+(?:(?:""|\\"|\\\\|\\)[^"\\]*+)*+'),
}
# A quote that is text, doubled or behind a backslash, and a doubled backslash.
ESCAPED = re.compile(r'["\\](["\\])')


@dataclass(slots=True)
class FieldRecord:
    """The fields of one record; `problem` tells why it must not be used, `blank` that its line was empty."""

    line: int
    raw: str
    fields: list[str] = field(default_factory=list)
    starts: list[tuple[int, int]] = field(default_factory=list)
    """Physical line and column of each field, from 1; empty for records without quotes."""
    problem: DataError | None = None
    blank: bool = False


class RecordReader:
    """Reads records in file order; after a broken one it goes on at the next line that can begin a record.

    After an unclosed quote that is the line below the one where the quote opened, so that nothing good is swallowed.
    A quoted field over several lines that are all rows themselves (`width` fields each) is such a quote too, unless
    quotes are `proved` to be meant: by the caller, or by a field that holds a delimiter or a doubled quote.
    """

    def __init__(
        self, lines: LineQueue, *, delimiter: str, file: str, quoting: Quoting = "csv", proved: bool = False
    ) -> None:
        """Take lines from `lines` as records are asked for."""
        self.delimiter, self.file, self.quoting, self.proved = delimiter, file, quoting, proved
        self.width: int | None = None
        """Fields of a row; None until the header is known."""
        self.spanning: list[int] = []
        """Lines of records that hold lines which would be rows, accepted because quotes are proved."""
        self.spaced: list[int] = []
        """Lines of fields in quotes that do not count as such, because spaces stand before them."""
        self.lines = lines
        self._filling = " " + delimiter
        mark = re.escape(delimiter)
        self._fields = re.compile(rf'(?:\A|{mark})("{INSIDE["csv"].pattern}"|[^"{mark}]*+)')

    def __iter__(self) -> Iterator[FieldRecord]:
        """Yield the records that are left."""
        return self

    def __next__(self) -> FieldRecord:
        """Take a record; StopIteration at the end."""
        number, text, problem = line = next(self.lines)
        # Nearly all records are such lines, so they are cut without the character-by-character reader.
        if self.quoting == "none" or (problem is None and '"' not in text):
            return FieldRecord(number, text, text.split(self.delimiter), problem=problem, blank=self.blank(text))
        cut = None if problem else self.on_one_line(text)
        if cut is None:
            return _Quoted(self, line).read()
        fields, shown = cut
        # Quotes around a delimiter prove that quotes are meant only if the row comes out as wide as it must.
        self.proved |= shown and len(fields) == (self.width or len(fields))
        return FieldRecord(number, text, fields)

    def on_one_line(self, text: str) -> tuple[list[str], bool] | None:
        """Return the fields of a line, and whether they show that quotes are meant; None where it leaves a question."""
        if '"' not in text:
            return text.split(self.delimiter), False
        parts: list[str] = self._fields.findall(text)
        # The pattern passes over what it cannot read; the parts then do not make the line again.
        if self.delimiter.join(parts) != text or self.quoting != "csv":
            return None
        inside = [part[1:-1] for part in parts if part.startswith('"')]
        shown = any(self.delimiter in part or '"' in part for part in inside)
        return [part[1:-1].replace('""', '"') if part.startswith('"') else part for part in parts], shown

    def blank(self, text: str) -> bool:
        """Tell whether a line holds nothing but spaces and delimiters, as cleared rows of spreadsheets do."""
        return not text.strip(self._filling)


class _Quoted:
    """Reads one record that has quotes, over as many lines as its quoted fields go on."""

    def __init__(self, records: RecordReader, first: NumberedLine) -> None:
        self._records, self._delimiter, self._file = records, records.delimiter, records.file
        self._inside, self._escapes = INSIDE[records.quoting], records.quoting == "backslash"
        self._taken = [first]
        self._record = FieldRecord(first[0], first[1], problem=first[2])
        # The line that is being read; where a quoted field goes on, the next one takes its place.
        self._text = first[1]
        self._spanning: Place | None = None
        self._proof = False

    def read(self) -> FieldRecord:
        """Return the record; its raw text holds all its lines."""
        record = self._record
        at: int | None = 0
        while at is not None:
            at = self._field(at)
        if record.problem is None:
            self._weigh()
        record.raw = "\n".join(text for _, text, _ in self._taken)
        return record

    def _weigh(self) -> None:
        """Refuse a field that swallows rows, as long as nothing in the file says that quotes are meant."""
        records, fields = self._records, len(self._record.fields)
        width = records.width or fields
        opened = self._spanning
        # A forgotten quote swallows whole rows, and each of them then has as many delimiters as a row.
        swallows = opened is not None and all(
            text.count(self._delimiter) == width - 1 and text.strip() for _, text, _ in self._taken
        )
        if opened and swallows and not self._proof and not (records.proved and fields == width):
            wrong = (
                f"quote opened here closes on line {self._taken[-1][0]}, and each line up to there is a row of its own"
            )
            plain, meant = as_quoting("none"), as_quoting("csv")
            advice = f"pass {plain} if quotes are plain text, {meant} if the field is meant"
            self._refuse(opened, wrong, advice)
        elif fields == width:
            # Accepted, but told in the end: it may still be a forgotten quote.
            records.spanning += [self._record.line] if swallows and not self._proof else []
            records.proved |= self._proof or (opened is not None and not swallows)

    def _field(self, at: int) -> int | None:
        """Take the field that begins at `at` of the present line; return where the next one begins, None at the end."""
        number = self._taken[-1][0]
        self._record.starts.append((number, at + 1))
        if not self._text.startswith('"', at):
            end = self._text.find(self._delimiter, at)
            part = self._text[at:] if end < 0 else self._text[at:end]
            self._record.fields.append(part)
            # RFC 4180 knows no space before a quote, so that `, "a"` keeps its quotes; the reader warns of it.
            if len(bare := part.strip(" ")) > 1 and bare[0] == bare[-1] == '"':
                self._records.spaced.append(number)
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
            # The quote that closes is the first that is not doubled (or escaped).
            end = self._inside.match(self._text, start).end()  # type: ignore[union-attr]
            part = self._text[start:end]
            parts.append(ESCAPED.sub(r"\1", part) if self._escapes else part.replace('""', '"'))
            # A quote that never closes would otherwise hold the rest of the file in memory.
            size += len(part) + 1
            if size > LARGEST_FIELD + 1:
                self._unclosed(opened, f"a quoted field grows over {LARGEST_FIELD:,} characters; it opened here")
                return None
            # Else the field goes on in the next line.
            if end < len(self._text):
                self._close(opened, parts)
                return end + 1
            if (line := next(self._records.lines, None)) is None:
                self._unclosed(opened, "quote opened here is never closed")
                return None
            self._taken.append(line)
            self._text, start = line[1], 0
            self._record.problem = self._record.problem or line[2]

    def _close(self, opened: Place, parts: list[str]) -> None:
        """Keep the field; if it stands on a single line and holds what needs quotes, quotes are meant."""
        self._record.fields.append("\n".join(parts))
        if len(parts) > 1:
            self._spanning = self._spanning or opened
        else:
            # A field over several lines proves nothing: that is how a forgotten quote looks.
            self._proof |= self._delimiter in parts[0] or '"' in parts[0]

    def _unclosed(self, opened: Place, wrong: str) -> None:
        self._refuse(opened, wrong, self._mended())

    def _refuse(self, opened: Place, wrong: str, advice: str) -> None:
        """Let the record end on the line where the quote opened; the lines below are read anew."""
        self._record.problem = DataError(wrong, place=opened, advice=advice)
        # The record keeps the lines up to the one where the quote opened; the others may be good rows.
        kept = opened.line - self._taken[0][0] + 1
        self._records.lines.put(LineBlock.of(self._taken[kept:]))
        del self._taken[kept:]

    def _mended(self) -> str:
        """Say what to do about a quote that is not as RFC 4180 says."""
        if self._records.quoting == "csv" and any('\\"' in text for _, text, _ in self._taken):
            return f"a backslash stands before a quote: pass {as_quoting('backslash')}"
        plain = as_quoting("none")
        return f'close it, or double a quote that is text (""); if quotes are plain text, pass {plain}'

    def _stray(self, opened: Place, at: int) -> None:
        """Text after a closing quote; over several lines it rather closed a quote that was forgotten further up."""
        place = Place(self._file, self._taken[-1][0], at + 1)
        # On one line the text behind the quote is at fault, over several the quote itself.
        if place.line > opened.line:
            self._unclosed(opened, f"quote opened here ends amid text on line {place.line}, column {place.column}")
        else:
            self._record.problem = self._record.problem or DataError(
                "text after a closing quote", place=place, advice=self._mended()
            )


def place_of(raw: str, index: int, *, line: int, delimiter: str, quoting: Quoting, file: str) -> Place:
    """Return where field `index` of a record stands, by reading the record again."""
    if quoting == "none":
        return Place(file, line, sum(len(text) + 1 for text in raw.split(delimiter)[:index]) + 1)
    # Places are kept for no row, so that reading stays quick: the record is cut once more for its error.
    first, *others = [(line + number, text, None) for number, text in enumerate(raw.split("\n"))]
    lines = LineQueue(LineBlock.of(others))
    records = RecordReader(lines, delimiter=delimiter, quoting=quoting, file=file, proved=True)
    starts = _Quoted(records, first).read().starts
    return Place(file, *starts[min(index, len(starts) - 1)])
