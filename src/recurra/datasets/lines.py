"""Bytes become numbered physical lines of text: encodings, byte order marks, line ends, NUL, and a cap on length.

Not here: what the lines mean. Line numbers count from 1 and stay physical; LF, CRLF and CR all end a line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path

from recurra.datasets.sources import name_of, read_chunks
from recurra.errors import DataError, Place, UsageError

LONGEST = 16 << 20
"""Bytes of one line, at most."""

MOST_BLANKS = 10_000

Line = tuple[int, str, DataError | None]
"""(physical line number, text without its line end, what is wrong with it)."""

MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
"""Byte order marks; those of UTF-32 come first because UTF-16's is how they begin."""


def read_lines(source: str | Path, *, encoding: str = "utf-8") -> Iterator[Line]:
    """Yield the lines of a file or of stdin (`-`); a line that cannot be decoded or has a NUL comes with its error.

    Raises DataError for another encoding's byte order mark and a line over 16 MiB, UsageError for an unknown encoding.
    """
    codec = text_codec(encoding)
    chunks = decoded_bytes(source, codec=codec)
    inner = codec if splits_as_bytes(codec) else "utf-8"
    return _lines(chunks, file=name_of(source), codec=inner)


def note_blank(blanks: list[int], number: int, *, file: str) -> None:
    """Remember a blank line; raise DataError when there are more after one another than any table ends with."""
    blanks.append(number)
    if len(blanks) > MOST_BLANKS:
        raise DataError(f"more than {MOST_BLANKS:,} blank lines after one another", place=Place(file, blanks[0]))


def blank_errors(blanks: list[int], file: str) -> Iterator[DataError]:
    """Tell (and forget) blank lines once something follows them: at the end of a file they are nothing."""
    while blanks:
        yield DataError("blank line inside the table", place=Place(file, blanks.pop(0)), advice="remove it")


def text_codec(encoding: str) -> str:
    """Return the normal name of a text encoding; raise UsageError for one that Python does not know."""
    try:
        name = codecs.lookup(encoding).name
        "".encode(name)
    except (LookupError, ValueError):
        raise UsageError(
            "unknown encoding", found=repr(encoding), allowed="utf-8, utf-16, latin-1, cp1252, …"
        ) from None
    return "utf-8" if name == "utf-8-sig" else name


def splits_as_bytes(codec: str) -> bool:
    """Tell whether line ends can be seen in the undecoded bytes: in UTF-8, Latin-1 and most others, not in UTF-16."""
    return codec != "utf-7" and "\r\n".encode(codec) == b"\r\n"


def decoded_bytes(source: str | Path, *, codec: str) -> Iterator[bytes]:
    """Yield the bytes without a byte order mark; encodings whose line ends are not plain bytes come out as UTF-8."""
    chunks = read_chunks(source)
    first = next(chunks, b"")
    place = Place(name_of(source), 1)
    if splits_as_bytes(codec):
        _check_mark(first, place, codec)
        yield first.removeprefix(codecs.BOM_UTF8) if codec == "utf-8" else first
        yield from chunks
    else:
        yield from _recoded(first, chunks, codec=codec, file=place.file)


def _check_mark(first: bytes, place: Place, codec: str) -> None:
    name = next((name for mark, name in MARKS if first.startswith(mark)), "")
    if name and codec == "utf-8":
        raise DataError(
            f"not UTF-8: the byte order mark of {name.upper()} stands at its start",
            place=place,
            advice=f"pass --encoding {name}",
        )


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


def _lines(chunks: Iterator[bytes], *, file: str, codec: str) -> Iterator[Line]:
    number, offset, rest = 0, 0, b""
    for chunk in chunks:
        pieces = (rest + chunk).splitlines(keepends=True)
        # The last piece may go on in the next chunk; after a CR the LF of a CRLF may still come.
        rest = pieces.pop() if pieces and not pieces[-1].endswith(b"\n") else b""
        for piece in pieces:
            number += 1
            yield _line(piece, number=number, offset=offset, file=file, codec=codec)
            offset += len(piece)
        if len(rest) > LONGEST:
            raise _too_long(file, number + 1)
    for piece in rest.splitlines(keepends=True):
        number += 1
        yield _line(piece, number=number, offset=offset, file=file, codec=codec)
        offset += len(piece)


def _line(piece: bytes, *, number: int, offset: int, file: str, codec: str) -> Line:
    if len(piece) > LONGEST:
        raise _too_long(file, number)
    raw = piece.rstrip(b"\r\n")
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as problem:
        text = raw.decode(codec, "surrogateescape" if codec == "utf-8" else "replace")
        return number, text, _undecodable(raw, problem, place=Place(file, number), offset=offset)
    if "\0" in text:
        return number, text, _nul(text, number, file)
    return number, text, None


def _undecodable(raw: bytes, problem: UnicodeDecodeError, *, place: Place, offset: int) -> DataError:
    column = len(raw[: problem.start].decode(problem.encoding, "replace")) + 1
    return DataError(
        f"not {problem.encoding} at byte {offset + problem.start:,} of the file",
        place=Place(place.file, place.line, column),
        found=f"byte 0x{raw[problem.start]:02x}",
        advice="pass --encoding (latin-1?), or --on-error reject to go on without this row",
    )


def _nul(text: str, number: int, file: str) -> DataError:
    half = text.count("\0") * 3 >= len(text)
    return DataError(
        "NUL character",
        place=Place(file, number, text.index("\0") + 1),
        advice="is it UTF-16? then pass --encoding utf-16" if half and number == 1 else "remove it",
    )


def _too_long(file: str, number: int) -> DataError:
    return DataError(
        "line too long",
        place=Place(file, number),
        found=f"more than {LONGEST:,} bytes without a line end",
        allowed=f"{LONGEST:,} bytes a line",
    )
