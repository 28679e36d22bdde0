"""Tables from CSV, TSV, JSON, Parquet or plain lines, plain or gzipped: opened once, described, then streamed.

Not here: what the columns mean. A row that cannot be used stops the reading or is counted out, as the caller chooses.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal, Unpack, get_args

from recurra.datasets.blocks import Block
from recurra.datasets.columns import TEXT_NAMES, folded
from recurra.datasets.delimited_rows import open_delimited
from recurra.datasets.dialects import SAMPLE, Dialect, line_doubts
from recurra.datasets.encodings import text_codec
from recurra.datasets.formats import Format, FormatOptions
from recurra.datasets.json_batches import json_batches, key_names, later_names
from recurra.datasets.json_rows import Element, read_json
from recurra.datasets.lines import decoded_bytes, inner_codec, read_blocks
from recurra.datasets.parquet import parquet_columns, read_parquet
from recurra.datasets.records import Batch, Reject
from recurra.datasets.sources import Readable, name_of
from recurra.errors import DataError, Place, UsageError

OnError = Literal["stop", "reject"]

LINES_COLUMN = "text"
"""The column name that plain lines get."""

Batches = Iterator[Batch | DataError]


@dataclass(frozen=True)
class Table:
    """An opened file: how it is read, its columns, and its rows in batches, which can be read once."""

    file: str
    dialect: Dialect
    names: list[str]
    again: Callable[[], Table]
    """Opens the file once more, as it was opened."""
    read: Callable[[list[str] | None], Batches]
    """Gives the rows with the wanted columns (None: all); what is wrong with a row comes in its place."""
    warnings: list[str] = field(default_factory=list)
    """What is doubtful; complete once the rows are read."""

    @property
    def note(self) -> str:
        """What was taken for delimiter, quoting, header and columns, in one line."""
        return self.dialect.told(self.names)

    def batches(
        self, columns: Sequence[str] | None = None, *, on_error: OnError = "stop", rejects: list[Reject] | None = None
    ) -> Iterator[Batch]:
        """Yield the rows with the wanted columns (None: all), in order.

        A bad row raises DataError with `file:line:column`, or with `on_error="reject"` is added to `rejects` and left
        out. What concerns the whole file (no rows, line and gzip caps, a change on disk) always raises.
        """
        if on_error not in get_args(OnError):
            raise UsageError("on_error", found=repr(on_error), allowed="stop, reject")
        seen = False
        for batch in self.read(None if columns is None else list(columns)):
            seen = True
            if isinstance(batch, Batch):
                yield batch
            elif on_error == "stop":
                raise batch
            elif rejects is not None:
                rejects.append(reject_of(batch))
        if not seen:
            wrong = "0 rows after the header" if self.dialect.header[0] else "no rows"
            advice = "; ".join(("bring a file with data", *self.dialect.doubts))
            raise DataError(wrong, place=Place(self.file), advice=advice)


def open_table(
    source: Readable, *, asked: Sequence[str] = (), streamed: bool = False, **options: Unpack[FormatOptions]
) -> Table:
    """Open a file, or stdin (`-`), and settle how it is read; `asked` names columns that the caller expects there.

    `streamed` settles it by the header, or the first object, where that leaves no doubt, without waiting for more.
    Options: `form`, `encoding`, `delimiter`, `quoting`, `header`, each left to the file when None (formats.py).
    Raises DataError for a file that cannot be read, UsageError for an option that is none or that the form ignores.
    """
    given = Format(**options)
    form, file = given.form_of(source), name_of(source)

    def again() -> Table:
        return open_table(source, asked=asked, **options)

    if form == "parquet":
        return Table(file, Dialect(form), parquet_columns(source), again, partial(read_parquet, source))
    if form == "jsonl":
        names, objects = _open_json(source, given.encoding, asked=asked, streamed=streamed)
        return Table(file, Dialect(form, given.encoding), names, again, partial(json_batches, objects, file))
    blocks = read_blocks(source, encoding=given.encoding)
    if form == "lines":
        warnings: list[str] = []
        read = partial(_plain, blocks, file, warnings)
        return Table(file, Dialect(form, given.encoding), [LINES_COLUMN], again, read, warnings)
    opened = open_delimited(blocks, form=form, given=given, asked=asked, streamed=streamed, file=file)
    return Table(file, opened.layout.dialect, opened.named, again, opened.batches, opened.warnings)


def _open_json(
    source: Readable, encoding: str, *, asked: Sequence[str], streamed: bool
) -> tuple[list[str], Iterable[list[Element]]]:
    def enough(names: Iterable[str]) -> bool:
        return streamed and bool({*asked} & {*names} or folded([*names]) & {*TEXT_NAMES})

    codec, file = text_codec(encoding), name_of(source)

    def objects() -> Iterator[list[Element]]:
        return read_json(decoded_bytes(source, codec=codec), codec=inner_codec(codec), file=file)

    names, groups = key_names(objects(), file=file, sample=SAMPLE, enough=enough)
    # Stdin cannot be read twice.
    later = set() if str(source) == "-" else later_names(objects(), {*asked} - {*names})
    return [*names, *sorted(later)], groups


def read_columns(source: str | Path, **options: Unpack[FormatOptions]) -> list[str]:
    """Return the column names of a file: its header, the keys of its first JSON objects, or `text` for plain lines."""
    return open_table(source, **options).names


def reject_of(problem: DataError) -> Reject:
    """Keep a bad row's line and reason."""
    return Reject(problem.place.line if problem.place else 0, str(problem))


def _plain(blocks: Iterator[Block], file: str, warnings: list[str], wanted: list[str] | None) -> Batches:
    """Yield each line as a row; afterwards warn where they look like a table."""
    first: list[str] = []
    for block in blocks:
        first += block.texts[: SAMPLE - len(first)]
        yield from _good_lines(block, file)
    warnings.extend(line_doubts(first, file))


def _good_lines(block: Block, file: str) -> Batches:
    """Yield the lines between those that are at fault, and the faults."""
    begin, end = block.first, block.first + block.size
    for number in (*block.problems, end):
        lines, texts = range(begin, number), block.texts[begin - block.first : number - block.first]
        if texts:
            yield Batch(
                lines, {LINES_COLUMN: texts}, partial(_line_place, file, lines), texts.__getitem__, written=True
            )
        if number < end:
            yield block.problems[number]
        begin = number + 1


def _line_place(file: str, lines: Sequence[int], row: int, name: str) -> Place:
    return Place(file, lines[row])
