"""Unpack gzip as a stream with a ratio cap and an absolute cap; name the byte where it breaks.

Not here: deciding whether bytes are gzip. Only one file's layers: gzip inside gzip is the caller's to refuse.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from recurra.errors import DataError, Place

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
    taken = given = 0
    member = zlib.decompressobj(wbits=31)
    rest = b""
    for chunk in chunks:
        taken += len(chunk)
        rest += chunk
        while rest:
            if member.eof:
                rest = _next_member(rest, at=taken - len(rest), place=place)
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
    if rest.strip(b"\0"):
        raise DataError(f"bytes after the end of the gzip data at byte {taken - len(rest):,}", place=place)


def _unpack(member: zlib._Decompress, rest: bytes, *, at: int, place: Place) -> tuple[bytes, bytes]:
    try:
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
