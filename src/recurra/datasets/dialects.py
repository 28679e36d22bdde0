"""How a file's text becomes rows: one description, made from its first lines and from what the caller says.

Not here: cutting lines into fields (delimited.py), and what the columns mean (columns.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Literal

from recurra.datasets.blocks import Line
from recurra.datasets.cells import stands_for_missing
from recurra.datasets.columns import KNOWN_NAMES, SINGLE_NAMES, TEXT_NAMES, folded, listed
from recurra.datasets.delimited import Record, Records
from recurra.datasets.formats import Form, Format, Quoting, as_form
from recurra.errors import DataError, Place, either, printable

SAMPLE = 100
"""Lines that are looked at, at most; and no more than `LARGEST_SAMPLE` characters of them."""
LARGEST_SAMPLE = 1 << 20

DELIMITERS = (",", ";", "\t", "|")
SPECIFIC = {"\t": 4, ";": 3, "|": 2, ",": 1}
"""Which delimiter is meant where several cut all rows alike: commas also stand in numbers and sentences."""
SEPARATOR = re.compile(r'"?sep=(.)"?[\s,;|]*', re.IGNORECASE)
"""The first line by which spreadsheets are told the delimiter."""
FOREIGN = (
    ('{"', "JSON", "jsonl"),
    ("[{", "JSON", "jsonl"),
    ("<!doctype html", "an HTML page", ""),
    ("<html", "an HTML page", ""),
    ("<?xml", "XML", ""),
)
"""How text begins that is no table, what it is, and the form that reads it."""
Source = Literal["asked for", "told by the file", "assumed"]


@dataclass(frozen=True)
class Dialect:
    """Form, encoding, delimiter, quoting and header of a file, where each comes from, and what is doubtful in it."""

    form: Form
    encoding: str = "utf-8"
    delimiter: tuple[str, Source] = (",", "assumed")
    quoting: tuple[Quoting, Source] = ("csv", "assumed")
    header: tuple[bool, Source] = (False, "assumed")
    first: int = 1
    """The line of the first record."""
    doubts: tuple[str, ...] = ()

    def told(self, names: Sequence[str]) -> str:
        """Say in one line how the file is read."""
        encoding = "" if self.form == "parquet" else f" in {self.encoding}"
        if self.form not in ("csv", "tsv"):
            return f"read as {self.form}{encoding}: columns {listed(names)}"
        marks = f"delimiter {self.delimiter[0]!r} ({self.delimiter[1]}), quoting {self.quoting[0]} ({self.quoting[1]})"
        header = f"header on line {self.first}" if self.header[0] else "no header"
        return f"read{encoding}, {marks}, {header} ({self.header[1]}): columns {listed(names)}"

    @property
    def named(self) -> bool:
        """Whether the file itself names its columns."""
        return self.header[0] or self.form in ("jsonl", "parquet")

    @property
    def hint(self) -> str:
        """What to try when a column is missing, because the first line was taken for something else."""
        if self.header[1] == "asked for" or self.form not in ("csv", "tsv"):
            return ""
        if self.header[0]:
            without = either("--no-header", "header=False")
            return f"pass {without} if line {self.first} is data" if self.header[1] == "assumed" else ""
        return f"pass {either('--header', 'header=True')}: line {self.first} was taken for data"


def first_lines(lines: Iterator[Line], enough: Callable[[list[Line]], bool]) -> list[Line]:
    """Take the lines that are looked at before the first row is read; fewer where they are `enough`."""
    sample: list[Line] = []
    size = 0
    for line in islice(lines, SAMPLE):
        sample.append(line)
        size += len(line[1])
        if size > LARGEST_SAMPLE or enough(sample):
            break
    return sample


def settled(sample: list[Line], *, form: Form, given: Format, asked: Sequence[str], file: str) -> bool:
    """Tell whether a header tells delimiter and names by itself, whatever lines follow: a pipe may wait for answers."""
    lines = [text for _, text, _ in sample if not SEPARATOR.fullmatch(text)]
    if len(lines) != 1 or lines[0].count('"') % 2:
        return False
    dialect = delimited_dialect(sample, form=form, given=given, asked=asked, file=file)
    mark, source = dialect.delimiter
    names = {*KNOWN_NAMES, *folded(asked)}
    others = any(each in lines[0] and folded(lines[0].split(each)) & names for each in {*DELIMITERS} - {mark})
    return dialect.header == (True, "told by the file") and (source == "asked for" or not others)


def delimited_dialect(sample: list[Line], *, form: Form, given: Format, asked: Sequence[str], file: str) -> Dialect:
    """Describe a delimited file by its first lines; `asked` names columns that the caller expects.

    Raises DataError for no lines, JSON and HTML.
    """
    mark = SEPARATOR.fullmatch(sample[0][1]) if sample else None
    lines = sample[1:] if mark else sample
    if not lines:
        raise DataError("no rows", place=Place(file), advice="bring a file with a header and data")
    first = lines[0][0]
    _refuse_foreign(lines[0][1], Place(file, first))
    delimiter = _delimiter(lines, form, given, mark[1] if mark else None, asked, file)
    quoting, records = _quoting(lines, delimiter[0], given, file)
    dialect = Dialect(form, given.encoding, delimiter, quoting, _header(records, given, asked), first)
    doubts = [*_header_doubts(dialect, records, file), *_delimiter_doubts(delimiter, file)]
    return replace(dialect, doubts=tuple(doubts))


def _refuse_foreign(text: str, place: Place) -> None:
    for beginning, name, form in FOREIGN:
        if text.lstrip().casefold().startswith(beginning):
            advice = f"pass {as_form(form)}, or rename the file" if form else "bring a table"
            raise DataError("not a delimited table", place=place, found=name, advice=advice)


def _quoting(
    lines: list[Line], delimiter: str, given: Format, file: str
) -> tuple[tuple[Quoting, Source], list[Record]]:
    """Settle what quotes mean, and read the sample so: backslashes count where only they make rows of all lines."""
    quoting: Quoting = given.quoting or "csv"
    reader = Records(iter(lines), delimiter=delimiter, file=file, quoting=quoting)
    records = list(reader)
    if given.quoting:
        return (quoting, "asked for"), _good(records)
    if any(record.problem and '\\"' in record.raw for record in records):
        escaped = list(Records(iter(lines), delimiter=delimiter, file=file, quoting="backslash", proved=True))
        # The sample may end amid its last record.
        rows = [record for record in escaped[:-1] if not record.blank]
        if all(record.problem is None and len(record.fields) == len(rows[0].fields) for record in rows):
            return ("backslash", "told by the file"), _good(escaped)
    return (quoting, "told by the file" if reader.proved else "assumed"), _good(records)


def _good(records: list[Record]) -> list[Record]:
    """Keep the first record, whatever it is, and those of the others that can be used."""
    return [records[0], *(record for record in records[1:] if record.problem is None and not record.blank)]


def _delimiter(
    lines: list[Line], form: Form, given: Format, named: str | None, asked: Sequence[str], file: str
) -> tuple[str, Source]:
    if given.delimiter:
        return given.delimiter, "asked for"
    if named:
        return named, "told by the file"
    header = lines[0][1]
    if form == "tsv" and "\t" in header:
        return "\t", "told by the file"
    odd = {each for each in header if not each.isalnum() and not each.isspace() and each not in '"_-.'} - {*DELIMITERS}
    odd = {each for each in odd if folded(header.split(each)) & {*KNOWN_NAMES, *folded(asked)}}
    scores = {each: _score(lines, each, given.quoting or "csv", asked, file) for each in (*DELIMITERS, *sorted(odd))}
    best = max(scores, key=lambda each: scores[each])
    if scores[best] > NO_DELIMITER:
        return best, "told by the file"
    return "\t" if form == "tsv" else ",", "assumed"


Score = tuple[bool, int, bool, int, int]
NO_DELIMITER: Score = (False, 0, False, 0, 1)


def _score(lines: list[Line], mark: str, quoting: Quoting, asked: Sequence[str], file: str) -> Score:
    """Weigh a delimiter: wanted columns shown, usual names shown, all rows as wide as the first, kind, fields."""
    first, *others = _good(list(Records(iter(lines), delimiter=mark, file=file, quoting=quoting)))
    names = first.fields if first.problem is None else [name.strip('"') for name in first.raw.split(mark)]
    width = len(names)
    shown = bool(asked) and set(asked) <= set(names)
    known = len(folded(names) & KNOWN_NAMES)
    agree = bool(others) and all(len(record.fields) == width for record in others)
    # Commas, semicolons and tabs are delimiters even where a row is short; anything else needs a reason.
    if width == 1 or not (shown or known or mark in ",;\t" or (mark == "|" and agree)):
        return NO_DELIMITER
    return shown, known, agree, SPECIFIC.get(mark, 0) if agree else 0, width


def _delimiter_doubts(delimiter: tuple[str, Source], file: str) -> list[str]:
    mark, source = delimiter
    if source != "told by the file" or mark in DELIMITERS:
        return []
    return [
        f"{file}: {mark!r} was taken for the delimiter; pass {either('--delimiter', 'delimiter=')} if it is another"
    ]


def _header(records: list[Record], given: Format, asked: Sequence[str]) -> tuple[bool, Source]:
    if given.header is not None:
        return given.header, "asked for"
    names, certain = names_columns(records[0].fields, [record.fields for record in records[1:]], asked=asked)
    return names, "told by the file" if certain else "assumed"


def _header_doubts(dialect: Dialect, records: list[Record], file: str) -> list[str]:
    """Say what the first line was taken for, where it could be otherwise and nothing later would show it."""
    (header, source), first = dialect.header, records[0].fields
    place = Place(file, dialect.first)
    if source == "asked for" or not first:
        return []
    if not header:
        with_header = either("--header", "header=True")
        names = listed([str(index + 1) for index in range(len(first))])
        return [
            f"{place}: taken for data, not for a header: the columns are {names}; pass {with_header} if it names them"
        ]
    if source == "told by the file" or len(first) > 1:
        return []
    name = printable(repr(first[0][:60]))
    without = either("--no-header", "header=False")
    return [f"{place}: {name} was taken for the column's name, not for data; pass {without} if it is data"]


def line_doubts(lines: Sequence[str], file: str) -> list[str]:
    """Warn of plain lines that look like a table: each of them, header included, is taken for one text."""
    lines = [line for line in lines[:SAMPLE] if line.strip()]
    if len(lines) < 2:
        return []
    if all(line.startswith("{") and line.rstrip().endswith("}") for line in lines):
        return [f"{file}: each line looks like a JSON object and is one text; pass {as_form('jsonl')} if so"]
    if folded(lines[:1]) & {*TEXT_NAMES}:
        return [
            f"{file}:1: {printable(repr(lines[0]))} is taken for a text; pass {as_form('csv')} if it names a column"
        ]
    for mark in DELIMITERS:
        cells = lines[0].split(mark)
        alike = len(cells) > 1 and all(line.count(mark) == len(cells) - 1 for line in lines)
        named = folded(cells) & KNOWN_NAMES and all(len(cell.split()) <= LONGEST_NAME for cell in cells)
        if alike and (named or mark == "\t"):
            form = as_form("tsv" if mark == "\t" else "csv")
            return [f"{file}: the lines look like a table cut by {mark!r}, and each is one text; pass {form} if so"]
    return []


NUMBER = re.compile(r"[\s+\-$€£.]*\d[\s\d.,:/+\-%TZeE$€£]*")
"""A number, a date or a time in any notation."""
LONGEST_NAME = 2
"""Words of a column's name where nothing else says that it is one."""


