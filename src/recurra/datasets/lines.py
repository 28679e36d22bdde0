"""Bytes become numbered physical lines of text: byte order marks, line ends, NUL, and a cap on length.

Not here: what the lines mean, and which encodings there are (encodings.py). Line numbers count from 1 and stay
physical; LF, CRLF and CR all end a line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from recurra.datasets.encodings import advised, splits_as_bytes, text_codec, wide_codec
from recurra.datasets.sources import name_of, read_chunks
from recurra.errors import DataError, Place

LONGEST = 16 << 20
"""Bytes of one line, at most."""

MOST_BLANKS = 10_000

Line = tuple[int, str, DataError | None]
"""(physical line number, text without its line end, what is wrong with it)."""

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32", "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32", "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16", "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16", "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8", "utf-8"),
)
"""Byte order marks and the encodings they go with; those of UTF-32 come first because UTF-16's is how they begin."""


def read_lines(source: str | Path, *, encoding: str = "utf-8") -> Iterator[Line]:
    """Yield the lines of a file or of stdin (`-`); a line that cannot be decoded or has a NUL comes with its error.

    Raises DataError for another encoding's byte order mark and a line over 16 MiB, UsageError for an unknown encoding.
    """
    codec = text_codec(encoding)
    return lines_of(decoded_bytes(source, codec=codec), file=name_of(source), codec=inner_codec(codec))


def note_blank(blanks: list[int], number: int, *, file: str) -> None:
    """Remember a blank line; raise DataError when there are more after one another than any table ends with."""
    blanks.append(number)
    if len(blanks) > MOST_BLANKS:
        raise DataError(f"more than {MOST_BLANKS:,} blank lines after one another", place=Place(file, blanks[0]))


def blank_errors(blanks: list[int], file: str) -> Iterator[DataError]:
    """Tell (and forget) blank lines once something follows them: at the end of a file they are nothing."""
    while blanks:
        yield DataError("blank line inside the table", place=Place(file, blanks.pop(0)), advice="remove it")


def inner_codec(codec: str) -> str:
    """Return the encoding in which `decoded_bytes` hands over: UTF-8 where line ends are not plain bytes."""
    return codec if splits_as_bytes(codec) else "utf-8"


def decoded_bytes(source: str | Path, *, codec: str) -> Iterator[bytes]:
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
    offset, chunk = 0, first
    while True:
        following = next(chunks, b"")
        try:
            pending = len(decoder.getstate()[0])
            text = decoder.decode(chunk, final=not following)
        except UnicodeError as problem:
            at = offset - pending + getattr(problem, "start", 0)
            raise DataError(f"not {codec} at byte {at:,}", place=Place(file), advice="check --encoding") from None
        yield (text.removeprefix("\ufeff") if offset == 0 else text).encode("utf-8", "surrogatepass")
        offset += len(chunk)
        if not following:
            return
        chunk = following


def lines_of(chunks: Iterator[bytes], *, file: str, codec: str) -> Iterator[Line]:
    """Cut bytes into lines and decode each; `codec` must show line ends as plain bytes.

    Raises DataError for a line over 16 MiB.
    """
    offset, above = 0, False
    for number, piece in enumerate(_pieces(chunks, file), 1):
        line = _line(piece, number=number, offset=offset, file=file, codec=codec, above=above)
        above = above or (line[2] is None and not line[1].isascii())
        offset += len(piece)
        yield line


def _pieces(chunks: Iterator[bytes], file: str) -> Iterator[bytes]:
    """Yield each line's bytes, its end included."""
    number, rest = 0, b""
    for chunk in chunks:
        pieces = (rest + chunk).splitlines(keepends=True)
        # The last piece may go on in the next chunk; after a CR the LF of a CRLF may still come.
        rest = pieces.pop() if pieces and not pieces[-1].endswith(b"\n") else b""
        yield from pieces
        number += len(pieces)
        if len(rest) > LONGEST:
            raise _too_long(file, number + 1)
    yield from rest.splitlines(keepends=True)


def _line(piece: bytes, *, number: int, offset: int, file: str, codec: str, above: bool) -> Line:
    if len(piece) > LONGEST:
        raise _too_long(file, number)
    raw = piece.rstrip(b"\r\n")
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as problem:
        text = raw.decode(codec, "surrogateescape" if codec == "utf-8" else "replace")
        advice = f"{advised(raw, codec, above=above)}, or --on-error reject to go on without this row"
        return number, text, _undecodable(raw, problem, place=Place(file, number), offset=offset, advice=advice)
    if "\0" in text:
        return number, text, _nul(text, number, file)
    return number, text, None


def _undecodable(raw: bytes, problem: UnicodeDecodeError, *, place: Place, offset: int, advice: str) -> DataError:
    column = len(raw[: problem.start].decode(problem.encoding, "replace")) + 1
    return DataError(
        f"not {problem.encoding} at byte {offset + problem.start:,} of the file",
        place=Place(place.file, place.line, column),
        found=f"byte 0x{raw[problem.start]:02x}",
        advice=advice,
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
