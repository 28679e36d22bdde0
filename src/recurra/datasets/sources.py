"""Bytes from a file or from stdin, safely: regular files only, gzip by its magic with caps, change noticed.

Not here: lines and tables. Only a plain `-` means stdin; FIFOs, sockets and devices are refused, never opened. gzip is
unpacked as a stream, with a cap on the ratio and one on the size; gzip inside gzip is refused.
"""

from __future__ import annotations

import os
import stat
import sys
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from recurra.errors import DataError, Place

# One piece is decoded and cut at once: large enough to be quick, small enough that memory stays bounded.
CHUNK = 1 << 20

# First bytes of what is no text, and what it is.
FOREIGN = (
    (b"PK\x03\x04", "a zip archive, as workbooks of Excel are"),
    (b"\xd0\xcf\x11\xe0", "an old workbook of Excel"),
    (b"ARROW1", "a Feather file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF", "a PDF"),
    (b"\x28\xb5\x2f\xfd", "zstd data"),
    (b"BZh91AY&SY", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"PAR1", "a Parquet file"),
    (b"\x89HDF", "an HDF5 file"),
    (b"\x80\x04\x95", "a pickle"),
)

FileFacts = tuple[int, int, int]


@dataclass(frozen=True)
class Stored:
    """What came from stdin, kept so that it can be read again."""

    data: bytes

    def __str__(self) -> str:
        """Name it as error places do."""
        return STDIN


STDIN = "<stdin>"
Readable = str | Path | Stored


def name_of(source: Readable) -> str:
    """Return the name that error places carry: the path as given, or `<stdin>` for `-`."""
    return STDIN if str(source) == "-" else str(source)


