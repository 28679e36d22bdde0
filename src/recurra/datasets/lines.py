"""Bytes become numbered physical lines of text, in blocks: byte order marks, line ends, NUL, and a cap on length.

Not here: what the lines mean, and which encodings there are (encodings.py). NumberedLine numbers count from 1 and stay
physical; LF, CRLF and CR all end a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from recurra.datasets.encodings import advised, carries_on, unmarked_bytes, wide_codec
from recurra.datasets.sources import Readable, name_of
from recurra.errors import DataError, Place

LONGEST = 16 << 20
"""Bytes of one line, at most."""
MOST_BLANKS = 10_000
"""Blank lines after one another, at most."""

NumberedLine = tuple[int, str, DataError | None]
"""(physical line number, text without its line end, what is wrong with it)."""


@dataclass(frozen=True)
class LineBlock:
    """Lines after one another, of which there is at least one."""

    first: int
    """The number of the first line, from 1."""
    text: str
    """All of them, with a line feed between two."""
    problems: Mapping[int, DataError] = field(default_factory=dict)
    """What is wrong with a line, by its number."""

    @classmethod
    def of(cls, lines: Sequence[NumberedLine]) -> list[LineBlock]:
        """Join lines to a block; none make none."""
        problems = {number: problem for number, _, problem in lines if problem}
        return [cls(lines[0][0], "\n".join(text for _, text, _ in lines), problems)] if lines else []

    @cached_property
    def texts(self) -> list[str]:
        """The text of each line."""
        return self.text.split("\n")

    @cached_property
    def numbers(self) -> range:
        """The number of each line."""
        # Counting line ends does not cut the text, which whoever takes the block whole never needs.
        return range(self.first, self.first + self.text.count("\n") + 1)

    def after(self, taken: int) -> LineBlock:
        """Return the lines behind the first `taken`."""
        return LineBlock(self.first + taken, "\n".join(self.texts[taken:]), self.problems) if taken else self


class LineQueue:
    """Gives lines of blocks, as many at a time as a reader needs, and takes them back to be read again."""

    def __init__(self, blocks: Iterable[LineBlock]) -> None:
        """Take blocks from `blocks` as lines are asked for."""
        self._coming = iter(blocks)
        # Blocks that are begun or put back, the next one last, and how many of their lines are gone.
        self._waiting: list[tuple[LineBlock, int]] = []

    def __iter__(self) -> Iterator[NumberedLine]:
        """Yield the lines that are left."""
        return self

    def __next__(self) -> NumberedLine:
        """Take a line; StopIteration at the end."""
        block, at = self._waiting.pop() if self._waiting else (next(self._coming), 0)
        if at + 1 < len(block.texts):
            self._waiting.append((block, at + 1))
        number = block.first + at
        return number, block.texts[at], block.problems.get(number)

    def block(self) -> LineBlock | None:
        """Take all lines that are left of the present block; None at the end."""
        if not self._waiting:
            return next(self._coming, None)
        block, taken = self._waiting.pop()
        return block.after(taken)

    def put(self, blocks: Sequence[LineBlock]) -> None:
        """Take back what is to be read again, the last block first."""
        self._waiting += [(block, 0) for block in blocks]

    def before(self, number: int) -> bool:
        """Tell whether a line before that number is at hand, without waiting for more."""
        return any(block.first + taken < number for block, taken in self._waiting[-1:])


def note_blank(blanks: list[int], number: int, *, file: str) -> None:
    """Remember a blank line; raise DataError when there are more after one another than any table ends with."""
    # Blank lines at the end of a file are nothing, so none is told before something follows it.
    blanks.append(number)
    if len(blanks) > MOST_BLANKS:
        raise DataError(f"more than {MOST_BLANKS:,} blank lines after one another", place=Place(file, blanks[0]))


def blank_errors(blanks: list[int], file: str) -> Iterator[DataError]:
    """Tell (and forget) blank lines once something follows them: at the end of a file they are nothing."""
    while blanks:
        yield DataError("blank line inside the table", place=Place(file, blanks.pop(0)), advice="remove it")


def read_blocks(source: Readable, *, encoding: str = "utf-8") -> Iterator[LineBlock]:
    """Yield the lines of a file or of stdin (`-`); a line that cannot be decoded or has a NUL comes with its error.

    Raises DataError for another encoding's byte order mark and a line over 16 MiB, UsageError for an unknown encoding.
    """
    chunks, codec = unmarked_bytes(source, encoding=encoding)
    return line_blocks(chunks, file=name_of(source), codec=codec)


def line_blocks(chunks: Iterable[bytes], *, file: str, codec: str) -> Iterator[LineBlock]:
    """Cut bytes into whole lines and decode them; `codec` must show line ends as plain bytes.

    The lines that end within a chunk come with that chunk. Raises DataError for a line over 16 MiB.
    """
    decoding, rest = _Decoding(file, codec), b""
    for chunk in chunks:
        # A line may begin in one chunk and end in the next.
        data = rest + chunk
        # After a CR the LF of a CRLF may still come.
        end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
        yield from decoding.blocks(data[:end])
        rest = data[end:]
        # A file without line ends would otherwise be held whole, whatever its size.
        if len(rest) > LONGEST:
            raise _too_long(file, decoding.number)
    yield from decoding.blocks(rest)


class _Decoding:
    """Where in the file the next line begins, and whether letters beyond ASCII stand above it."""

    def __init__(self, file: str, codec: str) -> None:
        self.number = 1
        self._file, self._codec = file, codec
        self._offset, self._above = 0, False

    def blocks(self, data: bytes) -> Iterator[LineBlock]:
        """Decode whole lines at once, or one by one where something is wrong with them."""
        if not data:
            return
        # A piece decoded at once is much quicker than line by line; only a fault needs lines.
        text = None if len(data) > LONGEST or carries_on(self._codec) else self._whole(data)
        if text is None:
            yield from self._each(data)
            return
        block = LineBlock(self.number, text)
        self.number = block.numbers.stop
        self._offset += len(data)
        self._above = self._above or not text.isascii()
        yield block

    def _whole(self, data: bytes) -> str | None:
        # CRLF first: a CR replaced before it would leave two line ends for one.
        plain = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
        try:
            text = plain.decode(self._codec)
        except UnicodeDecodeError:
            return None
        # A file may end without a line end, and one that has it must not gain an empty line.
        return None if "\0" in text else text.removesuffix("\n")

    def _each(self, data: bytes) -> Iterator[LineBlock]:
        lines: list[NumberedLine] = []
        for piece in data.splitlines(keepends=True):
            if len(piece) > LONGEST:
                yield from LineBlock.of(lines)
                raise _too_long(self._file, self.number)
            lines.append(self._line(piece))
            self.number += 1
            self._offset += len(piece)
        yield from LineBlock.of(lines)

    def _line(self, piece: bytes) -> NumberedLine:
        raw, number = piece.rstrip(b"\r\n"), self.number
        try:
            text = raw.decode(self._codec)
        except UnicodeDecodeError as problem:
            # The line is kept for its message; surrogates remember which bytes they were.
            text = raw.decode(self._codec, "surrogateescape" if self._codec == "utf-8" else "replace")
            wrong = _undecodable(raw, problem, Place(self._file, number), offset=self._offset, above=self._above)
            return number, text, wrong
        if "\0" in text:
            return number, text, _nul(text, number, self._file)
        self._above = self._above or not text.isascii()
        return number, text, None


def _undecodable(raw: bytes, problem: UnicodeDecodeError, place: Place, *, offset: int, above: bool) -> DataError:
    mend = advised(raw, problem.encoding, above=above)
    # The column counts characters, as editors do, where the codec counts bytes.
    column = len(raw[: problem.start].decode(problem.encoding, "replace")) + 1
    return DataError(
        f"not {problem.encoding} at byte {offset + problem.start:,} of the file",
        place=Place(place.file, place.line, column),
        found=f"byte 0x{raw[problem.start]:02x}",
        advice=f"{mend}, or --on-error reject to go on without this row",
    )


def _nul(text: str, number: int, file: str) -> DataError:
    # Only the first line says so surely: a single NUL further down is an accident.
    wide = wide_codec(text.encode("utf-8", "replace")) if number == 1 else ""
    return DataError(
        "NUL character",
        place=Place(file, number, text.index("\0") + 1),
        advice=f"is it UTF-16? then pass --encoding {wide}" if wide else "remove it",
    )


def _too_long(file: str, number: int) -> DataError:
    return DataError(
        "line too long",
        place=Place(file, number),
        found=f"more than {LONGEST:,} bytes without a line end",
        allowed=f"{LONGEST:,} bytes a line",
    )
