"""Plain text: a table in which each line is a row, or one running text.

Not here: lines (lines.py). A warning says where plain lines look like a table, since each would be one text then.
"""

from __future__ import annotations

from collections.abc import Sequence

from recurra.datasets.columns import KNOWN_NAMES, LONGEST_NAME, TEXT_NAMES, folded
from recurra.datasets.encodings import advised, unmarked_bytes, wide_codec
from recurra.datasets.formats import DELIMITERS, SAMPLE, as_form
from recurra.datasets.lines import LineBlock, read_blocks
from recurra.datasets.sources import Readable, name_of
from recurra.datasets.tables import Batches, Dialect, FileTable, Request, RowBatch
from recurra.errors import DataError, Place, printable

COLUMN = "text"
"""The column name that plain lines get."""


def open_lines(request: Request) -> FileTable:
    """Open plain lines as a table of one column."""
    encoding, warnings = request.written.encoding, list[str]()
    blocks = read_blocks(request.source, encoding=encoding)

    def rows(wanted: list[str] | None) -> Batches:
        first: list[str] = []
        for block in blocks:
            # The warning needs a few lines, and a file may have millions.
            first += block.texts[: SAMPLE - len(first)]
            yield from _rows(block, request.file)
        warnings.extend(line_doubts(first, request.file))

    return FileTable(request, Dialect(request.form, encoding), [COLUMN], rows, warnings)


def _rows(block: LineBlock, file: str) -> Batches:
    """Yield the lines between those that are at fault, and the faults."""
    begin, end = block.first, block.numbers.stop
    # Problems come in the order of lines, so each ends a run of good ones.
    for number in (*block.problems, end):
        lines, texts = range(begin, number), block.texts[begin - block.first : number - block.first]
        if texts:
            yield _batch(lines, texts, file)
        if number < end:
            yield block.problems[number]
        begin = number + 1


def _batch(lines: range, texts: list[str], file: str) -> RowBatch:
    return RowBatch(lines, {COLUMN: texts}, lambda row, name: Place(file, lines[row]), texts.__getitem__, written=True)


def plain_text(source: Readable, encoding: str) -> str:
    """Read a file (or stdin, `-`) as one text; every kind of line end becomes a line feed.

    Raises DataError for bytes that are not in the encoding, and for NUL.
    """
    chunks, codec = unmarked_bytes(source, encoding=encoding)
    # A language model needs the text whole, so it is decoded whole: quickest, and the place of a fault is exact.
    data = b"".join(chunks)
    try:
        whole = data.decode(codec)
    except UnicodeDecodeError as problem:
        start, end = data.rfind(b"\n", 0, problem.start) + 1, data.find(b"\n", problem.start)
        raise DataError(
            f"not {codec} at byte {problem.start:,}",
            place=Place(name_of(source), data.count(b"\n", 0, problem.start) + 1),
            found=f"byte 0x{data[problem.start]:02x}",
            advice=advised(data[start : end if end >= 0 else None], codec, above=not data[:start].isascii()),
        ) from None
    if "\0" in whole:
        wide = wide_codec(data)
        advice = f"is it UTF-16? then pass --encoding {wide}" if wide else "remove it"
        line = whole.count("\n", 0, whole.index("\0")) + 1
        raise DataError("NUL character", place=Place(name_of(source), line), advice=advice)
    return unified(whole)


def unified(text: str) -> str:
    """Return a text whose line ends are all line feeds."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def line_doubts(lines: Sequence[str], file: str) -> list[str]:
    """Warn of plain lines that look like a table: each of them, header included, is taken for one text."""
    lines = [line for line in lines[:SAMPLE] if line.strip()]
    # A single line looks like anything.
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
        # Commas also stand in sentences: only names, or tabs, show that a table is meant.
        named = folded(cells) & KNOWN_NAMES and all(len(cell.split()) <= LONGEST_NAME for cell in cells)
        if alike and (named or mark == "\t"):
            form = as_form("tsv" if mark == "\t" else "csv")
            return [f"{file}: the lines look like a table cut by {mark!r}, and each is one text; pass {form} if so"]
    return []