def open_regular(source: Readable) -> BinaryIO:
    """Open a regular file for reading bytes; raise DataError for anything else without touching it."""
    place = Place(str(source))
    try:
        # The kind is asked before opening: opening a FIFO would wait for its writer, and a device may act on it.
        _check_kind(Path(str(source)).stat().st_mode, place)
        # Without O_NONBLOCK a FIFO put here after the check would hang the process.
        descriptor = os.open(str(source), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise DataError("no such file", place=place) from None
    except PermissionError:
        raise DataError("no permission to read", place=place) from None
    except (OSError, ValueError) as problem:
        raise DataError(f"cannot be opened: {getattr(problem, 'strerror', problem)}", place=place) from None
    # Unbuffered: the reading asks for whole pieces anyway, and the size must be counted exactly.
    stream = os.fdopen(descriptor, "rb", buffering=0)
    try:
        # Somebody may have put something else there between the first check and the opening.
        _check_kind(os.fstat(descriptor).st_mode, place)
    except DataError:
        stream.close()
        raise
    return stream


def facts(stream: BinaryIO) -> FileFacts:
    """Return what must not change while a file is read: size, time of change, inode."""
    now = os.fstat(stream.fileno())
    # Of the open file, not of its name: what is replaced under that name meanwhile is read on as it was.
    return now.st_size, now.st_mtime_ns, now.st_ino


def check_unchanged(stream: BinaryIO, before: FileFacts, *, place: Place) -> None:
    """Raise DataError when the file is no longer as it was when it was opened."""
    now = facts(stream)
    if now != before:
        size = f"{before[0]:,} bytes before, {now[0]:,} now" if now[0] != before[0] else "another time of change"
        raise DataError("the file changed while it was read", place=place, found=size, advice="read a finished file")


def stored(source: Readable) -> Readable:
    """Return what can be read again and again: a file as it is, stdin (`-`) read to its end."""
    return Stored(b"".join(_stdin())) if str(source) == "-" else source


def read_chunks(source: Readable) -> Iterator[bytes]:
    """Yield the bytes of a file or of stdin (`-`) in pieces of at most 1 MiB, gzip unpacked.

    What comes through a pipe comes line by line where it is written so.

    Raises DataError for what is no regular file, for archives, damaged or nested gzip, and for a file that changes.
    """
    place = Place(name_of(source))
    if isinstance(source, Stored):
        chunks = iter([source.data[at : at + CHUNK] for at in range(0, len(source.data), CHUNK)])
    else:
        chunks = _stdin() if str(source) == "-" else _file(source)
    first, whole = _begun(chunks, place)
    if first.startswith(MAGIC):
        first, whole = _begun(gunzip(whole, place=place), place)
        # Nested gzip is how bombs pass a cap on the ratio of each layer.
        if first.startswith(MAGIC):
            raise DataError("gzip inside gzip", place=place, advice="unpack it once")
    yield from whole


def _begun(chunks: Iterator[bytes], place: Place) -> tuple[bytes, Iterator[bytes]]:
    """Return the bytes that tell the kind of file, and all pieces; raise DataError for a kind that is no text."""
    first = b""
    for chunk in chunks:
        first += chunk
        # No file of another kind begins with a line end.
        if len(first) >= 16 or b"\n" in first:
            break
    for magic, name in FOREIGN:
        if first.startswith(magic):
            advice = "give it the ending .parquet" if magic == b"PAR1" else "unpack it first, or save it as CSV"
            raise DataError("not a text file", place=place, found=name, advice=advice)
    # The bytes that told the kind of file belong to it, so they go back in front.
    return first, chain([first] if first else [], chunks)


def _file(source: Readable) -> Iterator[bytes]:
    place = Place(str(source))
    with open_regular(source) as stream:
        before = facts(stream)
        left = before[0]
        # Never past the size told at the start: files of /proc tell 0 and have no end.
        while left > 0:
            chunk = stream.read(min(CHUNK, left))
            check_unchanged(stream, before, place=place)
            if not chunk:
                raise DataError("the file ended early while it was read", place=place, found=f"{left:,} bytes less")
            left -= len(chunk)
            yield chunk
        check_unchanged(stream, before, place=place)


def _stdin() -> Iterator[bytes]:
    # Bytes, not the text that Python would decode by the machine's locale.
    # Python has none where it was closed by whoever started the program.
    if sys.stdin is None:
        raise DataError("standard input is closed", place=Place(STDIN), advice="name a file, or pipe lines in")
    stream = sys.stdin.buffer
    # read1 hands over what is there without waiting for more.
    read = getattr(stream, "read1", stream.read)
    try:
        while chunk := read(CHUNK):
            yield chunk
    except OSError as problem:
        raise DataError(f"cannot be read: {problem.strerror or problem}", place=Place(STDIN)) from None


def _check_kind(mode: int, place: Place) -> None:
    if stat.S_ISREG(mode):
        return
    kinds = ((stat.S_ISDIR, "a folder"), (stat.S_ISFIFO, "a FIFO"), (stat.S_ISSOCK, "a socket"))
    # What is none of these is a block or a character device.
    found = next((name for is_kind, name in kinds if is_kind(mode)), "a device")
    raise DataError("not a regular file", place=place, found=found, allowed="a file, or - for stdin")


MAGIC = b"\x1f\x8b\x08"

PIECE = 1 << 20
FREE = 64 << 20
"""Bytes that may come out before the ratio counts: small files of repeated rows are honest."""
RATIO = 200
"""Largest size out over size in; prose reaches 4, tables of repeated rows 50, bombs 1000."""
LARGEST = 16 << 30
"""Bytes that may come out at all."""


def gunzip(chunks: Iterator[bytes], *, place: Place) -> Iterator[bytes]:
    """Yield the unpacked bytes in pieces of at most 1 MiB; several gzip members after one another are one text.

    Raises DataError for truncated or damaged data, bytes after the end, and more than the caps allow.
    """
    # Packed bytes that came in, and unpacked bytes that went out: the ratio is between these.
    taken = given = 0
    member = zlib.decompressobj(wbits=31)
    rest = b""
    for chunk in chunks:
        taken += len(chunk)
        # What a member did not take begins the next one, or is what stands behind the end.
        rest += chunk
        while rest:
            if member.eof:
                rest = _next_member(rest, at=taken - len(rest), place=place)
                # A magic of three bytes may be cut by the end of a chunk; the next chunk brings the rest.
                if len(rest) < 3:
                    break
                member = zlib.decompressobj(wbits=31)
            piece, rest = _unpack(member, rest, at=taken, place=place)
            given += len(piece)
            _check_size(given, taken, place)
            if piece:
                yield piece
    if not member.eof:
        raise DataError(f"gzip data truncated at byte {taken:,}", place=place, advice="fetch the file again")
    # Zeros behind the end are padding of tapes; anything else would be dropped in silence.
    if rest.strip(b"\0"):
        raise DataError(f"bytes after the end of the gzip data at byte {taken - len(rest):,}", place=place)


def _unpack(member: zlib._Decompress, rest: bytes, *, at: int, place: Place) -> tuple[bytes, bytes]:
    try:
        # The cap on the piece is what stops a bomb before it fills the memory.
        piece = member.decompress(rest, PIECE)
    except zlib.error as problem:
        raise DataError(f"gzip data damaged before byte {at:,}: {problem}", place=place) from None
    return piece, member.unused_data if member.eof else member.unconsumed_tail


def _next_member(rest: bytes, *, at: int, place: Place) -> bytes:
    """Skip the zero padding that tapes and block devices add; refuse anything that is not another member."""
    left = rest.lstrip(b"\0")
    if left and not MAGIC.startswith(left[:3]) and not left.startswith(MAGIC):
        raise DataError(
            f"bytes after the end of the gzip data at byte {at + len(rest) - len(left):,}",
            place=place,
            advice="fetch the file again",
        )
    return left


def _check_size(given: int, taken: int, place: Place) -> None:
    if given > LARGEST or given > max(FREE, RATIO * taken):
        raise DataError(
            f"gzip data unpacks to more than it may: {given:,} bytes from {taken:,}",
            place=place,
            allowed=f"{LARGEST:,} bytes, and {RATIO} times the packed size above {FREE:,} bytes",
            advice="unpack it yourself if you trust it",
        )