def names_columns(first: list[str], rows: list[list[str]], *, asked: Sequence[str]) -> tuple[bool, bool]:
    """Return whether the first row is a header, and whether the file leaves no doubt; `asked` are names expected there.

    Doubt is left where texts stand above texts: a short one is taken for a name.
    """
    usual = KNOWN_NAMES if len(first) > 1 else SINGLE_NAMES
    # A column without a name is asked for by its number, which says nothing about the first row.
    if {name for name in asked if not name.isdecimal()} & set(first) or folded(first) & usual:
        return True, True
    pairs = [(cell, _values(rows, index)) for index, cell in enumerate(first) if cell.strip()]
    pairs = [(cell, values) for cell, values in pairs if values]
    above_numbers = [cell for cell, values in pairs if all(NUMBER.fullmatch(value) for value in values)]
    if not all(NUMBER.fullmatch(cell) for cell in above_numbers):
        return True, True
    if above_numbers and not counts_on(first):
        return False, True
    if any(NUMBER.fullmatch(cell) for cell in first):
        return counts_on(first) or first == ["0"], False
    long = any(len(cell.split()) > LONGEST_NAME for cell in first)
    again = any(cell in values for cell, values in pairs)
    return not ((long or again) if len(first) == 1 else (long and again)), False


def counts_on(names: Sequence[str]) -> bool:
    """Tell whether the numbers among names are years one after another, or all of them count on, as a frame's do."""
    numbers = [int(name) for name in names if name.isdecimal() and len(name) < 10]
    if len(names) < 2 or not numbers or numbers != [*range(numbers[0], numbers[0] + len(numbers))]:
        return False
    years = len(numbers) > 1 and 1900 <= numbers[0] <= numbers[-1] <= 2100
    whole = len(numbers) == sum(bool(name.strip()) for name in names)
    return years or (whole and (numbers[0] == 0 or len(numbers) > 2))


def _values(rows: list[list[str]], index: int) -> set[str]:
    """Return the values of a column, without those that are missing."""
    return {row[index] for row in rows if index < len(row) and not stands_for_missing(row[index])}
