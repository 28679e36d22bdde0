"""Bytes become numbered physical lines of text: byte order marks, line ends, NUL, and a cap on length.

Not here: what the lines mean (blocks.py holds them), and which encodings there are (encodings.py). Line numbers count
from 1 and stay physical; LF, CRLF and CR all end a line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain

from recurra.datasets.blocks import Block, Line
from recurra.datasets.encodings import advised, carries_on, splits_as_bytes, text_codec, wide_codec
from recurra.datasets.sources import Readable, name_of, read_chunks
from recurra.errors import DataError, Place

LONGEST = 16 << 20
"""Bytes of one line, at most."""

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
)
"""Byte order marks and the encodings they go with; those of UTF-32 come first because UTF-16's is how they begin."""


def read_blocks(source: Readable, *, encoding: str = "utf-8") -> Iterator[Block]:
    """Yield the lines of a file or of stdin (`-`); a line that cannot be decoded or has a NUL comes with its error.

    Raises DataError for another encoding's byte order mark and a line over 16 MiB, UsageError for an unknown encoding.
    """
    codec = text_codec(encoding)
    return blocks_of(decoded_bytes(source, codec=codec), file=name_of(source), codec=inner_codec(codec))


def inner_codec(codec: str) -> str:
    """Return the encoding in which `decoded_bytes` hands over: UTF-8 where line ends are not plain bytes."""
    return codec if splits_as_bytes(codec) else "utf-8"


def decoded_bytes(source: Readable, *, codec: str) -> Iterator[bytes]:
    """Yield the bytes without a byte order mark; encodings whose line ends are not plain bytes come out as UTF-8.

    Raises DataError where a byte order mark, or the zero bytes of UTF-16, say otherwise than `codec`.
    """
    chunks = read_chunks(source)
    first = next(chunks, b"")
    place = Place(name_of(source), 1)
    marked = _check_mark(first, place, codec)
    if splits_as_bytes(codec):
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks
        return
    if first and not marked:
        _check_zeros(first, place, codec)
    yield from _recoded(first, chunks, codec=codec, file=place.file)


def _check_mark(first: bytes, place: Place, codec: str) -> bool:
    """Tell whether a byte order mark stands at the start; it must go with the encoding."""
    names = next((names for mark, *names in MARKS if first.startswith(mark)), None)
    if names is None or codec in names:
        return names is not None
    raise DataError(
        f"not {codec.upper()}: the byte order mark of {names[0].upper()} stands at its start",
        place=place,
        advice=f"pass --encoding {names[0]}",
    )


def _check_zeros(first: bytes, place: Place, codec: str) -> None:
    """Refuse as UTF-16 what has no zero byte (UTF-8 would come out as Chinese), or has them on the other side."""
    if not codec.startswith(("utf-16", "utf-32")):
        return
    wide = wide_codec(first)
    if 0 not in first:
        wrong, advice = "no byte is zero", "leave --encoding out"
    elif codec in ("utf-16", "utf-32"):
        wrong, advice = "no byte order mark stands at its start", f"pass --encoding {wide or codec + '-le'}"
    elif codec.startswith("utf-16") and wide and wide != codec:
        wrong, advice = "the zero bytes stand otherwise", f"pass --encoding {wide}"
    else:
        return
    raise DataError(f"not {codec.upper()}: {wrong}", place=place, advice=advice)


def _recoded(first: bytes, chunks: Iterator[bytes], *, codec: str, file: str) -> Iterator[bytes]:
    """Decode as a stream and encode as UTF-8; a fault ends the reading, since the next character cannot be found."""
    decoder = codecs.getincrementaldecoder(codec)()
    offset = 0
    # An empty chunk ends the reading; nothing else is waited for, so that a pipe is answered as it speaks.
    for chunk in chain([first], chunks, [b""]):
        try:
            pending = len(decoder.getstate()[0])
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeError as problem:
            at = offset - pending + getattr(problem, "start", 0)
            raise DataError(f"not {codec} at byte {at:,}", place=Place(file), advice="check --encoding") from None
        yield (text.removeprefix("\ufeff") if offset == 0 else text).encode("utf-8", "surrogatepass")
        offset += len(chunk)


def blocks_of(chunks: Iterable[bytes], *, file: str, codec: str) -> Iterator[Block]:
    """Cut bytes into whole lines and decode them; `codec` must show line ends as plain bytes.

    The lines that end within a chunk come with that chunk. Raises DataError for a line over 16 MiB.
    """
    decoding, rest = _Decoding(file, codec), b""
    for chunk in chunks:
        data = rest + chunk
        # After a CR the LF of a CRLF may still come.
        end = max(data.rfind(b"\n"), data.rfind(b"\r", 0, -1)) + 1
        yield from decoding.blocks(data[:end])
        rest = data[end:]
        if len(rest) > LONGEST:
            raise _too_long(file, decoding.number)
    yield from decoding.blocks(rest)


class _Decoding:
    """Where in the file the next line begins, and whether letters beyond ASCII stand above it."""

    def __init__(self, file: str, codec: str) -> None:
        self.number = 1
        self._file, self._codec = file, codec
        self._offset, self._above = 0, False

    def blocks(self, data: bytes) -> Iterator[Block]:
        """Decode whole lines at once, or one by one where something is wrong with them."""
        if not data:
            return
        text = None if len(data) > LONGEST or carries_on(self._codec) else self._whole(data)
        if text is None:
            yield from self._each(data)
            return
        block = Block(self.number, text)
        self.number += block.size
        self._offset += len(data)
        self._above = self._above or not text.isascii()
        yield block

    def _whole(self, data: bytes) -> str | None:
        plain = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
        try:
            text = plain.decode(self._codec)
        except UnicodeDecodeError:
            return None
        return None if "\0" in text else text.removesuffix("\n")

    def _each(self, data: bytes) -> Iterator[Block]:
        lines: list[Line] = []
        for piece in data.splitlines(keepends=True):
            if len(piece) > LONGEST:
                yield from Block.of(lines)
                raise _too_long(self._file, self.number)
            lines.append(self._line(piece))
            self.number += 1
            self._offset += len(piece)
        yield from Block.of(lines)

    def _line(self, piece: bytes) -> Line:
        raw, number = piece.rstrip(b"\r\n"), self.number
        try:
            text = raw.decode(self._codec)
        except UnicodeDecodeError as problem:
            text = raw.decode(self._codec, "surrogateescape" if self._codec == "utf-8" else "replace")
            wrong = _undecodable(raw, problem, Place(self._file, number), offset=self._offset, above=self._above)
            return number, text, wrong
        if "\0" in text:
            return number, text, _nul(text, number, self._file)
        self._above = self._above or not text.isascii()
        return number, text, None


def _undecodable(raw: bytes, problem: UnicodeDecodeError, place: Place, *, offset: int, above: bool) -> DataError:
    mend = advised(raw, problem.encoding, above=above)
    column = len(raw[: problem.start].decode(problem.encoding, "replace")) + 1
    return DataError(
        f"not {problem.encoding} at byte {offset + problem.start:,} of the file",
        place=Place(place.file, place.line, column),
        found=f"byte 0x{raw[problem.start]:02x}",
        advice=f"{mend}, or --on-error reject to go on without this row",
    )


def _nul(text: str, number: int, file: str) -> DataError:
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
