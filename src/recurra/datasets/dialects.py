"""How a delimited file is read: delimiter, quoting and header, settled by its first lines and by what the caller says.

Not here: cutting lines into fields (records.py), and what the columns mean (columns.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from recurra.datasets.columns import KNOWN_NAMES, LONGEST_NAME, SINGLE_NAMES, folded, name_list
from recurra.datasets.formats import DELIMITERS, SAMPLE, ChoiceOrigin, Quoting, as_form
from recurra.datasets.labels import stands_for_missing
from recurra.datasets.lines import LineBlock, LineQueue, NumberedLine
from recurra.datasets.records import FieldRecord, RecordReader
from recurra.datasets.tables import Dialect, Request
from recurra.errors import DataError, Place, either, printable

LARGEST_SAMPLE = 1 << 20
"""Characters of the lines that are looked at, at most."""
# Which delimiter is meant where several cut all rows alike: commas also stand in numbers and sentences.
SPECIFIC = {"\t": 4, ";": 3, "|": 2, ",": 1}
# A number, a date or a time in any notation.
NUMBER = re.compile(r"[\s+\-$€£.]*\d[\s\d.,:/+\-%TZeE$€£]*")
# The first line by which spreadsheets are told the delimiter.
SEPARATOR = re.compile(r'"?sep=(.)"?[\s,;|]*', re.IGNORECASE)
# How text begins that is no table, what it is, and the form that reads it.
FOREIGN = (
    ('{"', "JSON", "jsonl"),
    ("[{", "JSON", "jsonl"),
    ("<!doctype html", "an HTML page", ""),
    ("<html", "an HTML page", ""),
    ("<?xml", "XML", ""),
)

Sample = Sequence[NumberedLine]


def first_lines(lines: Iterator[NumberedLine], request: Request) -> list[NumberedLine]:
    """Take the lines that are looked at before the first row is read; of a pipe no more than it takes to be sure."""
    sample: list[NumberedLine] = []
    size = 0
    for line in islice(lines, SAMPLE):
        sample.append(line)
        size += len(line[1])
        if size > LARGEST_SAMPLE or (request.streamed and _settled(sample, request)):
            break
    return sample


def _settled(sample: Sample, request: Request) -> bool:
    """Tell whether a header tells delimiter and names by itself, whatever lines follow."""
    lines = [text for _, text, _ in sample if not SEPARATOR.fullmatch(text)]
    # An odd number of quotes: a quoted name of a column goes on in the next line.
    if len(lines) != 1 or lines[0].count('"') % 2:
        return False
    dialect = delimited_dialect(sample, request)
    mark, origin = dialect.delimiter
    names = {*KNOWN_NAMES, *folded(request.columns)}
    # Another delimiter that shows usual names too leaves a doubt, which only more lines can settle.
    others = any(each in lines[0] and folded(lines[0].split(each)) & names for each in {*DELIMITERS} - {mark})
    return dialect.header == (True, "told by the file") and (origin == "asked for" or not others)


def delimited_dialect(sample: Sample, request: Request) -> Dialect:
    """Describe a delimited file by its first lines. Raises DataError for no lines, JSON and HTML."""
    mark = SEPARATOR.fullmatch(sample[0][1]) if sample else None
    # Spreadsheets put `sep=;` above the header; it is no row.
    lines = sample[1:] if mark else sample
    if not lines:
        raise DataError("no rows", place=Place(request.file), advice="bring a file with a header and data")
    first = lines[0][0]
    _refuse_foreign(lines[0][1], Place(request.file, first))
    delimiter = _delimiter(lines, request, mark[1] if mark else None)
    quoting, records = _quoting(lines, delimiter[0], request)
    dialect = Dialect(request.form, request.written.encoding, delimiter, quoting, _header(records, request), first)
    doubts = [*_header_doubts(dialect, records, request.file), *_delimiter_doubts(delimiter, request.file)]
    return replace(dialect, doubts=tuple(doubts))


def _refuse_foreign(text: str, place: Place) -> None:
    for beginning, name, form in FOREIGN:
        if text.lstrip().casefold().startswith(beginning):
            advice = f"pass {as_form(form)}, or rename the file" if form else "bring a table"
            raise DataError("not a delimited table", place=place, found=name, advice=advice)


def _quoting(lines: Sample, delimiter: str, request: Request) -> tuple[tuple[Quoting, ChoiceOrigin], list[FieldRecord]]:
    """Settle what quotes mean, and read the sample so: backslashes count where only they make rows of all lines."""
    asked, file = request.written.quoting, request.file
    reader = RecordReader(_queue(lines), delimiter=delimiter, file=file, quoting=asked or "csv")
    # The sample is read to its end, since proof that quotes are meant may stand in its last row.
    records = list(reader)
    if asked:
        return (asked, "asked for"), _good(records)
    if any(record.problem and '\\"' in record.raw for record in records):
        escaped = list(RecordReader(_queue(lines), delimiter=delimiter, file=file, quoting="backslash", proved=True))
        # The sample may end amid its last record.
        rows = [record for record in escaped[:-1] if not record.blank]
        if all(record.problem is None and len(record.fields) == len(rows[0].fields) for record in rows):
            return ("backslash", "told by the file"), _good(escaped)
    return ("csv", "told by the file" if reader.proved else "assumed"), _good(records)


def _queue(lines: Sample) -> LineQueue:
    return LineQueue(LineBlock.of(lines))


def _good(records: list[FieldRecord]) -> list[FieldRecord]:
    """Keep the first record, whatever it is, and those of the others that can be used."""
    return [records[0], *(record for record in records[1:] if record.problem is None and not record.blank)]


def _delimiter(lines: Sample, request: Request, named: str | None) -> tuple[str, ChoiceOrigin]:
    if request.written.delimiter:
        return request.written.delimiter, "asked for"
    if named:
        return named, "told by the file"
    header, tabs = lines[0][1], request.form == "tsv"
    if tabs and "\t" in header:
        return "\t", "told by the file"
    # Any other mark is a delimiter only where it cuts out names that are known or asked for.
    odd = {each for each in header if not each.isalnum() and not each.isspace() and each not in '"_-.'} - {*DELIMITERS}
    odd = {each for each in odd if folded(header.split(each)) & {*KNOWN_NAMES, *folded(request.columns)}}
    scores = {each: _score(lines, each, request) for each in (*DELIMITERS, *sorted(odd))}
    # `max` takes the first of equal ones: a comma before a semicolon, and usual marks before odd ones.
    best = max(scores, key=lambda each: scores[each])
    if scores[best] > NO_DELIMITER:
        return best, "told by the file"
    return "\t" if tabs else ",", "assumed"


Score = tuple[bool, int, bool, int, int]
NO_DELIMITER: Score = (False, 0, False, 0, 1)


def _score(lines: Sample, mark: str, request: Request) -> Score:
    """Weigh a delimiter: wanted columns shown, usual names shown, all rows as wide as the first, kind, fields."""
    quoting, asked = request.written.quoting or "csv", request.columns
    first, *others = _good(list(RecordReader(_queue(lines), delimiter=mark, file=request.file, quoting=quoting)))
    # A header whose quotes are broken still shows its names.
    names = first.fields if first.problem is None else [name.strip('"') for name in first.raw.split(mark)]
    width = len(names)
    shown = bool(asked) and set(asked) <= set(names)
    known = len(folded(names) & KNOWN_NAMES)
    agree = bool(others) and all(len(record.fields) == width for record in others)
    # Commas, semicolons and tabs are delimiters even where a row is short; anything else needs a reason.
    if width == 1 or not (shown or known or mark in ",;\t" or (mark == "|" and agree)):
        return NO_DELIMITER
    return shown, known, agree, SPECIFIC.get(mark, 0) if agree else 0, width


def _delimiter_doubts(delimiter: tuple[str, ChoiceOrigin], file: str) -> list[str]:
    mark, origin = delimiter
    if origin != "told by the file" or mark in DELIMITERS:
        return []
    return [
        f"{file}: {mark!r} was taken for the delimiter; pass {either('--delimiter', 'delimiter=')} if it is another"
    ]


def _header(records: list[FieldRecord], request: Request) -> tuple[bool, ChoiceOrigin]:
    if request.written.header is not None:
        return request.written.header, "asked for"
    names, certain = names_columns(records[0].fields, [record.fields for record in records[1:]], asked=request.columns)
    return names, "told by the file" if certain else "assumed"


def _header_doubts(dialect: Dialect, records: list[FieldRecord], file: str) -> list[str]:
    """Say what the first line was taken for, where it could be otherwise and nothing later would show it."""
    (header, origin), first = dialect.header, records[0].fields
    place = Place(file, dialect.first)
    if origin == "asked for" or not first:
        return []
    if not header:
        with_header = either("--header", "header=True")
        names = name_list([str(index + 1) for index in range(len(first))])
        return [
            f"{place}: taken for data, not for a header: the columns are {names}; pass {with_header} if it names them"
        ]
    # Several columns below a wrong header would not fit its names, and the row is told then.
    if origin == "told by the file" or len(first) > 1:
        return []
    name = printable(repr(first[0][:60]))
    without = either("--no-header", "header=False")
    return [f"{place}: {name} was taken for the column's name, not for data; pass {without} if it is data"]


def names_columns(first: list[str], rows: list[list[str]], *, asked: Sequence[str]) -> tuple[bool, bool]:
    """Return whether the first row is a header, and whether the file leaves no doubt; `asked` are names expected there.

    Doubt is left where texts stand above texts: a short one is taken for a name.
    """
    # One word alone may be data: a list of words may begin with `time`.
    usual = KNOWN_NAMES if len(first) > 1 else SINGLE_NAMES
    # A column without a name is asked for by its number, which says nothing about the first row.
    if {name for name in asked if not name.isdecimal()} & set(first) or folded(first) & usual:
        return True, True
    # What stands below a cell tells whether the cell is a name: a word above numbers is.
    pairs = [(cell, _values(rows, index)) for index, cell in enumerate(first) if cell.strip()]
    pairs = [(cell, values) for cell, values in pairs if values]
    above_numbers = [cell for cell, values in pairs if all(NUMBER.fullmatch(value) for value in values)]
    if not all(NUMBER.fullmatch(cell) for cell in above_numbers):
        return True, True
    # Numbers above numbers are data, unless they count on, as the columns 2019, 2020 … do.
    if above_numbers and not counts_on(first):
        return False, True
    if any(NUMBER.fullmatch(cell) for cell in first):
        return counts_on(first) or first == ["0"], False
    long = any(len(cell.split()) > LONGEST_NAME for cell in first)
    # A name hardly stands in its own column again.
    again = any(cell in values for cell, values in pairs)
    return not ((long or again) if len(first) == 1 else (long and again)), False


def counts_on(names: Sequence[str]) -> bool:
    """Tell whether the numbers among names are years one after another, or all of them count on, as a frame's do."""
    numbers = [int(name) for name in names if name.isdecimal() and len(name) < 10]
    if len(names) < 2 or not numbers or numbers != [*range(numbers[0], numbers[0] + len(numbers))]:
        return False
    # A table of years, wide: 2019, 2020, 2021.
    years = len(numbers) > 1 and 1900 <= numbers[0] <= numbers[-1] <= 2100
    whole = len(numbers) == sum(bool(name.strip()) for name in names)
    return years or (whole and (numbers[0] == 0 or len(numbers) > 2))


def _values(rows: list[list[str]], index: int) -> set[str]:
    """Return the values of a column, without those that are missing."""
    return {row[index] for row in rows if index < len(row) and not stands_for_missing(row[index])}
